"""What staff changed on a record, and what would change a finding, for the physician. Pure.

A record is made of what is known now. `with_staff` marks on it each answer that is not as it was
sent, and sets the two assessments side by side.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import cast

from . import wording
from .assessment.facts import Facts
from .assessment.results import Assessment, Finding
from .assessment.what_if import Limit, Need, ways_out
from .questionnaire.answers import DISCUSS, Answers
from .questionnaire.definition import Question
from .record import Change, Compared, Record, Row, SectionRows, row_state

STATES = {"not-answered": "not answered", "not-asked": "not asked", "discuss": wording.TALK}
BOUNDS = {
    "<": "under {}",
    "<=": "{} or lower",
    ">": "over {}",
    ">=": "{} or higher",
    "!=": "not {}",
}
UNITS = {"systolic": "mm[Hg]", "diastolic": "mm[Hg]"}
# A name that is true or false: what is said when it is not so, and when it is.
YES_OR_NO = {
    "meds.unrecognised": ("Every current medicine recognized", "A medicine not recognized"),
    "meds.other_clear": ("No current medicine to clear", "A current medicine to clear"),
    "meds.other_caution": ("No current medicine with a note", "A current medicine with a note"),
    "allergies.ketamine": ("Ketamine not among the allergies", "Ketamine among the allergies"),
    "text.crisis": ("No crisis words in free text", "Crisis words in free text"),
    "indications.any": ("No indication met", "An indication met by the scores"),
}
FEW = 3  # options that are named one by one


@dataclass(frozen=True)
class Said:
    """One entry of the chart that changed answers. `at`: clinic time; `by`: a name. `answers` are
    those that it set; None took an answer away."""

    number: int
    at: datetime
    by: str
    reason: str  # "" of a measurement
    answers: Answers = field(repr=False)


@dataclass(frozen=True)
class Sent:
    """What the patient sent, as it was assessed on that day."""

    answers: Answers = field(repr=False)
    assessment: Assessment
    as_of: date


# What staff changed


def with_staff(record: Record, sent: Sent, entries: Sequence[Said]) -> Record:
    """The record of what is known now, with who said what. Without entries it stays as it is."""
    if not entries:
        return record
    then = Facts(record.questionnaire, sent.answers, sent.as_of)
    last = {name: entry for entry in entries for name in entry.answers}
    sections = (
        SectionRows(part.id, part.label, tuple(_marked(row, then, last) for row in part.rows))
        for part in record.sections
    )
    compared = _compared(record, sent.assessment)
    changes = tuple(_changes(record, sent.answers, entries))
    return replace(record, sections=tuple(sections), sent=compared, changes=changes)


def _marked(row: Row, then: Facts, last: Mapping[str, Said]) -> Row:
    entry, was = last.get(row.question), _said(row.question, then)
    if entry is None:
        state = row_state(then.questionnaire.questions[row.question], then)
        return row if state == row.state else replace(row, was=was)
    return replace(row, was=was, by=entry.by, at=entry.at, reason=entry.reason)


def _said(name: str, facts: Facts) -> str:
    question = facts.questionnaire.questions[name]
    state = row_state(question, facts)
    if state in STATES:
        return STATES[state]
    return wording.in_words(question, facts.answers[name])


def _compared(record: Record, before: Assessment) -> Compared:
    after = record.assessment
    status = {finding.rule: finding.status for finding in before.findings}
    left = {finding.rule for finding in after.findings}
    return Compared(
        outcome=wording.OUTCOMES[before.outcome],
        assessment=before,
        appeared=_told(record, (f for f in after.findings if status.get(f.rule) != f.status)),
        gone=_told(record, (f for f in before.findings if f.rule not in left)),
    )


def _told(record: Record, findings: Iterable[Finding]) -> tuple[tuple[Finding, str], ...]:
    return tuple((finding, record.questionnaire.rule[finding.rule].says) for finding in findings)


def _changes(record: Record, sent: Answers, entries: Sequence[Said]) -> Iterator[Change]:
    """Each entry with what stood there before it."""
    known = dict(sent)
    for entry in entries:
        lines = tuple(
            (
                question.label,
                _in_words(question, known.get(name)),
                _in_words(question, entry.answers[name]),
            )
            for name, question in record.questionnaire.questions.items()
            if name in entry.answers
        )
        yield Change(entry.number, entry.at, entry.by, entry.reason, lines)
        known |= entry.answers


def _in_words(question: Question, answer: object) -> str:
    return STATES["not-answered"] if answer is None else wording.in_words(question, answer)


def wants_to_talk(row: Row) -> bool:
    return row.state == DISCUSS or row.was == wording.TALK


# What would change a finding


@dataclass(frozen=True)
class Exit:
    """One way in which a finding goes away: what has to hold, all of it; `then`: the sentences of
    findings that may take its place."""

    says: tuple[str, ...]
    then: tuple[str, ...]


def exits(finding: Finding, facts: Facts) -> tuple[Exit, ...]:
    """What would change the finding, the shortest way first; never empty for a released rule."""
    rule = facts.questionnaire.rule
    return tuple(
        Exit(
            tuple(_need_in_words(need, facts) for need in way.needs),
            tuple(rule[other].says for other in way.then),
        )
        for way in ways_out(rule[finding.rule], facts)
    )


def _need_in_words(need: Need, facts: Facts) -> str:
    label = wording.name_label(facts, need.name)
    if need.value is None:
        given = all(op == "answered" for op, _ in need.limits)
        return f"{label}: answered" if given else f"{label}: no answer"
    match need.kind:
        case "boolean":
            return _yes_or_no(need, label)
        case "ticks":
            return f"{label}: {_ticks(need, facts.questionnaire.questions[need.name])}"
        case "option":
            return f"{label}: {_options(need, facts)}"
        case _:
            return f"{label}: {_bounds(need, facts)}"


def _yes_or_no(need: Need, label: str) -> str:
    _, _, flag = need.name.partition(".")
    if flag in wording.FLAG_WORDS:
        some = "a current medicine" if need.value else "no current medicine"
        return f"Medicines: {some} of the kind “{wording.FLAG_WORDS[flag]}”"
    absent, present = YES_OR_NO.get(need.name, (f"{label}: no", f"{label}: yes"))
    return present if need.value else absent


def _ticks(need: Need, question: Question) -> str:
    said = {True: list[str](), False: list[str]()}
    for op, option_id in need.limits:
        option = question.option(option_id)
        said[op == "has"].append(f"“{option.label or option.en}”")
    parts = [("with", said[True]), ("without", said[False])]
    return ", ".join(f"{word} {_joined(names, 'and')}" for word, names in parts if names)


def _options(need: Need, facts: Facts) -> str:
    question = facts.questionnaire.questions.get(need.name)
    named = {o.id: o.label or o.en for o in question.options} if question else {}
    left = need.options
    barred = [o for o in named if o not in left and o != "unsure"]
    if len(left) <= FEW or len(left) <= len(barred):
        return _joined([f"“{named.get(option, option)}”" for option in left], "or")
    return "not " + _joined([f"“{named[option]}”" for option in barred], "or")


def _bounds(need: Need, facts: Facts) -> str:
    question = facts.questionnaire.questions.get(need.name)
    unit = UNITS.get(need.name) or (question.unit if question else None)
    if need.limits[0][0] == "==" or any(_only_value(need, limit) for limit in need.limits):
        return wording.with_unit(need.value, unit)
    told = [limit for limit in need.limits if not any(_says_more(o, limit) for o in need.limits)]
    return " and ".join(BOUNDS[op].format(wording.with_unit(end, unit)) for op, end in told)


def _says_more(other: Limit, limit: Limit) -> bool:
    """Under 5 says more than under 7."""
    sides = [next((s for s in "<>" if op.startswith(s)), op) for op, _ in (other, limit)]
    ends = other[1], limit[1]
    if sides[0] != sides[1] or not all(isinstance(end, int | float) for end in ends):
        return False
    mine, its = cast(tuple[float, float], ends)
    return mine < its if sides[0] == "<" else mine > its if sides[0] == ">" else False


def _only_value(need: Need, limit: Limit) -> bool:
    """Under 1 is 0 where there is nothing lower."""
    op, bound = limit
    if not need.whole or not isinstance(bound, int | float) or need.least is None:
        return False
    return (op, bound) in (("<", need.least + 1), ("<=", need.least))


def _joined(names: Sequence[str], word: str) -> str:
    *most, last = names
    return f"{', '.join(most)} {word} {last}" if most else last
