"""REDCap's data dictionary of an export: its fields, made from the definition alone.

Names, codes and forms follow REDCap's rules: lower case letters, digits and single underscores;
the fields of a form stand together; the record's id is the first field of the first form. Options
keep their ids as codes (`chest-pain` is `chest_pain`), so that they mean the same in every export.
A group's rows are numbered fields. What has no answer is blank; why stands in the three fields of
WHY_BLANK. A score, a finding, a decision are plain fields too: nothing is worked out in REDCap.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...questionnaire.definition import Column as GroupColumn
from ...questionnaire.definition import Option, Page, Question, Questionnaire, Section
from ..columns import ORIGIN, STAFF, Column, Widths, columns, question_columns
from .redcap_logic import branching, variable

HEADER = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
RECORD_ID = "record_id"
NOT_ANSWERED, TO_TALK_ABOUT, NOT_SURE = "not_answered", "to_talk_about", "not_sure"
WHY_BLANK = {
    NOT_ANSWERED: "Questions that were asked and have no answer",
    TO_TALK_ABOUT: "Questions that the patient wants to talk about in person",
    NOT_SURE: "Questions that the patient does not know a number for",
}
FORM, RESULTS = "submission", "results"
FEW = 8  # options that are shown as buttons; more are a list to pull down
Choices = tuple[tuple[str, str], ...]
Kind = Literal["text", "notes", "radio", "dropdown", "checkbox", "yesno"]


@dataclass(frozen=True)
class Field:
    """One line of the dictionary. `choices`: (code, label)."""

    name: str
    form: str
    kind: Kind
    label: str
    choices: Choices = ()
    note: str = ""
    validation: str = ""
    limits: tuple[str, str] = ("", "")
    identifier: bool = False
    branching: str = ""
    required: bool = False
    header: str = ""

    def line(self) -> tuple[str, ...]:
        choices = " | ".join(f"{code}, {_plain(label)}" for code, label in self.choices)
        identifier, required = ("y" if yes else "" for yes in (self.identifier, self.required))
        before = (self.name, self.form, _plain(self.header), self.kind, _plain(self.label), choices)
        checks = (_plain(self.note), self.validation, *self.limits, identifier)
        return (*before, *checks, self.branching, required, "", "", "", "", "")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it has in the data."""
        if self.kind != "checkbox":
            return (self.name,)
        return tuple(f"{self.name}___{code}" for code, _ in self.choices)


def fields(questionnaires: Sequence[Questionnaire], widths: Widths) -> list[Field]:
    """All fields, those of a form together: of the first version, then what others add."""
    found: dict[str, Field] = {field.name: field for field in _submission()}
    for questionnaire in questionnaires:
        for field in [*_asked(questionnaire, widths), *_results(questionnaire)]:
            known = found.get(field.name)
            found[field.name] = _together(known, field) if known else field
    forms = dict.fromkeys([field.form for field in found.values()])
    ordered = [*(form for form in forms if form != RESULTS), RESULTS]
    return [field for form in ordered for field in found.values() if field.form == form]


def coded(option_id: str) -> str:
    """An option's id as REDCap's code."""
    return variable(option_id)


def _plain(text: str) -> str:
    """On one line; a bar would begin another choice, and labels are read as HTML."""
    return " ".join(text.split()).replace("|", "/").replace("<", "&lt;")


# Of the submission


def _submission() -> Iterator[Field]:
    note = "The reference; a number follows where several rows share one"
    yield Field(RECORD_ID, FORM, "text", "Record ID", note=note, identifier=True)
    for column in (*ORIGIN, *STAFF):
        # All but the versions and the decision tell of one person: a code or a date.
        tells = column.name == "reference" or column.kind == "datetime"
        yield replace(_worked_out(column, FORM), identifier=tells)
    for name, label in WHY_BLANK.items():
        yield Field(name, FORM, "notes", label, note="Ids of questions, separated by spaces")


def _results(questionnaire: Questionnaire) -> Iterator[Field]:
    for column in columns(questionnaire, {}):
        if column.block == "results":
            yield _worked_out(column, RESULTS)


