"""The JSON Schema (draft 2020-12) of a line of the NDJSON export, made from the definition alone.

Each questionnaire has its own part under `$defs`, chosen by the line's `questionnaire.hash`. That
of the released questionnaires is committed in `docs/schema`; a test holds it in step.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args

from pydantic import TypeAdapter

from ...assessment.results import Assessment, Outcome
from ...questionnaire.answers import DISCUSS, UNSURE
from ...questionnaire.definition import Column, Kind, Option, Question, Questionnaire
from ...questionnaire.validation import MAX_TEXT
from ..columns import STAFF

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DAY = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
# A de-identified export tells the year alone, or nothing where there was none to read.
TIME = r"^$|^\d{4}(-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}([+-]\d{2}:\d{2}|Z))?$"
AS_OF = r"^$|^\d{4}(-\d{2}-\d{2})?$"
DECISIONS = next(column.codes for column in STAFF if column.name == "decision")
NAMES: Schema = {"type": "array", "uniqueItems": True}


def json_schema(*questionnaires: Questionnaire) -> bytes:
    """The schema of a file with submissions of these questionnaires."""
    text = json.dumps(schema(*questionnaires), indent=1, ensure_ascii=False)
    return (text + "\n").encode()


def schema(*questionnaires: Questionnaire) -> Schema:
    """The same as a mapping; each version is told once."""
    by_hash = {questionnaire.content_hash: questionnaire for questionnaire in questionnaires}
    names = {key: f"{q.version}-{key[:8]}".strip("-") for key, q in by_hash.items()}
    return {
        "$schema": DIALECT,
        "title": "One submission, as a line of the NDJSON export",
        **_object(_line(by_hash)),
        "allOf": [_chosen(key, name) for key, name in names.items()],
        "$defs": {names[key]: _version(questionnaire) for key, questionnaire in by_hash.items()}
        | _assessment(),
    }


def _line(by_hash: dict[str, Questionnaire]) -> Schema:
    described = {
        "version": _one_of(q.version for q in by_hash.values()),
        "kind": _one_of(q.kind for q in by_hash.values()),
        "hash": _one_of(by_hash) | {"description": "SHA-256 of the questionnaire's files"},
    }
    null = {"type": "null"}
    return {
        "reference": {"type": "string", "description": "Reference of the intake"},
        "sent_at": _time("When it was sent, in the clinic's time"),
        "as_of": _day("The day for which it was assessed"),
        "questionnaire": _object(described),
        "language": {"enum": ["en", "es", None], "description": "Of the form"},
        "answers": {"type": "object", "description": "Answers by the question's id"},
        "unanswered": NAMES | {"description": "Questions that were asked and have no answer"},
        "changed": NAMES | {"description": "Questions whose answer is staff's"},
        "assessment": {"$ref": "#/$defs/Assessment"},
        "outcome_as_sent": {
            "description": "Outcome of what the patient sent, before staff changed anything",
            "enum": [*get_args(Outcome), None],
        },
        "decision": {
            "description": "The physician's signed decision that holds",
            "enum": [*(code for code, _ in DECISIONS), None],
        },
        "decided_at": {"anyOf": [_time("When it was signed"), null]},
    }


def _time(description: str) -> Schema:
    return {"type": "string", "pattern": TIME, "description": description}


def _day(description: str) -> Schema:
    return {"type": "string", "pattern": AS_OF, "description": description}


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _one_of(values: Iterable[str]) -> Schema:
    return {"enum": list(dict.fromkeys(values))}


def _assessment() -> Schema:
    made = TypeAdapter(Assessment).json_schema(mode="serialization", ref_template="#/$defs/{model}")
    definitions: Schema = made.pop("$defs", {})
    return definitions | {"Assessment": made}


# A version


def _chosen(content_hash: str, name: str) -> Schema:
    of_it = {"properties": {"hash": {"const": content_hash}}, "required": ["hash"]}
    return {
        "if": {"properties": {"questionnaire": of_it}, "required": ["questionnaire"]},
        "then": {"$ref": f"#/$defs/{name}"},
    }


def _version(questionnaire: Questionnaire) -> Schema:
    """What only the questionnaire can tell of a line: its questions."""
    questions = questionnaire.questions
    asked = [q.id for q in questionnaire.patient_questions()]
    described = {"version": {"const": questionnaire.version}, "kind": {"const": questionnaire.kind}}
    return {
        "title": questionnaire.title["en"],
        "properties": {
            "questionnaire": {"properties": described},
            "answers": {
                "properties": {name: _question(question) for name, question in questions.items()},
                "additionalProperties": False,
            },
            "unanswered": {"items": _one_of(asked)},
            "changed": {"items": _one_of(questions)},
        },
    }


def _question(question: Question) -> Schema:
    """An answer, or "discuss" or "unsure" where that may be said instead."""
    answer = _ANSWERS[question.kind](question)
    instead = {
        DISCUSS: (question.sensitive, "Wants to talk about it in person"),
        UNSURE: (question.may_be_unsure, "Does not know"),
    }
    others = [
        {"const": word, "title": meaning} for word, (may_be, meaning) in instead.items() if may_be
    ]
    said = {"anyOf": [answer, *others]} if others else answer
    return {"title": question.label, "description": question.text["en"]} | said


def _options(options: Sequence[Option], read: Callable[[str], str | int] = str) -> Schema:
    meanings = " | ".join(f"{option.id} = {option.label or option.en}" for option in options)
    return {"enum": [read(option.id) for option in options], "$comment": meanings}


def _choices(question: Question) -> Schema:
    ticks = _options(question.options)
    return {"type": "array", "items": ticks, "minItems": 1, "uniqueItems": True}


def _number(of: Question | Column) -> Schema:
    limits = {"minimum": of.min, "maximum": of.max}
    if isinstance(of, Column):
        limits["exclusiveMinimum"] = of.above
    kind = "integer" if of.kind == "integer" else "number"
    told = {name: _short(limit) for name, limit in limits.items() if limit is not None}
    return {"type": kind} | told


def _short(limit: float) -> float:
    return int(limit) if float(limit).is_integer() else limit


def _text(of: Question | Column) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": MAX_TEXT[of.kind]}


def _group(question: Question) -> Schema:
    """Rows; a cell that was left blank is not there."""
    cells = {
        column.id: {"title": column.label, "description": column.text["en"]} | _cell(column)
        for column in question.columns
    }
    row = {"type": "object", "properties": cells, "additionalProperties": False}
    return {"type": "array", "items": row, "maxItems": question.max_rows}


def _cell(column: Column) -> Schema:
    if column.kind == "choice":
        return _options(column.options)
    return _text(column) if column.kind == "text" else _number(column)


_ANSWERS: dict[Kind, Callable[[Question], Schema]] = {
    "agree": lambda question: {"const": True},
    "choice": lambda question: _options(question.options),
    "choices": _choices,
    "scale": lambda question: _options(question.options, int),
    "integer": _number,
    "decimal": _number,
    "text": _text,
    "longtext": _text,
    "email": _text,
    "phone": _text,
    "zip": _text,
    "date": lambda question: DAY,
    "group": _group,
}
