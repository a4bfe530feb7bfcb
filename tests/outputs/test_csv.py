"""What the export says of every kind of answer, and of answers that are not there."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from random import Random
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example as given_example
from hypothesis import given
from hypothesis import strategies as st

from screening.assessment.facts import Facts
from screening.assessment.outcome import assess_facts
from screening.assessment.results import Assessment
from screening.outputs.cells import ENCODERS, encoder, safe_text
from screening.outputs.columns import columns, merged
from screening.outputs.csv_export import write
from screening.outputs.formats import Sent, Source
from screening.questionnaire.definition import Kind, Questionnaire
from screening.questionnaire.loader import current
from screening.questionnaire.validation import normalise
from screening.record import row_state
from screening.workflows.sending import ASSESSMENT, kept_answers
from tests.builders import (
    FIXTURES,
    TODAY,
    both,
    example,
    instrument,
    options,
    page,
    person,
    question,
    section,
    tiny,
)
from tests.people import complete_person

SENT = datetime(2026, 11, 12, 9, 41, 5, tzinfo=ZoneInfo("America/Los_Angeles"))
EXAMPLES = sorted(path.stem for path in (FIXTURES / "examples").glob("*.json"))
Row = dict[str, str]


def document(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What sending these answers freezes."""
    kept = normalise(questionnaire, answers)
    facts = Facts(questionnaire, kept, TODAY)
    # A small questionnaire lacks what the assessment as a whole reads.
    whole = "seeking_help_for" in questionnaire.questions
    assessment = assess_facts(facts) if whole else only_scores(facts)
    return {
        "answers": kept,
        "as_of": TODAY.isoformat(),
        "assessment": ASSESSMENT.dump_python(assessment, mode="json"),
    }


def only_scores(facts: Facts) -> Assessment:
    scores = (facts.score(instrument.id) for instrument in facts.questionnaire.instruments)
    return Assessment("candidate", (), tuple(filter(None, scores)), {}, None, "tiny")


class Sample:
    """A source of these answers, and of nothing that staff added."""

    def __init__(self, *sent: tuple[Questionnaire, Mapping[str, Any]], **staff: Any) -> None:
        self.sent = [made(n, *one, **staff) for n, one in enumerate(sent, 1)]
        self.questionnaires = list({id(q): q for q, _ in sent}.values())
        self.walks = 0

    @property
    def widths(self) -> dict[str, int]:
        raise AssertionError("it costs a walk")

    def __iter__(self) -> Iterator[Sent]:
        self.walks += 1
        return iter(self.sent)


def made(
    number: int, questionnaire: Questionnaire, answers: Mapping[str, Any], **staff: Any
) -> Sent:
    kept = document(questionnaire, answers)
    facts = Facts(questionnaire, kept["answers"], TODAY)
    of_patients = [q for q in questionnaire.questions.values() if q.audience == "patient"]
    asked = [q.id for q in of_patients if facts.asked(q.id) is True]
    return Sent(
        f"AAAA-000{number}",
        SENT.isoformat(),
        TODAY.isoformat(),
        questionnaire,
        kept["answers"],
        frozenset(asked) - kept["answers"].keys(),
        kept["assessment"],
        **staff,
    )


def as_file(source: Source) -> bytes:
    out = io.BytesIO()
    write(source, out)
    return out.getvalue()


def read(file: bytes) -> list[Row]:
    """As a careful reader does: with the byte order mark, and line breaks inside cells."""
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline=""), strict=True))


def exported(questionnaire: Questionnaire, *answers: Mapping[str, Any]) -> list[Row]:
    return read(as_file(Sample(*((questionnaire, one) for one in answers))))


def small(*asked: Any, **parts: Any) -> Questionnaire:
    """Just these questions on one page, and no instrument."""
    given = {"sections": (), "instruments": (), "indications": {}} | parts
    return tiny(**given).model_copy(update={"sections": (section("all", page("all", *asked)),)})


FEW = small(
    question("sees", required=False),
    question("pills", "choices", options=options("red", "blue", "none"), sensitive=True),
    question("drugs", "group", min_rows=0),
    question("dose", "decimal", ask_if="sees == 'yes'"),
    question("why", "longtext", ask_if="sees == 'yes'", required=False),
    question("pulse", "integer", audience="clinician", required=False),
)


# The file


