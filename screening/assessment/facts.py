"""What the conditions read: answers, whether a question is asked, and the names derived from them.

One `Facts` serves one assessment; every value is worked out once. Missing is never "no": a required
question without an answer is UNKNOWN, an optional one left empty is NOT_APPLICABLE.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from functools import cached_property
from typing import cast

from ..questionnaire.answers import DISCUSS, UNSURE, Answers
from ..questionnaire.conditions import (
    NOT_APPLICABLE,
    UNKNOWN,
    Plain,
    Truth,
    Value,
    condition,
)
from ..questionnaire.definition import Instrument, Question, Questionnaire
from ..questionnaire.medicines import current_names, still_taken, tokens
from . import scoring, trials
from .results import Score, Treatment

KG_PER_LB = 0.45359237
M_PER_IN = 0.0254
KETAMINE_NAMES = (
    "ketamin",
    "ketalar",
    "spravato",
)  # "ketamin" holds esketamine and Spanish too
CRISIS_WORDS = (
    "suicid", "kill myself", "killing myself", "end my life", "ending my life",
    "take my own life", "want to die", "better off dead", "overdose",
    "matarme", "quitarme la vida", "quiero morir",
)  # fmt: skip
BIPOLAR = {"bipolar-1", "bipolar-2", "bipolar-type-unknown"}


class Facts:
    """Reads answers for conditions. `saved_pages` None: the record is complete as it stands; a set
    of page ids: a draft, in which what stands on other pages is not decided yet. `never_asked`:
    questions that the form did not ask when it was answered; not even left empty, but unknown."""

    def __init__(
        self,
        questionnaire: Questionnaire,
        answers: Answers,
        today: date,
        saved_pages: AbstractSet[str] | None = None,
        *,
        never_asked: AbstractSet[str] = frozenset(),
    ) -> None:
        self.questionnaire = questionnaire
        self.answers = answers
        self.today = today
        self.saved_pages = saved_pages
        self.never_asked = never_asked
        self.medicines = questionnaire.medicine_table
        self._truths: dict[str, Truth] = {}
        self._values: dict[str, Value] = {}
        self._scores: dict[str, Score | None] = {}

    # What a condition asks

    def value(self, name: str) -> Value:
        """The value of a question or a derived name. Raises KeyError for an unknown name."""
        if name not in self._values:
            question = self.questionnaire.questions.get(name)
            self._values[name] = self._answer(question) if question else self._derive(name)
        return self._values[name]

    def asked(self, name: str) -> Truth:
        """Is the question asked? None while that is not known (then it is not asked yet)."""
        ask_if = self.questionnaire.questions[name].ask_if
        return True if ask_if is None else self.holds(ask_if)

    def holds(self, ask_if: str) -> Truth:
        """Is the condition true? Many questions share one: the items of an instrument."""
        if ask_if not in self._truths:
            self._truths[ask_if] = condition(ask_if)(self)
        return self._truths[ask_if]

    def answered(self, name: str) -> Truth:
        """Asked, has a value, and not "discuss"; None on a draft until its page is saved."""
        if not self._decided(name):
            return None
        return self.asked(name) is True and self.answers.get(name) not in (
            None,
            DISCUSS,
        )

    # Answers

    def _answer(self, question: Question) -> Value:
        asked = self.asked(question.id)
        if asked is not True:
            return NOT_APPLICABLE if asked is False else UNKNOWN
        answer = self.answers.get(question.id)
        if answer is None:
            left_empty = not question.required and self._decided(question.id)
            return NOT_APPLICABLE if left_empty else UNKNOWN
        if answer == DISCUSS or (answer == UNSURE and question.kind != "choices"):
            return UNKNOWN
        return tuple(answer) if isinstance(answer, list | tuple) else answer  # type: ignore[return-value]

    def _decided(self, name: str) -> bool:
        if name in self.never_asked:
            return self.asked(name) is False
        page = self.questionnaire.page_of.get(name)
        return self.saved_pages is None or page is None or page.id in self.saved_pages

    def rows(self, group: str) -> Sequence[Mapping[str, object]] | None:
        """A group's rows; [] when it is not asked, None while it has no answer."""
        if group not in self.questionnaire.questions:
            return []  # a check-in asks for all medicines in one list, not for trials once more
        asked = self.asked(group)
        if asked is False:
            return []
        answer = self.answers.get(group)
        return cast(Sequence[Mapping[str, object]], answer) if asked and _is_list(answer) else None

    # Derived names

    def _derive(self, name: str) -> Value:
        owner, _, part = name.partition(".")
        if not part:
            return _SIMPLE[name](self)
        if owner in self.questionnaire.instrument:
            return self._of_score(owner, part)
        return _OWNERS[owner](self, part)

    def score(self, instrument_id: str) -> Score | None:
        """The instrument's score; None when none of its items is asked."""
        if instrument_id not in self._scores:
            instrument = self.questionnaire.instrument[instrument_id]
            self._scores[instrument_id] = self._score(instrument)
        return self._scores[instrument_id]

    def _score(self, instrument: Instrument) -> Score | None:
        asked = [item for item in instrument.items if self.asked(item) is True]
        if not asked:
            return None
        if instrument.scoring.method == "ladder":
            complete = all(self.answered(item) for item in asked)
            return scoring.ladder(instrument, self, complete=complete)
        gate = instrument.scoring.gate
        points = {item: self._points(item) for item in instrument.scoring.items}
        male = self.answers.get("sex_at_birth") == "male"
        answer = self.answers.get(gate.item) if gate else None
        return scoring.score(instrument, points, gate=answer, male=male)

    def _points(self, item: str) -> scoring.Item:
        asked, answer = self.asked(item), self.answers.get(item)
        if asked is False:
            return scoring.HIDDEN
        if asked is None or answer is None or answer == DISCUSS:
            return None if answer != DISCUSS else DISCUSS
        if answer in ("yes", "no"):
            return int(answer == "yes")
        return cast(float, answer)

    def _of_score(self, instrument_id: str, part: str) -> Value:
        instrument = self.questionnaire.instrument[instrument_id]
        if part == "answered_sum":
            points = (self._points(item) for item in instrument.scoring.items)
            return sum(p for p in points if isinstance(p, int | float))
        score = self.score(instrument_id)
        if score is None:
            undecided = any(self.asked(item) is None for item in instrument.items)
            return UNKNOWN if undecided else NOT_APPLICABLE
        return UNKNOWN if score.total is None else score.total

    @cached_property
    def medicine_flags(self) -> set[str]:
        """The flags that any current medicine carries; "unrecognised" for one of no known name."""
        current = current_names(self.rows("medications") or [])
        names = current + still_taken(self.rows("antidepressant_trials") or [])
        flags = {f for name in names for m in self.medicines.find(name) for f in m.flags}
        unrecognised = any(not self.medicines.find(name) for name in current)
        return flags | {"unrecognised"} if unrecognised else flags

    @cached_property
    def treatment(self) -> Treatment | None:
        """The treatment history; None while the trials question has no answer."""
        rows = self.rows("antidepressant_trials")
        if rows is None or "antidepressant_trials" not in self.answers:
            return None
        sought = self._ticks("seeking_help_for")
        diagnoses = self._ticks("psychiatric_diagnoses")
        bipolar = "bipolar-depression" in sought or bool(BIPOLAR & diagnoses)
        treatment = trials.count(
            rows,
            self.medicines,
            bipolar=bipolar,
            depression_sought="depression" in sought,
        )
        return self._staged(treatment, rows, bipolar)

    def _staged(
        self, treatment: Treatment, rows: Sequence[Mapping[str, object]], bipolar: bool
    ) -> Treatment:
        months, phq9 = self.value("episode_months"), self.value("phq9.total")
        known = isinstance(months, int | float) and isinstance(phq9, int | float)
        if bipolar or self.value("main_concern") != "depression" or not known:
            return treatment
        stage = trials.maudsley(
            treatment,
            rows,
            episode_months=cast(float, months),
            phq9_total=cast(float, phq9),
            psychotic="yes"
            in (self.value("psychosis_now"), self.value("psychosis_in_this_episode")),
            ect=self.value("ect_this_episode") == "yes"
            and _at_least(self.value("ect_sessions"), trials.ECT_ADEQUATE_SESSIONS),
        )
        return trials.staged(treatment, stage)

    def _ticks(self, name: str) -> set[str]:
        if name not in self.questionnaire.questions:
            return set()
        value = self.value(name)
        return set(value) if isinstance(value, tuple) else set()

    def indications(self) -> dict[str, Truth]:
        """Each condition sought, and whether the scores make it an indication. Where no condition
        has a rule (a check-in) that is not judged."""
        rules = self.questionnaire.indications
        if not rules:
            return {}
        return {
            sought: condition(rules[sought])(self) if sought in rules else False
            for sought in sorted(self._ticks("seeking_help_for"))
        }


