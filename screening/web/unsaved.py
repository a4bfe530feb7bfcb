"""When a page cannot be taken, nothing typed is lost: the session ended while the patient was
writing, the token does not hold, or the storage fails."""

from typing import Any

from flask import (
    Response,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response as AnyResponse

from ..questionnaire.definition import Page
from ..storage.database import DatabaseUnavailableError
from . import around, call_me, carried, errors, half_views, help_pages, pages, said, sessions
from .call_me import CALL
from .current import office
from .i18n import t
from .judging import typed_pairs
from .logging import log
from .patient_session import visit, work_for

IDLE_MINUTES = int(sessions.IDLE.total_seconds() // 60)
HELD = "held."  # what was typed when the session ended, carried through the resume page


def resume_page(
    *,
    typed: MultiDict[str, str],
    wrong: bool = False,
    held: Any = (),
    care: said.Context | None = None,
) -> str:
    """Asks for the code. `held`: what goes on to the page that is shown when the code is right."""
    wrong_text = t("resume.wrong") if wrong else None
    kept = held or [
        {"name": name, "value": value}
        for name, value in typed.items(multi=True)
        if name.startswith(HELD)
    ]
    return render_template(
        "patient/resume.html",
        title=t("resume.title"),
        fields=around.resume_fields(typed, wrong_text),
        start_url=url_for("patient.start"),
        errors=[{"text": wrong_text, "href": "#code"}] if wrong_text else [],
        held=kept,
        care=care,
        idle_minutes=IDLE_MINUTES if was_idle() else None,
        action=url_for("patient.resume"),
        sends_numbers=office().sends_mail,
        revision=None,
    )


def was_idle() -> bool:
    """Did the browser come with a session that has ended by itself?"""
    return bool(getattr(session, "expired", False))


def come_back(status: int = 200) -> AnyResponse:
    """The session ended while the patient was writing: ask for the code, keep what was typed."""
    if request.path == url_for("patient.resume"):
        return make_response(resume_page(typed=request.form), status)
    asked = None if "code" in request.form else _page_posted()  # the code's page holds no answer
    if asked and request.form.get("no_code"):
        carried.carry(asked)
        return redirect(url_for("patient.start"), 303)
    held = [{"name": HELD + "page", "value": asked.id}] if asked else []
    held += [pair | {"name": HELD + pair["name"]} for pair in typed_pairs()] if asked else []
    care = half_views.care_typed(asked) if asked else None
    return make_response(resume_page(typed=MultiDict(), held=held, care=care), status)


def held_page() -> tuple[Page | None, MultiDict[str, str]]:
    """The page that was being written when the session ended, and what was typed."""
    asked = office().questionnaire.pages.get(request.form.get(HELD + "page", ""))
    typed = MultiDict(
        (name.removeprefix(HELD), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(HELD)
    )
    return asked, typed


def token_expired(_error: CSRFError) -> AnyResponse:
    """The same page again under a fresh token, or the page that asks for the code."""
    here, asked = visit(), _page_posted()
    if request.form.get("action") == CALL:
        once_more = help_pages.again(here, asked, call_me.again(t("crisis.call_again")))
        return make_response(once_more, 400) if once_more else come_back(400)
    first = here.progress.pages[0]
    if here.intake is None and request.path == url_for("patient.start"):
        return redirect(url_for("patient.about"), 303)  # starting changes nothing
    if here.intake is None and request.path == url_for("patient.about"):
        return redirect(said.page_url(first), 303)
    # Whoever has not saved the first page has no code yet.
    uncoded = request.form.get("revision") == "0" or bool(request.form.get("no_code"))
    begins = asked is not None and asked.id == first.id and uncoded
    if request.path == url_for("patient.resume") or (here.intake is None and not begins):
        return come_back(400)
    if asked is None or not (begins or here.is_draft):
        return redirect(_shown_again(), 303)
    again = [{"text": t("error.again"), "href": "#page"}]
    return make_response(pages.show_typed(asked, here, request.form, errors=again), 400)


def _shown_again() -> str:
    """A page that holds nothing typed, the list of parts, comes again with a fresh token."""
    return request.path if request.endpoint == "patient.check" else url_for("patient.tasks")


def not_saved(error: Exception) -> Response:
    """The storage fails: what was typed again, on its page or, when that cannot be drawn, to be
    sent again as it is."""
    log().error("storage failed", exc_info=error)
    asked = _page_posted()
    with_help = help_pages.not_stored(asked)
    if with_help is not None:
        return with_help
    if asked is None:
        return errors.show(ServiceUnavailable(retry_after=errors.RETRY_AFTER))
    answer = make_response(_typed_again(asked), 503)
    answer.headers["Retry-After"] = str(errors.RETRY_AFTER)
    return answer


def _typed_again(asked: Page) -> str:
    said_so = [{"text": t("error.503.text"), "href": "#page"}]
    try:
        here = visit()
        if here.is_draft:
            return pages.show_typed(asked, here, request.form, errors=said_so)
    except DatabaseUnavailableError as error:
        log().error("page not drawn", exc_info=error)
    return render_template(
        "patient/not_saved.html",
        title=t("error.503.title"),
        posted=[{"name": n, "value": v} for n, v in request.form.items(multi=True)],
    )


def _page_posted() -> Page | None:
    """The page of questions that was posted; None for any other request."""
    page_id = (request.view_args or {}).get("page_id", "")
    posted = request.method == "POST" and request.endpoint == "patient.page"
    if not posted:
        return None
    if not session.get("intake"):
        work_for(page_id)
    return office().questionnaire.pages.get(page_id)
