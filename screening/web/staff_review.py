"""What a physician enters on a record: measurements, corrections, talks, internal notes."""

from typing import Any

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from .. import wording
from ..questionnaire.definition import Question
from ..workflows import examine
from ..workflows.examine import Assessed, Case, Correction, Refused, Stale, Unchanged
from . import staff_entries, staff_forms, staff_review_views
from .access import actor
from .auth import answer_errors
from .current import office
from .dates import moment_in_words
from .judging import Sent, number_sent
from .staff_entries import ANSWER_GONE, ROW_GONE

blueprint = Blueprint("review", __name__, url_prefix="/staff/intakes/<reference>")
answer_errors(blueprint)

blueprint.add_app_template_filter(lambda moment: moment_in_words(moment, "en"), "moment")

NOTHING_CHANGED = "Nothing was changed: this is what is stored already."


@blueprint.route("/measure", methods=["GET", "POST"])
def measure(reference: str) -> Response:
    case = examine.open_case(office(), actor(), reference, None) or abort(404)
    if not examine.to_measure(case.questionnaire):
        abort(404)
    if not staff_forms.posted():
        return _page(staff_review_views.measure_context(case))
    read = staff_entries.read_measured(case, request.form)
    if not read.answers and not read.problems:
        flash("Nothing was entered.")
        return _to_record(case)
    if read.problems or read.unconfirmed:
        return _page(staff_review_views.measure_context(case, request.form, read), 400)
    done = examine.measure(office(), actor(), reference, read.answers) or abort(404)
    flash(f"What you measured is kept. {_told(done)}")
    return _to_record(case, "staff-changes")


@blueprint.route("/answers/<question_id>", methods=["GET", "POST"])
def correct(reference: str, question_id: str) -> Response:
    case = examine.open_case(office(), actor(), reference, question_id)
    if case is None:
        return _not_asked(reference, question_id)
    question = case.questionnaire.questions[question_id]
    row = number_sent(request.values.get("row"))
    if row is not None and row >= len(staff_entries.rows_of(case, question)):
        row = None
    if not staff_forms.posted():
        return _page(staff_review_views.correct_context(case, question, row))
    return _take_correction(case, question, row)


def _not_asked(reference: str, question_id: str) -> Response:
    """The question was asked when the page was opened, and somebody's correction ended that."""
    case = examine.open_case(office(), actor(), reference, None) or abort(404)
    if not staff_forms.posted() or question_id not in case.questionnaire.questions:
        abort(404)
    label = case.questionnaire.questions[question_id].label
    flash(f"{label}: not kept, because this question cannot be corrected any more. See below.")
    return _to_record(case, "staff-changes")


def _take_correction(case: Case, question: Question, row: int | None) -> Response:
    form = staff_forms.Reason(request.form)
    read = staff_entries.read_correction(case, question, request.form, row)
    drawn: dict[str, Any] = {"typed": request.form, "read": read, "form": form}
    good = form.validate()
    if read.problems or read.unconfirmed or not good:
        return _page(staff_review_views.correct_context(case, question, row, **drawn), 400)
    seen = number_sent(request.form.get("seen")) or 0
    talked = staff_review_views.is_to_talk(case, question)
    reason = staff_forms.said(form.reason)
    wanted = Correction(question.id, read.answers[question.id], reason, talked)
    try:
        done = examine.amend(office(), actor(), case.submission.reference, wanted, seen=seen)
        if done is None:
            return _not_asked(case.submission.reference, question.id)
    except Stale:
        return _stale(case.submission.reference, question, row, drawn)
    except Unchanged:
        flash(NOTHING_CHANGED)
        return _to_record(case, f"answer-{question.id}")
    except Refused as refused:
        drawn["read"] = Sent(read.answers, list(refused.problems))
        return _page(staff_review_views.correct_context(case, question, row, **drawn), 400)
    flash(f"{_what_was_done(question)} {_told(done)}")
    return _to_record(case, f"answer-{question.id}")


def _stale(reference: str, question: Question, row: int | None, drawn: dict[str, Any]) -> Response:
    """Somebody was first: what is stored now, above what was typed."""
    case = examine.open_case(office(), actor(), reference, question.id) or abort(404)
    found = staff_review_views.correct_context(case, question, row, stale=True, **drawn)
    return _page(found, 409)


@blueprint.post("/talked/<question_id>")
def talk(reference: str, question_id: str) -> Response:
    if not examine.talk(office(), actor(), reference, question_id):
        abort(404)
    flash("Ticked off.")
    return redirect(url_for("staff.record", reference=reference) + "#in-person", 303)


@blueprint.post("/notes")
def note(reference: str) -> Response:
    form = staff_forms.Note(request.form)
    if not form.validate():
        case = examine.open_case(office(), actor(), reference, None) or abort(404)
        return _page(staff_review_views.note_context(case, form), 400)
    if not examine.note(office(), actor(), reference, staff_forms.said(form.note)):
        abort(404)
    flash("The note is kept.")
    return redirect(url_for("staff.record", reference=reference) + "#notes", 303)


def _page(found: dict[str, Any], status: int = 200) -> Response:
    return make_response(render_template("physician/entry.html", **found), status)


def _to_record(case: Case, place: str = "") -> Response:
    address = url_for("staff.record", reference=case.submission.reference)
    return redirect(address + (f"#{place}" if place else ""), 303)


def _what_was_done(question: Question) -> str:
    removed = request.form.get("action") in (ANSWER_GONE, ROW_GONE)
    return f"{question.label}: {'taken away' if removed else 'corrected'}."


def _told(done: Assessed) -> str:
    before, after = (wording.OUTCOMES[one.outcome] for one in (done.before, done.after))
    if before == after:
        return f"Assessed again: still “{after}”."
    return f"Assessed again: “{after}” now, “{before}” before."
