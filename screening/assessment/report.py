"""An assessment as one JSON object, the shape that the command line prints."""

from typing import Any

from .results import Assessment, Finding, Score, Treatment


def as_json(assessment: Assessment) -> dict[str, Any]:
    """Plain JSON values only. An instrument that was not asked is absent from `scores`."""
    treatment = assessment.treatment
    return {
        "outcome": assessment.outcome,
        "findings": [_finding(finding) for finding in assessment.findings],
        "scores": {score.instrument: _score(score) for score in assessment.scores},
        "indications": dict(assessment.indications),
        "treatment": _treatment(treatment) if treatment else None,
        "urgent": assessment.urgent,
        "questionnaire": assessment.questionnaire,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "kind": finding.kind,
        "status": finding.status,
        "reads": dict(finding.reads),
    }


def _score(score: Score) -> dict[str, Any]:
    if score.level is not None:
        return {"level": score.level}
    return {"total": score.total, "band": score.band, "status": score.status}


def _treatment(treatment: Treatment) -> dict[str, Any]:
    stage = treatment.maudsley
    return {
        "rows": treatment.rows,
        "strict_failed": treatment.strict_failed,
        "lenient_failed": treatment.lenient_failed,
        "augmentation_failed": treatment.augmentation_failed,
        "lifetime_failed": treatment.lifetime_failed,
        "intolerant": treatment.intolerant,
        "unknown": treatment.unknown,
        "classes_failed": treatment.classes_failed,
        "trd": treatment.trd,
        "verdicts": treatment.verdicts,
        "maudsley": {"total": stage.total, "band": stage.band} if stage else None,
    }
