"""The patient's way: start, pages, check, send, receipt; leaving and coming back."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from ..questionnaire.definition import Page, Question
from ..storage.database import DatabaseUnavailableError
from ..storage.intakes import DRAFT, NotADraft, StoredIntake
from ..workflows import half, page_times, throttle
from ..workflows import intake as intake_flow
from ..workflows.progress import Progress
from . import (
    about,
    after,
    around,
    carried,
    code_page,
    half_views,
    help_pages,
    i18n,
    judging,
    pages,
    said,
    unsaved,
)
from .call_me import CALL
from .current import office, settings
from .forms import coerce
from .i18n import t
from .patient_session import Visit, begin, end, page_called, visit, visit_of
from .unsaved import come_back, was_idle

blueprint = Blueprint("patient", __name__)


@blueprint.before_request
def call_asked_for() -> Response | None:
    """The help offers a call wherever it stands: on a page, on an overview, after sending."""
    if request.form.get("action") != CALL:
        return None
    page_id = (request.view_args or {}).get("page_id", "")
    here = visit()
    return help_pages.asked_for_call(here, office().questionnaire.pages.get(page_id))


@blueprint.route("/call-me", methods=["GET", "POST"])
def call_page() -> Response | str:
    """The help with its call, for whoever reads it beside something half-written."""
    here, action = visit(), request.form.get("action")
    if action == pages.LANGUAGE:
        return help_pages.in_other_language(here)
    if action == pages.STOP and here.intake:
        return pages.leave(here.intake)
    if request.method == "POST":
        return redirect(url_for("patient.tasks"), 303)
    return help_pages.at_any_time(here) or abort(404)


@blueprint.route("/", methods=["GET", "POST"])
def start() -> Response | str:
    if request.method == "POST":
        if request.form.get("action") == pages.LANGUAGE:
            i18n.choose_other()
        else:
            end()
            return redirect(url_for("patient.about"), 303)
    return render_template(
        "patient/start.html",
        title=t("start.title"),
        minutes=page_times.typical_minutes(office()),
        idle_minutes=unsaved.IDLE_MINUTES,
        closed="closed" in request.args,
        begin_again=carried.waits(),
        care=carried.care(),
        kept_until=around.kept_until(),
        resume_url=url_for("patient.resume"),
        about_url=url_for("patient.about"),
        revision=None,
    )


blueprint.add_url_rule("/about", view_func=about.about, methods=["GET", "POST"])


@blueprint.route("/form/<page_id>", methods=["GET", "POST"])
def page(page_id: str) -> Response | str:
    here = visit()
    asked = page_called(page_id, here) or abort(404)
    elsewhere = _not_yet(asked, here)
    if elsewhere is not None:
        return elsewhere
    return (
        pages.receive(asked, here) if request.method == "POST" else pages.show_stored(asked, here)
    )


def _not_yet(asked: Page, here: Visit) -> Response | str | None:
    """Where to go instead: pages open in order, and only while the intake is a draft.

    What is posted for a page that is not open yet is taken all the same: it was typed.
    """
    if not here.is_draft:
        return _no_draft(asked, here)
    progress = here.progress
    is_last, is_typed = asked.id == progress.last.id, request.method == "POST"
    if progress.is_asked(asked) and (progress.reached(asked) or (is_typed and not is_last)):
        return None
    if is_last:
        return redirect(url_for("patient.check"), 303)
    return redirect(said.page_url(progress.first_open or progress.last), 303)


def _no_draft(asked: Page, here: Visit) -> Response | str | None:
    if here.intake is None:
        if asked.id == here.progress.pages[0].id:
            return None
        closed = "yes" if was_idle() else None
        start_page = url_for("patient.start", closed=closed)
        return come_back() if request.method == "POST" else redirect(start_page, 303)
    if "seen" in request.form and request.form.get("action") == pages.LANGUAGE:
        return None  # the help that came with sending, in the other language
    if request.method == "POST" and asked.id != here.progress.last.id:
        abort(409)
    return redirect(url_for("after.done"), 303)


@blueprint.route("/form/<page_id>/remove/<int:number>", methods=["GET", "POST"])
def remove(page_id: str, number: int) -> Response | str:
    here = visit()
    asked = office().questionnaire.pages.get(page_id) or abort(404)
    group = asked.group or abort(404)
    if here.intake is None or not here.is_draft:
        return redirect(url_for("patient.start"), 303)
    rows = list(here.facts.rows(group.id) or [])
    action = request.form.get("action")
    if number >= len(rows) or (request.method == "POST" and action != pages.LANGUAGE):
        if number < len(rows) and action == "remove":
            _remove_row(asked, group, here.intake, number)
        return redirect(said.page_url(asked, return_to=said.returning()), 303)
    if action == pages.LANGUAGE:
        i18n.choose_other()
    card = said.row_card(group, rows[number])
    return render_template(
        "patient/remove.html",
        title=t("group.remove_title", row=card["title"]),
        row=card,
        revision=here.intake.revisions.get(asked.id, 0),
        back_url=said.page_url(asked, return_to=said.returning()),
    )


def _remove_row(asked: Page, group: Question, intake: StoredIntake, number: int) -> None:
    rows = list(intake.merged[group.id])
    left = rows[:number] + rows[number + 1 :]
    # Removing the last row does not say "I have none": the list is open again.
    answers = {group.id: left} if left else {}
    revision = intake.revisions.get(asked.id, 0)
    begun = half.begun(office(), intake, asked)
    form = half_views.without_row(asked, begun, number) if begun else None
    intake_flow.save_page(office(), intake.id, asked, answers, revision=revision, form=form)


@blueprint.route("/tasks", methods=["GET", "POST"])
def tasks() -> Response | str:
    here = visit()
    if here.intake is None or not here.is_draft:
        return come_back() if here.intake is None else redirect(url_for("after.done"), 303)
    action = request.form.get("action")
    shown_again = code_page.again(here)
    if shown_again is not None:
        return shown_again
    wrong = None
    if action == code_page.MAIL:
        wrong = code_page.ask_for_link(here.intake)
        if not wrong:
            return redirect(url_for("patient.tasks", _anchor="link"), 303)
    elif request.method == "POST" and action != pages.LANGUAGE:
        return _from_tasks(here, action)
    if action == pages.LANGUAGE and "seen" in request.form:
        return help_pages.in_other_language(here)
    if action == pages.LANGUAGE:
        help_pages.switch_language(here)
    return _tasks_page(here, here.intake, wrong)


def _tasks_page(here: Visit, intake: StoredIntake, wrong: str | None) -> str:
    """`wrong`: what is wrong with the address that a link was to go to."""
    progress = here.progress
    listed = [_task(listed_page, progress) for listed_page in progress.expected]
    for task in listed:
        task["status"] = "started" if task["id"] in intake.halves else task["status"]
    done = sum(task["status"] == "done" for task in listed)
    return render_template(
        "patient/tasks.html",
        title=t("tasks.title"),
        done=done,
        count=len(listed),
        kept_until=around.kept_until(intake.saved_at),
        tasks=listed,
        continue_text=t("tasks.check" if _only_last_is_open(progress) else "tasks.continue"),
        revision=intake.revision,
        **code_page.link_part(intake, wrong),
    )


def _from_tasks(here: Visit, action: str | None) -> Response | str:
    intake = here.intake or abort(404)
    if action in (judging.LATER, pages.STOP):
        return pages.leave(intake)
    if action == "code":
        code = intake_flow.new_code_for(office(), intake.id)
        return code_page.show(intake, code, replaced=True)
    still_open = here.progress.first_open
    if still_open is None or _only_last_is_open(here.progress):
        return redirect(url_for("patient.check"), 303)
    return redirect(said.page_url(still_open), 303)


def _only_last_is_open(progress: Progress) -> bool:
    return progress.first_open is None or progress.first_open.id == progress.last.id


def _task(asked: Page, progress: Progress) -> dict[str, Any]:
    reached = progress.reached(asked)
    return {
        "id": asked.id,
        "title": asked.title[said.language()],
        "status": progress.state(asked) if reached else "blocked",
        "href": said.page_url(asked) if reached else None,
    }


@blueprint.route("/check", methods=["GET", "POST"])
def check() -> Response | str:
    here = visit()
    if here.intake is None or not here.is_draft:
        return come_back() if here.intake is None else redirect(url_for("after.done"), 303)
    action = request.form.get("action")
    if action in (judging.LATER, pages.STOP):
        return pages.leave(here.intake)
    if action == pages.LANGUAGE and "seen" in request.form:
        return help_pages.in_other_language(here)
    if action == pages.LANGUAGE:
        help_pages.switch_language(here)
    unsent = half_views.unsent(here)
    if action != pages.LANGUAGE and request.method == "POST":
        return _from_check(here.progress, unsent)
    return render_template("patient/check.html", unsent=unsent, **around.check_page(here))


def _from_check(progress: Progress, unsent: Sequence[said.Context]) -> Response:
    if unsent:
        return redirect(unsent[0]["href"], 303)
    if _only_last_is_open(progress):
        return redirect(said.page_url(progress.last), 303)
    still_open = progress.first_open or progress.last
    return redirect(said.page_url(still_open, return_to=said.CHECK), 303)


@blueprint.post("/stop")
def stop() -> Response | str:
    """Save and finish later: everything saved stays; this browser forgets the intake."""
    here = visit()
    if here.intake and not here.is_draft:
        return after.close()
    if here.intake is None or not here.is_draft:
        return redirect(url_for("patient.saved"), 303)
    action = request.form.get("action")
    if "seen" in request.form and action == pages.LANGUAGE:
        return help_pages.in_other_language(here)
    if "seen" in request.form and action != pages.STOP:
        return redirect(url_for("patient.tasks"), 303)
    return pages.leave(here.intake)


@blueprint.get("/saved")
def saved() -> Response | str:
    no_code = "no_code" in request.args
    answer = make_response(
        render_template(
            "patient/saved.html",
            title=t("saved.no_code_title" if no_code else "saved.title"),
            no_code=no_code,
            start_url=url_for("patient.start"),
            kept_until=around.kept_until(),
            address=around.address(),
            resume_url=url_for("patient.resume"),
        )
    )
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.get("/adults")
def adults() -> str:
    """For someone under 18. An address of its own, so that the language switch finds it again."""
    start_page = url_for("patient.start")
    return render_template("patient/child.html", title=t("child.title"), correct_url=start_page)


@blueprint.get("/privacy")
def privacy() -> Response | str:
    days = settings().draft_days
    return render_template("patient/privacy.html", title=t("privacy.title"), days=days, extra=[])


# Coming back


@blueprint.route("/resume", methods=["GET", "POST"])
def resume() -> Response | str:
    action = request.form.get("action")
    if request.method == "GET" or action == pages.LANGUAGE:
        if action:
            i18n.choose_other()
        return unsaved.resume_page(typed=request.form)
    if throttle.blocked(office(), "resume", _address()):
        abort(429)
    born, problems = coerce(around.birth_question(), request.form)
    code = request.form.get("code", "")
    intake = intake_flow.resume(office(), code, born) if born and not problems else None
    if intake is None:
        throttle.failed(office(), "resume", _address())
        return unsaved.resume_page(typed=request.form, wrong=True)
    return welcome_back(intake)


def welcome_back(intake: StoredIntake) -> Response | str:
    """Begin a session on an intake that was opened again, where the patient was."""
    begin(intake.id)
    carried.forget()
    if intake.status != DRAFT:
        return after.welcome(intake)
    i18n.choose(str(intake.merged.get("language", i18n.current_language())))
    return _where_they_were(visit_of(intake)) or redirect(url_for("patient.tasks"), 303)


def _where_they_were(here: Visit) -> Response | str | None:
    """The page that was being written when the session ended, with what was typed."""
    asked, typed = unsaved.held_page()
    if asked is None or _not_yet(asked, here) is not None:
        stopped = half_views.where_they_stopped(here)
        return redirect(stopped, 303) if stopped else None
    return pages.show_typed(asked, here, typed, post_to=said.page_url(asked))


def _address() -> str:
    return request.remote_addr or ""


@blueprint.errorhandler(NotADraft)
def sent_already(_error: NotADraft) -> Response:
    return redirect(url_for("after.done"), 303)


blueprint.register_error_handler(CSRFError, unsaved.token_expired)
blueprint.register_error_handler(DatabaseUnavailableError, unsaved.not_saved)
blueprint.register_error_handler(ServiceUnavailable, unsaved.not_saved)
