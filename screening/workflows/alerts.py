"""Urgent rules that fired: the alert for staff, and the help that the patient sees at once."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from ..assessment.facts import Facts
from ..assessment.outcome import urgent_rules
from ..assessment.results import Finding
from ..questionnaire.answers import Answers
from ..questionnaire.conditions import Truth
from ..questionnaire.definition import Page, Panel
from ..storage.alerts import alerts_of, raise_alert
from ..storage.intakes import StoredIntake
from .act import Act
from .office import Office
from .progress import Progress

DANGER_AT_HOME = "dv-danger"  # who hears of it may be the danger
# A rule that reads these reads what the patient typed there.
TYPED_AS = {"systolic": "bp_systolic", "diastolic": "bp_diastolic"}


def raise_for(
    act: Act, intake: StoredIntake, fired: Sequence[Finding], where: str
) -> list[Finding]:
    """One alert for the urgent rules that had none yet; returns those rules.

    `where` is the page's id, "left" or "sent". An alert stays when the answer is changed later.
    """
    if not fired:
        return []
    new = new_rules(act.conn, act.office, intake, fired)
    if new:
        _raise(act, intake, new, where)
    return new


def new_rules(
    conn: Connection, office: Office, intake: StoredIntake, fired: Sequence[Finding]
) -> list[Finding]:
    """The urgent rules that no alert of this intake names yet."""
    earlier = alerts_of(conn, office.vault, intake.id)
    known = {rule for alert in earlier for rule in alert.detail["rules"]}
    return [finding for finding in fired if finding.rule not in known]


def _raise(act: Act, intake: StoredIntake, findings: Sequence[Finding], where: str) -> None:
    now = act.office.now()
    minutes = min(panel.respond_within_minutes for panel in panels(act.office, findings))
    alert_id = raise_alert(
        act.conn,
        act.office.vault,
        intake,
        detail={
            "rules": [finding.rule for finding in findings],
            "reads": {finding.rule: finding.reads for finding in findings},
            "where": where,
        },
        due_at=now + timedelta(minutes=minutes),
        now=now,
    )
    act.raised.append(alert_id)
    act.note("alert.raised", intake.id)


def told_here(
    fired: Sequence[Finding], new: Sequence[Finding], here: Iterable[str]
) -> list[Finding]:
    """What a page is answered with: rules that are new, or that read an answer given on it."""
    typed_here = set(here)
    return [
        finding
        for finding in fired
        if finding in new or any(TYPED_AS.get(name, name) in typed_here for name in finding.reads)
    ]


class _AsTyped(Facts):
    """What was typed was asked: the answers that decided so cannot be read."""

    def asked(self, name: str) -> Truth:
        return True if name in self.answers else super().asked(name)


def panels_alone(office: Office, page: Page, typed: Answers) -> tuple[Panel, ...]:
    """The help for what was typed on one page, when nothing can be read or stored."""
    facts = _AsTyped(office.questionnaire, typed, office.today(), {page.id})
    support = Progress(facts, ()).support_after(page)
    return panels(office, urgent_rules(facts)) or ((support,) if support else ())


def panels(office: Office, findings: Iterable[Finding]) -> tuple[Panel, ...]:
    """The help to show for these rules: each page once, danger to life first."""
    rules = (office.questionnaire.rule[finding.rule] for finding in findings)
    ids = dict.fromkeys(rule.panel for rule in rules if rule.panel)
    found = [office.questionnaire.panel[panel_id] for panel_id in ids]
    return tuple(sorted(found, key=lambda panel: not panel.danger))
