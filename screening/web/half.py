"""What the browser's script asks while a page is written: keep it, I am still here, close it.

POST /form/PAGE/half  the page's form as it stands. Answered with JSON:
    state    "kept"; "elsewhere": another tab wrote on the page or sent it; "ended": the session
             is over; "down": the storage fails. All but "kept" were not kept.
    counter  of what is kept now, to be sent back as `half`
    help     HTML of the help that the answers ask for, "" for none; there in every state
POST /still-here      puts off the end of the session
POST /close-page      ends it; answered with {"to": address to show instead}
"""

from http import HTTPStatus
from typing import Any, cast

from flask import Blueprint, Response, abort, jsonify, make_response, request, session, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import ServiceUnavailable

from ..questionnaire.definition import Page
from ..storage.database import DatabaseUnavailableError
from ..storage.half_pages import Elsewhere, Shown
from ..storage.intakes import NotADraft
from ..workflows import half
from ..workflows import intake as intake_flow
from . import half_views
from .current import office
from .judging import Sent, judge, judge_group, number_sent
from .logging import log
from .patient_session import Visit, end, page_called, visit
from .sessions import ServerSession

blueprint = Blueprint("half", __name__)

ELSEWHERE = (HTTPStatus.CONFLICT, "elsewhere")
ENDED = (HTTPStatus.FORBIDDEN, "ended")
DOWN = (HTTPStatus.SERVICE_UNAVAILABLE, "down")


@blueprint.post("/form/<page_id>/half")
def keep(page_id: str) -> Response:
    here = visit()
    asked = page_called(page_id, here) or abort(404)
    if here.intake is None:
        return _not_kept(*ENDED)
    if not (here.is_draft and here.progress.reached(asked) and here.progress.is_asked(asked)):
        return _not_kept(*ELSEWHERE)
    sent = _judged(asked, here)
    typed = half_views.typed_on(asked, sent.answers)
    shown = Shown(_number("revision"), _number("half"))
    try:
        kept = half.keep(office(), here.intake, asked, typed, shown, actor=intake_flow.PATIENT)
    except (Elsewhere, NotADraft):
        return _not_kept(*ELSEWHERE)
    care = half_views.care(asked, kept.panels, typed.answers)
    return jsonify(state="kept", counter=kept.counter, help=half_views.care_html(care))


def _judged(page: Page, here: Visit) -> Sent:
    if not page.group:
        return judge(page, here.intake, request.form)
    sent = judge_group(page, here)
    return Sent({}, sent.problems) if sent.problems else sent


def _number(name: str) -> int:
    return number_sent(request.form.get(name)) or 0


@blueprint.post("/still-here")
def still_here() -> Response:
    here = visit()
    if here.intake is None:
        return _not_kept(*ENDED)
    if here.is_draft:
        half.stay(office(), here.intake.id, actor=intake_flow.PATIENT)
    return jsonify(state="kept")


@blueprint.post("/close-page")
def close() -> Response:
    end()
    return jsonify(to=url_for("patient.start", closed="yes"))


# When nothing can be kept


def _not_kept(status: int, state: str) -> Response:
    return make_response(jsonify(state=state, help=_help_alone()), status)


def _help_alone() -> str:
    """The help for what was typed, judged by itself: it needs neither session nor storage."""
    nobody = Visit(None)
    asked = page_called((request.view_args or {}).get("page_id", ""), nobody)
    if asked is None:
        return ""
    answers = _judged(asked, nobody).answers
    return half_views.care_html(half_views.care_alone(asked, answers))


@blueprint.errorhandler(CSRFError)
def _ended(_error: CSRFError) -> Response:
    # The cookie stays: it lets the page that asks for the code say why it asks.
    cast(ServerSession, session).expired = False
    return _not_kept(*ENDED)


@blueprint.errorhandler(DatabaseUnavailableError)
@blueprint.errorhandler(ServiceUnavailable)
def _down(error: Any) -> Response:
    log().error("half page not kept", exc_info=error)
    return _not_kept(*DOWN)
