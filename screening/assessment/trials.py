"""Antidepressant trials: a verdict for each row, counts by distinct drug, Maudsley stage.

The rule is a conservative reading of the ATHF and MGH-ATRQ: adequate dose from medications.csv,
6 weeks (strict) or 4 weeks (lenient), failure below 50 % improvement. The result sums up what the
patient reported, for a physician; it diagnoses nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..questionnaire.answers import UNSURE
from ..questionnaire.definition import Medicine
from ..questionnaire.medicines import MedicineTable, tokens
from .results import Maudsley, Treatment, Trial, Verdict

Row = Mapping[str, object]

OTHER_TREATMENTS = {
    "ketamine", "esketamine", "spravato", "ect", "tms", "vns", "dbs", "psychotherapy",
}  # fmt: skip
LENIENT_WEEKS = 4
STRICT_WEEKS = 6
ZURANOLONE_WEEKS = 2  # its whole course is 14 days
ECT_ADEQUATE_SESSIONS = 6
# The highest value of 1 point, of 2, and so on: months, the PHQ-9's total, drugs.
STAGED_MONTHS, STAGED_PHQ9, STAGED_DRUGS = (12, 24), (4, 9, 19), (2, 4, 6, 10)
PSYCHOTIC_POINTS = 5
MILD, MODERATE, SEVERE = 6, 10, 15  # the highest total of each band


def judge(row: Row, table: MedicineTable) -> Trial:
    """One row of antidepressant_trials with its verdict (contract, Trials; first match decides)."""
    typed = str(row.get("drug") or "").strip()
    medicine = judged_as(typed, table)
    return Trial(
        typed=typed,
        drug=medicine.drug if medicine else None,
        drug_class=_class_of(medicine, table) if medicine else None,
        verdict=_verdict(row, typed, medicine),
        augmentation=_is_augmentation(row),
        this_episode=row.get("this_episode") == "yes",
    )


def count(
    rows: Sequence[Row], table: MedicineTable, *, bipolar: bool, depression_sought: bool
) -> Treatment:
    """Every trial judged, counted by distinct drug, with the treatment-resistance status."""
    trials = tuple(judge(row, table) for row in rows)
    now = [trial for trial in trials if trial.this_episode]
    strict = _drugs(now, "failed")
    totals = {
        "strict_failed": len(strict),
        "lenient_failed": len(_drugs(now, "failed", "borderline")),
        "augmentation_failed": len(_drugs(now, "failed", augmentation=True)),
        "lifetime_failed": len(_drugs(trials, "failed")),
        "intolerant": len(_drugs(now, "intolerant")),
        "unknown": len(_drugs(now, "unknown")),
        "classes_failed": len({c for trial in now if _failed(trial) and (c := trial.drug_class)}),
    }
    trd = "physician-to-judge" if bipolar else _trd(totals) if depression_sought else None
    return Treatment(rows=len(rows), trials=trials, trd=trd, **totals)  # type: ignore[arg-type]


def maudsley(
    treatment: Treatment,
    rows: Sequence[Row],
    *,
    episode_months: float,
    phq9_total: float,
    psychotic: bool,
    ect: bool,
) -> Maudsley | None:
    """The Maudsley stage, 3 to 15 (Fekadu 2009, 2018); None without a failed adequate trial.

    Severity is mapped from the PHQ-9, a clinic policy that the physician may change.
    """
    if treatment.strict_failed == 0:
        return None
    parts = {
        "duration": _points(episode_months, STAGED_MONTHS),
        "severity": PSYCHOTIC_POINTS if psychotic else _points(phq9_total, STAGED_PHQ9),
        "failed": _points(treatment.strict_failed, STAGED_DRUGS),
        "augmentation": int(any(map(_used, rows, treatment.trials))),
        "ect": int(ect),
    }
    total = sum(parts.values())
    return Maudsley(
        total, "mild" if total <= MILD else "moderate" if total <= MODERATE else "severe", parts
    )


def staged(treatment: Treatment, stage: Maudsley | None) -> Treatment:
    return replace(treatment, maudsley=stage)


def judged_as(typed: str, table: MedicineTable) -> Medicine | None:
    """The first antidepressant that the typed name matches, else the first match."""
    found = table.find(typed)
    return next((m for m in found if m.role == "antidepressant"), found[0] if found else None)


def _class_of(medicine: Medicine, table: MedicineTable) -> str:
    """The class of the drug it is counted as, so that one drug never counts as two classes."""
    counted = table.find(medicine.drug)
    return counted[0].drug_class if counted else medicine.drug_class


def _verdict(row: Row, typed: str, medicine: Medicine | None) -> Verdict:
    if OTHER_TREATMENTS & set(tokens(typed)):
        return "other-treatment"
    if medicine is None:
        return "unknown"
    if medicine.generic in OTHER_TREATMENTS:
        return "other-treatment"
    early = _augmentation_stop if _is_augmentation(row) else _antidepressant_stop
    return early(row, medicine) or _result(row, medicine)


def _augmentation_stop(row: Row, medicine: Medicine) -> Verdict | None:
    if medicine.role == "other":
        return "not-antidepressant"
    if _number(row, "weeks") is None or not _known(row, "improvement"):
        return "unknown"
    return _short(row, LENIENT_WEEKS)


def _antidepressant_stop(row: Row, medicine: Medicine) -> Verdict | None:
    dose, least = _number(row, "max_daily_dose_mg"), medicine.min_adequate_daily_dose_mg
    under = dose is not None and least is not None and dose < least
    if medicine.role != "antidepressant":
        return "not-antidepressant"
    if under and (medicine.generic == "trazodone" or medicine.drug_class.startswith("TCA")):
        return "not-antidepressant"
    if dose is None or _number(row, "weeks") is None or not _known(row, "improvement"):
        return "unknown"
    if under:
        return "dose-low"
    return _short(row, ZURANOLONE_WEEKS if medicine.generic == "zuranolone" else LENIENT_WEEKS)


def _short(row: Row, least: float) -> Verdict | None:
    weeks = _number(row, "weeks")
    if weeks is None or weeks >= least:
        return None
    return "intolerant" if row.get("stopped_for_side_effects") == "yes" else "too-short"


def _result(row: Row, medicine: Medicine) -> Verdict:
    if row.get("improvement") in ("good", "very-good"):
        return "response-lost" if row.get("wore_off") == "yes" else "response"
    if row.get("most_days") == "no":
        return "unknown"
    strict = _is_augmentation(row) or medicine.generic == "zuranolone"
    weeks = _number(row, "weeks") or 0
    return "failed" if strict or weeks >= STRICT_WEEKS else "borderline"


def _is_augmentation(row: Row) -> bool:
    return bool(str(row.get("added_to") or "").strip())


def _number(row: Row, column: str) -> float | None:
    value = row.get(column)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _known(row: Row, column: str) -> bool:
    return row.get(column) not in (None, "", UNSURE)


def _failed(trial: Trial) -> bool:
    return trial.verdict == "failed" and not trial.augmentation


def _drugs(trials: Iterable[Trial], *verdicts: Verdict, augmentation: bool = False) -> set[str]:
    return {
        trial.drug or " ".join(tokens(trial.typed))
        for trial in trials
        if trial.verdict in verdicts and trial.augmentation is augmentation
    }


def _trd(totals: dict[str, int]) -> str:
    strict = totals["strict_failed"]
    if strict >= 2:
        return "met"
    possible = (
        totals["lenient_failed"] >= 2
        or strict + totals["augmentation_failed"] >= 2
        or strict + totals["unknown"] >= 2
    )
    return "possible" if possible else "not-shown"


def _points(value: float, limits: tuple[float, ...]) -> int:
    """1 for a value up to the first limit, 2 up to the second, and so on."""
    return 1 + sum(value > limit for limit in limits)


def _used(row: Row, trial: Trial) -> bool:
    """Was an augmentation of this episode used long enough to score?"""
    weeks = _number(row, "weeks")
    judged = trial.verdict not in ("not-antidepressant", "other-treatment", "unknown")
    long_enough = weeks is not None and weeks >= LENIENT_WEEKS
    return trial.augmentation and trial.this_episode and long_enough and judged
