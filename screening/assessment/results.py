"""What an assessment says: plain frozen values, no behaviour beyond reading them."""

from dataclasses import dataclass, field
from typing import Literal

from ..questionnaire.definition import RuleKind

Status = Literal["met", "unknown"]
Outcome = Literal["urgent", "excluded", "clearance", "candidate"]
Verdict = Literal[
    "other-treatment", "unknown", "not-antidepressant", "intolerant", "too-short",
    "dose-low", "response-lost", "response", "failed", "borderline",
]  # fmt: skip
Read = str | int | float | bool | list[str] | None


@dataclass(frozen=True)
class Finding:
    """A rule that is true ("met") or cannot be decided ("unknown"), with what it read."""

    rule: str
    kind: RuleKind
    status: Status
    reads: dict[str, Read]


@dataclass(frozen=True)
class Score:
    """An instrument's result. A ladder has `level` and no total; `band` is a band's id."""

    instrument: str
    total: float | None = None
    band: str | None = None
    status: Literal["complete", "prorated", "invalid", "incomplete"] = "complete"
    level: str | None = None


@dataclass(frozen=True)
class Trial:
    """One row of antidepressant_trials, judged. `drug`: what it counts as; None: nothing."""

    typed: str
    drug: str | None
    drug_class: str | None
    verdict: Verdict
    augmentation: bool
    this_episode: bool


@dataclass(frozen=True)
class Maudsley:
    """Maudsley stage: total 3 to 15 and its parts (clinical source: Fekadu 2009, 2018)."""

    total: int
    band: Literal["mild", "moderate", "severe"]
    parts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Treatment:
    """The treatment history, counted by distinct drug; `verdicts` has one entry a row."""

    rows: int
    strict_failed: int
    lenient_failed: int
    augmentation_failed: int
    lifetime_failed: int
    intolerant: int
    unknown: int
    classes_failed: int
    trd: Literal["met", "possible", "not-shown", "physician-to-judge"] | None
    trials: tuple[Trial, ...]
    maudsley: Maudsley | None = None

    @property
    def verdicts(self) -> list[str]:
        return [trial.verdict for trial in self.trials]


@dataclass(frozen=True)
class Assessment:
    outcome: Outcome
    findings: tuple[Finding, ...]
    scores: tuple[Score, ...]
    indications: dict[str, Literal["met", "unknown", "not-met"]]
    treatment: Treatment | None
    questionnaire: str

    @property
    def urgent(self) -> list[str]:
        return [f.rule for f in self.findings if f.kind == "urgent"]
