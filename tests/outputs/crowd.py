"""Five hundred people who do not exist, as an export's source: every kind of answer and gap.

Made once a session by `crowd()`, always the same. Everybody is varied a little; some have all their
free text hostile to spreadsheets (TEXTS), some answers of staff, some a decision.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from screening.assessment.facts import Facts
from screening.assessment.outcome import assess_facts
from screening.outputs.formats import Sent
from screening.questionnaire.answers import DISCUSS, NONE, UNSURE
from screening.questionnaire.definition import Column, Question, Questionnaire
from screening.questionnaire.loader import check_in, current
from screening.questionnaire.validation import normalise
from screening.workflows.decisions import DECISIONS
from screening.workflows.sending import ASSESSMENT, kept_answers
from tests.builders import TODAY, medicine_row, returning
from tests.people import any_answer, complete_person, sendable

ZONE = ZoneInfo("America/Los_Angeles")
FIRST = datetime(2026, 1, 3, 21, 4, 9, tzinfo=ZONE)
# One line each, for every free-text field: what spreadsheets run, skip, merge or split.
TEXTS = (
    "=1+1", "+1", "-2", "@x", "=cmd|' /C calc'!A0", '=HYPERLINK("http://example.org","x")',
    "＝1+1", "＋1", "－1", "＠x", "﹣1", "−1", "\u200b=1", "\ufeff=1", "\u2060@SUM(A1)",
    "'=1", '"quoted", and; more', "NI", "DISCUSS", "unsure", "true", "null", "007", "1e5", "1/2",
    "2026-01-02", "_x0041_", "http://example.org/?q=1", "<b>&amp;</b>", "中文 🙂", "مرحبا",
    "\ufffe", "discuss", "x" * 200,
)  # fmt: skip
# And for the fields with several lines.
LONG_TEXTS = (
    "=1+1\n+1", "a\tb", "- better sleep\n- less dread", "\u3000=1", "first\n\n\tthird",
    "Don't stop; árbol, ñandú.\n" * 150, "=" + "🙂" * 3999, *TEXTS,
)  # fmt: skip
HOSTILE: Mapping[str, tuple[str, ...]] = {
    "text": TEXTS,
    "longtext": LONG_TEXTS,
    "email": ("=1+1@example.org", "+ana@example.org", "-x@example.org"),
    "phone": ("+1 805 555 0142", "(805) 555-0142", "+1 (805) 555-0143 ext. 12"),
}
# Answers that open every field of free text.
OPEN = {
    "filling_in_for": "someone-else",
    **dict.fromkeys(
        (
            "interpreter_needed", "has_emergency_contact", "has_primary_care",
            "has_mental_health_prescriber", "has_therapist", "takes_medications",
        ),
        "yes",
    ),
    "seeking_help_for": ["depression", "other"],
    "main_concern": "depression",
    "since_last": ["fainted"],
    "medicine_changes": ["dose"],
}  # fmt: skip
GIVEN = ("Ana", "Noor", "Zoë", "Wren", "José Ángel", "Mei-Ling", "Søren", "Aoife", "Ngọc", "Al")
FAMILY = ("Peña", "O'Brien", "van der Berg", "Li", "Wolfeschlegelstein", "Smith-Jones", "Nguyễn")
CITIES = (
    ("San Luis Obispo", "CA", "93401"), ("Alturas", "CA", "96101-0011"), ("Houston", "TX", "77002"),
    ("Barre", "VT", "05641"), ("Cody", "WY", "82190"), ("Nome", "AK", "99762"),
)  # fmt: skip
FLAGGED = ("Ozempic", "oxycodone", "Xanax", "methylergonovine", "lisinopril", "zzyzx drops")
DECIDED = (None, None, *DECISIONS)
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Crowd:
    """A `formats.Source` of people who were made before."""

    people: tuple[Sent, ...] = field(repr=False)
    questionnaires: tuple[Questionnaire, ...]

    @cached_property
    def widths(self) -> dict[str, int]:
        widths: dict[str, int] = {}
        for sent in self.people:
            for name, answer in sent.answers.items():
                if sent.questionnaire.questions[name].kind == "group" and answer != DISCUSS:
                    widths[name] = max(widths.get(name, 0), len(answer))  # type: ignore[arg-type]
        return widths

    def __iter__(self) -> Iterator[Sent]:
        return iter(self.people)


@cache
def crowd(count: int = 500) -> Crowd:
    """As many people, oldest first; every eighth comes back for a check-in."""
    return Crowd(tuple(_sent(number) for number in range(count)), (current(), check_in()))


def _sent(number: int) -> Sent:
    rng = Random(f"crowd {number}")
    questionnaire = check_in() if number % 8 == 7 else current()
    facts = Facts(questionnaire, _answers(number, questionnaire, rng), TODAY)
    answers = kept_answers(facts, (q.id for q in questionnaire.patient_questions()))
    as_sent = Facts(questionnaire, answers, TODAY)
    changed = _changes(number, questionnaire, answers, rng)
    known = {name: value for name, value in (answers | changed).items() if value is not None}
    return sent_of(
        questionnaire,
        known,
        reference=_reference(number, rng),
        sent_at=FIRST + timedelta(hours=15.5 * number),
        changed=tuple(changed),
        decision=DECIDED[number % len(DECIDED)],
        outcome_sent=assess_facts(as_sent).outcome if changed else None,
    )


def sent_of(
    questionnaire: Questionnaire,
    answers: Mapping[str, Any],
    *,
    reference: str = "KQ7F-3M2P",
    sent_at: datetime = FIRST,
    changed: tuple[str, ...] = (),
    decision: str | None = None,
    outcome_sent: str | None = None,
) -> Sent:
    """What an export is told of somebody whose answers are these now. `outcome_sent`: where staff
    changed some."""
    facts = Facts(questionnaire, answers, TODAY)
    asked = (q.id for q in questionnaire.patient_questions() if facts.asked(q.id) is True)
    assessment = ASSESSMENT.dump_python(assess_facts(facts), mode="json")
    decided_at = (sent_at + timedelta(days=2)).isoformat(timespec="seconds")
    return Sent(
        reference=reference,
        sent_at=sent_at.isoformat(timespec="seconds"),
        as_of=TODAY.isoformat(),
        questionnaire=questionnaire,
        answers=answers,
        unanswered=frozenset(name for name in asked if name not in answers),
        assessment=assessment,
        changed=changed,
        decision=decision,
        decided_at=decided_at if decision else None,
        outcome_sent=outcome_sent or assessment["outcome"],
    )


def _reference(number: int, rng: Random) -> str:
    """Four and four; the number's own letters keep any two apart."""
    letters = [ALPHABET[number // 30**place % 30] for place in range(3)]
    letters += rng.choices(ALPHABET, k=5)
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def _answers(number: int, questionnaire: Questionnaire, rng: Random) -> dict[str, Any]:
    """Everything that this person answered, asked or not."""
    if questionnaire.kind == "check-in":
        answers = sendable(questionnaire, returning(**_some(questionnaire, rng)), rng)
    else:
        answers = complete_person(questionnaire, rng)
    answers = answers | _person(number, rng)
    if number % 3 == 1:
        answers |= _some(questionnaire, rng)
    if number % 5 == 0:
        answers |= OPEN
        answers |= _hostile(number // 5, questionnaire)
    if number % 25 in (7, 12):
        answers |= OPEN | _everything(questionnaire, rng)
    if number % 17 == 3:
        answers = {name: _unknown(questionnaire, name, value) for name, value in answers.items()}
    answers = {name: value for name, value in answers.items() if name in questionnaire.questions}
    return sendable(questionnaire, normalise(questionnaire, answers), rng)


def _some(questionnaire: Questionnaire, rng: Random) -> dict[str, Any]:
    """Answers of any kind to a few questions, optional ones among them."""
    asked = rng.sample(list(questionnaire.patient_questions()), 12)
    return {question.id: any_answer(question, rng) for question in asked}


def _person(number: int, rng: Random) -> dict[str, Any]:
    first, last = rng.choice(GIVEN), rng.choice(FAMILY)
    city, state, zip_code = rng.choice(CITIES)
    born = TODAY - timedelta(days=365 * 18 + 5 + 271 * (number % 111))  # from 18 to just over 100
    return {
        "first_name": first,
        "last_name": last,
        "signature_name": f"{first} {last}",
        "date_of_birth": born.isoformat(),
        "email": f"person{number}@example.org",
        "phone": f"805-555-{number % 10000:04}",
        "city": city,
        "state": state,
        "zip_code": zip_code,
        "language": "es" if number % 3 == 0 else "en",
    }


def _hostile(number: int, questionnaire: Questionnaire) -> dict[str, Any]:
    """Text that must stay text in every field that takes some, another one for each person."""
    told: dict[str, Any] = {}
    for place, question in enumerate(questionnaire.patient_questions()):
        if question.kind == "group":
            told[question.id] = _rows(number + place, question, number)
        elif question.kind in HOSTILE:
            texts = HOSTILE[question.kind]
            told[question.id] = texts[(number + place) % len(texts)]
    return told


def _rows(start: int, question: Question, number: int) -> list[dict[str, Any]]:
    """As many rows as the form has room for, for some; cells in turn hostile, plain and blank."""
    many = question.max_rows if number % 25 == 0 else 1 + number % 4
    return [
        {
            column.id: _cell(start + row + place, column)
            for place, column in enumerate(question.columns)
            if (start + row + place) % 7
        }
        for row in range(many)
    ]


def _cell(number: int, column: Column) -> Any:
    if column.kind == "text":
        return TEXTS[number % len(TEXTS)]
    if column.kind == "choice":
        return column.options[number % len(column.options)].id
    return 1 + number % 40 + (0.5 if column.kind == "decimal" else 0)


def _everything(questionnaire: Questionnaire, rng: Random) -> dict[str, Any]:
    """An answer to every question, with all boxes ticked: each follow-up is asked of somebody."""
    answers = {q.id: any_answer(q, rng) for q in questionnaire.patient_questions()}
    for question in questionnaire.patient_questions():
        if question.kind == "choices":
            answers[question.id] = [o for o in question.option_ids if o not in (NONE, UNSURE)]
    medicines = [medicine_row(name) for name in FLAGGED]
    return answers | {
        "medications": medicines,
        "takes_medications": "yes",
        "unreal_most_days": "yes",
    }


def _unknown(questionnaire: Questionnaire, name: str, answer: Any) -> Any:
    question = questionnaire.questions.get(name)
    if question and question.sensitive:
        return DISCUSS
    if question and UNSURE in question.option_ids:
        return [UNSURE] if question.kind == "choices" else UNSURE
    return UNSURE if question and question.may_be_unsure else answer


def _changes(
    number: int, questionnaire: Questionnaire, answers: Mapping[str, Any], rng: Random
) -> dict[str, Any]:
    """What staff measured, corrected or took away of some."""
    changed: dict[str, Any] = {}
    if number % 5 == 2:
        of_staff = (q for q in questionnaire.questions.values() if q.audience == "clinician")
        changed = {q.id: any_answer(q, rng) for q in of_staff if rng.random() < 0.7}
    if number % 20 == 6 and "treatment_goals" in answers:
        changed["treatment_goals"] = "-5 kg, as told on the phone"
    if number % 20 == 13:
        changed["phq9_3"] = None
    return changed
