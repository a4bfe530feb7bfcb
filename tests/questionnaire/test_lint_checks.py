"""Checks and the button "no to all" that do not fit are named with their file and id."""

from typing import Any

import pytest

from screening.questionnaire.definition import Check, Column, Question
from screening.questionnaire.lint import check
from tests.builders import both, options, page, question, rule, section, tiny


def asked_back(**fields: Any) -> Check:
    given = {"id": "slip", "when": "meters > 9", "about": ("meters",), "text": both("{meters}?")}
    return Check(**given | fields)


def lines(*questions: Question, rules: Any = (), **fields: Any) -> list[str]:
    first, later = page("more", *questions), page("later", question("later_one"))
    pages = section("more", first.model_copy(update=fields), later)
    return check(tiny(sections=(pages,), rules=rules))


METERS = question("meters", "integer", min=0, max=20)
DRUG = Column(id="drug", kind="text", text=both("Drug"), label="Drug", suggest=True)
DOSE = Column(id="dose", kind="decimal", text=both("Dose"), label="Dose", unit="mg")
LIST = question("drugs", "group", columns=(DRUG, DOSE), max_rows=3)


def test_a_check_that_fits_is_right():
    assert lines(METERS, checks=(asked_back(),)) == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"when": "miles > 9"}, "unknown name miles"),
        ({"when": "meters > 20"}, "can never be true: meters > 20"),
        ({"when": "later_one == 'yes'"}, "it reads later_one, asked on a later page"),
        ({"about": ()}, "about must name what may be changed"),
        ({"about": ("later_one",)}, "about names later_one, which is not on the page"),
        ({"text": both("{miles}?")}, "the text fills in miles, which it does not know"),
        ({"text": {"en": "Sure?"}}, "text is missing in es"),
    ],
)
def test_a_check_that_does_not_fit_is_named(fields, reason):
    assert f"more.toml: slip: {reason}" in lines(METERS, checks=(asked_back(**fields),))


def test_two_checks_of_one_name_or_of_two_kinds_are_named():
    two = (asked_back(), asked_back(kind="fact"))
    assert lines(METERS, checks=two) == [
        "more.toml: more: its checks are of two kinds: one page says one thing",
        "more.toml: slip: another check has this id",
    ]


def test_a_check_of_a_group_reads_its_row():
    row = {"about": ("drug", "dose"), "text": both("{dose} of {drug}?")}
    assert lines(LIST, checks=(asked_back(when="dose > 9 or times_usual_dose > 10", **row),)) == []
    found = lines(LIST, checks=(asked_back(when="meters > 9", **row),))
    assert found == ["more.toml: slip: unknown name meters"]


YES_NO = [question(name) for name in ("one", "two", "three")]


def test_no_to_all_is_for_several_questions():
    assert lines(*YES_NO, no_to_all=True) == []
    assert lines(*YES_NO[:2], no_to_all=True) == [
        "more.toml: more: no_to_all is for 3 or more questions that may be no"
    ]


@pytest.mark.parametrize(
    "other",
    [
        question("four", sensitive=True),
        question("four", options=options("yes", "maybe")),
        question("four", "choices", options=options("a", "none")),
        question("four", "agree"),
    ],
)
def test_no_to_all_passes_over_what_is_sensitive_or_has_no_plain_no(other):
    more = page("more", *YES_NO, other).model_copy(update={"no_to_all": True})
    assert more.may_be_no == ("one", "two", "three")


def test_no_to_all_never_answers_what_an_urgent_rule_reads():
    urgent = rule("danger", "two == 'yes'", "urgent", panel="crisis")
    assert lines(*YES_NO, rules=(urgent,), no_to_all=True) == [
        "more.toml: two: an urgent rule reads it: it is not answered together with others"
    ]
