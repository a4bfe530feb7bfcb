"""Codings of answers, and the small parts that many resources have."""

from typing import Any

from ...questionnaire.answers import DISCUSS
from ...questionnaire.definition import Column, Option, Question, Text
from . import tables

Json = dict[str, Any]


def coding(question: str, option: Option, instrument: str | None = None) -> Json:
    """An option as Coding: by LOINC where its answer has a code there, else by ours."""
    known = tables.LOINC_ANSWERS.get(question) or tables.LOINC_ANSWERS.get(instrument or "", {})
    if option.id in known:
        return {"system": tables.LOINC, "code": known[option.id], "display": option.en}
    system = tables.ANSWERS.format(question=question)
    return {"system": system, "code": option.id, "display": option.en}


def answer_coding(question: Question, option_id: object) -> Json:
    """What was chosen as Coding. "I'd rather talk about this in person" is one of its own, with
    the standard's reason for an answer that is not there."""
    if option_id == DISCUSS and question.sensitive:
        return talk_coding()
    return coding(question.id, question.option(option_id), question.instrument)


def cell_coding(group: str, column: Column, option_id: object) -> Json:
    option = next(o for o in column.options if o.id == option_id)
    return coding(f"{group}.{column.id}", option)


def talk_coding() -> Json:
    return {
        "extension": [absent(DISCUSS)],
        "system": tables.SPECIAL,
        "code": DISCUSS,
        "display": tables.TALK["en"],
    }


def absent(why: str) -> Json:
    """The extension that says why there is no answer."""
    return {"url": tables.ABSENT, "valueCode": tables.ABSENT_REASONS[why]}


def loinc(code: str, display: str = "") -> Json:
    found = {"system": tables.LOINC, "code": code}
    return found | {"display": display} if display else found


def translated(text: Text) -> Json:
    """The sibling of a string (`_text`) that holds it in Spanish; {} where it is English only."""
    return translation(text.get("es")) if text.get("es") != text.get("en") else {}


def translation(spanish: str | None) -> Json:
    if not spanish:
        return {}
    inner = [{"url": "lang", "valueCode": "es"}, {"url": "content", "valueString": spanish}]
    return {"extension": [{"url": tables.TRANSLATION, "extension": inner}]}
