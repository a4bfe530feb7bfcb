"""Dates of infusions, and what goes with each: plain values, no dose.

Figures: the clinic's protocol (`content/protocol`), Induction and Boosters. Six infusions, two a
week [28]; at least 48 hours and at most 5 days apart, and review of a gap of more than 7 days, are
policy, as are 14 days before a booster and 12 of them a year.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from ..questionnaire.conditions import condition
from ..questionnaire.protocol import BOOSTER, Protocol
from .facts import Facts

YEAR = timedelta(days=365)
LONGEST = timedelta(days=365)  # how far ahead is planned


@dataclass(frozen=True)
class Told:
    """A line of the protocol for this patient. `known` False: nobody knows whether it applies."""

    id: str
    text: str
    known: bool


@dataclass(frozen=True)
class Doubt:
    """What the protocol says against a date. `visit` counts from 0. `refused`: it cannot be kept
    like this; otherwise the physician may, with the words in view."""

    visit: int
    says: str
    refused: bool = False


def proposed(protocol: Protocol, first: date, rhythm: str) -> tuple[date, ...]:
    """The dates of an induction that begins on that day and goes on in a rhythm of two weekdays.

    Raises KeyError for an unknown rhythm.
    """
    weekdays = {r.id: r.weekdays for r in protocol.induction.rhythms}[rhythm]
    found = [first]
    while len(found) < protocol.induction.infusions:
        found.append(_next(found[-1], weekdays, protocol.induction.least_days))
    return tuple(found)


def _next(last: date, weekdays: Sequence[int], least: int) -> date:
    day = last + timedelta(days=least)
    while day.weekday() not in weekdays:
        day += timedelta(days=1)
    return day


def doubts(protocol: Protocol, days: Sequence[date], today: date) -> list[Doubt]:
    """What the protocol says against the dates of an induction, in their order."""
    plan = protocol.induction
    found = list(_of_each(days, today))
    for number, (before, day) in enumerate(pairwise(days), start=1):
        gap = (day - before).days
        if gap <= 0:
            found.append(Doubt(number, "It must come after the one before it.", refused=True))
        elif gap < plan.least_days:
            found.append(Doubt(number, f"Less than {plan.least_days} days after the one before."))
        elif gap > plan.review_gap_days:
            says = f"{gap} days after the one before: the physician reviews a gap of this length."
            found.append(Doubt(number, says))
        elif gap > plan.most_days:
            found.append(Doubt(number, f"More than {plan.most_days} days after the one before."))
    return sorted(found, key=lambda doubt: doubt.visit)


def _of_each(days: Sequence[date], today: date) -> Iterator[Doubt]:
    for number, day in enumerate(days):
        if day < today:
            yield Doubt(number, "This day has passed.")
        elif day > today + LONGEST:
            yield Doubt(number, "This is more than a year from now.", refused=True)


def booster_doubts(
    protocol: Protocol,
    day: date,
    *,
    induction: Sequence[date],
    boosters: Sequence[date],
    today: date,
) -> list[Doubt]:
    """What the protocol says against one more booster, on that day."""
    plan = protocol.booster
    found = list(_of_each([day], today))
    earlier = [other for other in (*induction, *boosters) if other < day]
    if day in (*induction, *boosters):
        found.append(Doubt(0, "There is a visit on this day already.", refused=True))
    gap = (day - max(earlier)).days if earlier else None
    if gap is not None and gap < plan.least_days:
        found.append(Doubt(0, f"{gap} days after the last infusion: under {plan.least_days} days."))
    if gap is not None and gap > plan.full_intake_days:
        says = (
            f"{gap} days after the last infusion: over {plan.full_intake_days} days the full "
            "intake is repeated and the physician decides afresh."
        )
        found.append(Doubt(0, says))
    if sum(day - YEAR < other < day for other in boosters) >= plan.most_a_year:
        found.append(Doubt(0, f"More than {plan.most_a_year} boosters in a year."))
    return found


def check_in_day(protocol: Protocol, booster: date) -> date:
    """When the check-in is sent: its scores are at most so many days old at the booster."""
    return booster - timedelta(days=protocol.booster.check_in_days)


def checks(protocol: Protocol, visit: int | None, facts: Facts) -> tuple[Told, ...]:
    """What is repeated before a visit; `visit` counts from 1, None is a booster."""
    here = BOOSTER if visit is None else visit
    return tuple(
        Told(check.id, check.text, known)
        for check in protocol.checks
        if here in check.before and (known := _applies(check.asked_if, facts)) is not None
    )


def dosing(protocol: Protocol, facts: Facts) -> tuple[Told, ...]:
    """What the physician keeps in view for the dose."""
    return tuple(
        Told(line.id, line.text, known)
        for line in protocol.dosing
        if (known := _applies(line.asked_if, facts)) is not None
    )


def instructions(protocol: Protocol, facts: Facts, language: str) -> tuple[str, ...]:
    """What the patient is told of the day; what is not known to apply is worded with "if"."""
    shown = (i for i in protocol.instructions if _applies(i.asked_if, facts) is not None)
    return tuple(line.text(language) for line in shown)


def _applies(asked_if: str | None, facts: Facts) -> bool | None:
    """True, False for "not known", None for "does not apply"."""
    holds = True if asked_if is None else condition(asked_if)(facts)
    return None if holds is False else holds is True
