"""JSON Schemas of the content files, for editors that check TOML while it is written.

The files differ a little from the definition that is made of them: options may be the name of a
set, and a page may hold an instrument in place of a question. `write` renews the committed files.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from .definition import Contact, Instrument, Option, Panel, Question, Questionnaire, Rule, Section
from .loader import CONTENT

FOLDER = CONTENT / "schema"
Schema = dict[str, Any]

# What the loader fills in: not part of the files.
FILLED = {
    "Question": ("instrument", "languages"),
    "Questionnaire": (
        "sections", "instruments", "rules", "medicines", "sources", "contacts", "panels",
        "content_hash",
    ),
}  # fmt: skip
# Tables that a file may leave out.
OPTIONAL = ("option_sets", "shares", "shared")
SHARES: Schema = {"type": "string", "description": "The version folder whose content it shares"}
SET_NAME: Schema = {"type": "string", "description": "The name of an option set"}
OPTION_SETS: Schema = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"$ref": "#/$defs/Option"}},
}


def schemas() -> dict[str, Schema]:
    """`{"section.json": schema}`, one for each kind of content file."""
    return {
        "questionnaire.json": _questionnaire(),
        "section.json": _section(),
        "instrument.json": _instrument(),
        "rules.json": _rules(),
        "crisis.json": _file(
            {"contacts": _list_of("Contact"), "panels": _list_of("Panel")}, Contact, Panel
        ),
        "sources.json": _file(
            {"sources": {"type": "object", "additionalProperties": {"type": "string"}}}
        ),
    }


def write(folder: Path = FOLDER) -> None:
    """Renew the committed schemas."""
    folder.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(as_text(schema), encoding="utf-8")


def as_text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _questionnaire() -> Schema:
    names = {"type": "array", "items": {"type": "string"}}
    more = {"sections": names, "option_sets": OPTION_SETS, "shares": SHARES}
    return _file(more, Option, whole=Questionnaire)


def _rules() -> Schema:
    names = {"type": "array", "items": {"type": "string"}}
    rule = {"anyOf": [{"$ref": "#/$defs/Rule"}, {"$ref": "#/$defs/SharedRule"}]}
    schema = _file({"rules": {"type": "array", "items": rule}, "shared": names}, Rule)
    return _with_shared(schema, "Rule")


def _with_shared(schema: Schema, name: str) -> Schema:
    """Adds what may stand in place of the whole: the id of what is shared, and parts of it anew."""
    whole = schema["$defs"][name]
    parts = {part: of for part, of in whole["properties"].items() if part != "id"}
    schema["$defs"][f"Shared{name}"] = whole | {
        "properties": parts | {"shared": {"type": "string"}},
        "required": ["shared"],
        "title": f"Shared{name}",
    }
    return schema


def _section() -> Schema:
    schema = _file({}, whole=Section)
    page = schema["$defs"]["Page"]
    held = {
        "type": "object",
        "properties": {"instrument": {"type": "string"}, "ask_if": {"type": "string"}},
        "required": ["instrument"],
        "additionalProperties": False,
    }
    whole, shared = {"$ref": "#/$defs/Question"}, {"$ref": "#/$defs/SharedQuestion"}
    page["properties"]["questions"]["items"] = {"anyOf": [held, whole, shared]}
    return _with_shared(schema, "Question")


def _instrument() -> Schema:
    more = {"items": _list_of("Question"), "option_sets": OPTION_SETS}
    return _file(more, Question, whole=Instrument)


def _file(more: Schema, *models: type[BaseModel], whole: type[BaseModel] | None = None) -> Schema:
    """The schema of a file: the fields of `whole`, if it is one thing, and `more` tables."""
    schema: Schema = {"type": "object", "properties": {}, "required": []}
    if whole:
        schema = _model(whole)
    definitions: Schema = schema.pop("$defs", {})
    for model in models:
        one = _model(model)
        definitions |= one.pop("$defs", {}) | {model.__name__: one}
    for name in ("Question", "Column"):
        _allow_set_names(definitions.get(name, {}))
    properties = schema["properties"] | more
    return schema | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "additionalProperties": False,
        "properties": properties,
        "required": [*schema.get("required", ()), *(n for n in more if n not in OPTIONAL)],
        "$defs": _used(properties, definitions),
    }


def _used(part: Schema, definitions: Schema) -> Schema:
    """The definitions that the part refers to, directly or through one another."""
    used: Schema = {}
    texts = [json.dumps(part)]
    while texts:
        text = texts.pop()
        for name, definition in definitions.items():
            if name not in used and f'"#/$defs/{name}"' in text:
                used[name] = definition
                texts.append(json.dumps(definition))
    return used


def _model(model: type[BaseModel]) -> Schema:
    schema = model.model_json_schema()
    for name, part in [(model.__name__, schema), *schema.get("$defs", {}).items()]:
        for field in FILLED.get(name, ()):
            part["properties"].pop(field, None)
            if field in part.get("required", []):
                part["required"].remove(field)
    return schema


def _allow_set_names(part: Schema) -> None:
    options = part.get("properties", {}).get("options")
    if options and "anyOf" not in options:
        default = options.pop("default", [])
        part["properties"]["options"] = {"anyOf": [SET_NAME, dict(options)], "default": default}


def _list_of(name: str) -> Schema:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}
