"""Five hundred people written in every flat format and read back by another library.

What is read is held against the answers, not against our own writer: `expected` says, from the
answers alone, what has to stand under each column of the table.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zipfile import ZipFile

import pytest
from jsonschema import Draft202012Validator
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from pyarrow import parquet as pq

from screening.outputs.deidentified import deidentified
from screening.outputs.flat import parquet, spreadsheet
from screening.outputs.flat.json_schema import json_schema, schema
from screening.outputs.formats import OfKind, Sent
from screening.questionnaire.loader import check_in, current
from screening.questionnaire.validation import problems_in
from tests.builders import TODAY, person
from tests.outputs.crowd import Crowd, crowd, sent_of
from tests.outputs.reading import (
    DISCUSS,
    FORMULA,
    KINDS,
    NI,
    UNSURE,
    exported,
    people,
    stated,
    written,
)
from tests.people import BOTH

SHEETS = {"intake": "Submissions", "check-in": "Check-ins"}
FREE_TEXT = ("text", "longtext", "email", "phone")


def expected(sent: Sent, widths: dict[str, int]) -> Iterator[tuple[str, Any, bool]]:
    """(column, value, is it a code) of every question, from the answers alone."""
    for name, question in sent.questionnaire.questions.items():
        word, answer = stated(sent, name), sent.answers.get(name)
        if question.kind == "choices":
            for option in question.options:
                ticked = answer is not None and option.id in answer  # type: ignore[operator]
                yield (
                    f"{name}___{option.id}",
                    int(ticked) if word is None else word,
                    word is not None,
                )
        elif question.kind == "group":
            rows: Any = answer if word is None else []
            for row in range(widths.get(name, 0)):
                for column in question.columns:
                    there = rows[row].get(column.id) if row < len(rows) else None
                    blank = NI if row < len(rows) else (word or "") if row == 0 else ""
                    value = blank if there is None else there
                    yield f"{name}_{row + 1}_{column.id}", value, there is None
        else:
            yield name, word if word is not None else answer, word is not None


def results(sent: Sent) -> dict[str, Any]:
    found = {"outcome": sent.assessment["outcome"], "questionnaire": sent.questionnaire.version}
    for score in sent.assessment["scores"]:
        found[f"{score['instrument']}_status"] = score["status"]
        if score["total"] is not None:
            found[f"{score['instrument']}_total"] = score["total"]
    return found


# The crowd


def test_everybody_in_the_crowd_could_have_sent_that():
    faults = [
        problem
        for sent in crowd()
        for problem in problems_in(sent.questionnaire, dict(sent.answers), TODAY, BOTH)
    ]
    assert faults == []


def test_every_question_and_every_gap_is_in_the_crowd():
    for questionnaire in (current(), check_in()):
        sent = people(questionnaire.kind)
        questions = questionnaire.questions
        assert {name for one in sent for name in one.answers} == set(questions)
        optional = {q.id for q in questionnaire.patient_questions() if not q.required}
        assert len({name for one in sent for name in one.unanswered} & optional) > 5
        said = {str(one.answers.get(name)) for one in sent for name in questions}
        assert {"discuss", "unsure"} <= said


@pytest.mark.parametrize("kind", KINDS)
def test_what_looks_like_a_formula_stands_in_every_field_of_free_text(kind):
    sent = people(kind)
    for question in sent[0].questionnaire.patient_questions():
        texts = [str(one.answers.get(question.id, "")) for one in sent]
        for column in question.columns:
            if column.kind == "text":
                rows = [one.answers.get(question.id) for one in sent]
                cells = [
                    row.get(column.id, "")
                    for many in rows
                    if isinstance(many, list)
                    for row in many
                ]
                assert any(map(FORMULA, cells)), (question.id, column.id)
        if question.kind in FREE_TEXT:
            assert any(map(FORMULA, texts)), question.id


# CSV


@pytest.mark.parametrize("kind", KINDS)
def test_csv_reads_back_as_it_was_answered(kind):
    text = exported("csv", kind).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    sent = people(kind)
    assert [row["reference"] for row in rows] == [one.reference for one in sent]
    for row, one in zip(rows, sent, strict=True):
        for column, value, is_code in expected(one, crowd().widths):
            assert_csv_cell(row[column], value, is_code)
        for column, value in results(one).items():
            assert_csv_cell(row[column], value, is_code=False)
        assert row["decision"] == (one.decision or "")
        assert row["changed_by_staff"].split(";") == list(one.changed or ("",))


def assert_csv_cell(cell: str, value: Any, is_code: bool) -> None:
    if is_code or not isinstance(value, str):
        assert cell == value or float(cell) == value
    else:
        assert cell == ("'" + value if FORMULA(value) else value)
        assert not FORMULA(cell)


# XLSX


@cache
def workbook() -> Any:
    return load_workbook(io.BytesIO(exported("xlsx")), read_only=True)


@pytest.mark.parametrize("kind", KINDS)
def test_xlsx_reads_back_as_it_was_answered(kind):
    header, *rows = workbook()[SHEETS[kind]].iter_rows(values_only=True)
    assert header[:2] == ("reference", "submitted_at")
    sent = people(kind)
    for cells, one in zip(rows, sent, strict=True):
        row = dict(zip(header, cells, strict=True))
        for column, value, is_code in expected(one, OfKind(crowd(), kind).widths):
            cell = row[column]
            if isinstance(cell, str):
                cell = unescape(cell)
            kind_of = one.questionnaire.questions.get(column)
            if kind_of and kind_of.kind == "date" and not is_code:
                assert cell == datetime.fromisoformat(value)
            else:
                assert cell == (value if value != "" else None)
                assert type(cell) in (type(value), int, type(None))
        assert results(one).items() <= row.items()
        clock = datetime.fromisoformat(one.sent_at).replace(tzinfo=None)
        assert abs(row["submitted_at"] - clock) < timedelta(milliseconds=500)
        assert (row["decision"], row["outcome_as_sent"]) == (one.decision, one.outcome_sent)


def test_a_workbook_has_no_formula_and_its_header_stays_in_sight():
    with ZipFile(io.BytesIO(exported("xlsx"))) as archive:
        sheets = [name for name in archive.namelist() if "worksheets" in name]
        for name in sheets:
            text = archive.read(name).decode()
            assert not re.search(r"<f[ >]", text)
            assert 'ySplit="1"' in text
            assert 'state="frozen"' in text
            assert "<autoFilter " in text
    assert len(sheets) == 4


def test_a_workbook_says_what_its_columns_and_codes_mean():
    header, *lines = workbook()["Dictionary"].iter_rows(values_only=True)
    assert header[:3] == ("variable", "section", "label")
    described = {line[0] for line in lines}
    columns = {
        name
        for title in ("Submissions", "Check-ins")
        for name in next(workbook()[title].iter_rows(values_only=True))
    }
    numbered = re.compile(r"_\d+_(?=[a-z_]+$)")
    unknown = {
        name for name in columns - described if numbered.sub("_n_", name, count=1) not in described
    }
    assert unknown == set()
    about = dict(list(workbook()["About"].iter_rows(values_only=True)))
    assert about["Rows"] == 500
    assert about[f"SHA-256 of {current().version}"] == current().content_hash
    assert {NI, DISCUSS, UNSURE} <= set(about)


def test_more_rows_than_a_sheet_can_have_go_on_in_another(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 11)
    some = Crowd(tuple(people("intake")[:25]), (current(),))
    book = load_workbook(io.BytesIO(written("xlsx", some)), read_only=True)
    titles = ["Submissions", "Submissions 2", "Submissions 3"]
    assert book.sheetnames == [*titles, "Dictionary", "About"]
    read = [
        row[0] for title in titles for row in book[title].iter_rows(min_row=2, values_only=True)
    ]
    assert read == [one.reference for one in some]


def test_text_that_is_too_long_for_a_cell_is_cut_and_that_is_told(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MOST_CHARACTERS", 100)
    answers = person(treatment_goals="🙂" * 60, anything_else="x" * 100)
    book = load_workbook(
        io.BytesIO(written("xlsx", Crowd((sent_of(current(), answers),), (current(),))))
    )
    header, row = book["Submissions"].iter_rows()
    cells = {name.value: cell for name, cell in zip(header, row, strict=True)}
    assert cells["treatment_goals"].value == "🙂" * 47 + " [cut]"
    assert cells["anything_else"].value == "x" * 100
    about = list(book["About"].iter_rows(values_only=True))
    assert ("Cut", f"Submissions!{cells['treatment_goals'].coordinate}") in about


def test_a_sheet_with_too_many_columns_is_refused(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MOST_COLUMNS", 100)
    with pytest.raises(ValueError, match="holds 100 columns, and Submissions has"):
        written("xlsx", Crowd((), (current(),)))


def test_a_workbook_of_nobody_has_its_sheets():
    book = load_workbook(io.BytesIO(written("xlsx", Crowd((), (current(),)))))
    assert book.sheetnames == ["Submissions", "Dictionary", "About"]
    assert book["Submissions"].max_row == 1


@pytest.mark.parametrize(
    "text", ["\0", "\r\n", "\x1f", "_x000D_", "\ufffe\uffff", " a ", "\t", "]]>"]
)
def test_any_text_comes_out_of_a_workbook_as_it_went_in(text):
    out = io.BytesIO()
    with spreadsheet.Workbook(out) as book, book.sheet("One", ["a"], [10]) as sheet:
        sheet.add({"a": f"x{text}x"})
    read = load_workbook(out)["One"]["A2"]
    assert (read.data_type, unescape(read.value)) == ("s", f"x{text}x")


@pytest.mark.parametrize("day", [date(1900, 3, 1), date(1984, 2, 29), date(2026, 11, 23)])
def test_days_are_days_and_those_before_excels_calendar_are_text(day):
    out = io.BytesIO()
    with spreadsheet.Workbook(out) as book, book.sheet("One", ["a", "b"], [10, 10]) as sheet:
        sheet.add({"a": day, "b": date(1900, 2, 28)})
    row = load_workbook(out)["One"][2]
    assert [cell.value for cell in row] == [datetime(day.year, day.month, day.day), "1900-02-28"]  # noqa: DTZ001
    assert row[0].is_date


# NDJSON


@cache
def lines() -> list[Any]:
    data = exported("ndjson")
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.decode().removesuffix("\n").split("\n")]


@cache
def validator() -> Draft202012Validator:
    published = json.loads(json_schema(*crowd().questionnaires))
    Draft202012Validator.check_schema(published)
    return Draft202012Validator(published)


def test_ndjson_is_the_record():
    for read, sent in zip(lines(), crowd(), strict=True):
        assert read["answers"] == sent.answers
        assert (set(read["unanswered"]), tuple(read["changed"])) == (sent.unanswered, sent.changed)
        assert read["assessment"] == sent.assessment
        assert read["questionnaire"]["hash"] == sent.questionnaire.content_hash
        assert (read["reference"], read["sent_at"]) == (sent.reference, sent.sent_at)
        assert (read["decision"], read["decided_at"]) == (sent.decision, sent.decided_at)


def test_every_line_fits_the_published_schema():
    faults = [error.json_path for line in lines() for error in validator().iter_errors(line)]
    assert faults == []


WRONG = {
    "an option that is none": {"answers": {"language": "fr"}},
    "a question that is none": {"answers": {"no_such_question": "x"}},
    "out of range": {"answers": {"phq9_1": 4}},
    "discuss where it may not be said": {"answers": {"consent_privacy": "discuss"}},
    "a row with a column that is none": {"answers": {"medications": [{"colour": "red"}]}},
    "no tick": {"answers": {"heart_conditions": []}},
    "unanswered and none": {"unanswered": ["no_such_question"]},
    "another version": {"questionnaire": {"version": "1", "kind": "intake", "hash": "0"}},
    "a decision that is none": {"decision": "yes"},
    "something more": {"name": "Ana"},
}


@pytest.mark.parametrize("what", WRONG)
def test_the_schema_refuses(what):
    line = lines()[0]
    assert validator().is_valid(line)
    assert not validator().is_valid(line | WRONG[what])


# Parquet


@pytest.mark.parametrize("kind", KINDS)
def test_parquet_reads_back_as_it_was_answered(kind):
    table = pq.read_table(io.BytesIO(exported("parquet", kind)))
    sent = people(kind)
    for row, one in zip(table.to_pylist(), sent, strict=True):
        listed = {"unanswered": set(), "discussed": set(), "unsure": set()}
        for name, question in one.questionnaire.questions.items():
            word, answer = stated(one, name), one.answers.get(name)
            for list_name, code in zip(listed, (NI, DISCUSS, UNSURE), strict=True):
                listed[list_name] |= {name} if word == code else set()
            assert_parquet_cell(row, question, None if word is not None else answer)
        assert {name: set(row[name]) for name in listed} == listed
        assert results(one).items() <= row.items()
        assert [(f["rule"], f["status"]) for f in row["findings"]] == [
            (f["rule"], f["status"]) for f in one.assessment["findings"]
        ]
        assert (row["reference"], row["submitted_at"]) == (one.reference, one.sent_at)
        assert tuple(row["changed_by_staff"]) == one.changed


def assert_parquet_cell(row: dict[str, Any], question: Any, answer: Any) -> None:
    if question.kind == "choices":
        for option in question.options:
            there = None if answer is None else option.id in answer
            assert row[f"{question.id}___{option.id}"] is there
    elif question.kind == "group":
        blank = {column.id: None for column in question.columns}
        assert row[question.id] == (None if answer is None else [blank | cells for cells in answer])
    elif question.kind == "date" and answer is not None:
        assert row[question.id] == date.fromisoformat(answer)
    else:
        assert row[question.id] == answer


def test_parquet_is_typed_and_written_in_row_groups(monkeypatch):
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 200)
    file = pq.ParquetFile(io.BytesIO(written("parquet", OfKind(crowd(), "intake"))))
    kinds = {name: str(file.schema_arrow.field(name).type) for name in file.schema_arrow.names}
    assert file.num_row_groups == 3
    assert (kinds["date_of_birth"], kinds["weight_lb"], kinds["phq9_1"]) == (
        "date32[day]", "double", "int32",
    )  # fmt: skip
    assert kinds["consent_privacy"] == kinds["heart_conditions___none"] == "bool"
    assert kinds["state"].startswith("dictionary<values=string")
    assert kinds["antidepressant_trials"].startswith("list<element: struct<drug: string")


def test_a_question_of_another_type_in_an_older_version_is_text_in_parquet():
    asked = current().questions["zip_code"].model_copy(update={"id": "height_in"})
    old = current().model_copy(update={"content_hash": "0" * 64})
    old.__dict__["questions"] = current().questions | {"height_in": asked}
    older = sent_of(current(), person())
    people_ = (sent_of(current(), person(height_in=65)), older)
    read = pq.read_table(io.BytesIO(written("parquet", Crowd(people_, (current(), old)))))
    assert read.column("height_in").to_pylist()[0] == "65"


# All of them


@pytest.mark.parametrize("name", ["xlsx", "ndjson", "redcap", "parquet"])
def test_a_deidentified_source_is_written_like_any_other(name):
    some = Crowd(crowd().people[:60], crowd().questionnaires)
    source = deidentified(some, today=TODAY)
    data = written(name, source)
    assert len(data) > 10_000
    if name == "ndjson":
        fits = Draft202012Validator(schema(*source.questionnaires))
        read = [json.loads(line) for line in data.decode().removesuffix("\n").split("\n")]
        assert [e.json_path for line in read for e in fits.iter_errors(line)] == []
