"""The answers of one submission as FHIR R4 QuestionnaireResponse.

What has no answer has no item: nothing is said of what was not asked, nor of what was left open.
"I'd rather talk about this in person" and "I'm not sure" of a number are neither missing nor "no":
the first is a coding of its own where something is chosen, and of both the item says why it has no
value, by the standard's extension.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ...questionnaire.answers import DISCUSS, UNSURE, Answers
from ...questionnaire.definition import Column, Question
from ..formats import Sent
from . import tables
from .codes import Json, absent, answer_coding, cell_coding
from .layout import Place, layout
from .questionnaire import canonical


def response_resource(sent: Sent) -> Json:
    """Without `id` and `subject`, which the bundle gives."""
    made = {
        "resourceType": "QuestionnaireResponse",
        "meta": {"security": security(sent)},
        "language": "en",
        "questionnaire": canonical(sent.questionnaire),
        "status": "amended" if sent.changed else "completed",
        "authored": sent.sent_at,
        "item": list(_items(sent, layout(sent.questionnaire).places)),
    }
    return {key: value for key, value in made.items() if value}


def security(sent: Sent) -> list[Json]:
    """How confidential it is; and by which laws, for what was answered."""
    asked = (sent.questionnaire.questions[name] for name in sent.answers)
    kinds = {question.privacy for question in asked if question.privacy}
    codes = sorted(tables.SENSITIVITIES[kind] for kind in kinds if kind in tables.SENSITIVITIES)
    labels = [{"system": tables.ACT_CODES, "code": code} for code in codes]
    return [{"system": tables.CONFIDENTIALITY, "code": "R", "display": "restricted"}, *labels]


def _items(sent: Sent, places: Sequence[Place]) -> Iterator[Json]:
    for place in places:
        of = place.of
        if place.total:
            yield from _total(sent, place)
        elif place.none:
            if sent.answers.get(of.id) == []:
                yield {"linkId": place.link_id, "answer": [{"valueBoolean": True}]}
        elif isinstance(of, Question):
            yield from _question(of, place, sent.answers)
        elif under := list(_items(sent, place.children)):
            yield {"linkId": place.link_id, "item": under}


def _question(question: Question, place: Place, answers: Answers) -> Iterator[Json]:
    answer: Any = answers.get(question.id)
    if answer is None:
        return
    item: Json = {"linkId": place.link_id, "text": question.text["en"]}
    if question.kind == "group":
        # LHC-Forms stops at a blank row before another; a place among the others it has none.
        rows = [_row(question, item, row, place.children) for row in answer]
        yield from sorted(rows, key=lambda row: "item" not in row)
        return
    why = _why_absent(question, answer)
    if why:
        item["extension"] = [absent(why)]
        if question.kind in tables.CODED:
            item["answer"] = [{"valueCoding": answer_coding(question, answer)}]
        yield item
    else:
        parts = answer if question.kind == "choices" else [answer]
        yield item | {"answer": [_value(question, part) for part in parts]}


def _why_absent(question: Question, answer: object) -> str:
    if answer == DISCUSS and question.sensitive:
        return DISCUSS
    return UNSURE if answer == UNSURE and question.may_be_unsure else ""


def _value(question: Question, part: object) -> Json:
    return _plain(tables.TYPES[question.kind], part, lambda: answer_coding(question, part))


def _plain(kind: str, part: object, chosen: Callable[[], Json]) -> Json:
    return {f"value{tables.VALUES[kind]}": chosen() if kind == "choice" else part}


def _row(group: Question, item: Json, row: Mapping[str, object], columns: Sequence[Place]) -> Json:
    """A blank row stays one: it is not the answer "none"."""
    cells = _cells(group, row, columns)
    return item | ({"item": cells} if cells else {})


def _cells(group: Question, row: Mapping[str, object], columns: Sequence[Place]) -> list[Json]:
    return [
        {"linkId": place.link_id, "answer": [_cell(group, place.of, row[place.of.id])]}
        for place in columns
        if isinstance(place.of, Column) and row.get(place.of.id) not in (None, "")
    ]


def _cell(group: Question, column: Column, cell: object) -> Json:
    kind = tables.TYPES[column.kind]
    return _plain(kind, cell, lambda: cell_coding(group.id, column, cell))


def _total(sent: Sent, place: Place) -> Iterator[Json]:
    found = {score["instrument"]: score for score in sent.assessment["scores"]}
    total = found.get(place.of.id, {}).get("total")
    if total is not None:
        decimals = place.of.scoring.decimals  # type: ignore[union-attr]
        value = {"valueDecimal": total} if decimals else {"valueInteger": int(total)}
        yield {"linkId": place.link_id, "answer": [value]}
