"""A physician answers a patient who asked to have an answer corrected."""

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
from wtforms import Form, RadioField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length

from ..workflows import corrections
from ..workflows.corrections import Request
from . import staff_forms
from .access import actor
from .auth import answer_errors
from .current import office
from .dates import day_in_words, moment_in_words
from .staff_forms import posted, said

blueprint = Blueprint("corrections", __name__, url_prefix="/staff/intakes/<reference>/corrections")
answer_errors(blueprint)

MADE, DENIED = "made", "denied"
WAYS = [
    SelectChoice(MADE, "The answer is corrected on the record"),
    SelectChoice(DENIED, "It stays as it is"),
]
TOO_LONG = Length(
    max=corrections.LONGEST, message=f"Use {corrections.LONGEST} characters or fewer."
)


class Answer(Form):
    way = RadioField("What you decided", [InputRequired("Choose what you decided.")], choices=WAYS)
    text = TextAreaField("What the patient reads", [TOO_LONG])

    def validate_text(self, field: TextAreaField) -> None:
        if self.way.data == DENIED and not (field.data or "").strip():
            raise ValidationError("Say why it stays as it is. The patient has a right to know.")


@blueprint.route("/<message_id>", methods=["GET", "POST"])
def answer(reference: str, message_id: str) -> Response:
    found = corrections.request_of(office(), actor(), reference, message_id)
    if found is None and posted():
        flash("Somebody answered before you.")
        return redirect(url_for("staff.record", reference=reference) + "#messages", 303)
    if found is None:
        abort(404)
    form = Answer(request.form)
    if not posted():
        return _page(found, form)
    if not form.validate():
        return _page(found, form, 400)
    done = corrections.answer(
        office(),
        actor(),
        reference,
        message_id,
        granted=form.way.data == MADE,
        text=said(form.text),
    )
    flash("The patient reads your answer." if done else "Somebody answered before you.")
    return redirect(url_for("staff.record", reference=reference) + "#messages", 303)


def _page(found: Request, form: Answer, status: int = 200) -> Response:
    page = render_template(
        "physician/correction.html",
        title="Answer a request for a correction",
        found=found,
        asked=moment_in_words(found.asked_at, "en"),
        answer_by=day_in_words(found.answer_by, "en"),
        form=form,
        errors=staff_forms.errors(form),
        back_url=url_for("staff.record", reference=found.reference),
    )
    return make_response(page, status)
