"""Leave at once, for somebody who is watched while answering (docs/decisions/0015-quick-exit.md).

Pages with `quick_exit` in their definition have a button that shows another site in their place and
ends the session in this browser. Neither its address nor its words say what the page is about.
"""

from typing import cast

from flask import Blueprint, Response, current_app, make_response, redirect, request, session

from ..storage.database import DatabaseUnavailableError
from ..workflows import intake as intake_flow
from . import patient_session
from .current import office, settings
from .logging import log
from .sessions import ServerSession, ServerSessions

blueprint = Blueprint("quick_exit", __name__)

STAFF = "/staff"
EVERY_ANSWER = ("patient.check", "after.answers")  # pages on which all that was answered stands


@blueprint.route("/leave", methods=["GET", "POST"])
def leave() -> Response:
    """GET: the link without scripts. POST: what a script sends while it leaves by itself."""
    post = request.method == "POST"
    away = redirect(settings().clinic.quick_exit_url, 303)
    answer = make_response(("", 204) if post else away)
    # Another site may link here, but it ends nobody's session.
    if request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none"):
        _forget(answer)
    return answer


def _forget(answer: Response) -> None:
    """What is saved stays; this browser forgets the intake. Nothing may keep the person here."""
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    try:
        here = patient_session.visit()
        if here.intake and here.is_draft:
            intake_flow.leave(office(), here.intake.id)
    except DatabaseUnavailableError as error:
        log().error("intake not left", exc_info=error)
    patient_session.end()
    if cast(ServerSession, session).unavailable:  # then no session is saved, nor ended
        ours = cast(ServerSessions, current_app.session_interface)
        answer.delete_cookie(ours.cookie, secure=ours.secure, httponly=True, samesite="Lax")


@blueprint.app_context_processor
def page_context() -> dict[str, object]:
    """`quick_exit_url`: where the button leads to; None on a page without one."""
    return {"quick_exit_url": settings().clinic.quick_exit_url if _has_one() else None}


def _has_one() -> bool:
    if request.path == STAFF or request.path.startswith(f"{STAFF}/"):
        return False
    if settings().clinic.exit_button or request.endpoint in EVERY_ANSWER:
        return True
    page_id = (request.view_args or {}).get("page_id", "")
    here = office().questionnaire.pages.get(page_id) or office().check_in().pages.get(page_id)
    return bool(here and here.quick_exit)
