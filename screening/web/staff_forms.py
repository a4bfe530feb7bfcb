"""The small forms of the staff's pages. The CSRF token is checked for every POST by `csrf`."""

from collections.abc import Iterable

from email_validator import EmailNotValidError, validate_email
from flask import request
from wtforms import (
    BooleanField,
    Field,
    Form,
    PasswordField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from ..storage.accounts import ADMIN, AUDITOR, FRONT_DESK, PHYSICIAN
from . import passwords
from .current import settings

# What a role is called, and what whoever gives it has to know: see PAGES in `access`.
ROLES = {
    FRONT_DESK: (
        "Front desk",
        "Sees who sent a form, and whether it waits or is decided. No answers, no results.",
    ),
    PHYSICIAN: (
        "Physician",
        "Reads answers, results and messages, answers urgent alerts, signs decisions and plans.",
    ),
    ADMIN: (
        "Administrator",
        "Exports forms with their answers, manages staff and how long forms are kept.",
    ),
    AUDITOR: ("Auditor", "Reads who did what and when. No answers."),
}


def stripped(text: str | None) -> str:
    return (text or "").strip()


class SignIn(Form):
    email = StringField("E-mail address", [InputRequired("Enter your e-mail address.")])
    password = PasswordField("Password", [InputRequired("Enter your password.")])


class Code(Form):
    code = StringField("Six-digit code", [InputRequired("Enter the six-digit code.")])


class RecoveryCode(Form):
    code = StringField("Recovery code", [InputRequired("Enter one of your recovery codes.")])


class Confirm(Form):
    password = PasswordField("Password", [InputRequired("Enter your password.")])


class NewPassword(Form):
    """`about`: their name and e-mail, which the password must not be made of."""

    password = PasswordField("Password", [InputRequired("Enter a password.")])

    about: tuple[str, ...] = ()

    def validate_password(self, field: Field) -> None:
        wrong = passwords.problem(field.data, (settings().clinic.name, *self.about))
        if wrong:
            raise ValidationError(wrong)


class ChangePassword(NewPassword):
    current = PasswordField("Password now", [InputRequired("Enter the password you have now.")])


class _Person(Form):
    name = StringField(
        "Full name",
        [DataRequired("Enter a name."), Length(max=120, message="Use 120 characters or fewer.")],
        filters=[stripped],
    )
    email = StringField("E-mail address", [InputRequired("Enter an e-mail address.")])

    def validate_email(self, field: Field) -> None:
        try:
            found = validate_email(field.data.strip(), check_deliverability=False)
        except EmailNotValidError:
            raise ValidationError("Enter an e-mail address like name@example.org.") from None
        field.data = found.normalized


class FirstAdmin(_Person, NewPassword):
    physician = BooleanField("I am also a physician who reads intakes")

    def validate_password(self, field: Field) -> None:
        self.about = (self.name.data or "", self.email.data or "")
        super().validate_password(field)


class Roles(Form):
    roles = SelectMultipleField(
        "What they do",
        choices=[
            SelectChoice(value=value, label=f"{name}. {sees}")
            for value, (name, sees) in ROLES.items()
        ],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )

    def validate_roles(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("Choose what this person does.")


class Invite(_Person, Roles):
    pass


class Acknowledge(Form):
    note = TextAreaField(
        "What was done",
        [
            DataRequired("Write what was done, or who is doing it."),
            Length(max=2000, message="Use 2,000 characters or fewer."),
        ],
        filters=[stripped],
    )


class Reason(Form):
    reason = TextAreaField(
        "Why it is corrected, and who said so",
        [
            DataRequired("Write why it is corrected, and who said so."),
            Length(max=1000, message="Use 1,000 characters or fewer."),
        ],
        filters=[stripped],
    )


class Note(Form):
    note = TextAreaField(
        "New note",
        [
            DataRequired("Write the note."),
            Length(max=4000, message="Use 4,000 characters or fewer."),
        ],
        filters=[stripped],
    )


class NameOfPasskey(Form):
    name = StringField(
        "Name of this passkey",
        [DataRequired("Enter a name."), Length(max=120, message="Use 120 characters or fewer.")],
        filters=[stripped],
    )


def roles_in_words(roles: Iterable[str]) -> str:
    """In the order in which they are offered."""
    return ", ".join(name for role, (name, _) in ROLES.items() if role in set(roles))


def posted() -> bool:
    return request.method == "POST"


def said(field: Field) -> str:
    """What was typed, "" for nothing."""
    return str(field.data or "")


def errors(form: Form) -> list[dict[str, str]]:
    """For the error summary: what is wrong, in the order of the form."""
    return [
        {"text": str(field.errors[0]), "href": f"#{field.name}"} for field in form if field.errors
    ]


def reject(form: Form, name: str, text: str) -> None:
    """Put an error that was found after validation to a field."""
    form[name].errors = [*form[name].errors, text]
