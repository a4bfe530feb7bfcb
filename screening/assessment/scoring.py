"""Scores of the validated instruments, from the answers alone.

Sources of every figure (ranges, bands, missing-item rules) stand in the instrument's file. An item
that was never answered leaves no total; only items the patient wants to talk about in person may be
prorated, and no more than the instrument allows.
"""

from fractions import Fraction
from math import floor

from ..questionnaire.answers import DISCUSS
from ..questionnaire.conditions import Facts, condition
from ..questionnaire.definition import Band, Instrument, Scoring
from .results import Score

# What the scorer is told of one item: its points, "discuss", None = no answer, or hidden.
HIDDEN = "hidden"
Item = float | str | None


def round_half_up(value: Fraction, decimals: int = 0) -> float:
    """10.5 -> 11, 18.75 -> 18.8 with `decimals` 1 (else 0). Whole numbers come back as int."""
    scaled = floor(value * (10 if decimals else 1) + Fraction(1, 2))
    return scaled / 10 if decimals else scaled


def score(instrument: Instrument, items: dict[str, Item], *, gate: object, male: bool) -> Score:
    """The score of an instrument other than a ladder. `gate` is the gate question's answer."""
    scoring = instrument.scoring
    total, status = _total(scoring, items, gate)
    band = None if total is None else _band(scoring.bands, total, male)
    return Score(
        instrument=instrument.id,
        total=total,
        band=band.id if band else None,
        status=status,  # type: ignore[arg-type]
    )


def ladder(instrument: Instrument, facts: Facts, *, complete: bool) -> Score:
    """The level of a ladder: the first rung that is true, else "undetermined"."""
    levels = (r.level for r in instrument.scoring.rungs if condition(r.when)(facts) is True)
    return Score(
        instrument=instrument.id,
        level=next(levels, "undetermined"),
        status="complete" if complete else "incomplete",
    )


def _total(scoring: Scoring, items: dict[str, Item], gate: object) -> tuple[float | None, str]:
    if scoring.gate:
        if gate == scoring.gate.stop:
            return 0, "complete"
        if gate is None or gate == DISCUSS:
            return None, "invalid"
    counted = {k: 0 if v == HIDDEN else v for k, v in items.items()}
    points = [Fraction(str(p)) for p in counted.values() if isinstance(p, int | float)]
    discussed = sum(1 for p in counted.values() if p == DISCUSS)
    if len(points) + discussed < len(counted) or discussed > scoring.max_missing or not points:
        return None, "invalid"
    mean = sum(points, Fraction()) / len(points)
    value = mean if scoring.method == "mean" else mean * len(counted)
    return round_half_up(value, scoring.decimals), "prorated" if discussed else "complete"


def _band(bands: tuple[Band, ...], total: float, male: bool) -> Band | None:
    def holds(band: Band) -> bool:
        low, high = band.men if male and band.men else (band.min, band.max)
        return low <= total <= high

    return next((band for band in bands if holds(band)), None)
