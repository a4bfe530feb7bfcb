"""A questionnaire written as a folder of content files: to be translated and worked on by hand.

The folder loads as it stands. It has no rule, no medicine and no page of help: those are ours to
write, with their sources.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..questionnaire.definition import Questionnaire, Section

MEDICINES = (
    "generic,brands,also,class,flags,role,counts_as,min_adequate_daily_dose_mg,interaction,"
    "interaction_note,source\n"
)
EMPTY = {
    "rules.toml": "rules = []\n",
    "sources.toml": "[sources]\n",
    "crisis.toml": "contacts = []\npanels = []\n",
    "medications.csv": MEDICINES,
}


def write(questionnaire: Questionnaire, folder: Path) -> None:
    """Raises FileExistsError when there is something in the folder already."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(folder)
    head = {
        "version": questionnaire.version,
        "kind": questionnaire.kind,
        "sections": [section.id for section in questionnaire.sections],
        "title": questionnaire.title,
        "indications": {},
    }
    files = {"questionnaire.toml": _lines(head), **EMPTY}
    files |= {f"sections/{s.id}.toml": _section(s) for s in questionnaire.sections}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _section(section: Section) -> str:
    data = section.model_dump(exclude_defaults=True)
    parts = [_lines({key: value for key, value in data.items() if key != "pages"})]
    for page in data["pages"]:
        own = {key: value for key, value in page.items() if key != "questions"}
        parts.append("[[pages]]\n" + _lines(own))
        parts += ["[[pages.questions]]\n" + _lines(question) for question in page["questions"]]
    return "\n".join(parts)


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in _set(table))


def _set(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """TOML has no word for nothing: what is not set is left out."""
    return ((key, value) for key, value in table.items() if value is not None)


def _value(value: Any) -> str:
    """As TOML: strings, numbers and booleans are written as JSON writes them."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_value(one)}" for key, one in _set(value))
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return json.dumps(key)
