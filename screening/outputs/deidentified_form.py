"""The questionnaire of a de-identified export: what of a form may be told at all.

Fails closed: a question stays when it is answered from a list or by a number and carries no mark
`safe_harbor`. Dates become a year, a ZIP code its first three digits (see `zip3`), a group keeps
its numbers, its choices and its names of medicines. Nothing that was typed stays.
"""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from ..assessment.facts import DERIVED_NAMES, DERIVED_OWNERS
from ..questionnaire.conditions import names, parse
from ..questionnaire.definition import (
    Column,
    Frozen,
    Option,
    Page,
    Question,
    Questionnaire,
    Section,
)

BIRTH = "date_of_birth"
AGE_GROUP = "age_group"
UNDER_90, OVER_89 = "under-90", "90-or-older"
OLDEST = 89  # years that may be told; 164.514(b)(2)(i)(C) puts all above into one category
SUFFIX = "-deidentified"  # of the version: it has other questions under the same ids

_LISTED = ("agree", "choice", "choices", "scale", "integer", "decimal")
# Cells that name a medicine: its generic name of our table stays, see `medicine`.
_NAMES_MEDICINE = ("drug", "medicine", "added_to", "allergen")
# What conditions read that is worked out; of texts and of a day nothing can be worked out any more.
_DERIVED = (DERIVED_NAMES | DERIVED_OWNERS) - {"text", "days_since_infusion"}
F = TypeVar("F", bound=Frozen)


def deidentified_form(questionnaire: Questionnaire) -> Questionnaire:
    """Without what is dropped, and without all that spoke of it: conditions, checks, items,
    instruments, pages. Rules stay, as the findings name them: they were judged on the whole form.
    """
    kept = {q.id for q in questionnaire.questions.values() if _stays(q)}
    held = [i for i in questionnaire.instruments if {*i.items, *i.scoring.items} <= kept]
    whole = {q.id for q in questionnaire.questions.values() if q.kind not in ("date", "zip")}
    known = (kept & whole) | {instrument.id for instrument in held} | _DERIVED
    shown = {q.id: _coarse(q, known) for q in questionnaire.questions.values() if q.id in kept}
    sections = tuple(_sections(questionnaire, shown))
    return rebuilt(
        questionnaire,
        version=questionnaire.version + SUFFIX,
        sections=sections,
        carried=_among(questionnaire.carried, {section.id for section in sections}),
        instruments=tuple(held),
        indications={
            name: when for name, when in questionnaire.indications.items() if _reads(when, known)
        },
        export_order=tuple(_order(questionnaire, kept)),
        support=None,
        content_hash=sha256(f"{SUFFIX}{questionnaire.content_hash}".encode()).hexdigest(),
    )


def rebuilt(frozen: F, **changes: Any) -> F:
    """A copy with changes. Not `model_copy`: that keeps what was worked out from the original."""
    fields = {name: getattr(frozen, name) for name in type(frozen).model_fields}
    return type(frozen)(**fields | changes)


def medicine_columns(group: Question) -> tuple[Column, ...]:
    """The cells of a group that hold the name of a medicine."""
    return tuple(c for c in group.columns if c.kind == "text" and c.id in _NAMES_MEDICINE)


# What stays


def _stays(question: Question) -> bool:
    if question.kind in ("date", "zip"):
        return True
    if question.kind == "group":
        return question.safe_harbor is None and bool(_columns(question))
    return question.kind in _LISTED and question.safe_harbor is None


def _columns(group: Question) -> tuple[Column, ...]:
    named = medicine_columns(group)
    return tuple(c for c in group.columns if c.kind != "text" or c in named)


# What depends on the age


@dataclass(frozen=True)
class OfAge:
    """What is asked or found by the age, by way of other questions too: nothing of it may be told
    of the oldest, as with the year of an older form it would part those over 90."""

    names: Set[str]  # questions and instruments
    rules: Set[str]


