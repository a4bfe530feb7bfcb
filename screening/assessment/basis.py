"""What the judgments that stand in code rest on, for the page that sets them beside the literature.

The figures are those of the modules that judge. `sources`: keys of sources.toml.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from . import change, trials

POLICY, UNVERIFIED = "POLICY", "GK"


@dataclass(frozen=True)
class Basis:
    """One judgment: its name, what it is, its sources, and what a physician has to confirm."""

    name: str
    says: str
    sources: tuple[str, ...]
    confirm: str | None = None


DIFFERENT_WEEKS = "Sources differ: 4 [72], 4 to 6 [77], 6 [79] [80] or 8 weeks [31]."
TRIALS = (
    Basis(
        "Adequate dose",
        "The highest daily dose of the counted weeks is at or above the least adequate dose of the "
        "table below.",
        ("74", "76"),
        "The doses are the transcription of a form [74], not the licensed original.",
    ),
    Basis(
        "Adequate time, strict",
        f"{trials.STRICT_WEEKS} weeks or more at that dose.",
        ("79", "80"),
        DIFFERENT_WEEKS,
    ),
    Basis(
        "Adequate time, lenient",
        f"{trials.LENIENT_WEEKS} weeks or more at that dose. Under that a trial is too short and "
        "never a failure; where side effects ended it, it counts as not tolerated.",
        ("72", "77", "78"),
        DIFFERENT_WEEKS,
    ),
    Basis(
        "Adequate time, zuranolone",
        f"{trials.ZURANOLONE_WEEKS} weeks, its whole course.",
        (UNVERIFIED,),
    ),
    Basis(
        "Failure",
        "Less than 50% better at the best point. 50% or more that wore off again is a response "
        "that was lost, not a failure.",
        ("77", "75"),
        "Limits differ: below 25% [78], 25% or less [79] [80], below 50% [77].",
    ),
    Basis(
        "Regular use",
        "A failed trial that was not taken on most days counts as unknown.",
        (POLICY,),
    ),
    Basis(
        "One drug, one trial",
        "A drug that was taken twice in one episode counts once, whatever its form; a fixed "
        "combination counts as its antidepressant part.",
        (POLICY,),
    ),
    Basis(
        "Low doses for another purpose",
        "Trazodone and tricyclics under their least adequate dose are no trial of an "
        "antidepressant.",
        (UNVERIFIED,),
    ),
    Basis(
        "Augmentation",
        f"A drug added to an antidepressant for {trials.LENIENT_WEEKS} weeks or more without 50% "
        "improvement is counted apart; its dose is not judged.",
        ("75", "71", POLICY),
        "The weeks are clinic policy; one form counts such a combination as a failed trial [75].",
    ),
    Basis(
        "Treatment resistance reported",
        "Two or more failed by the strict count in this episode: met. Possible: two by the lenient "
        "count, or with failed augmentations, or with trials that are not known.",
        ("77", "78", "1", POLICY),
        "Sources differ: other classes required [80], a lifetime and augmentation counted [28]. "
        "What counts as possible is clinic policy.",
    ),
    Basis(
        "Bipolar depression",
        "Neither resistance nor a stage is worked out: the physician judges.",
        ("78",),
    ),
)


def _up_to(limits: tuple[int, ...]) -> Iterator[str]:
    """The values of 1 point, of 2, and so on: "up to 12: 1", "13 to 24: 2", "over 24: 3"."""
    yield f"up to {limits[0]}: 1"
    for points, (low, high) in enumerate(pairwise(limits), 2):
        yield f"{low + 1} to {high}: {points}"
    yield f"over {limits[-1]}: {len(limits) + 1}"


def _percent(share: Fraction) -> str:
    return f"{float(share):.0%}"


def _points(limits: tuple[int, ...]) -> str:
    return ", ".join(_up_to(limits)) + "."


MAUDSLEY = (
    Basis(
        "When it is staged",
        "Depression is the main concern, no bipolar disorder, one failed trial or more by the "
        "strict count, and the length of the episode and the PHQ-9 are known.",
        ("70", POLICY),
        "Counting strict failures alone is clinic policy.",
    ),
    Basis("Length of the episode, months", _points(trials.STAGED_MONTHS), ("70", "71")),
    Basis(
        "Severity, by the PHQ-9's total",
        f"{_points(trials.STAGED_PHQ9)} With psychosis: {trials.PSYCHOTIC_POINTS}.",
        ("70", POLICY),
        "That the PHQ-9 stands for the severity is clinic policy and no part of the method.",
    ),
    Basis("Failed antidepressants", _points(trials.STAGED_DRUGS), ("70", "71")),
    Basis(
        "Augmentation",
        f"Used for {trials.LENIENT_WEEKS} weeks or more: 1.",
        ("71", POLICY),
        "The weeks are clinic policy.",
    ),
    Basis(
        "ECT in this episode",
        f"{trials.ECT_ADEQUATE_SESSIONS} sessions or more: 1.",
        ("71", "31"),
    ),
    Basis(
        "Bands",
        f"3 to {trials.MILD} mild, {trials.MILD + 1} to {trials.MODERATE} moderate, "
        f"{trials.MODERATE + 1} to {trials.SEVERE} severe.",
        ("70",),
    ),
)
OVER_TIME = (
    Basis(
        "PHQ-9",
        f"A fall by {_percent(change.RESPONSE)} or more is a response, by "
        f"{_percent(change.PARTIAL)} or more partial, by less little change; a rise by "
        f"{change.PHQ9_WORSE} points or more is worse. No percentage when the "
        f"first total is under {change.LEAST_BASELINE}.",
        ("97", "98", POLICY),
        "The rise and the least first total are clinic policy; about 20% is the smallest change "
        "that matters [98].",
    ),
    Basis(
        "GAD-7",
        f"The same shares of a fall; a rise by {change.GAD7_MATTERS} points or more is told.",
        ("99", UNVERIFIED),
        "The shares are not verified; a reliable change is 6 points [99].",
    ),
    Basis(
        "PCL-5",
        "; ".join(f"{least} points or more: {word}" for least, word in change.PCL5_BANDS) + ".",
        ("100", "101", "102"),
        "Sources differ: 5 reliable and 10 meaningful [100], 15 to 18 reliable [101], 9 to 12 "
        "meaningful [102].",
    ),
    Basis(
        "PEG",
        f"A fall by {_percent(change.PEG_RESPONSE)} or more is a response.",
        (UNVERIFIED,),
    ),
)
