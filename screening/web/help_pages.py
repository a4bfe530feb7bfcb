"""The help after a risk answer: in the very response to it, in either language, after sending, and
when nothing can be stored."""

from collections.abc import Sequence
from dataclasses import replace

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ..questionnaire.definition import Page, Panel
from ..storage.intakes import StoredIntake
from ..workflows import alerts
from ..workflows import intake as intake_flow
from . import around, call_me, i18n
from .current import office, work_at
from .errors import RETRY_AFTER
from .judging import CONTINUE, judge, typed_pairs
from .patient_session import Visit

SEEN = "seen"  # the ids of the panels that stand on the page
HELD_BACK = "held_back"  # the page comes again after the help
OURS = (SEEN, HELD_BACK, call_me.NUMBER, call_me.WHEN)


def in_other_language(visit: Visit, page: Page | None = None) -> AnyResponse | str:
    """The same help once more: its form tells which it is."""
    switch_language(visit)
    return again(visit, page) or redirect(url_for("patient.tasks"), 303)


def again(visit: Visit, page: Page | None, typed: call_me.Typed | None = None) -> str | None:
    """The help that the posted form stood on; None when it names none."""
    shown = _seen()
    sent = visit.intake is not None and not visit.is_draft
    held = page if HELD_BACK in request.form else None
    return crisis(shown, visit.intake, sent=sent, page=held, typed=typed) if shown else None


def at_any_time(visit: Visit) -> str | None:
    """The help without an answer that asks for it; None where the questionnaire has none."""
    support = office().questionnaire.support
    panel = office().questionnaire.panel[support.panel] if support else None
    sent = visit.intake is not None and not visit.is_draft
    return crisis([panel], visit.intake, sent=sent) if panel else None


def asked_for_call(visit: Visit, page: Page | None) -> Response | None:
    """The answer to "ask the clinic to call me", wherever the help stands."""
    if request.form.get("action") != call_me.CALL or not _seen():
        return None
    typed = call_me.receive(_seen(), visit.intake)
    html = again(visit, page, typed)
    return make_response(html, 503 if typed and typed.failed else 200)


def crisis(
    panels: Sequence[Panel],
    intake: StoredIntake | None,
    *,
    sent: bool = False,
    page: Page | None = None,
    typed: call_me.Typed | None = None,
    kept: str = "",
) -> str:
    """The help, in the very response to the answer.

    `page`: the page that was sent is not complete; it comes again after the help, as typed.
    `typed`: what was typed for a call that could not be taken. `kept`: what to say instead of what
    has become of the answers, when the storage fails; then the form holds what it held.
    """
    saved = "crisis.kept" if around.may_come_back(intake) else "crisis.kept_no_code"
    drawn = around.crisis_page(panels)
    drawn |= {"kept": kept or i18n.t("crisis.sent" if sent else saved)}
    drawn |= call_me.context(panels, intake, typed)
    if page and intake:
        drawn |= {
            "posted": [{"name": HELD_BACK, "value": "yes"}, *typed_pairs(*OURS)],
            "revision": intake.revisions.get(page.id, 0),
        }
    if kept:  # a token of a session that cannot be read would not hold
        drawn |= {"posted": _as_sent(call_me.NUMBER, call_me.WHEN), "as_sent": True}
    return render_template("patient/crisis.html", **{"posted": []} | drawn | {"sent": sent})


def not_stored(page: Page | None) -> Response | None:
    """The storage fails: the help for what was typed, worked out from that alone, and the word that
    the clinic has not received it. None when it asks for no help. Reads nothing that is stored."""
    if SEEN in request.form and _seen():
        failed = call_me.again(i18n.t("crisis.call_failed"))
        typed = failed if request.form.get("action") == call_me.CALL else None
        html = crisis(_seen(), None, typed=typed, kept=i18n.t("error.503.text"))
    else:
        panels = _panels_typed(page) if page else ()
        if not panels:
            return None
        html = _not_received(panels)
    answer = make_response(html, 503)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def _panels_typed(page: Page) -> tuple[Panel, ...]:
    if page.group:
        return ()
    if page.id not in office().questionnaire.pages:
        work_at(replace(office(), questionnaire=office().check_in()))
    return alerts.panels_alone(office(), page, judge(page, None, request.form).answers)


def _not_received(panels: Sequence[Panel]) -> str:
    drawn = around.crisis_page(panels)
    told = {"told": around.with_clinic(i18n.t("crisis.not_saved_phone"))}
    return render_template(
        "patient/crisis.html",
        **drawn | {"panel": drawn["panel"] | told},
        kept=i18n.t("crisis.not_saved_kept"),
        posted=_as_sent(),
        as_sent=True,
        action=request.form.get("action", CONTINUE),
        sent=False,
        not_received=i18n.t("crisis.not_saved"),
    )


def _as_sent(*besides: str) -> list[dict[str, str]]:
    """All that was posted but the button, the token and the revision included."""
    left = ("action", *besides)
    pairs = request.form.items(multi=True)
    return [{"name": name, "value": value} for name, value in pairs if name not in left]


def switch_language(visit: Visit) -> None:
    """The intake's language goes with the page's."""
    i18n.choose_other()
    if visit.intake and visit.is_draft:
        intake_flow.set_language(office(), visit.intake.id, i18n.current_language())


def _seen() -> list[Panel]:
    known = office().questionnaire.panel
    return [known[panel] for panel in request.form.get(SEEN, "").split() if panel in known]
