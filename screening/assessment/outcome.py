"""From answers to findings and outcome. Sorts for a physician; decides nothing."""

from datetime import date
from functools import lru_cache

from ..questionnaire.answers import Answers
from ..questionnaire.conditions import condition, names, parse
from ..questionnaire.definition import RULE_KINDS, Questionnaire, Rule
from .facts import Facts
from .results import Assessment, Finding, Outcome, Read


def assess(questionnaire: Questionnaire, answers: Answers, today: date) -> Assessment:
    """The assessment of a whole record on the day `today` (the clinic's time zone)."""
    return assess_facts(Facts(questionnaire, answers, today))


def assess_facts(facts: Facts) -> Assessment:
    findings = tuple(_findings(facts))
    scores = (facts.score(instrument.id) for instrument in facts.questionnaire.instruments)
    words = {True: "met", None: "unknown", False: "not-met"}
    return Assessment(
        outcome=_outcome(findings),
        findings=findings,
        scores=tuple(score for score in scores if score),
        indications={k: words[v] for k, v in facts.indications().items()},  # type: ignore[misc]
        treatment=facts.treatment,
        questionnaire=facts.questionnaire.version,
    )


def urgent_rules(facts: Facts) -> list[Finding]:
    """The urgent rules that are already true: what a saved page of a draft acts on."""
    return [
        Finding(rule.id, rule.kind, "met", _reads(rule, facts))
        for rule in facts.questionnaire.urgent_rules
        if condition(rule.when)(facts) is True
    ]


def _findings(facts: Facts) -> list[Finding]:
    found = []
    for rule in facts.questionnaire.rules:
        truth = condition(rule.when)(facts)
        if truth is True:
            found.append(Finding(rule.id, rule.kind, "met", _reads(rule, facts)))
        elif truth is None:
            kind = "caution" if rule.kind == "caution" else "clear"
            found.append(Finding(rule.id, kind, "unknown", _reads(rule, facts)))  # type: ignore[arg-type]
    return sorted(found, key=lambda finding: RULE_KINDS.index(finding.kind))


def _outcome(findings: tuple[Finding, ...]) -> Outcome:
    met = {finding.kind for finding in findings if finding.status == "met"}
    if "urgent" in met:
        return "urgent"
    if "exclude" in met:
        return "excluded"
    # An unknown rule of any kind but caution is a finding of kind clear.
    return "clearance" if any(f.kind == "clear" for f in findings) else "candidate"


@lru_cache(maxsize=1024)
def _names(when: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names(parse(when))))


def _reads(rule: Rule, facts: Facts) -> dict[str, Read]:
    return {name: _read(facts.value(name)) for name in _names(rule.when)}


def _read(value: object) -> Read:
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, str | int | float | bool) else None
