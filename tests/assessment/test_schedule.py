"""Dates of infusions, by the protocol in force."""

from datetime import date, timedelta

import pytest

from screening.assessment import schedule
from screening.assessment.facts import Facts
from screening.questionnaire import loader, protocol
from screening.questionnaire.lint_conditions import can_be_true, faults
from screening.questionnaire.lint_names import known_names
from tests.builders import person

PROTOCOL = protocol.current()
TODAY = date(2026, 11, 2)
MONDAY = date(2026, 11, 9)
DAYS = schedule.proposed(PROTOCOL, MONDAY, "mon-thu")


def facts(**answers):
    return Facts(loader.current(), person(**answers), TODAY)


def said(days, today=TODAY):
    return [
        (doubt.visit, doubt.says, doubt.refused) for doubt in schedule.doubts(PROTOCOL, days, today)
    ]


def ids(lines):
    return [line.id for line in lines]


def test_six_infusions_two_a_week():
    assert [f"{day:%a %d}" for day in DAYS] == [
        "Mon 09", "Thu 12", "Mon 16", "Thu 19", "Mon 23", "Thu 26",
    ]  # fmt: skip
    assert said(DAYS) == []


@pytest.mark.parametrize("rhythm", [r.id for r in PROTOCOL.induction.rhythms])
@pytest.mark.parametrize("weekday", range(7))
def test_from_any_day_no_two_are_closer_than_the_protocol_allows(rhythm, weekday):
    days = schedule.proposed(PROTOCOL, MONDAY + timedelta(days=weekday), rhythm)
    assert len(days) == 6
    assert [line for line in said(days) if "Less than" in line[1] or line[2]] == []


def test_dates_that_are_moved_are_doubted():
    moved = list(DAYS)
    moved[1] = MONDAY + timedelta(days=1)
    assert said(moved) == [
        (1, "Less than 2 days after the one before.", False),
        (2, "More than 5 days after the one before.", False),
    ]
    moved = [*DAYS[:5], DAYS[4] + timedelta(days=8)]
    assert said(moved) == [
        (5, "8 days after the one before: the physician reviews a gap of this length.", False)
    ]


def test_what_cannot_be_is_refused():
    assert said([DAYS[1], DAYS[0]]) == [(1, "It must come after the one before it.", True)]
    assert said([DAYS[0]], today=MONDAY + timedelta(days=1)) == [(0, "This day has passed.", False)]
    far = schedule.doubts(PROTOCOL, [TODAY + timedelta(days=366)], TODAY)
    assert [doubt.refused for doubt in far] == [True]


def booster(day, boosters=()):
    found = schedule.booster_doubts(
        PROTOCOL, day, induction=DAYS, boosters=boosters, today=DAYS[-1]
    )
    return [doubt.says for doubt in found]


def test_a_booster_keeps_its_distance():
    last = DAYS[-1]
    assert booster(last + timedelta(days=30)) == []
    assert booster(last + timedelta(days=13)) == ["13 days after the last infusion: under 14 days."]
    (late,) = booster(last + timedelta(days=91))
    assert "full intake" in late
    assert booster(last)[0] == "There is a visit on this day already."


def test_not_more_boosters_a_year_than_twelve():
    many = [DAYS[-1] + timedelta(days=20 * number) for number in range(1, 13)]
    assert booster(many[-1] + timedelta(days=20), many) == ["More than 12 boosters in a year."]
    assert booster(many[-1] + timedelta(days=20), many[1:]) == []


def test_what_is_repeated_before_each():
    first = ids(schedule.checks(PROTOCOL, 1, facts(sex_at_birth="female")))
    second = ids(schedule.checks(PROTOCOL, 2, facts(sex_at_birth="female")))
    assert {"vitals", "cssrs", "pregnancy-test", "scores", "weight"} <= set(first)
    assert {"vitals", "cssrs", "pregnancy-test"} <= set(second)
    assert "scores" not in second
    assert "pregnancy-test" not in ids(schedule.checks(PROTOCOL, 1, facts(sex_at_birth="male")))
    assert {"vitals", "bladder", "scores"} <= set(ids(schedule.checks(PROTOCOL, None, facts())))


def test_what_is_not_known_is_repeated_and_says_so():
    unknown = Facts(loader.current(), {}, TODAY)
    found = {line.id: line.known for line in schedule.checks(PROTOCOL, 1, unknown)}
    assert found["pregnancy-test"] is False
    assert found["glp1"] is False
    assert found["vitals"] is True


def test_the_patient_is_told_what_applies_in_their_language():
    plain = schedule.instructions(PROTOCOL, facts(diabetes=["none"]), "en")
    assert not [line for line in plain if "diabetes" in line]
    some = schedule.instructions(PROTOCOL, facts(diabetes=["insulin-or-sulfonylurea"]), "es")
    assert [line for line in some if line.startswith("Si tiene diabetes")]
    nothing_known = schedule.instructions(PROTOCOL, Facts(loader.current(), {}, TODAY), "en")
    assert len(nothing_known) == len(PROTOCOL.instructions)


def test_its_conditions_are_sound():
    known = known_names(loader.current())
    for text in PROTOCOL.conditions():
        assert faults(text, known) == [], text
        assert can_be_true(text, known), text
