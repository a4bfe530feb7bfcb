"""The administrator's page of what has had its time: purge it, hold it back, let it go."""

from hashlib import sha256
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import Form, StringField
from wtforms.validators import DataRequired, Length

from ..workflows import retention
from ..workflows.retention import Due
from . import staff_forms
from .access import actor
from .auth import answer_errors
from .current import office
from .dates import day_in_words
from .staff_forms import posted, said

blueprint = Blueprint("retention", __name__, url_prefix="/staff/retention")
answer_errors(blueprint)

WHY = {"years": "Kept long enough", "withdrawn": "Withdrawn by the patient"}
NO_SUCH = "No sent intake has this reference."
TOO_LONG = Length(
    max=retention.LONGEST_REASON,
    message=f"Use {retention.LONGEST_REASON} characters or fewer.",
)


class Hold(Form):
    reference = StringField("Reference of the intake", [DataRequired("Enter a reference.")])
    reason = StringField("Why it is held", [DataRequired("Say why it is held."), TOO_LONG])


@blueprint.route("", methods=["GET", "POST"])
def show() -> Any:
    """The lists; with a POST a hold is placed."""
    form = Hold(request.form)
    if not posted():
        return _page(form)
    if not form.validate():
        return _page(form, 400)
    if not retention.place_hold(office(), actor(), said(form.reference)[:40], said(form.reason)):
        staff_forms.reject(form, "reference", NO_SUCH)
        return _page(form, 404)
    flash("The intake is held. Nothing of this patient is purged until the hold is lifted.")
    return redirect(url_for("retention.show"), 303)


@blueprint.post("/holds/<int:hold_id>/lift")
def lift(hold_id: int) -> Response:
    lifted = retention.lift_hold(office(), actor(), hold_id)
    flash("The hold is lifted." if lifted else "This hold was lifted before.")
    return redirect(url_for("retention.show"), 303)


@blueprint.route("/purge", methods=["GET", "POST"])
def purge() -> Any:
    """What would go, then, after its number was typed, purging it for good."""
    found = [one for one in retention.due(office()) if not one.stays]
    number = _intakes(found)
    if not number:
        return redirect(url_for("retention.show"), 303)
    if not posted():
        return _purge_page(found)
    wrong = f"Type {number}, the number of intakes below."
    # Others than those on the page, even if as many, were not looked at.
    if request.form.get("shown") != _mark(found):
        return _purge_page(found, f"The list has changed. {wrong}", 409)
    if request.form.get("number", "").strip() != str(number):
        return _purge_page(found, wrong, 400)
    gone = retention.purge(office(), actor(), found)
    flash(f"{_many(gone)} purged. What is left of them is that they were, in the audit.")
    return redirect(url_for("retention.show"), 303)


def _page(form: Hold, status: int = 200) -> Response:
    found = retention.due(office())
    goes = [one for one in found if not one.stays]
    held = retention.holds(office())
    shown = [one.reference for one in found if one.stays] + [one.reference for one in held]
    retention.note_shown(office(), actor(), shown)
    page = render_template(
        "admin/retention.html",
        title="Retention",
        form=form,
        errors=staff_forms.errors(form),
        keep=office().keep,
        draft_days=office().draft_days,
        goes=_many(_intakes(goes)) if goes else None,
        stays=[_row(one) for one in found if one.stays],
        holds=[(one, day_in_words(one.at.date(), "en")) for one in held],
    )
    return make_response(page, status)


def _purge_page(found: list[Due], wrong: str = "", status: int = 200) -> Response:
    retention.note_shown(office(), actor(), [one.reference for one in found])
    page = render_template(
        "admin/purge.html",
        title="Purge for good",
        number=_intakes(found),
        shown=_mark(found),
        rows=[_row(one) for one in found],
        wrong=wrong,
        errors=[{"text": wrong, "href": "#number"}] if wrong else [],
        back_url=url_for("retention.show"),
    )
    return make_response(page, status)


def _row(one: Due) -> dict[str, str]:
    return {
        "reference": one.reference,
        "sent": day_in_words(one.sent_on, "en"),
        "last": day_in_words(one.last_on, "en"),
        "intakes": str(len(one.intakes)),
        "why": WHY[one.why],
        "stays": "; ".join(one.stays),
    }


def _intakes(found: list[Due]) -> int:
    return sum(len(one.intakes) for one in found)


def _mark(found: list[Due]) -> str:
    """Of these intakes and no others."""
    return sha256(" ".join(sorted(i for one in found for i in one.intakes)).encode()).hexdigest()


def _many(number: int) -> str:
    return "1 intake" if number == 1 else f"{number:,} intakes"