def _is_list(answer: object) -> bool:
    return isinstance(answer, list | tuple)


def _at_least(value: Value, least: float) -> bool:
    return isinstance(value, int | float) and value >= least


def _age(facts: Facts) -> Value:
    born = facts.value("date_of_birth")
    if not isinstance(born, str):
        return UNKNOWN
    day, today = date.fromisoformat(born), facts.today
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


def _days_since_infusion(facts: Facts) -> Value:
    """Whole days from the last infusion, as it was reported, to the day of assessment."""
    if "last_infusion" not in facts.questionnaire.questions:
        return NOT_APPLICABLE
    day = facts.value("last_infusion")
    return (facts.today - date.fromisoformat(day)).days if isinstance(day, str) else day


def _weight_kg(facts: Facts) -> Value:
    pounds = facts.value("weight_lb")
    return pounds * KG_PER_LB if isinstance(pounds, int | float) else UNKNOWN


def _bmi(facts: Facts) -> Value:
    weight, inches = facts.value("weight_kg"), facts.value("height_in")
    if isinstance(weight, int | float) and isinstance(inches, int | float):
        return weight / (inches * M_PER_IN) ** 2
    return UNKNOWN


def _pressure(measured: str, reported: str) -> Callable[[Facts], Value]:
    """The clinician's pair when both are measured, else the patient's."""

    def read(facts: Facts) -> Value:
        pair = facts.value("measured_systolic"), facts.value("measured_diastolic")
        both = all(isinstance(value, int | float) for value in pair)
        return facts.value(measured if both else reported)

    return read


