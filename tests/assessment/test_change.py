"""Worked examples of change between two scores, and of what staff must not miss."""

from datetime import date, timedelta
from typing import Any

import pytest

from screening.assessment.change import Change, Point, change, due, marks, warnings

FIRST = date(2026, 1, 5)


def points(*totals: Any, item_9: tuple[int | None, ...] = ()) -> list[Point]:
    """Submissions two weeks apart, with these PHQ-9 totals (None: without one)."""
    items = item_9 or (0,) * len(totals)
    return [
        Point(
            reference=f"R{number}",
            day=FIRST + timedelta(weeks=2 * number),
            totals={} if total is None else {"phq9": total},
            item_9=item,
        )
        for number, (total, item) in enumerate(zip(totals, items, strict=True))
    ]


@pytest.mark.parametrize(
    ("baseline", "now", "said"),
    [
        (20, 10, Change(-10, 50, "response (50% or more)")),
        (20, 11, Change(-9, 45, "partial (25 to 49%)")),
        (19, 10, Change(-9, 47, "partial (25 to 49%)")),  # 47.4 %
        (20, 15, Change(-5, 25, "partial (25 to 49%)")),
        (20, 16, Change(-4, 20, "little change (under 25%)")),
        (27, 0, Change(-27, 100, "response (50% or more)")),
        (10, 14, Change(4, -40, "little change (under 25%)")),
        (12, 17, Change(5, -41, "worse (a rise of 5 points or more)")),  # -41.7 %
        (9, 3, Change(-6, None, "no percentage: the baseline is under 10")),
        (3, 8, Change(5, None, "worse (a rise of 5 points or more)")),
        (0, 0, Change(0, None, "no percentage: the baseline is under 10")),
    ],
)
def test_phq9(baseline: float, now: float, said: Change):
    assert change("phq9", baseline, now) == said


def test_a_share_just_under_a_half_is_not_rounded_up_to_it():
    assert change("phq9", 27, 14) == Change(-13, 48, "partial (25 to 49%)")


@pytest.mark.parametrize(
    ("instrument", "baseline", "now", "said"),
    [
        ("gad7", 16, 8, Change(-8, 50, "response (50% or more)")),
        ("gad7", 12, 15, Change(3, -25, "little change (under 25%)")),
        ("gad7", 12, 16, Change(4, -33, "higher (a rise of 4 points or more)")),
        ("pcl5", 50, 46, Change(-4, None, "no change (under 5 points)")),
        ("pcl5", 50, 41, Change(-9, None, "uncertain fall (9 points)")),
        ("pcl5", 50, 40, Change(-10, None, "meaningful fall (10 points)")),
        ("pcl5", 30, 46, Change(16, None, "reliable rise (16 points)")),
        ("peg", 6.0, 4.2, Change(-1.8, 30, "response (30% or more)")),
        ("peg", 6.0, 4.3, Change(-1.7, 28, "little change (under 30%)")),
        ("peg", 0, 3.0, Change(3.0, None, "")),
        ("audit_c", 4, 6, Change(2, None, "")),
    ],
)
def test_other_scores(instrument: str, baseline: float, now: float, said: Change):
    assert change(instrument, baseline, now) == said


@pytest.mark.parametrize(
    ("totals", "said"),
    [
        ((12, 16), []),
        ((12, 17), ["PHQ-9 rose by 5 points since January 5, 2026: 12 to 17."]),
        # A relapse after a response: not above the first, and yet a rise.
        ((20, 8, 14), ["PHQ-9 rose by 6 points since January 19, 2026: 8 to 14."]),
        # A slow rise: never 5 from one to the next.
        ((10, 13, 16), ["PHQ-9 rose by 6 points since January 5, 2026: 10 to 16."]),
        ((10, None, 15), ["PHQ-9 rose by 5 points since January 5, 2026: 10 to 15."]),
        ((10, 16, None), []),  # what is unknown now is told as unknown, not as it was
        ((10, 20, 9), []),
        ((20,), []),
    ],
)
def test_a_rise_of_the_phq9_is_told(totals: tuple[float | None, ...], said: list[str]):
    assert warnings(points(*totals)) == said


def test_item_9_going_up_is_told_from_either():
    went_up = "PHQ-9 item 9, thoughts of death or self-harm, went up since"
    assert warnings(points(9, 9, item_9=(0, 1))) == [f"{went_up} January 5, 2026: 0 to 1."]
    assert warnings(points(9, 9, 9, item_9=(0, 2, 1))) == [f"{went_up} January 5, 2026: 0 to 1."]
    assert warnings(points(9, 9, 9, item_9=(1, 0, 1))) == [f"{went_up} January 19, 2026: 0 to 1."]
    assert warnings(points(9, 9, item_9=(2, 1))) == []


def test_an_item_9_that_is_not_known_is_no_0():
    assert warnings(points(9, 9, item_9=(None, 1))) == []
    assert warnings(points(9, 9, item_9=(1, None))) == []


@pytest.mark.parametrize(
    ("since_full", "before", "intervals"),
    [
        (90, 60, []),
        (91, 60, ["3 months"]),
        (100, 95, []),  # it was due the time before
        (182, 150, ["3 months", "6 months"]),
        (370, 340, ["3 months", "6 months", "year"]),
        (370, 180, ["3 months", "6 months", "year"]),
        (95, None, ["3 months"]),
    ],
)
def test_what_is_due_by_the_intervals(since_full: int, before: int | None, intervals: list[str]):
    told = due(since_full, before)
    assert [line.split(":")[0].removeprefix("Every ") for line in told] == intervals


@pytest.mark.parametrize(
    ("instrument", "baseline", "marked"),
    [
        ("phq9", 18, [(9, "response"), (5, "remission below")]),
        ("phq9", 9, [(5, "remission below")]),  # no percentage of a low baseline
        ("pcl5", 50, [(40, "meaningful fall"), (28, "changed")]),
        ("peg", 6, [(pytest.approx(4.2), "response")]),
        ("des_t", 20, []),
    ],
)
def test_a_drawing_marks_response_and_remission(
    instrument: str, baseline: float, marked: list[Any]
):
    assert marks(instrument, baseline) == marked
