"""The administrator's export: which submissions, why and for whom; then a CSV file, streamed."""

from datetime import date
from typing import Any, cast

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import DateField, Field, Form, StringField, ValidationError
from wtforms.validators import AnyOf, DataRequired, Length, Optional

from .. import wording
from ..assessment.results import Outcome
from ..outputs.dictionary import dictionary
from ..workflows import export as flow
from . import staff_forms
from .access import actor
from .auth import answer_errors
from .current import office
from .staff_forms import posted, said

blueprint = Blueprint("export", __name__, url_prefix="/staff/export")
answer_errors(blueprint)

CSV = "text/csv; charset=utf-8"
TITLE = "Export"
TOO_LONG = Length(
    max=flow.LONGEST_REASON, message=f"Use {flow.LONGEST_REASON} characters or fewer."
)


class Day(DateField):
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Enter a date like 2026-11-23.") from None


class Which(Form):
    """What is exported; enough to count."""

    since = Day("First day", [Optional()])
    until = Day("Last day", [Optional()])
    outcome = StringField(
        "Outcome", [Optional(), AnyOf(wording.OUTCOMES, "Choose an outcome of the list.")]
    )

    def validate_until(self, field: Field) -> None:
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError("The last day must not be before the first.")

    def filters(self) -> flow.Filters:
        outcome = cast(Outcome | None, self.outcome.data or None)
        return flow.Filters(self.since.data, self.until.data, outcome)


class Export(Which):
    purpose = StringField(
        "What the export is for", [DataRequired("Say what the export is for."), TOO_LONG]
    )
    recipient = StringField("Who gets it", [DataRequired("Say who gets the export."), TOO_LONG])


@blueprint.route("", methods=["GET", "POST"])
def show() -> Any:
    """The form; with `action` "csv" the file, with "count" how much would be in it."""
    if not posted():
        return _page(Export())
    form = Export(request.form)
    if request.form.get("action") != "csv":
        which = Which(request.form)
        return _page(form, _count(which)) if which.validate() else _page(_unsaid(form), status=400)
    if not form.validate():
        return _page(form, status=400)
    chunks = flow.export_csv(
        office(), actor(), form.filters(), said(form.purpose), said(form.recipient)
    )
    return _file(chunks, f"submissions-{_today()}.csv")


@blueprint.get("/dictionary.csv")
def data_dictionary() -> Response:
    """What every column means. It holds nothing of any patient."""
    questionnaire = office().questionnaire
    described = dictionary(questionnaire, office().check_in())
    return _file([described], f"dictionary-{questionnaire.version}.csv")


def _unsaid(form: Export) -> Export:
    """The errors of the filters alone: to count, nobody has to say why."""
    form.validate()
    form.purpose.errors = form.recipient.errors = ()
    return form


def _count(which: Which) -> str:
    counts = flow.count_by_outcome(office(), which.filters())
    total = sum(counts.values())
    parts = [f"{wording.OUTCOMES[name]}: {count}" for name, count in counts.items() if count]
    many = "1 submission" if total == 1 else f"{total:,} submissions"
    return " · ".join([many, *parts])


def _page(form: Export, count: str = "", status: int = 200) -> Response:
    found = {"title": TITLE, "form": form, "count": count, "errors": staff_forms.errors(form)}
    found["outcomes"] = [("", "All"), *wording.OUTCOMES.items()]
    found["dictionary_url"] = url_for("export.data_dictionary")
    return make_response(render_template("admin/export.html", **found), status)


def _file(chunks: Any, name: str) -> Response:
    """A download under a name of ours, without anybody's identity."""
    response = Response(chunks, content_type=CSV)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _today() -> date:
    return office().today()
