"""A patient asks the clinic to call: an alert of its own kind, with the number and the time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ..questionnaire.definition import Panel
from ..storage import alerts, intakes
from ..storage.alerts import StoredAlert
from ..storage.intakes import StoredIntake
from .act import Act, acting
from .alerts import DANGER_AT_HOME
from .intake import PATIENT, answers_of, start
from .office import Office

WITHIN = timedelta(hours=4)  # the same working day (clinical/safety.md, 1.5)
LONGEST = 200  # characters of what is typed


@dataclass(frozen=True)
class Call:
    number: str = field(repr=False)
    when: str = field(repr=False)


@dataclass(frozen=True)
class Known:
    """`asked`: the call that was asked for and that nobody has answered yet. `phone`: the number
    of the form, "" without one. `safe_only`: somebody at home may be the danger."""

    asked: Call | None = None
    phone: str = field(default="", repr=False)
    safe_only: bool = False


def ask_for_call(
    office: Office,
    intake_id: str | None,
    number: str,
    when: str,
    *,
    panels: Iterable[Panel] = (),
) -> StoredIntake:
    """Ask staff to call this number; one transaction. Returns the intake that the alert belongs to.

    `panels`: the help from which it was asked for; the shortest of their times holds, and of those
    of the patient's open alerts. Asked for again, while nobody has acknowledged it, the number and
    the time are changed. Without an intake one is begun, so that the alert has a place.
    """
    call = {"number": number.strip()[:LONGEST], "when": when.strip()[:LONGEST]}
    with acting(office, PATIENT) as act:
        intake = _intake(act, intake_id)
        raised = alerts.alerts_of(act.conn, office.vault, intake.id)
        earlier = _open_call(raised)
        if earlier:
            detail = {**earlier.detail, "call": call}
            alerts.change_detail(act.conn, office.vault, intake, earlier.id, detail)
            act.note("call.changed", intake.id)
        else:
            spans = [timedelta(minutes=panel.respond_within_minutes) for panel in panels]
            spans += [one.due_at - one.raised_at for one in raised if not one.acknowledged_at]
            _raise(act, intake, call, min([WITHIN, *spans]))
    return intake


def known(office: Office, intake: StoredIntake | None) -> Known:
    """What a page that offers a call shows and leaves out."""
    if intake is None:
        return Known()
    with office.database.read() as conn:
        raised = alerts.alerts_of(conn, office.vault, intake.id)
        answers = answers_of(Act(conn, office, PATIENT), intake)
    earlier = _open_call(raised)
    return Known(
        asked=Call(**earlier.detail["call"]) if earlier else None,
        phone=str(answers.get("phone") or ""),
        safe_only=any(DANGER_AT_HOME in alert.detail["rules"] for alert in raised),
    )


def _intake(act: Act, intake_id: str | None) -> StoredIntake:
    found = intake_id and intakes.read_draft(act.conn, act.office.vault, intake_id)
    return found or start(act)


def _open_call(raised: Iterable[StoredAlert]) -> StoredAlert | None:
    return next((one for one in raised if "call" in one.detail and not one.acknowledged_at), None)


def _raise(act: Act, intake: StoredIntake, call: dict[str, Any], within: timedelta) -> None:
    now = act.office.now()
    alert_id = alerts.raise_alert(
        act.conn,
        act.office.vault,
        intake,
        detail={"rules": [], "reads": {}, "where": "call", "call": call},
        due_at=now + within,
        now=now,
    )
    act.raised.append(alert_id)
    act.note("call.asked", intake.id)