def _meds(facts: Facts, flag: str) -> Value:
    if flag in facts.medicine_flags:
        return True
    listed = facts.rows("medications"), facts.rows("antidepressant_trials")
    return UNKNOWN if None in listed else False


def _trials(facts: Facts, part: str) -> Value:
    if part == "rows":  # known from the list alone, before what else the history is judged by
        rows = facts.rows("antidepressant_trials")
        return UNKNOWN if rows is None else len(rows)
    treatment = facts.treatment
    if treatment is None:
        return UNKNOWN
    value: Plain | None = getattr(treatment, part)
    return NOT_APPLICABLE if value is None else value


def _allergies(facts: Facts, _: str) -> Value:
    allergens = (str(row.get("allergen") or "") for row in facts.rows("allergies") or [])
    named = (" ".join(tokens(allergen)) for allergen in allergens)
    return any(name in allergen for allergen in named for name in KETAMINE_NAMES)


def _text(facts: Facts, _: str) -> Value:
    return any(
        has_crisis_words(str(facts.answers[name]))
        for name in facts.questionnaire.free_texts
        if name in facts.answers and facts.answered(name)
    )


def has_crisis_words(text: str) -> bool:
    """Does free text hold one of the contract's crisis words, in any case?"""
    plain = " ".join(text.casefold().split())
    return any(word in plain for word in CRISIS_WORDS)


def _indications(facts: Facts, _: str) -> Value:
    if not isinstance(facts.value("seeking_help_for"), tuple):
        return UNKNOWN
    truths = facts.indications().values()
    return True if True in truths else UNKNOWN if None in truths else False


_SIMPLE: dict[str, Callable[[Facts], Value]] = {
    "age": _age,
    "days_since_infusion": _days_since_infusion,
    "weight_kg": _weight_kg,
    "bmi": _bmi,
    "systolic": _pressure("measured_systolic", "bp_systolic"),
    "diastolic": _pressure("measured_diastolic", "bp_diastolic"),
}
_OWNERS: dict[str, Callable[[Facts, str], Value]] = {
    "meds": _meds,
    "trials": _trials,
    "allergies": _allergies,
    "text": _text,
    "indications": _indications,
}
DERIVED_OWNERS = frozenset(_OWNERS)
DERIVED_NAMES = frozenset(_SIMPLE)
