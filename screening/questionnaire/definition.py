"""The questionnaire as frozen objects. `loader` is the only place that makes them from files.

A question's `kind` decides how it is drawn, judged, stored and exported; each of those is a table
keyed by kind. Texts that a patient reads are `{"en": ..., "es": ...}`.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .answers import NO
from .medicines import MedicineTable

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")

Kind = Literal[
    "agree", "choice", "choices", "scale", "integer", "decimal",
    "text", "longtext", "email", "phone", "zip", "date", "group",
]  # fmt: skip
RuleKind = Literal["urgent", "exclude", "clear", "caution"]
RULE_KINDS: tuple[RuleKind, ...] = ("urgent", "exclude", "clear", "caution")

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$")]
# An option's id may start with a digit ("1-12-months"), be a number ("0") or two capitals ("CA").
OptionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$")]
Text = dict[Language, str]


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def __hash__(self) -> int:
        """By identity: what is worked out once from a part of a definition is kept under it."""
        return id(self)


class Option(Frozen):
    """One answer of a choice, choices or scale. `label`: the physician's English; else `en`."""

    id: OptionId
    en: str
    es: str | None = None
    label: str | None = None

    def text(self, language: Language) -> str:
        return self.es if language == "es" and self.es else self.en


class Column(Frozen):
    """One cell of a group's row. Cells may always be left blank."""

    id: Id
    kind: Literal["text", "integer", "decimal", "choice"]
    text: Text
    hint: Text | None = None
    short: Text | None = None  # on the card of a saved row
    label: str
    options: tuple[Option, ...] = ()
    min: float | None = None
    max: float | None = None
    above: float | None = None  # exclusive lower bound
    unit: str | None = None
    suggest: bool = False  # offer the names of medications.csv


class Question(Frozen):
    """One question. `thing` is its noun phrase in messages: "Tell us {thing}"."""

    id: Id
    kind: Kind
    text: Text
    hint: Text | None = None
    thing: Text
    label: str  # short English name for physician, export and dictionary
    audience: Literal["patient", "clinician"] = "patient"
    options: tuple[Option, ...] = ()
    ask_if: str | None = None
    required: bool = True
    sensitive: bool = False
    min: float | None = None
    max: float | None = None
    unit: str | None = None
    below: Id | None = None  # a whole number that must be under that other answer
    one_of: Id | None = None  # a choice that must be among the ticks of that other answer
    columns: tuple[Column, ...] = ()
    min_rows: int = 0
    max_rows: int = 0
    none_text: Text | None = None  # the tick "I have never taken one" of a group that may be empty
    row_text: Text | None = None  # what one row of a group is called: "medicine"
    autocomplete: str | None = None
    safe_harbor: str | None = None
    privacy: str | None = None
    instrument: Id | None = None  # set by the loader on the items of an instrument
    languages: tuple[Language, ...] = LANGUAGES  # of the text; an instrument may lack one
    loinc: str | None = None

    @cached_property
    def option_ids(self) -> tuple[str, ...]:
        return tuple(option.id for option in self.options)

    def option(self, option_id: object) -> Option:
        return next(option for option in self.options if option.id == str(option_id))

    @property
    def is_plain_no(self) -> bool:
        """May it be answered "no" together with others? No sensitive question, no instrument."""
        risky = self.sensitive or self.instrument is not None or self.kind != "choice"
        return not risky and NO in self.option_ids

    @property
    def may_be_unsure(self) -> bool:
        """Numbers that are asked only of some may be "unsure" (contract, Answers)."""
        return self.kind in ("integer", "decimal") and self.ask_if is not None


# What a check on the page of a group may read beside the cells of a row.
TIMES_USUAL_DOSE = "times_usual_dose"


class Check(Frozen):
    """Answers that the patient is asked about once before going on; they are never refused.

    `text` fills in `{question}` with what was answered, `{age}` with a derived name. On the page of
    a group the condition reads the columns of one row and TIMES_USUAL_DOSE: the dose in mg by the
    least adequate daily dose of the medicine that the row names."""

    id: Id
    when: str
    about: tuple[Id, ...]  # the questions of the page, or columns, that the patient may change
    text: Text
    kind: Literal["unlikely", "fact"] = "unlikely"  # "Is this right?", or what is true


