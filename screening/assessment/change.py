"""How a patient's scores change from one submission to the next, in the words of the protocol.

Figures: the clinic's protocol, section Measurement. PHQ-9: a fall of 50 % or more is a response,
25 to 49 % partial, less is little change [97]; any rise of 5 points is worse (policy). GAD-7: the
same shares of a fall; 4 points are the smallest change that matters (general knowledge), which a
rise is told by. Of neither is a percentage told when the baseline is under 10. PCL-5: under 5
points no change, 5 to 9 uncertain, 10 to 14 meaningful, 15 or more reliable [100] [101]. PEG: 30 %
(general knowledge). Numbers in brackets are those of sources.toml.

Percent change = (baseline - now) / baseline. The baseline is the first submission; the protocol
asks for a score not older than 7 days before the first infusion, which staff have to see to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import islice
from math import floor

RESPONSE, PARTIAL = Fraction(1, 2), Fraction(1, 4)
PEG_RESPONSE = Fraction(3, 10)
LEAST_BASELINE = 10  # points; below, no percentage (PHQ-9, GAD-7)
PHQ9_WORSE = 5  # points
GAD7_MATTERS = 4  # points
REMISSION = 5  # points; under it [97], of GAD-7 general knowledge
PCL5_CHANGED = 28  # points; at or under it, clinically significant change [101]
PCL5_MEANINGFUL = 10  # points of a fall
PCL5_BANDS = ((15, "reliable"), (10, "meaningful"), (5, "uncertain"))
FULL_INTAKE_DAYS = 365  # days after which the whole intake is asked again
# The re-screen matrix of the protocol, Boosters (policy): what is due every so many days. What is
# due at every booster is asked or measured anyway.
INTERVALS = (
    (91, "Every 3 months: the prescription monitoring program; memory and thinking."),
    (
        182,
        (
            "Every 6 months: liver tests with ALP and GGT, urinalysis, urine drug screen, a brief "
            "cognitive screen, and a review face to face."
        ),
    ),
    (
        365,
        (
            "Every year: creatinine, TSH, CBC, an ECG from age 50 or with a heart flag, STOP-Bang, "
            "the full intake and consent."
        ),
    ),
)


@dataclass(frozen=True)
class Point:
    """One submission: totals by instrument, without those that have none, and PHQ-9 item 9
    (0 to 3; None when it was not answered). `prorated`: instruments whose total is estimated;
    `levels`: of those that have a level in place of a total."""

    reference: str
    day: date
    totals: Mapping[str, float]
    item_9: int | None = None
    prorated: frozenset[str] = frozenset()
    levels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """From the baseline to now. `points` is above 0 when the score rose; `fall` the percentage of
    the baseline that it fell by, rounded towards 0, None where the protocol tells none."""

    points: float
    fall: int | None
    words: str


def change(instrument: str, baseline: float, now: float) -> Change:
    """The change of a total, with the protocol's words; "" where it has none."""
    points = Fraction(str(now)) - Fraction(str(baseline))
    told = baseline >= LEAST_BASELINE if instrument in ("phq9", "gad7") else instrument == "peg"
    fall = -points / Fraction(str(baseline)) if told and baseline > 0 else None
    return Change(
        points=round(float(points), 1),
        fall=None if fall is None else int(fall * 100),
        words=_words(instrument, points, fall),
    )


def _words(instrument: str, points: Fraction, fall: Fraction | None) -> str:
    if instrument == "phq9" and points >= PHQ9_WORSE:
        return f"worse (a rise of {PHQ9_WORSE} points or more)"
    if instrument == "gad7" and points >= GAD7_MATTERS:
        return f"higher (a rise of {GAD7_MATTERS} points or more)"
    if instrument in ("phq9", "gad7"):
        return _share(fall)
    if instrument == "pcl5":
        return _pcl5(points)
    if instrument == "peg" and fall is not None:
        return "response (30% or more)" if fall >= PEG_RESPONSE else "little change (under 30%)"
    return ""


def _share(fall: Fraction | None) -> str:
    if fall is None:
        return f"no percentage: the baseline is under {LEAST_BASELINE}"
    if fall >= RESPONSE:
        return "response (50% or more)"
    return "partial (25 to 49%)" if fall >= PARTIAL else "little change (under 25%)"


def _pcl5(points: Fraction) -> str:
    size = floor(abs(points))
    word = next((word for least, word in PCL5_BANDS if size >= least), None)
    if word is None:
        return "no change (under 5 points)"
    return f"{word} {'rise' if points > 0 else 'fall'} ({size} points)"


def marks(instrument: str, baseline: float) -> list[tuple[float, str]]:
    """Totals that a drawing marks, with their words, the highest first: response and remission as
    the protocol has them for this baseline."""
    found: list[tuple[float, str]] = []
    if instrument in ("phq9", "gad7"):
        if baseline >= LEAST_BASELINE:
            found.append((baseline / 2, "response"))
        found.append((REMISSION, "remission below"))
    elif instrument == "pcl5":
        if baseline >= PCL5_MEANINGFUL:
            found.append((baseline - PCL5_MEANINGFUL, "meaningful fall"))
        found.append((PCL5_CHANGED, "changed"))
    elif instrument == "peg" and baseline > 0:
        found.append((float(baseline * (1 - PEG_RESPONSE)), "response"))
    return sorted(found, reverse=True)


def due(since_full: int, before: int | None) -> tuple[str, ...]:
    """What the protocol's intervals ask for now. Days are counted from the full intake: to this
    submission, and to the one before it (None: this is the first)."""
    return tuple(
        what
        for days, what in INTERVALS
        if since_full // days > (0 if before is None else before // days)
    )


def warnings(points: Sequence[Point]) -> list[str]:
    """What staff must not miss in the last of these submissions, the oldest first: PHQ-9 risen by 5
    or more, or its item 9 risen, since the one before, or else since the first."""
    if len(points) < 2:
        return []
    return [*islice(_phq9_risen(points), 1), *islice(_item_9_risen(points), 1)]


def _phq9_risen(points: Sequence[Point]) -> Iterator[str]:
    scored = [point for point in points if "phq9" in point.totals]
    if not scored or scored[-1] is not points[-1]:
        return
    now = scored[-1].totals["phq9"]
    for earlier in _compared(scored):
        then = earlier.totals["phq9"]
        if now - then >= PHQ9_WORSE:
            yield f"PHQ-9 rose by {now - then:g} points since {_day(earlier)}: {then:g} to {now:g}."


def _item_9_risen(points: Sequence[Point]) -> Iterator[str]:
    known = [point for point in points if point.item_9 is not None]
    if not known or known[-1] is not points[-1]:
        return
    for earlier in _compared(known):
        if (known[-1].item_9 or 0) > (earlier.item_9 or 0):
            yield (
                f"PHQ-9 item 9, thoughts of death or self-harm, went up since {_day(earlier)}: "
                f"{earlier.item_9} to {known[-1].item_9}."
            )


def _compared(points: Sequence[Point]) -> Sequence[Point]:
    """The one before the last, then the first, if they are two."""
    return [*points[-2:-1], *points[: len(points) > 2]]


def _day(point: Point) -> str:
    return f"{point.day:%B} {point.day.day}, {point.day.year}"
