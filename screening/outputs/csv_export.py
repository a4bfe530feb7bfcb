"""Submissions as CSV: UTF-8 with a byte order mark (for Excel), a header, a line a submission.

What was sent never changes, so neither does its line but for the width of the groups. `Plan.ready`
makes the line once, to be kept; an export only fits kept lines together. See `cells` for what a
cell holds, `columns` for their order.

A kept line: the outcome, then CSV text and groups in turn, between separators. CSV text has a
comma before each cell; a group is its number of rows and its cells.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from ..assessment.facts import Facts
from ..questionnaire.answers import Answers
from ..questionnaire.definition import Question, Questionnaire
from .cells import NO_ANSWER, NOT_ASKED, PART, columns_of, encoder, filled, quoted
from .columns import SEPARATOR, UNDECIDED, Widths, columns, exported, merged, score_parts

# Count up when a kept line would come out differently: those kept before are then made again.
FORM = "1"
BYTE_ORDER_MARK = "\ufeff"
LINE_END = "\r\n"
LINES_A_CHUNK = 100


class Submitted(NamedTuple):
    """One sent intake. `submitted_at` is in the clinic's zone, `kept` was made by `Plan.ready`."""

    reference: str
    submitted_at: datetime
    plan: "Plan"
    kept: str


def csv_chunks(
    plans: Sequence["Plan"], widths: Widths, submissions: Iterable[Submitted]
) -> Iterator[bytes]:
    """The file in pieces. The first plan's columns lead; `plans` must hold that of every
    submission, and `widths` at least its rows."""
    names = [column.name for column in merged([p.questionnaire for p in plans], widths)]
    yield (BYTE_ORDER_MARK + ",".join(names) + LINE_END).encode()
    lines: list[str] = []
    for line in rows(plans, widths, submissions):
        lines.append(line)
        if len(lines) == LINES_A_CHUNK:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def rows(
    plans: Sequence["Plan"], widths: Widths, submissions: Iterable[Submitted]
) -> Iterator[str]:
    """One line of CSV text a submission, with its line end."""
    names = [column.name for column in merged([p.questionnaire for p in plans], widths)]
    writers = {plan: plan.writer(names, widths) for plan in plans}
    for reference, submitted_at, plan, kept in submissions:
        line = writers[plan](kept, reference, submitted_at.isoformat(timespec="seconds"))
        yield line + LINE_END


def outcome_of(kept: str) -> str:
    return kept[: kept.index(PART)]


class Plan:
    """How submissions of one version become lines; made once, used for all of them."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        questions = exported(questionnaire)
        self.groups = [q for q in questions if q.kind == "group"]
        self._blank = [_blank(question) for question in questions]
        self._known = {q.id: (place, encoder(q)) for place, q in enumerate(questions)}
        self._group_at = [questions.index(group) for group in self.groups]
        # A sent intake lacks no required answer (`workflows.intake` refuses it), so a required
        # follow-up without one was not asked; of an optional one only its condition can tell.
        self._open = [
            (place, question.id, _no_answer(question))
            for place, question in enumerate(questions)
            if question.ask_if and not question.required and question.audience == "patient"
        ]
        self._scores = [(i.id, score_parts(i)) for i in questionnaire.instruments]

    def ready(self, document: Mapping[str, Any]) -> str:
        """The line of a submission. `document` is what was frozen: answers, as_of (ISO) and
        assessment, as JSON values."""
        answers, assessment = document["answers"], document["assessment"]
        pieces = self._pieces(answers, document["as_of"])
        parts, start = [assessment["outcome"]], 0
        for place, group in zip(self._group_at, self.groups, strict=True):
            rows = answers.get(group.id)
            many = len(rows) if isinstance(rows, list | tuple) else 0
            parts += [_cells(pieces[start:place]), f"{many},{pieces[place]}"]
            start = place + 1
        parts.append(_cells([*pieces[start:], *self._results(assessment)]))
        return PART.join(parts)

    def _pieces(self, answers: Answers, as_of: str) -> list[str]:
        """The CSV text of every question: start from nothing known, fill in what is there."""
        pieces = self._blank.copy()
        for question_id, answer in answers.items():
            if question_id in self._known:
                place, encode = self._known[question_id]
                pieces[place] = encode(answer)
        left_empty = [entry for entry in self._open if entry[1] not in answers]
        if not left_empty:
            return pieces
        facts = Facts(self.questionnaire, answers, date.fromisoformat(as_of))
        for place, question_id, no_answer in left_empty:
            if facts.asked(question_id) is True:
                pieces[place] = no_answer
        return pieces

    def _results(self, assessment: Mapping[str, Any]) -> Iterator[str]:
        yield assessment["outcome"]
        yield SEPARATOR.join(
            finding["rule"] if finding["status"] == "met" else finding["rule"] + UNDECIDED
            for finding in assessment["findings"]
        )
        scores = {score["instrument"]: score for score in assessment["scores"]}
        for instrument, parts in self._scores:
            score = scores.get(instrument, {})
            yield from (_plain(score.get(part)) for part in parts)

    def widen(self, widths: MutableMapping[str, int], kept: str) -> None:
        """Make room for the groups of one more kept line."""
        parts = kept.split(PART)
        for group, part in zip(self.groups, parts[2::2], strict=True):
            many = int(part[: part.index(",")])
            if many > widths.get(group.id, 0):
                widths[group.id] = many

    def writer(self, names: Sequence[str], widths: Widths) -> Callable[[str, str, str], str]:
        """What writes a kept line, its reference and its time under these columns."""
        own = [column.name for column in columns(self.questionnaire, widths)]
        fits = [_fit(group, widths.get(group.id, 0)) for group in self.groups]
        version = self.questionnaire.version

        def write(kept: str, reference: str, submitted_at: str) -> str:
            parts = kept.split(PART)
            for place, fit in enumerate(fits):
                parts[2 + 2 * place] = fit(parts[2 + 2 * place])
            parts[0] = ""
            return f"{''.join(parts)[1:]},{reference},{submitted_at},{version}"

        return write if own == list(names) else _moved(write, own, names)


def _cells(pieces: Iterable[str]) -> str:
    return "".join(["," + piece for piece in pieces])


def _plain(value: object) -> str:
    """A part of a score; JSON made 17 into 17.0."""
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _blank(question: Question) -> str:
    """Its piece while nothing is known of it: NI where everyone is asked, else empty."""
    always_asked = question.ask_if is None and question.audience == "patient"
    return _no_answer(question) if always_asked else filled(question, NOT_ASKED)


def _no_answer(question: Question) -> str:
    return filled(question, NO_ANSWER)


def _fit(group: Question, width: int) -> Callable[[str], str]:
    """What brings a group of a kept line to `width` rows."""
    blank_row = "," * columns_of(group)

    def fit(part: str) -> str:
        many, _, cells = part.partition(",")
        if width == 0:
            return ""
        # Without rows it is one row of a code, or of nothing.
        return "," + cells + blank_row * (width - max(int(many), 1))

    return fit


def _moved(
    write: Callable[[str, str, str], str], own: Sequence[str], names: Sequence[str]
) -> Callable[[str, str, str], str]:
    """The line of another version, its cells put under the columns that were agreed on."""
    places = [own.index(name) if name in own else None for name in names]

    def moved(kept: str, reference: str, submitted_at: str) -> str:
        cells = next(csv.reader([write(kept, reference, submitted_at)]))
        return ",".join(NOT_ASKED if place is None else quoted(cells[place]) for place in places)

    return moved
