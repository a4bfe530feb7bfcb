"""REDCap's own rules held against the dictionary, and the dictionary against the data.

Rules: the help on the page "Data Dictionary" of a REDCap project, and what its import refuses.
"""

import csv
import io
import re
from functools import cache
from math import nan
from typing import Any
from zipfile import ZipFile

import pytest

from screening.assessment.facts import Facts
from screening.outputs.flat.redcap_logic import branching, variable
from screening.questionnaire.definition import Questionnaire
from screening.questionnaire.loader import current
from tests.builders import TODAY, instrument, options, question
from tests.outputs.crowd import Crowd, crowd
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
from tests.outputs.test_csv import small

HEADER = [
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
]  # fmt: skip
NAME, FORM, KIND, LABEL, CHOICES, NOTE, CHECKED, LEAST, MOST, IDENTIFIER, LOGIC, REQUIRED = (
    HEADER[place] for place in (0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
)
KINDS_OF_FIELD = {"text", "notes", "radio", "dropdown", "checkbox", "yesno"}
LISTS = {"radio", "dropdown", "checkbox"}
GOOD_NAME = re.compile(r"[a-z](?!.*__)[a-z0-9_]*[a-z0-9]").fullmatch
CODE = re.compile(r"[A-Za-z0-9_]+").fullmatch
# What a value has to look like, by its validation.
LOOKS: dict[str, Any] = {
    "": re.compile(r"(?s).*").fullmatch,
    "integer": re.compile(r"-?\d+").fullmatch,
    "number": re.compile(r"-?\d+(\.\d+)?").fullmatch,
    "date_ymd": re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch,
    "zipcode": re.compile(r"\d{5}(-\d{4})?").fullmatch,
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,63}").fullmatch,
}
RESERVED = {
    "redcap_event_name", "redcap_csrf_token", "redcap_data_access_group", "redcap_repeat_instance",
    "redcap_repeat_instrument", "redcap_survey_identifier", "redcap_survey_timestamp",
}  # fmt: skip
Line = dict[str, str]


@cache
def files(kind: str = "") -> tuple[list[Line], list[Line]]:
    """The dictionary and the data, of one kind or of both in one project."""
    return read(exported("redcap", kind))


def read(data: bytes) -> tuple[list[Line], list[Line]]:
    with ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["redcap-data-dictionary.csv", "redcap-data.csv"]
        texts = [archive.read(name).decode() for name in archive.namelist()]
    dictionary, rows = (
        list(csv.DictReader(io.StringIO(text, newline=""), strict=True)) for text in texts
    )
    return dictionary, rows


def choices(line: Line) -> list[tuple[str, str]]:
    parts = line[CHOICES].split(" | ") if line[CHOICES] else []
    return [tuple(part.split(", ", 1)) for part in parts]  # type: ignore[misc]


def codes(line: Line) -> list[str]:
    return [code for code, _ in choices(line)]


BOTH = ("", *KINDS)


@pytest.mark.parametrize("kind", BOTH)
def test_the_dictionary_has_its_eighteen_columns_and_good_names(kind):
    dictionary, _ = files(kind)
    names = [line[NAME] for line in dictionary]
    assert list(dictionary[0]) == HEADER
    assert all(map(GOOD_NAME, names)), [name for name in names if not GOOD_NAME(name)]
    assert max(map(len, names)) <= 100
    assert len(set(names)) == len(names)
    of_forms = {f"{line[FORM]}_{part}" for line in dictionary for part in ("complete", "timestamp")}
    assert set(names) & (RESERVED | of_forms) == set()


@pytest.mark.parametrize("kind", BOTH)
def test_the_record_is_the_first_field_and_forms_stand_together(kind):
    dictionary, _ = files(kind)
    assert (dictionary[0][NAME], dictionary[0][KIND]) == ("record_id", "text")
    forms = [line[FORM] for line in dictionary]
    changes = [b for a, b in zip(["", *forms], forms, strict=False) if a != b]
    assert len(changes) == len(set(changes))
    assert all(map(GOOD_NAME, changes))


@pytest.mark.parametrize("kind", BOTH)
def test_every_field_says_what_it_takes(kind):
    for line in files(kind)[0]:
        assert line[KIND] in KINDS_OF_FIELD
        assert line[LABEL].strip()
        assert bool(line[CHOICES]) == (line[KIND] in LISTS), line
        assert all(map(CODE, codes(line))), line
        assert all(label.strip() for _, label in choices(line))
        assert len(set(codes(line))) == len(codes(line))
        assert line[CHECKED] in LOOKS
        assert not line[CHECKED] or line[KIND] == "text"
        assert {line[IDENTIFIER], line[REQUIRED]} <= {"", "y"}
        limits = [line[LEAST], line[MOST]]
        if any(limits):
            assert line[CHECKED] in ("integer", "number")
            assert all(LOOKS[line[CHECKED]](limit) for limit in limits if limit)
            assert not all(limits) or float(limits[0]) <= float(limits[1])


