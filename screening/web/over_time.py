"""A patient's scores over time as the templates draw them: a table, and a line for each score.

The words come from `assessment.change`. Coordinates are units of the drawing; x goes with the days.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import url_for

from ..assessment.change import FULL_INTAKE_DAYS, Point, change, due, marks, warnings
from ..questionnaire.definition import Instrument
from ..record import Record
from ..workflows.checkin import Scored, point_of
from ..workflows.review import Opened
from .dates import day_in_words

Context = dict[str, Any]

RISK = "cssrs_screener"
WIDTH, HEIGHT = 450, 170
LEFT, RIGHT, TOP, BOTTOM = 34, 340, 22, 138  # of the plot
NUMBER = 12  # the height of a number


def over_time(opened: Opened) -> Context | None:
    """What physician/_over_time.html is given; None while there is nothing to compare."""
    shown = list(opened.sent)
    if opened.unfinished:
        shown.append(_so_far(opened.record))
    if len(shown) < 2:
        return None
    compared = _compared(opened.record, [one.point for one in shown])
    return {
        "warnings": _warnings(opened.record, shown),
        "due": _due(opened.record, shown),
        "names": [instrument.short_name for instrument in compared],
        "rows": [_row(one, opened.record, shown, compared) for one in reversed(shown)],
        "charts": [_chart(instrument, opened.record, shown) for instrument in compared],
        "baseline": day_in_words(shown[0].point.day, "en"),
    }


def _so_far(record: Record) -> Scored:
    day, scores = record.submitted_at.date(), record.assessment.scores
    point = point_of(record.reference, day, scores, record.answers)
    return Scored(record.reference, record.submitted_at, record.is_check_in, point)


def _compared(record: Record, points: Sequence[Point]) -> list[Instrument]:
    """The instruments that have a total more than once."""
    counted = {i.id: sum(i.id in point.totals for point in points) for i in _instruments(record)}
    return [instrument for instrument in _instruments(record) if counted[instrument.id] > 1]


def _instruments(record: Record) -> list[Instrument]:
    """PHQ-9 and GAD-7 lead: they are asked every time."""
    first = ("phq9", "gad7")
    return sorted(
        record.questionnaire.instruments, key=lambda i: first.index(i.id) if i.id in first else 9
    )


def _warnings(record: Record, shown: Sequence[Scored]) -> list[str]:
    """Of this record against what was sent before it."""
    until = [one.reference for one in shown].index(record.reference) + 1
    found = warnings([one.point for one in shown[:until]])
    full = [one.point.day for one in shown[:until] if not one.check_in][-1:]
    days = (shown[until - 1].point.day - full[0]).days if full else 0
    if record.is_check_in and days > FULL_INTAKE_DAYS:
        found.append(
            f"The full intake was sent on {day_in_words(full[0], 'en')}, more than a year ago: "
            "the protocol asks for it again."
        )
    return found


def _due(record: Record, shown: Sequence[Scored]) -> tuple[str, ...]:
    """What the protocol asks for at this check-in and did not at the submission before it."""
    until = [one.reference for one in shown].index(record.reference)
    full = [one.point.day for one in shown[: until + 1] if not one.check_in][-1:]
    if not record.is_check_in or not full:
        return ()
    days = [(one.point.day - full[0]).days for one in shown[: until + 1]]
    return due(days[-1], days[-2])


# The table


def _row(
    one: Scored, record: Record, shown: Sequence[Scored], compared: Sequence[Instrument]
) -> Context:
    here = one.reference == record.reference
    return {
        "day": _short(one.point.day),
        "href": None if here else url_for("staff.record", reference=one.reference),
        "reference": one.reference,
        "kind": "Check-in" if one.check_in else "Intake",
        "cells": [_cell(one.point, instrument.id, shown) for instrument in compared],
        "risk": _risk(one.point, record),
        "item_9": "not known" if one.point.item_9 is None else str(one.point.item_9),
    }


def _risk(point: Point, record: Record) -> str:
    """The level of the C-SSRS, in words."""
    instrument = record.questionnaire.instrument.get(RISK)
    labels = {rung.level: rung.label for rung in instrument.scoring.rungs} if instrument else {}
    level = point.levels.get(RISK, "undetermined")
    return labels.get(level, "Not determined")


def _cell(point: Point, instrument: str, shown: Sequence[Scored]) -> Context:
    total = point.totals.get(instrument)
    if total is None:
        return {"total": "no total", "change": ""}
    first = next(one.point for one in shown if instrument in one.point.totals)
    told = f"{total:g}" + (" (prorated)" if instrument in point.prorated else "")
    if point is first:
        return {"total": told, "change": "baseline"}
    since = change(instrument, first.totals[instrument], total)
    size = f"{since.points:+g}" if since.points else "no change"
    size += f", {-since.fall:+d}%" if since.fall else ""
    return {"total": told, "change": f"{size}: {since.words}" if since.words else size}


# The drawing


def _chart(instrument: Instrument, record: Record, shown: Sequence[Scored]) -> Context:
    highest = instrument.scoring.range[1] if instrument.scoring.range else 1
    told = [one for one in shown if instrument.id in one.point.totals]
    dots = [
        _dot(one, instrument.id, highest, told) | {"here": one.reference == record.reference}
        for one in told
    ]
    marked = _marks(instrument.id, told[0].point.totals[instrument.id], highest)
    named = "; ".join(
        f"{day_in_words(one.point.day, 'en')}: {one.point.totals[instrument.id]:g}" for one in told
    )
    return {
        "id": f"trend-{instrument.id.replace('_', '-')}",
        "title": f"{instrument.short_name} from 0 to {highest:g}",
        "described": f"{named}.{_told(marked)}",
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": RIGHT,
        "bottom": BOTTOM,
        "line": " ".join(f"{dot['x']},{dot['y']}" for dot in dots),
        "dots": dots,
        "levels": _levels(instrument, highest),
        "marks": marked,
        "from": _short(told[0].point.day),
        "to": _short(told[-1].point.day),
    }


def _levels(instrument: Instrument, highest: float) -> list[Context]:
    """Lines where the bands begin, as far as their numbers do not touch."""
    found: list[Context] = []
    for band in instrument.scoring.bands:
        y = _height(band.min, highest)
        if not found or found[-1]["y"] - y >= NUMBER:
            found.append({"y": y, "text": f"{band.min:g}"})
    return found


def _marks(instrument: str, baseline: float, highest: float) -> list[Context]:
    """Dashed lines with their words beside the plot; a word that would touch another moves down."""
    found: list[Context] = []
    for total, words in marks(instrument, baseline):
        y = _height(total, highest)
        lowest = found[-1]["text_y"] + NUMBER if found else y
        text = f"{words} {total:g}" if words.endswith("below") else f"{words}: {total:g}"
        found.append({"y": y, "text_y": max(y, lowest), "text": text})
    return found


def _told(marked: Sequence[Context]) -> str:
    return f" Marked: {', '.join(mark['text'] for mark in marked)}." if marked else ""


def _dot(one: Scored, instrument: str, highest: float, told: Sequence[Scored]) -> Context:
    total = one.point.totals[instrument]
    first, last = told[0].point.day, told[-1].point.day
    share = (one.point.day - first).days / ((last - first).days or 1)
    x = round(LEFT + 12 + share * (RIGHT - LEFT - 24), 1)
    return {"x": x, "y": _height(total, highest), "text": f"{total:g}"}


def _height(total: float, highest: float) -> float:
    return round(BOTTOM - total / highest * (BOTTOM - TOP), 1)


def _short(day: date) -> str:
    return f"{day:%b} {day.day}, {day.year}"