class Page(Frozen):
    id: Id
    title: Text
    intro: Text | None = None
    why: Text | None = None  # shown before a sensitive page: why we ask and who sees it
    quick_exit: bool = False  # a button leaves it at once, for somebody who is watched
    no_to_all: bool = False  # a button answers "no" to the yes/no questions still open
    checks: tuple[Check, ...] = ()
    questions: tuple[Question, ...]

    @cached_property
    def group(self) -> Question | None:
        """The group this page asks row by row; such a page asks nothing else."""
        first = self.questions[0]
        return first if first.kind == "group" else None

    @cached_property
    def may_be_no(self) -> tuple[str, ...]:
        """The questions that the button "no to all" answers: none of a risk or an instrument."""
        asked = self.questions if self.no_to_all else ()
        return tuple(question.id for question in asked if question.is_plain_no)

    @cached_property
    def asked_if(self) -> frozenset[str] | None:
        """It is asked if one of these conditions is true; None: whatever was answered before."""
        conditions = {question.ask_if for question in self.questions}
        return None if None in conditions else frozenset(c for c in conditions if c)

    @cached_property
    def names(self) -> frozenset[str]:
        """Its questions and their instruments: what a condition may read on this page."""
        instruments = {q.instrument for q in self.questions if q.instrument}
        return frozenset(instruments | {q.id for q in self.questions})

    @cached_property
    def required_if(self) -> dict[str | None, frozenset[str]]:
        """The required questions by the condition under which they are asked; None: always."""
        required = [question for question in self.questions if question.required]
        return {
            ask_if: frozenset(q.id for q in required if q.ask_if == ask_if)
            for ask_if in dict.fromkeys(question.ask_if for question in required)
        }


class Section(Frozen):
    id: Id
    title: Text
    label: str
    audience: Literal["patient", "clinician"] = "patient"
    pages: tuple[Page, ...]

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for page in self.pages for question in page.questions)


class Band(Frozen):
    """A named range of totals, both ends included. `men` replaces it where sex at birth is male."""

    id: str
    label: str
    min: float
    max: float
    men: tuple[float, float] | None = None


class Rung(Frozen):
    """A level of a ladder; the first whose condition is true gives the level."""

    level: str
    label: str
    when: str


class Gate(Frozen):
    """A question whose answer `stop` ends the instrument with a total of 0."""

    item: Id
    stop: str


class Scoring(Frozen):
    """How an instrument's total is made. Halves round up; `decimals` is 0 or 1."""

    method: Literal["sum", "count_yes", "mean", "ladder"]
    items: tuple[Id, ...]
    range: tuple[float, float] | None = None
    decimals: int = 0
    max_missing: int = 0  # how many items talked about in person may be prorated
    gate: Gate | None = None
    positive: float | None = None  # display only
    bands: tuple[Band, ...] = ()
    rungs: tuple[Rung, ...] = ()


class Instrument(Frozen):
    id: Id
    name: str
    short_name: str
    stem: Text  # repeated above the items; without a verified translation only "en"
    help: Text | None = None
    recall: Text | None = None  # the recall period, in the instrument's own words
    anchors: dict[Id, tuple[Text, Text]] = {}  # item -> texts at both ends of its scale
    attribution: str
    languages: tuple[Language, ...]
    why_english: Text | None = None  # our sentence in the languages that are missing
    loinc_panel: str | None = None
    loinc_total: str | None = None
    scoring: Scoring
    sources: tuple[str, ...] = ()

    @cached_property
    def items(self) -> tuple[str, ...]:
        """The question ids that decide the score: the scored items, after the gate."""
        gate = self.scoring.gate
        return (gate.item, *self.scoring.items) if gate else self.scoring.items


class Rule(Frozen):
    """`says`: the physician's sentence; `why`: the reason; `settles`: what would settle it, such as
    "repeat blood pressure"; `confirm`: what a physician has to confirm, as no source says it."""

    id: Id
    kind: RuleKind
    when: str
    says: str
    why: str
    settles: str = ""
    sources: tuple[str, ...]
    confirm: str | None = None
    panel: Id | None = None  # urgent rules: the page of crisis.toml that the patient sees


