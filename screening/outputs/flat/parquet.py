"""Submissions as Parquet, typed, a row group for each thousand. Needs the extra `parquet`.

A question is one column: a number is a number, a date a day, a choice a dictionary of its options'
ids, an agreement true; a group is a list of structs. A `choices` question is a column an option,
`ID___option`, true where it is ticked, as in the CSV.

A cell without a value is null. Why it is null stands in three lists of question ids: `unanswered`,
`discussed` (wants to talk about it in person) and `unsure`; what is in none of them was not asked.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import parquet as pq

from ...questionnaire.definition import Column, Question, Questionnaire
from ..columns import exported, score_parts
from ..formats import Sent, Source
from .table import DISCUSSED, day, instead

ROWS_AT_ONCE = 1000
CODED = pa.dictionary(pa.int32(), pa.string())
NAMES = pa.list_(pa.string())
FINDINGS = pa.list_(pa.struct([("rule", pa.string()), ("kind", CODED), ("status", CODED)]))
TYPES: dict[str, pa.DataType] = {
    "agree": pa.bool_(),
    "choice": CODED,
    "scale": pa.int32(),
    "integer": pa.int64(),
    "decimal": pa.float64(),
    "date": pa.date32(),
}
SCORES = {"total": pa.float64(), "band": CODED, "level": CODED, "status": CODED}
BEFORE: dict[str, pa.DataType] = {
    "reference": pa.string(),
    "submitted_at": pa.string(),
    "questionnaire": CODED,
    "questionnaire_hash": CODED,
}
WHY_NULL: dict[str, pa.DataType] = {"unanswered": NAMES, "discussed": NAMES, "unsure": NAMES}
RESULTS: dict[str, pa.DataType] = {"outcome": CODED, "findings": FINDINGS}
OF_STAFF: dict[str, pa.DataType] = {
    "changed_by_staff": NAMES,
    "decision": CODED,
    "decided_at": pa.string(),
    "outcome_as_sent": CODED,
}
Row = dict[str, Any]


def write(source: Source, out: BinaryIO) -> None:
    """The whole file, in one walk."""
    schema = schema_of(source.questionnaires)
    with pq.ParquetWriter(_Counted(out), schema, compression="zstd") as writer:
        walk = iter(source)
        while rows := [_row(sent) for sent in islice(walk, ROWS_AT_ONCE)]:
            columns = [_column(field, rows) for field in schema]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _column(field: pa.Field, rows: Iterable[Row]) -> pa.Array:
    values = [row.get(field.name) for row in rows]
    if pa.types.is_string(field.type):
        # A number or a day, where that is the column's type in one version only.
        values = [None if value is None else str(value) for value in values]
    return pa.array(values, field.type)


@dataclass
class _Counted:
    """What Parquet needs of a stream that may only be written on."""

    out: BinaryIO
    place: int = 0
    closed: bool = False

    def write(self, data: bytes) -> int:
        self.out.write(data)
        self.place += len(data)
        return len(data)

    def tell(self) -> int:
        return self.place

    def flush(self) -> None:
        """Whoever opened the stream empties it."""

    def close(self) -> None:
        self.closed = True


# Columns


def schema_of(questionnaires: Sequence[Questionnaire]) -> pa.Schema:
    """The questions of the first version, then what others add. A question that has another type
    in another version is text, a group that has other columns has them all."""
    asked: dict[str, pa.Field] = {}
    for field in _asked(questionnaires):
        known = asked.get(field.name)
        kind = field.type if known is None else _together(known.type, field.type)
        asked[field.name] = (known or field).with_type(kind)
    parts = (BEFORE, WHY_NULL, RESULTS, dict(_scores(questionnaires)), OF_STAFF)
    before, *after = ([pa.field(*one) for one in part.items()] for part in parts)
    versions = {q.content_hash: q.version for q in questionnaires}
    fields = [*before, *asked.values(), *chain.from_iterable(after)]
    return pa.schema(fields, metadata={"questionnaires": json.dumps(versions)})


def _asked(questionnaires: Iterable[Questionnaire]) -> Iterator[pa.Field]:
    for questionnaire in questionnaires:
        for question in exported(questionnaire):
            yield from _fields(question)


def _fields(question: Question) -> Iterator[pa.Field]:
    if question.kind != "choices":
        yield _field(question.id, _type(question), question.label)
        return
    for option in question.options:
        label = f"{question.label}: {option.label or option.en}"
        yield _field(f"{question.id}___{option.id}", pa.bool_(), label)


def _field(name: str, kind: pa.DataType, label: str) -> pa.Field:
    return pa.field(name, kind, metadata={"description": label})


def _type(of: Question | Column) -> pa.DataType:
    if isinstance(of, Question) and of.kind == "group":
        return pa.list_(pa.struct([(column.id, _type(column)) for column in of.columns]))
    return TYPES.get(of.kind, pa.string())


def _together(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """A type that holds both."""
    if one == other:
        return one
    if not (pa.types.is_list(one) and pa.types.is_list(other)):
        return pa.string()
    return pa.list_(pa.struct({f.name: f.type for f in [*one.value_type, *other.value_type]}))


def _scores(questionnaires: Iterable[Questionnaire]) -> Iterator[tuple[str, pa.DataType]]:
    for questionnaire in questionnaires:
        for instrument in questionnaire.instruments:
            for part in score_parts(instrument):
                yield f"{instrument.id}_{part}", SCORES[part]


# Rows


def _row(sent: Sent) -> Row:
    """Column's name -> value, of the columns that have one."""
    questions = sent.questionnaire.questions
    why: dict[str, list[str]] = {"discussed": [], "unsure": []}
    row: Row = {}
    for name, answer in sent.answers.items():
        code = instead(questions[name], answer)
        if code:
            why["discussed" if code is DISCUSSED else "unsure"].append(name)
        else:
            row.update(_value(questions[name], answer))
    unanswered = [name for name in questions if name in sent.unanswered]
    return row | why | {"unanswered": unanswered} | _results(sent) | _around(sent)


def _value(question: Question, answer: Any) -> Row:
    if question.kind == "choices":
        return {f"{question.id}___{name}": name in answer for name in question.option_ids}
    return {question.id: day(answer) if question.kind == "date" else answer}


def _results(sent: Sent) -> Row:
    assessment = sent.assessment
    scores = {
        f"{score['instrument']}_{part}": score.get(part)
        for score in assessment["scores"]
        for part in SCORES
    }
    return {"outcome": assessment["outcome"], "findings": assessment["findings"]} | scores


def _around(sent: Sent) -> Row:
    return {
        "reference": sent.reference,
        "submitted_at": sent.sent_at,
        "questionnaire": sent.questionnaire.version,
        "questionnaire_hash": sent.questionnaire.content_hash,
        "changed_by_staff": list(sent.changed),
        "decision": sent.decision,
        "decided_at": sent.decided_at,
        "outcome_as_sent": sent.outcome_sent,
    }
