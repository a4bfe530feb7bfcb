"""What the front desk sees: who sent a form, when, and where it stands. Nothing of what it says.

In the order of the days, since urgency follows from answers; nothing leads to a record.
"""

from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from ..workflows import queue as flow
from ..workflows.queue import Asked, Line
from .access import actor
from .auth import answer_errors
from .current import office
from .dates import day_in_words
from .staff_queue import LONGEST_MARK

blueprint = Blueprint("desk", __name__, url_prefix="/staff/desk")
answer_errors(blueprint)


@blueprint.get("")
def show() -> str:
    """A page of one of the lists."""
    said = request.args
    state = said.get("state", "")
    state = state if state in flow.STATES else flow.WAITING
    after, before = (said.get(name, "")[:LONGEST_MARK] or None for name in ("after", "before"))
    asked = Asked(state=state, after=after, before=before)
    page = flow.queue(office(), actor(), asked, answers=False)
    return render_template(
        "front_desk/patients.html",
        title="Patients",
        states=[(text, _address(name), name == state) for name, text in flow.STATES.items()],
        lines=[_line(line) for line in page.lines],
        previous=page.before and _address(state, before=page.before),
        following=page.after and _address(state, after=page.after),
    )


@blueprint.post("/search")
def found() -> Response:
    """By words of the name, or a reference. Not by the date of birth, which is an answer."""
    typed = request.form.get("sought", "")[: flow.LONGEST].strip()
    if not typed:
        problem = "Enter a name or a reference."
        return _found_page(typed, problem=problem, errors=[{"text": problem, "href": "#sought"}])
    result = flow.find(office(), actor(), typed, None, answers=False)
    return _found_page(typed, lines=[_line(line) for line in result.lines], more=result.more)


def _found_page(typed: str, **found: Any) -> Response:
    known = {"typed": typed, "problem": None, "lines": [], "more": False} | found
    page = render_template(
        "front_desk/found.html", title="Search", back_url=url_for("desk.show"), **known
    )
    return make_response(page, 400 if known["problem"] else 200)


def _address(state: str, **mark: Any) -> str:
    asked: dict[str, Any] = {"state": state} if state != flow.WAITING else {}
    return url_for("desk.show", **asked, **mark)


def _line(line: Line) -> dict[str, str]:
    """Name, day, status: all that leaves this module."""
    return {
        "name": line.name,
        "sent": day_in_words(line.submitted_at.date(), "en"),
        "status": _status(line),
        "reference": line.reference,
    }


def _status(line: Line) -> str:
    if line.withdrawn:
        return "Withdrawn"
    return "Decided" if line.decided_at else "Waiting for the physician"