class Medicine(Frozen):
    """One row of medications.csv; doses in mg a day."""

    generic: str
    brands: tuple[str, ...]
    also: tuple[str, ...]
    drug_class: str
    flags: frozenset[str]
    role: str
    counts_as: str
    min_adequate_daily_dose_mg: float | None
    interaction: str
    interaction_note: str
    source: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.generic, *self.brands, *self.also)

    @property
    def drug(self) -> str:
        """The drug that a trial of this row is counted as."""
        return self.counts_as or self.generic


class Contact(Frozen):
    """One way to get help: a line of text and the number to tap (`tel:`, `sms:` or `https:`)."""

    id: Id
    text: Text
    call: Text
    href: Text


class Panel(Frozen):
    """What the patient sees at once after a risk answer (clinical/safety.md)."""

    id: Id
    title: Text
    lead: Text
    danger: bool = False  # 911 first
    contacts: tuple[Id, ...]
    steps: tuple[Text, ...] = ()
    told: Text  # who has been told and when they will look
    respond_within_minutes: int


class Support(Frozen):
    """Answers after which help is shown above the next page, without an alert by themselves."""

    panel: Id
    when: str


class Questionnaire(Frozen):
    version: str
    kind: Literal["intake", "check-in"] = "intake"  # a check-in: of a patient who comes back
    carried: tuple[Id, ...] = ()  # its sections that hold earlier answers, to be corrected only
    title: Text
    sections: tuple[Section, ...]
    instruments: tuple[Instrument, ...]
    indications: dict[Id, str]  # option of seeking_help_for -> the condition that makes it one
    rules: tuple[Rule, ...]
    medicines: tuple[Medicine, ...]
    sources: dict[str, str]
    contacts: tuple[Contact, ...]
    panels: tuple[Panel, ...]
    # The order of the export's columns; questions that are not listed follow in page order.
    export_order: tuple[Id, ...] = ()
    support: Support | None = None
    content_hash: str = ""

    @cached_property
    def questions(self) -> dict[str, Question]:
        return {q.id: q for section in self.sections for q in section.questions}

    @cached_property
    def pages(self) -> dict[str, Page]:
        """The patient's pages in order."""
        return {p.id: p for s in self.sections if s.audience == "patient" for p in s.pages}

    @cached_property
    def page_number(self) -> dict[str, int]:
        """The place of each of the patient's pages in their order, from 0."""
        return {page_id: number for number, page_id in enumerate(self.pages)}

    @cached_property
    def free_texts(self) -> tuple[str, ...]:
        """The questions that are answered in the patient's own words."""
        return tuple(q.id for q in self.questions.values() if q.kind in ("text", "longtext"))

    @cached_property
    def page_of(self) -> dict[str, Page]:
        return {q.id: page for page in self.pages.values() for q in page.questions}

    @cached_property
    def section_of_page(self) -> dict[str, Section]:
        return {page.id: section for section in self.sections for page in section.pages}

    @cached_property
    def instrument(self) -> dict[str, Instrument]:
        return {instrument.id: instrument for instrument in self.instruments}

    @cached_property
    def medicine_table(self) -> MedicineTable:
        return MedicineTable(self.medicines)

    @cached_property
    def medicine_names(self) -> tuple[str, ...]:
        """Names to suggest while typing: generic and brand names."""
        names = {name for m in self.medicines for name in (m.generic, *m.brands)}
        return tuple(sorted(names, key=str.casefold))

    @cached_property
    def rule(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def urgent_rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.kind == "urgent")

    @cached_property
    def panel(self) -> dict[str, Panel]:
        return {panel.id: panel for panel in self.panels}

    @cached_property
    def contact(self) -> dict[str, Contact]:
        return {contact.id: contact for contact in self.contacts}

    def patient_questions(self) -> Iterator[Question]:
        return (q for page in self.pages.values() for q in page.questions)
