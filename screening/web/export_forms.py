"""The form that asks for an export: which submissions, how they are written, why and for whom."""

from collections.abc import Mapping
from typing import cast

from wtforms import BooleanField, DateField, Field, Form, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, Length, Optional

from .. import wording
from ..assessment.results import Outcome
from ..outputs.bundle import recipient_key
from ..outputs.formats_known import FORMATS
from ..storage.exports import asked_versions
from ..workflows import export as flow
from ..workflows.decisions import DECISIONS
from ..workflows.export_file import Options
from .current import office
from .staff_forms import said, stripped

TOO_LONG = Length(
    max=flow.LONGEST_REASON, message=f"Use {flow.LONGEST_REASON} characters or fewer."
)


class Day(DateField):
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Enter a date like 2026-11-23.") from None


def concerns() -> dict[str, str]:
    """What help is sought for, in the words that staff know."""
    asked = office().questionnaire.questions["seeking_help_for"]
    return {option.id: option.label or option.en for option in asked.options}


def _versions() -> dict[str, str]:
    with office().database.read() as conn:
        return {version: version for version in asked_versions(conn)}


def _choices(given: Mapping[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value=value, label=label) for value, label in given.items()]


def _all_or(given: Mapping[str, str]) -> list[SelectChoice]:
    return _choices({"": "All", **given})


class Which(Form):
    """What is exported; enough to count."""

    since = Day("First day", [Optional()])
    until = Day("Last day", [Optional()])
    outcome = SelectField("Outcome now", choices=_all_or(cast(dict[str, str], wording.OUTCOMES)))
    concern = SelectField("Help sought for", choices=lambda: _all_or(concerns()))
    decision = SelectField("Decision", choices=_all_or({flow.UNDECIDED: "None yet", **DECISIONS}))
    version = SelectField("Questionnaire", choices=lambda: _all_or(_versions()))

    def validate_until(self, field: Field) -> None:
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError("The last day must not be before the first.")

    def filters(self) -> flow.Filters:
        return flow.Filters(
            self.since.data,
            self.until.data,
            cast(Outcome | None, self.outcome.data or None),
            self.concern.data or None,
            self.decision.data or None,
            self.version.data or None,
        )


class Export(Which):
    format = SelectField(
        "Format", choices=lambda: _choices({known.id: known.name for known in FORMATS.values()})
    )
    deidentified = BooleanField("De-identified: without what tells who somebody is")
    joined = BooleanField("If de-identified: show which rows are of one patient")
    signed = BooleanField("Signed bundle: a zip that shows whether it was altered")
    age = StringField("Encrypted for", filters=[stripped])
    purpose = StringField(
        "What the export is for", [DataRequired("Say what the export is for."), TOO_LONG]
    )
    recipient = StringField("Who gets it", [DataRequired("Say who gets the export."), TOO_LONG])

    def validate_age(self, field: Field) -> None:
        try:
            if field.data:
                recipient_key(field.data)
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def options(self) -> Options:
        return Options(
            purpose=said(self.purpose),
            recipient=said(self.recipient),
            format=said(self.format),
            filters=self.filters(),
            deidentified=bool(self.deidentified.data),
            joined=bool(self.joined.data),
            signed=bool(self.signed.data),
            age=said(self.age),
        )


def without_reasons(form: Export) -> Export:
    """The errors of the filters alone: to count, nobody has to say why."""
    form.validate()
    form.purpose.errors = form.recipient.errors = form.age.errors = form.format.errors = ()
    return form