@pytest.mark.parametrize("kind", BOTH)
def test_branching_logic_names_fields_and_codes_that_are_there(kind):
    known = {line[NAME]: line for line in files(kind)[0]}
    with_logic = [line for line in known.values() if line[LOGIC]]
    assert len(with_logic) > 30
    for line in with_logic:
        logic = line[LOGIC]
        assert logic.count("(") == logic.count(")")
        for name, tick in re.findall(r"\[(\w+)(?:\((\w+)\))?\]", logic):
            assert name != line[NAME]
            assert not tick or tick in codes(known[name])
            assert bool(tick) == (known[name][KIND] == "checkbox")
        for name, code in re.findall(r"\[(\w+)\] (?:=|<>) '(\w+)'", logic):
            assert code in codes(known[name])


def test_identifiers_are_what_safe_harbor_names_and_what_leads_to_one_person():
    named = {variable(q.id) for q in current().questions.values() if q.safe_harbor}
    groups = {q.id for q in current().questions.values() if q.kind == "group" and q.safe_harbor}
    marked = {line[NAME] for line in files("intake")[0] if line[IDENTIFIER]}
    rows = {name for name in marked if name.startswith(tuple(f"{group}_" for group in groups))}
    assert marked - rows == (named - groups) | {
        "record_id",
        "reference",
        "submitted_at",
        "decided_at",
    }


def test_what_redcap_cannot_say_is_told_in_the_note():
    lines = {line[NAME]: line for line in files("intake")[0]}
    assert lines["memory_worse"][LOGIC] == ""
    assert "Asked if: age >= 45" in lines["memory_worse"][NOTE]
    assert lines["memory_worse"][REQUIRED] == ""


# The data


@pytest.mark.parametrize("kind", KINDS)
def test_the_data_fits_the_dictionary(kind):
    dictionary, rows = files(kind)
    header = [
        name
        for line in dictionary
        for name in (
            [f"{line[NAME]}___{code}" for code in codes(line)]
            if line[KIND] == "checkbox"
            else [line[NAME]]
        )
    ]
    assert list(rows[0]) == header
    assert len({row["record_id"] for row in rows}) == len(rows)
    fits = {line[NAME]: checked(line) for line in dictionary}
    for row in rows:
        assert [line[NAME] for line in dictionary if not fits[line[NAME]](row)] == []
        assert not any(map(FORMULA, row.values()))


