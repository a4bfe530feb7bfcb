"""The help after a risk answer: in the very response to it, in either language, after sending."""

from collections.abc import Sequence

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ..questionnaire.definition import Page, Panel
from ..storage.intakes import StoredIntake
from ..workflows import intake as intake_flow
from . import around, i18n
from .current import office
from .judging import typed_pairs
from .patient_session import Visit

HELD_BACK = "held_back"  # the page comes again after the help


def in_other_language(visit: Visit, page: Page | None = None) -> Response | str:
    """The same help once more: its form tells which it is."""
    switch_language(visit)
    sent = visit.intake is not None and not visit.is_draft
    known = office().questionnaire.panel
    shown = [known[panel] for panel in request.form["seen"].split() if panel in known]
    return (
        crisis(shown, visit.intake, sent=sent, page=page if HELD_BACK in request.form else None)
        if shown
        else redirect(url_for("patient.tasks"), 303)
    )


def crisis(
    panels: Sequence[Panel],
    intake: StoredIntake | None,
    *,
    sent: bool = False,
    page: Page | None = None,
) -> str:
    """The help, in the very response to the answer.

    `page`: the page that was sent is not complete; it comes again after the help, as typed.
    """
    kept = "crisis.kept" if around.may_come_back(intake) else "crisis.kept_no_code"
    drawn = around.crisis_page(panels) | {"kept": i18n.t("crisis.sent" if sent else kept)}
    if page and intake:
        drawn |= {
            "posted": [{"name": HELD_BACK, "value": "yes"}, *typed_pairs("seen", HELD_BACK)],
            "revision": intake.revisions.get(page.id, 0),
        }
    return render_template("patient/crisis.html", **{"posted": []} | drawn | {"sent": sent})


def switch_language(visit: Visit) -> None:
    """The intake's language goes with the page's."""
    i18n.choose_other()
    if visit.intake and visit.is_draft:
        intake_flow.set_language(office(), visit.intake.id, i18n.current_language())