def test_a_file_is_exactly_this():
    answers = {
        "sees": "yes",
        "pills": ["blue", "red"],
        "drugs": [{"name": "sertraline, 50"}, {"name": "=x"}],
        "dose": 2.5,
        "why": 'a "b"\nc',
    }
    assert (
        as_file(Sample((FEW, answers), (FEW, {"pills": "discuss", "drugs": []})))
        == (
            "\ufeffsees,pills___red,pills___blue,pills___none,drugs_1_name,drugs_2_name,dose,why,pulse,"
            "outcome,findings,reference,submitted_at,questionnaire,"
            "changed_by_staff,decision,decided_at,outcome_as_sent\r\n"
            'yes,1,1,0,"sertraline, 50",\'=x,2.5,"a ""b""\nc",,'
            "candidate,,AAAA-0001,2026-11-12T09:41:05-08:00,tiny,,,,\r\n"
            "NI,DISCUSS,DISCUSS,DISCUSS,,,,,,"
            "candidate,,AAAA-0002,2026-11-12T09:41:05-08:00,tiny,,,,\r\n"
        ).encode()
    )


def test_what_staff_added_stands_last():
    decided = "2026-11-20T10:00:00-08:00"
    staff = {"changed": ("sees", "pulse"), "decision": "refer", "decided_at": decided}
    (row,) = read(as_file(Sample((FEW, {"sees": "no"}), **staff, outcome_sent="excluded")))
    assert list(row.items())[-4:] == [
        ("changed_by_staff", "sees;pulse"),
        ("decision", "refer"),
        ("decided_at", decided),
        ("outcome_as_sent", "excluded"),
    ]


def test_a_file_without_submissions_is_its_header():
    empty = Sample()
    empty.questionnaires = [FEW]
    assert as_file(empty).decode("utf-8-sig").startswith("sees,pills___red,")
    assert read(as_file(empty)) == []