def checked(line: Line) -> Any:
    """Does a row hold what the field takes?"""
    name, listed, looks = line[NAME], codes(line), LOOKS[line[CHECKED]]
    if line[KIND] == "checkbox":
        allowed = {"0", "1"}
        ticks = [f"{name}___{code}" for code in listed]
        return lambda row: {row[t] for t in ticks} <= allowed or {row[t] for t in ticks} == {""}
    if line[KIND] in LISTS or line[KIND] == "yesno":
        values = {"", *(listed or ("0", "1"))}
        return lambda row: row[name] in values
    low, high = float(line[LEAST] or "-inf"), float(line[MOST] or "inf")
    ranged = bool(line[LEAST] or line[MOST])
    return lambda row: (
        not row[name] or (looks(row[name]) and (not ranged or low <= float(row[name]) <= high))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_data_is_what_was_answered(kind):
    _, rows = files(kind)
    for row, sent in zip(rows, people(kind), strict=True):
        listed: dict[str, set[str]] = {NI: set(), DISCUSS: set(), UNSURE: set()}
        for name, asked in sent.questionnaire.questions.items():
            word = stated(sent, name)
            if word:
                listed[word].add(name)
            assert_answered(row, asked, sent.answers[name] if word is None else None)
        named = ("not_answered", "to_talk_about", "not_sure")
        assert [set(row[name].split()) for name in named] == list(listed.values())
        assert (row["record_id"], row["submitted_at"]) == (sent.reference, sent.sent_at)
        assert row["outcome"] == sent.assessment["outcome"]
        assert row["decision"] == (sent.decision or "").replace("-", "_")


def assert_answered(row: Line, asked: Any, answer: Any) -> None:
    if asked.kind == "choices":
        for option in asked.option_ids:
            ticked = "" if answer is None else str(int(option in answer))
            assert row[f"{asked.id}___{option.replace('-', '_').lower()}"] == ticked
    elif asked.kind == "group":
        for number, cells in enumerate(answer or [], 1):
            for column in asked.columns:
                cell = row[f"{asked.id}_{number}_{column.id}"]
                assert cell == written_as(column.kind, cells.get(column.id, ""))
    else:
        assert row[asked.id] == ("" if answer is None else written_as(asked.kind, answer))


def written_as(kind: str, answer: Any) -> str:
    if kind == "choice":
        return str(answer).replace("-", "_").lower()
    if isinstance(answer, str):
        return "'" + answer if FORMULA(answer) else answer
    return str(int(answer)) if kind == "agree" else str(answer)


def test_rows_that_share_a_reference_are_records_of_their_own():
    two = crowd().people[0]
    rows = read(written("redcap", Crowd((two, two), (current(),))))[1]
    assert [row["record_id"] for row in rows] == [two.reference, f"{two.reference}-2"]
    assert {row["reference"] for row in rows} == {two.reference}


# Branching logic


@pytest.mark.parametrize("kind", KINDS)
def test_branching_logic_shows_exactly_what_was_asked(kind):
    dictionary, rows = files(kind)
    questionnaire = people(kind)[0].questionnaire
    asked = {variable(name): name for name in questionnaire.questions}
    shown = {
        asked[line[NAME]]: compiled(line[LOGIC])
        for line in dictionary
        if line[LOGIC] and line[NAME] in asked
    }
    for row, sent in zip(rows, people(kind), strict=True):
        facts = Facts(questionnaire, sent.answers, TODAY)
        wrong = [
            name for name, holds in shown.items() if holds(row) is not (facts.asked(name) is True)
        ]
        assert wrong == [], sent.reference


def compiled(logic: str) -> Any:
    """REDCap's logic as a function of a row. A blank is no number: it is on no side of one."""
    text = re.sub(r"\[(\w+)\((\w+)\)\]", r'v("\1___\2")', logic)
    text = re.sub(r"\[(\w+)\]", r'v("\1")', text)
    text = re.sub(r'(v\("\w+"\)) (>=|<=|>|<|=|<>) (\d)', r"number(\1) \2 \3", text)
    text = text.replace(" = ", " == ").replace("<>", "!=").replace("sum(", "total(")
    code = compile(text, "logic", "eval")
    names = {"number": lambda cell: float(cell or nan), "total": total}
    return lambda row: bool(eval(code, {"v": row.__getitem__, **names}))  # noqa: S307


def total(*cells: str) -> float:
    return sum(float(cell) for cell in cells if cell)


def questionnaire_of() -> Questionnaire:
    return small(
        question("always", options=options("yes", "no", "unsure")),
        question("maybe", required=False),
        question("ticks", "choices", options=options("a", "b-c", "none")),
        question("m_1", "scale", instrument="m"),
        question("n", "integer"),
        instruments=(instrument("m", "m_1"),),
    )


SAID = {
    "always == 'yes'": "[always] = 'yes'",
    "'yes' == always": None,
    "always != 'yes'": "[always] <> '' and [always] <> 'yes' and [always] <> 'unsure'",
    "not (always == 'yes')": "[always] <> '' and [always] <> 'yes' and [always] <> 'unsure'",
    "always in ('yes', 'no')": "[always] = 'yes' or [always] = 'no'",
    "always == 'unsure'": None,
    "not (maybe == 'yes')": None,
    "'b-c' in ticks": "[ticks(b_c)] = '1'",
    "not ('a' in ticks)": "[ticks(a)] <> '1' and ([ticks(b_c)] = '1' or [ticks(none)] = '1')",
    "n < 3 and 'a' in ticks": "[n] <> '' and [n] < 3 and [ticks(a)] = '1'",
    "3 < n": "[n] <> '' and [n] > 3",
    "n == 3": "[n] <> '' and [n] = 3",
    "not (n >= 3)": "[n] <> '' and [n] < 3",
    "answered(maybe)": "[maybe] <> ''",
    "answered(ticks)": "[ticks(a)] = '1' or [ticks(b_c)] = '1' or [ticks(none)] = '1'",
    "m.answered_sum >= 2": "sum([m_1]) >= 2",
    "m.answered_sum < 2": None,
    "m.total >= 2": None,
    "age >= 45": None,
    "meds.opioid": None,
    "always == 'yes' or meds.opioid": None,
    "(always == 'yes' or n > 1) and maybe == 'no'":
        "([always] = 'yes' or ([n] <> '' and [n] > 1)) and [maybe] = 'no'",
    "not (always == 'yes' and n > 1)":
        "([always] <> '' and [always] <> 'yes' and [always] <> 'unsure')"
        " or ([n] <> '' and [n] <= 1)",
}  # fmt: skip


@pytest.mark.parametrize("condition", SAID)
def test_a_condition_is_said_exactly_or_not_at_all(condition):
    assert branching(condition, questionnaire_of()) == SAID[condition]


def test_a_question_without_a_condition_has_no_logic():
    assert branching(None, questionnaire_of()) == ""