def _worked_out(column: Column, form: str) -> Field:
    field = Field(variable(column.name), form, "text", column.label)
    if column.codes:
        choices = tuple((coded(code), meaning) for code, meaning in column.codes)
        return replace(field, kind="radio", choices=choices)
    if column.kind == "decimal":
        low, high = column.limits or (None, None)
        return replace(field, validation="number", limits=(_number(low), _number(high)))
    listed = column.name in ("findings", "changed_by_staff")
    return replace(field, kind="notes") if listed else field


# Of the questions


def _asked(questionnaire: Questionnaire, widths: Widths) -> Iterator[Field]:
    for section in questionnaire.sections:
        for page in section.pages:
            yield from _headed(page, _page(questionnaire, section, page, widths))


def _headed(page: Page, asked: Iterable[Field]) -> Iterator[Field]:
    """The first field of a page bears its title."""
    for number, field in enumerate(asked):
        yield replace(field, header=page.title["en"]) if number == 0 else field


def _page(
    questionnaire: Questionnaire, section: Section, page: Page, widths: Widths
) -> Iterator[Field]:
    form = variable(section.id)
    for question in page.questions:
        logic = branching(question.ask_if, questionnaire)
        unsaid = f"Asked if: {question.ask_if}" if logic is None else ""
        for field in _fields(question, form, widths):
            yield replace(
                field,
                note="; ".join(filter(None, (field.note, unsaid))),
                identifier=question.safe_harbor is not None,
                branching=logic or "",
                required=logic is not None and question.required and question.audience == "patient",
            )


def _fields(question: Question, form: str, widths: Widths) -> Iterator[Field]:
    if question.kind != "group":
        yield _typed(Field(variable(question.id), form, "text", question.text["en"]), question)
        return
    for column in question_columns(question, widths):
        if column.cell:
            yield _typed(Field(variable(column.name), form, "text", column.label), column.cell)


def _typed(field: Field, of: Question | GroupColumn) -> Field:
    choices = _choices(of.options)
    unit = f"Unit: {of.unit}" if of.unit else ""
    limits = (_number(of.min), _number(of.max))
    match of.kind:
        case "agree":
            return replace(field, kind="yesno")
        case "choices":
            return replace(field, kind="checkbox", choices=choices)
        case "choice" | "scale":
            few: Kind = "radio" if len(choices) <= FEW else "dropdown"
            return replace(field, kind=few, choices=choices)
        case "longtext":
            return replace(field, kind="notes")
        case "integer" | "decimal":
            number = "integer" if of.kind == "integer" else "number"
            return replace(field, validation=number, limits=limits, note=unit)
    return replace(field, validation=VALIDATED.get(of.kind, ""), note=unit)


# A telephone number is not validated: REDCap takes those of North America alone.
VALIDATED = {"email": "email", "zip": "zipcode", "date": "date_ymd"}


def _choices(options: Iterable[Option]) -> Choices:
    return tuple((coded(option.id), option.label or option.en) for option in options)


def _number(limit: float | None) -> str:
    if limit is None:
        return ""
    return str(int(limit)) if float(limit).is_integer() else str(limit)


# Several versions


def _together(one: Field, other: Field) -> Field:
    """A field that holds the answers of two versions. What only one of them says is not said."""
    choices = dict([*other.choices, *one.choices])
    ordered = dict.fromkeys([*dict(one.choices), *choices])
    alike = one.branching == other.branching
    told = dict.fromkeys(filter(None, (one.note, other.note)))
    conditions = "" if alike else "Shown under another condition in another version"
    same = (one.kind, one.validation) == (other.kind, other.validation)
    merged = replace(
        one,
        choices=tuple((code, choices[code]) for code in ordered),
        note="; ".join([*told, *filter(None, (conditions,))]),
        branching=one.branching if alike else "",
        identifier=one.identifier or other.identifier,
        required=one.required and other.required and alike,
    )
    if same:
        return merged
    both_listed = {one.kind, other.kind} <= {"radio", "dropdown"}
    return merged if both_listed else replace(merged, kind="notes", choices=(), validation="")
