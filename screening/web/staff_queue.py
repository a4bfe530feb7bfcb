"""The staff's queue: its lists, the search, and who has which intake.

What is searched for comes in the body of a POST and is answered at once: it stands in no address,
so in no history, no log of a server and no bookmark.
"""

from datetime import date

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from .. import wording
from ..workflows import queue as flow
from ..workflows.queue import Asked
from . import staff_forms
from . import staff_queue_views as views
from .access import actor, next_page
from .auth import answer_errors
from .current import office
from .typed_dates import take_date

blueprint = Blueprint("staff", __name__, url_prefix="/staff")
answer_errors(blueprint)

ME = "me"
NOBODY = "nobody"
LONGEST_MARK = 20  # characters of a reference in an address


@blueprint.get("")
def queue() -> Response:
    return queue_page()


def queue_page(refused: staff_forms.Acknowledge | None = None, alert_id: str = "") -> Response:
    """`refused`: a note that could not be taken, shown again at its alert."""
    asked = what_is_asked()
    page = flow.queue(office(), actor(), asked)
    found = views.queue_context(page, asked) | views.above(refused, alert_id)
    return make_response(render_template("physician/queue.html", **found), 400 if refused else 200)


def what_is_asked() -> Asked:
    """What the address asks for, as far as it is on the list of what can be asked for."""
    said = request.args
    state, outcome, concern = said.get("state"), said.get("outcome"), said.get("concern")
    known = flow.concerns(office().questionnaire)
    return Asked(
        state=state if state in flow.STATES else flow.WAITING,
        outcome=outcome if outcome in wording.OUTCOMES else None,
        concern=concern if concern in known else None,
        unread=said.get("unread") == "yes",
        assigned=_member(said.get("assigned")),
        since=_day(said.get("since")),
        until=_day(said.get("until")),
        after=said.get("after", "")[:LONGEST_MARK] or None,
        before=said.get("before", "")[:LONGEST_MARK] or None,
    )


def _member(text: str | None) -> int | None:
    """A member's id, or flow.NOBODY; None for anybody."""
    if text == ME:
        return _me()
    if text == NOBODY:
        return flow.NOBODY
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _me() -> int:
    return int(actor().removeprefix("user:"))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


@blueprint.get("/search")
def search() -> Response:
    """An address typed by hand, or a reload after signing in again."""
    return make_response(render_template("physician/search.html", **views.search_context()))


@blueprint.post("/search")
def found() -> Response:
    typed = request.form.get("sought", "")[: flow.LONGEST].strip()
    if not typed:
        return make_response(render_template("physician/search.html", **views.nothing_typed()), 400)
    day, rest = take_date(typed, office().today())
    result = flow.find(office(), actor(), rest, day)
    context = views.search_context(result, typed=typed, day=day)
    return make_response(render_template("physician/search.html", **context))


@blueprint.post("/assign")
def assign() -> Response:
    """`take` or `let_go` is a reference; `give` hands all that are ticked to the member `to`."""
    back = redirect(next_page(request.form.get("back")), 303)
    if "take" in request.form:
        _hand_over(request.form["take"], was=None, to=_me())
    elif "let_go" in request.form:
        _hand_over(request.form["let_go"], was=_me(), to=None)
    else:
        _give(request.form.getlist("chosen"))
    return back


def _give(references: list[str]) -> None:
    """Each from whoever has it now: whoever ticks a line sees the name on it."""
    to = _member(request.form.get("to"))
    if not references or to is None:
        flash("Tick the intakes first, and choose who has them.")
        return
    for reference in references[: flow.PAGE]:
        holder = flow.holder_of(office(), reference)
        _hand_over(reference, was=holder, to=to or None)


@blueprint.post("/intakes/<reference>/assign")
def assign_one(reference: str) -> Response:
    """From the record: `was` is who had it when the page was shown."""
    to = _member(request.form.get("to"))
    if to is None:
        abort(400)
    _hand_over(reference, was=_member(request.form.get("was")) or None, to=to or None)
    return redirect(next_page(request.form.get("back")), 303)


def _hand_over(reference: str, *, was: int | None, to: int | None) -> None:
    done = flow.assign(office(), actor(), reference, was=was, to=to)
    if done is None:
        abort(404)
    if not done.done:
        flash(f"{done.reference} was not changed: {done.holder or 'nobody'} has it by now.")
    elif done.holder is None:
        flash(f"{done.reference} is assigned to nobody now.")
    else:
        flash(f"{done.reference} is assigned to {done.holder}.")
