"""The patient's way: start, pages, check, send, receipt; leaving and coming back."""

from typing import Any

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ..questionnaire.definition import Page, Question
from ..storage.intakes import DRAFT, NotADraft, StoredIntake
from ..storage.submissions import receipt_of
from ..workflows import intake as intake_flow
from ..workflows import progress, throttle
from . import i18n, page_views, pages, sessions
from .current import office, settings
from .dates import moment_in_words
from .forms import coerce
from .i18n import t
from .patient_session import begin, end, open_intake

blueprint = Blueprint("patient", __name__)

MINUTES = 40  # an honest guess at how long the whole form takes
DAYS_TO_CALL = 2  # business days
HELD = "held."  # what was typed when the session ended, carried through the resume page


@blueprint.route("/", methods=["GET", "POST"])
def start() -> Response | str:
    first = next(iter(office().questionnaire.pages.values()))
    if request.method == "POST":
        if request.form.get("action") == pages.LANGUAGE:
            i18n.choose("es" if i18n.current_language() == "en" else "en")
        else:
            end()
            return redirect(page_views.page_url(first), 303)
    return render_template(
        "patient/start.html",
        title=t("start.title"),
        minutes=MINUTES,
        idle_minutes=int(sessions.IDLE.total_seconds() // 60),
        kept_until=page_views.kept_until(),
        resume_url=url_for("patient.resume"),
        revision=None,
    )


@blueprint.route("/form/<page_id>", methods=["GET", "POST"])
def page(page_id: str) -> Response | str:
    asked = office().questionnaire.pages.get(page_id) or abort(404)
    intake = open_intake()
    elsewhere = _not_yet(asked, intake)
    if elsewhere is not None:
        return elsewhere
    if request.method == "POST":
        return pages.receive(asked, intake)
    return pages.show_stored(asked, intake)


def _not_yet(asked: Page, intake: StoredIntake | None) -> Response | str | None:
    """Where to go instead: pages open in order, and only while the intake is a draft."""
    order = list(office().questionnaire.pages.values())
    if intake is None:
        if asked.id == order[0].id:
            return None
        return _come_back() if request.method == "POST" else redirect(url_for("patient.start"), 303)
    if intake.status != DRAFT:
        if request.method == "POST" and asked.id != order[-1].id:
            abort(409)
        return redirect(url_for("patient.done"), 303)
    facts = intake_flow.facts_of(office(), intake)
    still_open = progress.first_open(facts, intake.answers)
    if still_open and order.index(still_open) < order.index(asked):
        if asked.id == order[-1].id:
            return redirect(url_for("patient.check"), 303)
        return redirect(page_views.page_url(still_open), 303)
    if asked not in progress.asked_pages(facts):
        return redirect(page_views.page_url(still_open or order[-1]), 303)
    return None


@blueprint.route("/form/<page_id>/remove/<int:number>", methods=["GET", "POST"])
def remove(page_id: str, number: int) -> Response | str:
    asked = office().questionnaire.pages.get(page_id) or abort(404)
    intake = open_intake()
    group = asked.group
    if intake is None or group is None or intake.status != DRAFT:
        return redirect(url_for("patient.start"), 303)
    rows = list(intake_flow.facts_of(office(), intake).rows(group.id) or [])
    if number >= len(rows):
        return redirect(page_views.page_url(asked), 303)
    if request.method == "POST" and request.form.get("action") != pages.LANGUAGE:
        if request.form.get("action") == "remove":
            _remove_row(asked, group, intake, rows, number)
        return redirect(page_views.page_url(asked, return_to=page_views.returning()), 303)
    card = page_views.row_card(group, rows[number])
    return render_template(
        "patient/remove.html",
        title=t("group.remove_title", row=card["title"]),
        row=card,
        revision=intake.revisions.get(asked.id, 0),
        back_url=page_views.page_url(asked),
    )


def _remove_row(
    asked: Page, group: Question, intake: StoredIntake, rows: list[Any], number: int
) -> None:
    left = rows[:number] + rows[number + 1 :]
    # Removing the last row does not say "I have none": the list is open again.
    answers = {group.id: left} if left else {}
    intake_flow.save_page(
        office(), intake.id, asked, answers, revision=intake.revisions.get(asked.id, 0)
    )


@blueprint.route("/tasks", methods=["GET", "POST"])
def tasks() -> Response | str:
    intake = open_intake()
    if intake is None or intake.status != DRAFT:
        return _come_back() if intake is None else redirect(url_for("patient.done"), 303)
    facts = intake_flow.facts_of(office(), intake)
    still_open = progress.first_open(facts, intake.answers)
    onward = page_views.page_url(still_open) if still_open else url_for("patient.check")
    last = list(office().questionnaire.pages)[-1]
    if still_open and still_open.id == last:
        onward = url_for("patient.check")
    if request.method == "POST":
        if request.form.get("action") == pages.LATER:
            return pages.leave(intake)
        if request.form.get("action") == "code":
            return _new_code(intake)
        return redirect(onward, 303)
    listed = [_task(p, facts, intake, still_open) for p in progress.asked_pages(facts)]
    done = sum(task["status"] == "done" for task in listed)
    return render_template(
        "patient/tasks.html",
        title=t("tasks.title"),
        done=done,
        count=len(listed),
        kept_until=page_views.kept_until(intake.saved_at),
        tasks=listed,
        continue_text=t("tasks.check" if done == len(listed) else "tasks.continue"),
        revision=intake.revision,
    )


def _task(asked: Page, facts: Any, intake: StoredIntake, still_open: Page | None) -> dict[str, Any]:
    order = list(office().questionnaire.pages)
    status = progress.state(asked, facts, intake.answers)
    reached = still_open is None or order.index(asked.id) <= order.index(still_open.id)
    return {
        "id": asked.id,
        "title": asked.title[page_views.language()],
        "status": status if reached else "blocked",
        "href": page_views.page_url(asked) if reached else None,
    }


def _new_code(intake: StoredIntake) -> str:
    code = intake_flow.new_code_for(office(), intake.id)
    return render_template("patient/code.html", **page_views.code_page(code))


@blueprint.route("/check", methods=["GET", "POST"])
def check() -> Response | str:
    intake = open_intake()
    if intake is None or intake.status != DRAFT:
        return _come_back() if intake is None else redirect(url_for("patient.done"), 303)
    facts = intake_flow.facts_of(office(), intake)
    last = list(office().questionnaire.pages.values())[-1]
    still_open = progress.first_open(facts, intake.answers)
    if still_open and still_open.id == last.id:
        still_open = None
    if request.method == "POST" and request.form.get("action") == pages.LATER:
        return pages.leave(intake)
    if request.method == "POST" and request.form.get("action") == pages.LANGUAGE:
        i18n.choose("es" if i18n.current_language() == "en" else "en")
        intake_flow.set_language(office(), intake.id, i18n.current_language())
    elif request.method == "POST":
        onward = still_open or last
        values = {"return_to": page_views.CHECK} if still_open else {}
        return redirect(page_views.page_url(onward, **values), 303)
    return render_template(
        "patient/check.html", **page_views.check_page(facts, intake, still_open, last)
    )


@blueprint.post("/stop")
def stop() -> Response | str:
    """Save and finish later: everything saved stays; this browser forgets the intake."""
    intake = open_intake()
    if intake is None or intake.status != DRAFT:
        return redirect(url_for("patient.saved"), 303)
    if "seen" in request.form and request.form.get("action") != pages.STOP:
        return redirect(url_for("patient.tasks"), 303)
    return pages.leave(intake)


@blueprint.get("/saved")
def saved() -> Response | str:
    return _saved_page(None)


def _saved_page(idle_minutes: int | None) -> Response | str:
    answer = make_response(
        render_template(
            "patient/saved.html",
            title=t("saved.title"),
            idle_minutes=idle_minutes,
            kept_until=page_views.kept_until(),
            address=page_views.address(),
            resume_url=url_for("patient.resume"),
        )
    )
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.get("/done")
def done() -> Response | str:
    intake = open_intake()
    if intake is None or intake.status == DRAFT:
        return redirect(url_for("patient.start"), 303)
    with office().database.read() as conn:
        receipt = receipt_of(conn, intake.id) or abort(404)
    local = receipt.submitted_at.astimezone(office().zone)
    return render_template(
        "patient/done.html",
        title=t("done.title"),
        reference=receipt.reference,
        sent_at=moment_in_words(local, page_views.language()),
        days=DAYS_TO_CALL,
        copy_url=None,
    )


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
            i18n.choose("es" if i18n.current_language() == "en" else "en")
        return _resume_page(typed=request.form)
    if throttle.blocked(office(), "resume", _address()):
        abort(429)
    born, problems = coerce(page_views.birth_question(), request.form)
    code = request.form.get("code", "")
    intake = intake_flow.resume(office(), code, born) if born and not problems else None
    if intake is None:
        throttle.failed(office(), "resume", _address())
        return _resume_page(typed=request.form, wrong=True)
    begin(intake.id)
    if intake.status != DRAFT:
        return redirect(url_for("patient.done"), 303)
    i18n.choose(str(intake.merged.get("language", i18n.current_language())))
    return _held_page(intake) or redirect(url_for("patient.tasks"), 303)


def _resume_page(*, typed: MultiDict[str, str], wrong: bool = False, held: Any = ()) -> str:
    wrong_text = t("resume.wrong") if wrong else None
    kept = held or [
        {"name": name, "value": value}
        for name, value in typed.items(multi=True)
        if name.startswith(HELD)
    ]
    return render_template(
        "patient/resume.html",
        title=t("resume.title"),
        fields=page_views.resume_fields(typed, wrong_text),
        start_url=url_for("patient.start"),
        errors=[{"text": wrong_text, "href": "#code"}] if wrong_text else [],
        held=kept,
        action=url_for("patient.resume"),
        revision=None,
    )


def _come_back(status: int = 200) -> Response | str:
    """The session ended while the patient was writing: ask for the code, keep what was typed."""
    held = [{"name": HELD + "page", "value": request.path.rpartition("/")[2]}]
    held += [
        {"name": HELD + name, "value": value}
        for name, value in request.form.items(multi=True)
        if name not in ("csrf_token", "revision", "action")
    ]
    keep = request.method == "POST" and request.path.startswith("/form/")
    return make_response(_resume_page(typed=MultiDict(), held=held if keep else ()), status)


def _held_page(intake: StoredIntake) -> str | None:
    """The page that was being written when the session ended, with what was typed."""
    asked = office().questionnaire.pages.get(request.form.get(HELD + "page", ""))
    if asked is None or _not_yet(asked, intake) is not None:
        return None
    typed = MultiDict(
        (name.removeprefix(HELD), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(HELD)
    )
    return pages.show(asked, intake, typed=typed, post_to=page_views.page_url(asked))


def _address() -> str:
    return request.remote_addr or ""


@blueprint.errorhandler(CSRFError)
def token_expired(_error: CSRFError) -> Response | str:
    if open_intake() is None:
        return _come_back(400)
    asked = office().questionnaire.pages.get((request.view_args or {}).get("page_id", ""))
    if asked is None:
        abort(400)
    return make_response(pages.show(asked, open_intake(), typed=request.form), 400)


@blueprint.errorhandler(NotADraft)
def sent_already(_error: NotADraft) -> Response:
    return redirect(url_for("patient.done"), 303)