def of_age(questionnaire: Questionnaire) -> OfAge:
    names: set[str] = {"age"}
    while True:
        more = {q.id for q in questionnaire.questions.values() if _asks(q.ask_if, names)}
        more |= {i.id for i in questionnaire.instruments if not names.isdisjoint(i.items)}
        if more <= names:
            break
        names |= more
    return OfAge(names, {rule.id for rule in questionnaire.rules if _asks(rule.when, names)})


def _asks(condition: str | None, among: Set[str]) -> bool:
    return not among.isdisjoint(_owners(condition))


# What it becomes


def _coarse(question: Question, known: Set[str]) -> Question:
    changes: dict[str, Any] = {
        "ask_if": question.ask_if if _reads(question.ask_if, known) else None,
        "instrument": question.instrument if question.instrument in known else None,
        "below": question.below if question.below in known else None,
        "one_of": question.one_of if question.one_of in known else None,
    }
    if question.kind == "group":
        changes["columns"] = tuple(_named_cell(c) for c in _columns(question))
    if question.kind == "date":
        changes |= _named(question, "year", "año") | {"kind": "integer", "required": False}
    if question.kind == "zip":
        changes |= _named(question, "first three digits", "primeras tres cifras") | {"kind": "text"}
    return rebuilt(question, **changes)


def _named_cell(column: Column) -> Column:
    if column.kind != "text":
        return column
    return rebuilt(column, label=f"{column.label}: generic name, or other", hint=None)


_LEFT_OUT = {
    "date": "; empty where it would tell that somebody is 90 or older",
    "zip": "; 000 where 20,000 people or fewer live",
}


def _named(question: Question, en: str, es: str) -> dict[str, Any]:
    """A question that asks for less than the patient was asked for."""
    words = {"en": en, "es": es}
    return {
        "text": {lang: f"{text} ({words[lang]})" for lang, text in question.text.items()},
        "label": f"{question.label}: {en}{_LEFT_OUT[question.kind]}",
        "hint": None,
        "autocomplete": None,
        "loinc": None,
    }


AGE_QUESTION = Question(
    id=AGE_GROUP,
    kind="choice",
    text={"en": "Age group", "es": "Grupo de edad"},
    thing={"en": "the age group", "es": "el grupo de edad"},
    label="Age group: 90 or older is who reaches 90 in the year of the export, or did before; "
    "the year of birth is then left out",
    options=(Option(id=UNDER_90, en="Under 90"), Option(id=OVER_89, en="90 or older")),
    required=False,
    safe_harbor="date",
)


def _sections(questionnaire: Questionnaire, shown: dict[str, Question]) -> Iterator[Section]:
    for section in questionnaire.sections:
        pages = tuple(page for old in section.pages for page in _pages(old, shown))
        if pages:
            yield rebuilt(section, pages=pages)


def _pages(page: Page, shown: dict[str, Question]) -> Iterator[Page]:
    questions = tuple(q for old in page.questions for q in _shown(old, shown))
    if questions:
        yield rebuilt(page, questions=questions, checks=())


def _shown(question: Question, shown: dict[str, Question]) -> Iterator[Question]:
    if question.id in shown:
        yield shown[question.id]
        if question.id == BIRTH:
            yield AGE_QUESTION


def _order(questionnaire: Questionnaire, kept: Set[str]) -> Iterator[str]:
    for name in _among(questionnaire.export_order, kept):
        yield name
        if name == BIRTH:
            yield AGE_GROUP


def _among(ids: Iterable[str], kept: Set[str]) -> tuple[str, ...]:
    return tuple(name for name in ids if name in kept)


def _reads(condition: str | None, known: Set[str]) -> bool:
    """Does the condition, if any, ask only for what is still there as it was?"""
    return _owners(condition) <= known


def _owners(condition: str | None) -> set[str]:
    """The names that a condition reads; of "phq9.total" the instrument."""
    asked = names(parse(condition)) if condition else ()
    return {name.partition(".")[0] for name in asked}