class Pieces(io.RawIOBase):
    """Takes what can be taken of a stream that is only written on."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.sizes.append(len(data))
        return len(data)


def test_a_file_is_written_in_small_pieces_after_one_walk():
    many = Sample((FEW, {"pills": ["red"], "drugs": []}))
    many.sent *= 1000
    pieces = Pieces()
    write(many, pieces)
    assert len(pieces.sizes) > 10
    assert max(pieces.sizes) < 20_000
    assert many.walks == 1


# The columns


def test_the_columns_keep_the_order_that_was_agreed_and_added_ones_come_last():
    asked = [question(name) for name in ("new", "b", "a")]
    names = [column.name for column in columns(small(*asked, export_order=("a", "b")), {})]
    assert names[:3] == ["a", "b", "new"]


def test_the_released_order_lists_every_question_once():
    order = current().export_order
    assert len(order) == len(set(order))
    assert set(order) <= set(current().questions)


def test_no_two_columns_share_a_name():
    names = [c.name for c in columns(current(), {"medications": 12, "antidepressant_trials": 12})]
    assert len(names) == len(set(names))


def test_results_follow_the_questions_and_the_origin_comes_last():
    names = [column.name for column in columns(current(), {})]
    results = names[names.index("outcome") :]
    assert results[:2] == ["outcome", "findings"]
    assert {"phq9_total", "phq9_band", "phq9_status", "cssrs_screener_level"} <= set(results)
    assert names[-7:-4] == ["reference", "submitted_at", "questionnaire"]
    assert not set(results) & set(current().questions)


# The kinds

OF_KIND: dict[Kind, tuple[dict[str, Any], Any, str]] = {
    "agree": ({}, True, "1"),
    "choice": ({}, "yes", "yes"),
    "choices": ({}, ["no"], "0,1"),
    "scale": ({}, 0, "0"),
    "integer": ({}, 12, "12"),
    "decimal": ({}, 65.5, "65.5"),
    "text": ({}, "Ana", "Ana"),
    "longtext": ({}, "a\nb", '"a\nb"'),
    "email": ({}, "+a@example.org", "'+a@example.org"),
    "phone": ({}, "+1 805 555 0100", "'+1 805 555 0100"),
    "zip": ({}, "01234", "01234"),
    "date": ({}, "1984-03-09", "1984-03-09"),
    "group": ({}, [{"name": "a"}, {"name": None}], "a,NI"),
}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_is_written(kind):
    fields, answer, cells = OF_KIND[kind]
    assert set(ENCODERS) == set(get_args(Kind))
    assert encoder(question("q", kind, **fields))(answer) == cells


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_says_discuss_in_all_of_its_columns(kind):
    cells = encoder(question("q", kind, sensitive=True))("discuss").split(",")
    assert set(cells) == {"DISCUSS"}
    assert len(cells) == (2 if kind == "choices" else 1)


def test_discuss_is_a_word_like_any_other_where_it_is_no_answer():
    assert encoder(question("q", "text"))("discuss") == "discuss"


@pytest.mark.parametrize("answer", [-5, -0.5, 0])
def test_numbers_stay_numbers(answer):
    assert float(encoder(question("q", "decimal"))(answer)) == answer


def test_not_sure_stands_as_it_is():
    asked = question("n", "integer", ask_if="sees == 'yes'"), question("sees")
    (row,) = exported(small(*asked), {"sees": "yes", "n": "unsure"})
    assert row["n"] == "unsure"


# Formulas

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "\0x", "  =1+1", "\u00a0=1", "\u3000=1",
    "\u200b=1", "\ufeff=1", "＝1+1", "＋1", "－1", "＠x", "﹢1", "﹣1", "﹦1", "﹫x", "−1",
    "=cmd|' /C calc'!A0", '=HYPERLINK("http://example.org","x")', "-2+3+cmd|' /C calc'!A0",
]  # fmt: skip
PLAIN = ["Ana", "1-2", "a=b", "me@example.org", "'tis", "3 + 4", "(see -x)", "¿Sí?", "🙂", "10 mg"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text):
    (cells,) = csv.reader([safe_text(text) + ",next"])
    assert cells == ["'" + text, "next"]


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays_as_typed(text):
    assert safe_text(text) == text


@given(st.text(st.characters(codec="utf-8"), min_size=1))
@given_example('a"b,c\r\nd')
def test_any_text_is_one_cell_and_can_be_read_again(text):
    ((cell, after),) = csv.reader(io.StringIO(safe_text(text) + ",x\r\n", newline=""))
    assert after == "x"
    assert cell.removeprefix("'") == text.removeprefix("'")


def test_formulas_in_the_cells_of_a_group_are_text_too():
    (row,) = exported(FEW, {"pills": ["red"], "drugs": [{"name": "@x"}]})
    assert row["drugs_1_name"] == "'@x"


# Answers that are not there


def test_not_asked_is_empty_and_no_answer_is_ni():
    no, yes = exported(FEW, {"sees": "no", "pills": ["red"]}, {"sees": "yes", "dose": 1})
    assert (no["dose"], no["why"]) == ("", "")
    assert yes["why"] == "NI"
    assert {yes[f"pills___{option}"] for option in ("red", "blue", "none")} == {"NI"}


def test_what_follows_an_answer_that_is_not_known_was_not_asked():
    asked = question("sees", sensitive=True), question("why", ask_if="sees == 'yes'")
    optional = question("how", ask_if="sees == 'yes'", required=False)
    (row,) = exported(small(*asked, optional), {"sees": "discuss"})
    assert (row["sees"], row["why"], row["how"]) == ("DISCUSS", "", "")


def test_a_clinicians_column_is_empty_until_it_is_filled_in():
    empty, filled = exported(FEW, {"pills": ["red"]}, {"pills": ["red"], "pulse": 71})
    assert (empty["pulse"], filled["pulse"]) == ("", "71")


def test_a_group_is_as_wide_as_the_fullest_submission():
    rows = exported(
        FEW,
        {"drugs": [{"name": "a"}]},
        {"drugs": [{"name": str(n)} for n in range(1, 6)]},
        {"drugs": []},
        {},
    )
    names = [f"drugs_{n}_name" for n in range(1, 6)]
    assert [[row[name] for name in names] for row in rows] == [
        ["a", "", "", "", ""],
        ["1", "2", "3", "4", "5"],
        ["", "", "", "", ""],
        ["NI", "", "", "", ""],
    ]
    assert "drugs_6_name" not in rows[0]


def test_a_group_that_nobody_filled_in_has_no_columns():
    (row,) = exported(FEW, {"sees": "no", "drugs": [], "pills": ["red"]})
    assert [name for name in row if name.startswith("drugs")] == []
    assert (row["pills___red"], row["questionnaire"]) == ("1", "tiny")


def test_groups_beside_each_other_do_not_mix():
    two = small(question("one", "group"), question("two", "group"), question("end"))
    full, half = exported(
        two,
        {"one": [{"name": "a"}, {"name": "b"}], "two": [{"name": "c"}], "end": "no"},
        {"one": [], "two": [{"name": "d"}], "end": "yes"},
    )
    assert [full[f"{g}_1_name"] for g in ("one", "two")] == ["a", "c"]
    assert [half[f"{g}_1_name"] for g in ("one", "two")] == ["", "d"]
    assert (full["one_2_name"], half["end"]) == ("b", "yes")


def test_a_wide_group_keeps_its_rows_apart():
    cells = [
        {"id": "drug", "kind": "text", "text": both("d"), "label": "d"},
        {"id": "mg", "kind": "decimal", "text": both("m"), "label": "m"},
    ]
    asked = small(question("drugs", "group", columns=cells, sensitive=True))
    two, talk = exported(
        asked, {"drugs": [{"mg": 5}, {"drug": "b", "mg": 2.5}]}, {"drugs": "discuss"}
    )
    names = ["drugs_1_drug", "drugs_1_mg", "drugs_2_drug", "drugs_2_mg"]
    assert [two[name] for name in names] == ["NI", "5", "b", "2.5"]
    assert [talk[name] for name in names] == ["DISCUSS", "DISCUSS", "", ""]


# Results


def test_an_instrument_that_was_not_asked_has_empty_scores():
    asked = small(
        question("sees"),
        question("mood_1", "scale", ask_if="sees == 'yes'", instrument="mood"),
        instruments=(instrument("mood", "mood_1"),),
    )
    yes, no = exported(asked, {"sees": "yes", "mood_1": 3}, {"sees": "no"})
    parts = ("mood_total", "mood_band", "mood_status")
    assert [yes[part] for part in parts] == ["3", "any", "complete"]
    assert [no[part] for part in parts] == ["", "", ""]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_reads_back_as_it_was_answered(name):
    told = example(name)
    (row,) = exported(current(), told["answers"])
    expected = told["expected"]
    assert row["outcome"] == expected["outcome"]
    assert set(filter(None, row["findings"].split(";"))) == {
        rule if status == "met" else f"{rule}?" for rule, _, status in expected["findings"]
    }
    for instrument_id, (total, status) in expected["scores"].items():
        assert row[f"{instrument_id}_status"] == status
        assert row[f"{instrument_id}_total"] == ("" if total is None else f"{total:g}")
    assert row["last_name"] == told["answers"]["last_name"]


CODES = {"not-asked": "", "not-answered": "NI", "discuss": "DISCUSS", "unsure": "unsure"}


@pytest.mark.parametrize("seed", range(40))
def test_every_cell_agrees_with_the_record(seed):
    """The export looks up less than the record does; it must not come out differently."""
    answered = complete_person(current(), Random(seed))
    everything = Facts(current(), answered, TODAY)
    sent = kept_answers(everything, (q.id for q in current().patient_questions()))
    (row,) = exported(current(), sent)
    facts = Facts(current(), sent, TODAY)
    for column in columns(current(), {}):
        if column.question is None:
            continue
        state = row_state(column.question, facts)
        if column.question.audience == "clinician":
            assert row[column.name] == ""
        elif state in CODES and not (column.option and state == "unsure"):
            assert row[column.name] == CODES[state], column.name
        else:
            assert row[column.name] not in CODES.values(), column.name


# Versions


def test_an_older_version_is_written_under_the_columns_of_the_current_one():
    new = small(
        question("a", "text"),
        question("ticks", "choices", options=options("x", "y", "new")),
        question("added", required=False),
    )
    old = small(
        question("gone", "text"),
        question("a", "text"),
        question("ticks", "choices", options=options("y", "x")),
    ).model_copy(update={"version": "older"})
    source = Sample(
        (old, {"gone": 'a "b", c\nd', "a": "=1", "ticks": ["y"]}),
        (new, {"a": "2", "ticks": ["new"]}),
    )
    source.questionnaires.reverse()
    file = as_file(source)
    before, now = read(file)
    assert list(before)[:6] == ["a", "ticks___x", "ticks___y", "ticks___new", "added", "gone"]
    assert [before[name] for name in ("a", "ticks___x", "ticks___y", "ticks___new")] == [
        "'=1", "0", "1", "",
    ]  # fmt: skip
    assert (before["gone"], before["added"], before["questionnaire"]) == (
        'a "b", c\nd', "", "older",
    )  # fmt: skip
    assert (now["gone"], now["ticks___new"], now["added"]) == ("", "1", "NI")


def test_merged_columns_keep_answers_results_and_origin_apart():
    first = small(question("a"), instruments=(instrument("m", "a"),))
    second = small(question("b"), instruments=(instrument("n", "b"),))
    names = [column.name for column in merged([first, second], {})]
    assert names[:4] == ["a", "b", "outcome", "findings"]
    assert names[4:7] == ["m_total", "m_band", "m_status"]
    assert names[-7:-4] == ["reference", "submitted_at", "questionnaire"]


def test_free_text_in_any_language_survives():
    said = 'Niña, "señal"; 中文 🙂\nsegunda línea, fin'
    (row,) = exported(current(), person(anything_else=said, treatment_goals="-5 kg"))
    assert row["anything_else"] == said
    assert row["treatment_goals"] == "'-5 kg"
