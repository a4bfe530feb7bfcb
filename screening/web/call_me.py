""" "Ask the clinic to call me", on every page of help."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request

from ..questionnaire.definition import Panel
from ..questionnaire.validation import problems
from ..storage.database import DatabaseUnavailableError
from ..storage.intakes import StoredIntake
from ..workflows import calls
from ..workflows.alerts import DANGER_AT_HOME
from ..workflows.calls import Known
from . import around, fields
from .current import office
from .i18n import t
from .logging import log
from .patient_session import begin

CALL = "call"  # the button
NUMBER, WHEN = "call_number", "call_when"
Context = dict[str, Any]


@dataclass(frozen=True)
class Typed:
    """What was typed for the call, and what is wrong with it by the name of the input."""

    number: str = field(default="", repr=False)
    when: str = field(default="", repr=False)
    wrong: dict[str, str] = field(default_factory=dict)
    failed: str = ""  # why it could not be taken, though nothing is wrong with it


def receive(panels: Sequence[Panel], intake: StoredIntake | None) -> Typed | None:
    """Ask for the call; None when that is done. Raises nothing: the help stands on the page."""
    typed = _judged(panels, intake)
    if typed.wrong:
        return typed
    try:
        found = calls.ask_for_call(
            office(), intake.id if intake else None, typed.number, typed.when, panels=panels
        )
    except DatabaseUnavailableError as error:
        log().error("call not stored", exc_info=error)
        return again(t("crisis.call_failed"))
    begin(found.id)
    return None


def again(why: str) -> Typed:
    """What was typed, once more: nothing of it was stored."""
    return Typed(request.form.get(NUMBER, ""), request.form.get(WHEN, ""), failed=why)


def context(
    panels: Sequence[Panel], intake: StoredIntake | None, typed: Typed | None = None
) -> Context:
    """What templates/patient/crisis.html draws of it."""
    known = _known(panels, intake)
    kind = "call_safe" if known.safe_only else "call"
    drawn = typed or _stored(known)
    number = fields.plain_view(
        NUMBER,
        "phone",
        t(f"crisis.{kind}_number"),
        hint=t("crisis.call_safe_hint") if known.safe_only else None,
        value=drawn.number,
        error=drawn.wrong.get(NUMBER),
        inputmode="tel",
        width=20,
        # The browser would offer, or keep, what another person at this phone typed.
        autocomplete="off" if known.safe_only else "tel",
    )
    when = fields.plain_view(
        WHEN,
        "text",
        t(f"crisis.{kind}_when"),
        value=drawn.when,
        error=drawn.wrong.get(WHEN),
        optional=not known.safe_only,
        autocomplete="off",
    )
    errors = [{"text": text, "href": f"#{name}"} for name, text in drawn.wrong.items()]
    errors += [{"text": drawn.failed, "href": f"#{NUMBER}"}] if drawn.failed else []
    return {
        "call_me": {
            "fields": [number, when],
            "told": around.with_clinic(t("crisis.call_told")),
            "button": t("crisis.call_change" if known.asked else "crisis.call_me"),
        },
        "call_errors": errors,
        "called": around.with_clinic(t("crisis.called")) if known.asked else None,
    }


def _stored(known: Known) -> Typed:
    """Nothing where somebody else may look."""
    if known.safe_only:
        return Typed()
    return Typed(known.asked.number, known.asked.when) if known.asked else Typed(known.phone)


def _known(panels: Sequence[Panel], intake: StoredIntake | None) -> Known:
    danger = office().questionnaire.rule.get(DANGER_AT_HOME)
    shown = danger is not None and any(panel.id == danger.panel for panel in panels)
    try:
        found = calls.known(office(), intake)
    except DatabaseUnavailableError as error:
        log().error("call not read", exc_info=error)
        found = Known()
    return Known(found.asked, found.phone, found.safe_only or shown)


def _judged(panels: Sequence[Panel], intake: StoredIntake | None) -> Typed:
    number = request.form.get(NUMBER, "").strip()
    when = " ".join(request.form.get(WHEN, "").split())
    wrong = {}
    phone = office().questionnaire.questions["phone"]
    if not number:
        wrong[NUMBER] = t("problem.required", thing=t("crisis.call_number_thing"))
    elif problems(phone, number, {}, office().today()):
        wrong[NUMBER] = t("problem.phone", thing=t("crisis.call_number_thing"))
    if not when and _known(panels, intake).safe_only:
        wrong[WHEN] = t("problem.required", thing=t("crisis.call_safe_thing"))
    if len(when) > calls.LONGEST:
        wrong[WHEN] = t("problem.too_long", thing=t("crisis.call_when"), max=calls.LONGEST)
    return Typed(number, when, wrong)
