"""After sending: confirmation, status, the patient's copy, a message, taking the form back.

None of these addresses names an intake: they open for the session that sent it, or that was opened
with its code and date of birth.
"""

from flask import (
    Blueprint,
    abort,
    flash,
    get_flashed_messages,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from ..assessment.facts import has_crisis_words
from ..questionnaire.definition import Panel
from ..storage.database import DatabaseUnavailableError
from ..storage.intakes import NotADraft, StoredIntake
from ..storage.messages import CORRECTION
from ..workflows import after as after_flow
from ..workflows.after import MESSAGES_A_DAY, Status
from ..workflows.corrections import DAYS
from . import around, call_me, copies, errors, help_pages, i18n, unsaved
from .current import office, queue, settings
from .fields import plain_view
from .i18n import t
from .logging import log
from .pages import LANGUAGE
from .patient_session import Visit, end, visit
from .standing import standing

blueprint = Blueprint("after", __name__)

LONGEST = 2000  # characters of a message or a reason
LOOKS = 20  # how often the page that waits for the PDF looks for it by itself
PAUSE = 3  # seconds between two looks
HELD_MESSAGE = unsaved.HELD + "message"
HELD_CORRECTION = unsaved.HELD + CORRECTION


def _closed(here: Visit) -> Response | None:
    """Where to go instead: nothing here opens before sending, or without the intake's session."""
    if here.intake is None:
        closed = "yes" if unsaved.was_idle() else None
        return redirect(url_for("patient.start", closed=closed), 303)
    return redirect(url_for("patient.tasks"), 303) if here.is_draft else None


def welcome(intake: StoredIntake) -> Response | str:
    """Whoever opened a sent intake with its code: in its language, at what they were writing."""
    language = after_flow.language_of(office(), intake.id)
    if language in settings().languages:
        i18n.choose(str(language))
    typed = request.form.get(HELD_MESSAGE)
    if typed:
        return _message_page(typed, t("message.again"))
    return redirect(url_for("after.status"), 303)


# Where it stands


@blueprint.get("/done")
def done() -> Response | str:
    """The confirmation, right after sending."""
    here = visit()
    found = _closed(here) or _status(here)
    if not isinstance(found, Status):
        return found
    if found.withdrawn_at:
        return redirect(url_for("after.status"), 303)
    return render_template("patient/done.html", title=t("done.title"), **standing(found))


@blueprint.get("/status")
def status() -> Response | str:
    """What the code and the date of birth open after sending."""
    here = visit()
    found = _closed(here) or _status(here)
    if not isinstance(found, Status):
        return found
    title = t("status.withdrawn_title" if found.withdrawn_at else "status.title")
    flashed = get_flashed_messages()
    return render_template(
        "patient/status.html",
        title=title,
        saved_text=flashed[0] if flashed else None,
        **standing(found),
    )


def _status(here: Visit) -> Status:
    intake = here.intake or abort(404)
    days = settings().clinic.reply_days
    return after_flow.status_of(office(), intake.id, reply_days=days) or abort(404)


@blueprint.post("/close")
def close() -> Response:
    """This browser forgets the intake."""
    end()
    return redirect(url_for("after.closed"), 303)


@blueprint.get("/closed")
def closed() -> Response:
    drawn = {"title": t("after.closed_title"), "address": around.address()}
    return _forgetting(render_template("patient/closed.html", **drawn))


def _forgetting(page: str) -> Response:
    answer = make_response(page)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


# The copy


@blueprint.get("/answers")
def answers() -> Response | str:
    here = visit()
    elsewhere = _closed(here)
    if elsewhere or here.intake is None:
        return elsewhere or abort(404)
    sent = after_flow.open_copy(office(), here.intake.id) or abort(404)
    copy = copies.copy_of(sent, i18n.current_language(), settings().clinic.name)
    return render_template(
        "patient/answers.html", title=copy.title, copy=copy, back_url=url_for("after.status")
    )


@blueprint.get("/answers.pdf")
def answers_file() -> Response:
    """The copy as a file, or while it is made a page that looks again by itself."""
    here = visit()
    elsewhere = _closed(here)
    if elsewhere or here.intake is None:
        return elsewhere or abort(404)
    language = i18n.current_language()
    found = after_flow.copy_file(office(), here.intake.id, language) or abort(404)
    if found.content is None:
        return _waiting(found.reference, language)
    response = Response(found.content, content_type="application/pdf")
    # Lists of downloads show the name to whoever uses the device next.
    name = f"my-answers-{found.reference}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _waiting(reference: str, language: str) -> Response:
    text = request.args.get("look", "0")
    look = int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 0
    if look == 0:
        queue().enqueue("make-copy", reference, office().paper, language)
    over = look >= LOOKS
    again = url_for("after.answers_file", look=look + 1)
    page = render_template(
        "patient/answers_waiting.html",
        title=t("answers.over_title" if over else "answers.waiting_title"),
        over=over,
        again_url=again,
        back_url=url_for("after.status"),
    )
    response = make_response(page, 202)
    if not over:
        response.headers["Refresh"] = f"{PAUSE}; url={again}"
    return response


# Writing to the clinic


@blueprint.route("/message", methods=["GET", "POST"])
def message() -> Response | str:
    here = visit()
    elsewhere = _closed(here)
    if elsewhere or here.intake is None:
        return elsewhere or abort(404)
    action, typed = request.form.get("action"), _typed("message")
    if "seen" in request.form:
        return _after_help(here.intake, action)
    if action == LANGUAGE:
        i18n.choose_other()
    if action == LANGUAGE or request.method == "GET":
        return _message_page(typed)
    wrong = _fault(typed)
    asks = CORRECTION in request.form
    if not wrong and not after_flow.send_message(office(), here.intake.id, typed, correction=asks):
        wrong = t("message.full", limit=MESSAGES_A_DAY)
    if has_crisis_words(typed):
        return _help(here.intake, "" if wrong is None else typed)
    if wrong:
        return _message_page(typed, wrong)
    flash(t("message.asked" if asks else "message.sent", days=DAYS))
    return redirect(url_for("after.status"), 303)


def _typed(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _fault(typed: str) -> str | None:
    if not typed:
        return t("message.empty")
    return t("message.long", limit=LONGEST) if len(typed) > LONGEST else None


def _message_page(typed: str = "", wrong: str | None = None) -> str:
    field = plain_view("message", "longtext", t("message.label"), hint=t("message.hint"))
    return render_template(
        "patient/message.html",
        title=t("message.title"),
        action=url_for("after.message"),
        correction=CORRECTION in request.form or HELD_CORRECTION in request.form,
        correction_days=DAYS,
        field_view=field | {"value": typed, "error": wrong, "max_length": LONGEST},
        errors=[{"text": wrong, "href": "#message"}] if wrong else [],
        back_url=url_for("after.status"),
    )


def _panels() -> tuple[Panel, ...]:
    """The help for crisis words."""
    questionnaire = office().questionnaire
    support = questionnaire.support
    return (questionnaire.panel[support.panel],) if support else ()


def _help(intake: StoredIntake, not_kept: str = "", call: call_me.Typed | None = None) -> str:
    """The help after crisis words, in the very response. `not_kept`: what could not be sent;
    `call`: what was typed for a call that could not be taken."""
    panels = _panels()
    told = t("message.told_not_kept" if not_kept else "message.told", clinic=settings().clinic.name)
    drawn = around.crisis_page(panels) | call_me.context(panels, intake, call)
    drawn["panel"] |= {"steps": [t("message.step")], "told": told}
    return render_template(
        "patient/crisis.html",
        **drawn,
        kept=t("message.again" if not_kept else "message.sent"),
        posted=_carried(not_kept) if not_kept else [],
        sent=True,
    )


def _carried(not_kept: str) -> list[dict[str, str]]:
    asks = [{"name": CORRECTION, "value": "yes"}] if CORRECTION in request.form else []
    return [{"name": "message", "value": not_kept}, *asks]


def _after_help(intake: StoredIntake, action: str | None) -> Response | str:
    not_kept = _typed("message")
    if action == call_me.CALL:
        typed = call_me.receive(_panels(), intake)
        failed = typed is not None and typed.failed
        return make_response(_help(intake, not_kept, typed), 503 if failed else 200)
    if action == LANGUAGE:
        i18n.choose_other()
        return _help(intake, not_kept)
    if not_kept:
        return _message_page(not_kept, _fault(not_kept) or t("message.again"))
    return redirect(url_for("after.status"), 303)


# Taking it back


@blueprint.route("/withdraw", methods=["GET", "POST"])
def withdraw() -> Response | str:
    """Of a sent form; of an unfinished one, deleting it."""
    here, action = visit(), request.form.get("action")
    if here.intake is None:
        return _closed(here) or abort(404)
    if here.intake.withdrawn_at and "seen" not in request.form:
        return redirect(url_for("after.status"), 303)
    if action == LANGUAGE and "seen" not in request.form:
        help_pages.switch_language(here)
    elif action == "no":
        return redirect(url_for("patient.tasks" if here.is_draft else "after.status"), 303)
    elif request.method == "POST":
        return _delete(here.intake) if here.is_draft else _withdraw(here.intake, action)
    return _deletion_page() if here.is_draft else _withdrawal_page(_typed("reason"))


def _withdraw(intake: StoredIntake, action: str | None) -> Response | str:
    if "seen" in request.form:
        return _after_help(intake, action)
    reason = _typed("reason")
    if len(reason) > LONGEST:
        return _withdrawal_page(reason, t("message.long", limit=LONGEST))
    after_flow.withdraw(office(), intake.id, reason)
    return _help(intake) if has_crisis_words(reason) else redirect(url_for("after.status"), 303)


def _withdrawal_page(typed: str, wrong: str | None = None) -> str:
    field = plain_view("reason", "longtext", t("withdraw.reason"), hint=t("withdraw.reason_hint"))
    return render_template(
        "patient/withdraw.html",
        title=t("withdraw.title"),
        field_view=field
        | {"value": typed, "error": wrong, "max_length": LONGEST, "optional": True},
        errors=[{"text": wrong, "href": "#reason"}] if wrong else [],
        back_url=url_for("after.status"),
    )


def _deletion_page() -> str:
    back = url_for("patient.tasks")
    return render_template("patient/delete.html", title=t("deletion.title"), back_url=back)


def _delete(intake: StoredIntake) -> Response:
    try:
        deleted = after_flow.delete_draft(office(), intake.id)
    except NotADraft:
        return redirect(url_for("after.status"), 303)
    end()
    page = render_template(
        "patient/deleted.html",
        title=t("deletion.waits_title" if deleted.waits else "deletion.done_title"),
        waits=deleted.waits,
        care=around.crisis_page(deleted.panels) if deleted.panels else None,
        start_url=url_for("patient.start"),
        language_switch_url=None,  # the switch would leave this page, and it comes once
    )
    return _forgetting(page)


# What was typed is not lost


@blueprint.errorhandler(CSRFError)
def token_expired(_error: CSRFError) -> Response:
    """The page again under a fresh token, or the page that asks for the code."""
    here, typed = visit(), _typed("message")
    if request.endpoint == "after.close":
        return redirect(url_for("after.closed"), 303)
    if here.intake is None:
        asks = [{"name": HELD_CORRECTION, "value": "yes"}] if CORRECTION in request.form else []
        held = [{"name": HELD_MESSAGE, "value": typed}, *asks] if typed else []
        return make_response(unsaved.resume_page(typed=MultiDict(), held=held), 400)
    if here.is_draft:
        return redirect(url_for("after.withdraw"), 303)
    if request.endpoint == "after.message":
        return make_response(_message_page(typed, t("error.again")), 400)
    return make_response(_withdrawal_page(_typed("reason"), t("error.again")), 400)


def not_saved(error: Exception) -> Response:
    """The storage fails: what was typed stays in the browser, to be sent again as it is."""
    if request.method != "POST":
        return errors.storage_failed(error)
    log().error("storage failed", exc_info=error)
    posted = [{"name": name, "value": value} for name, value in request.form.items(multi=True)]
    drawn = {"title": t("error.503.title"), "posted": posted}
    answer = make_response(render_template("patient/not_saved.html", **drawn), 503)
    answer.headers["Retry-After"] = str(errors.RETRY_AFTER)
    return answer


blueprint.register_error_handler(DatabaseUnavailableError, not_saved)
blueprint.register_error_handler(ServiceUnavailable, not_saved)
