"""What physicians work with: the queue, urgent alerts, one record, its PDF."""

from typing import Any

from flask import (
    Blueprint,
    abort,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from .. import wording
from ..storage.accounts import PHYSICIAN
from ..workflows import after, checkin, review, urgent
from . import around, staff_forms, staff_views
from .access import actor, may, next_page, state_of
from .auth import answer_errors
from .current import office
from .current import queue as jobs

blueprint = Blueprint("staff", __name__, url_prefix="/staff")
answer_errors(blueprint)

LAST_PAGE = 10_000
LOOKS = 20  # how often the page that waits for a PDF looks for it by itself
PAUSE = 3  # seconds between two looks


@blueprint.get("")
def queue() -> Response:
    return queue_page()


def queue_page(refused: staff_forms.Acknowledge | None = None, alert_id: str = "") -> Response:
    """`refused`: a note that could not be taken, shown again at its alert."""
    reads = may(PHYSICIAN)
    asked = filters(reads)
    page = review.queue(office(), actor(), answers=reads, **asked)
    found = staff_views.queue_context(page, asked, reads=reads)
    found |= _alerts(refused, alert_id) if reads else {"waiting": urgent.count_open(office())}
    return make_response(render_template("physician/queue.html", **found), 400 if refused else 200)


def filters(reads: bool) -> dict[str, Any]:
    """What the address asks for, as far as it is on the list of what can be asked for."""
    status, outcome = request.args.get("status"), request.args.get("outcome")
    page = request.args.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1
    return {
        "status": status if status in review.STATUSES else None,
        "outcome": outcome if reads and outcome in wording.OUTCOMES else None,
        "page": min(max(number, 1), LAST_PAGE),
    }


def _alerts(refused: staff_forms.Acknowledge | None, alert_id: str) -> dict[str, Any]:
    shown = urgent.open_alerts(office(), actor())
    return {
        "alerts": [staff_views.alert_view(alert, office().now()) for alert in shown],
        "forms": {alert_id: refused} if refused else {},
        "errors": staff_views.note_errors(refused, alert_id),
        "unread": [staff_views.unread_view(message) for message in after.unread(office())],
    }


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
    return render_template(
        "physician/record.html", **staff_views.record_context(opened, office().now())
    )


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
    if found.content is None:
        return _waiting(found.reference, paper)
    response = Response(found.content, content_type="application/pdf")
    # No name, date of birth or diagnosis in a file name: it ends up in lists of downloads.
    name = f"summary-{found.reference}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _waiting(reference: str, paper: str) -> Response:
    text = request.args.get("look", "0")
    look = int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 0
    if look == 0:
        jobs().enqueue("make-pdf", reference, paper)
    again = url_for("staff.pdf", reference=reference, paper=paper, look=look + 1)
    back = url_for("staff.record", reference=reference)
    over = look >= LOOKS
    title = "The PDF takes longer than it should" if over else "The PDF is being made"
    found = {"title": title, "over": over, "again_url": again, "back_url": back}
    response = make_response(render_template("physician/pdf_waiting.html", **found), 202)
    if not over:
        response.headers["Refresh"] = f"{PAUSE}; url={again}"
    return response
