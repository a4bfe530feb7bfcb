"""What physicians work with: urgent alerts, one record, its PDF. The queue is in `staff_queue`."""

from flask import (
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from ..questionnaire.definition import LANGUAGES
from ..workflows import after, checkin, review, urgent
from . import around, staff_forms, staff_plan, staff_queue_views, staff_review_views, staff_views
from .access import actor, next_page, state_of
from .current import office
from .staff_queue import blueprint, queue_page
from .waiting import pdf_or_wait


@blueprint.get("/alerts")
def alerts_now() -> Response:
    """What assets/alerts.js asks each minute: how many are open and how late; nothing of whom."""
    found = urgent.open_now(office())
    due = {one.id: staff_views.due_words(one.due_at, office().now()) for one in found}
    return jsonify(count=len(found) or "", state=state_of(found), due=due)


@blueprint.post("/alerts/<alert_id>")
def acknowledge(alert_id: str) -> Response:
    form = staff_forms.Acknowledge(request.form)
    if not form.validate():
        return queue_page(form, alert_id)
    done = urgent.acknowledge(office(), actor(), alert_id, staff_forms.said(form.note).strip())
    if done is None:
        abort(404)
    flash("The alert is acknowledged." if done else "Somebody acknowledged this alert before you.")
    return redirect(next_page(request.form.get("back")), 303)


@blueprint.get("/intakes/<reference>")
def record(reference: str) -> str:
    opened = review.open_record(office(), actor(), reference) or abort(404)
    found = staff_views.record_context(opened, office().now())
    found |= staff_review_views.review_context(opened)
    found["holding"] = None if opened.unfinished else staff_queue_views.holding(reference)
    found["plan"] = None if opened.unfinished else staff_plan.part_of_record(reference)
    return render_template("physician/record.html", **found)


@blueprint.post("/intakes/<reference>/check-in")
def begin_check_in(reference: str) -> str:
    """The code of a check-in, to hand to the patient; shown this once."""
    try:
        _, code = checkin.begin_by_reference(office(), reference, actor())
    except checkin.NothingToFollow:
        abort(404)
    return render_template(
        "physician/check_in.html",
        title="A check-in is open",
        back_url=url_for("staff.record", reference=reference),
        code=code.split("-"),
        address=around.address(),
        kept_until=around.kept_until(),
    )


@blueprint.get("/intakes/<reference>/<paper>.pdf")
def pdf(reference: str, paper: str) -> Response:
    """The summary as a file, or while it is made a page that looks again by itself."""
    found = review.pdf(office(), actor(), reference, paper) or abort(404)
    return pdf_or_wait(
        found.content,
        f"summary-{found.reference}",
        job=("make-pdf", found.reference, paper),
        again=("staff.pdf", {"reference": reference, "paper": paper}),
        back_url=url_for("staff.record", reference=reference),
    )


@blueprint.get("/intakes/<reference>/copy-<language>.pdf")
def copy(reference: str, language: str) -> Response:
    """The patient's own copy, to hand to who asks for it; no outcome and no score is on it."""
    if language not in LANGUAGES:
        abort(404)
    found = after.copy_for_staff(office(), actor(), reference, language) or abort(404)
    return pdf_or_wait(
        found.content,
        f"copy-{found.reference}",
        job=("make-copy", found.reference, office().paper, language),
        again=("staff.copy", {"reference": reference, "language": language}),
        back_url=url_for("staff.record", reference=reference),
    )
