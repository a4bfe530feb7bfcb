"""Submissions without what tells who sent them: Safe Harbor, 45 CFR 164.514(b)(2).

Every format writes a de-identified source as it writes any other. What is dropped and why:
docs/decisions/0027. In short, by the letters of 164.514(b)(2)(i):

- names (A), telephone, e-mail and all other numbers and codes (D to R): the questions are gone,
  and so is everything that was typed, in cells of groups too; medicines stay by the generic name
  of our own table, else as "other"
- places smaller than a state (B): a ZIP code's first three digits, see `zip3`
- dates (C): the year; nothing of whoever is 90 or older tells the age or the year of birth
- the reference becomes a random record id, 164.514(c): drawn, not derived, and kept nowhere

Findings and scores stay, without the answers that they read. It does not remove rare combinations:
`small_cells` counts them for whoever decides. Safe Harbor also asks that the clinic knows of no way
to tell who somebody is by what is left, 164.514(b)(2)(ii); no software can know that.
"""

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from ..questionnaire.answers import Answers
from ..questionnaire.definition import Questionnaire
from .deidentified_answers import (
    NOTHING,
    Coarsen,
    Then,
    coarse_results,
    coarsener,
    is_oldest,
    year_of,
)
from .deidentified_form import (
    AGE_GROUP,
    BIRTH,
    OVER_89,
    UNDER_90,
    OfAge,
    deidentified_form,
    of_age,
)
from .formats import Sent, Source

SMALL = 5  # a combination of fewer people is told to whoever exports
Coarse = Mapping[str, Coarsen]
SHUFFLED = 500  # rows that change places among themselves
_YEAR = re.compile(r"[0-9]{4}(?![0-9])").match
QUASI_IDENTIFIERS = ("state", "birth_decade", "sex_at_birth", "main_concern")


def random_id() -> str:
    """16 hexadecimal digits from the system's random numbers."""
    return secrets.token_hex(8)


def deidentified(
    source: Source,
    *,
    today: date,
    ids: Callable[[], str] = random_id,
    series: Callable[[str], str] | None = None,
) -> Source:
    """The source as it may leave without the patients' authorization.

    `today`: the day of the export at the clinic; ages are judged by its year. `ids`: draws a new
    record id; the same submission keeps its id over several walks of this source, and has another
    one in every other. `series`: the reference of the first intake of a patient's series by the
    reference of any; with it the rows of a series are "ID-1", "ID-2" in their order, without it no
    row can be joined to another. Rows change places within each 500, so that their order does not
    tell their days.
    """
    return _Deidentified(source, today, ids, series)


@dataclass(frozen=True)
class _Form:
    """A questionnaire without identity. `of_age`: what is not told of the oldest."""

    questionnaire: Questionnaire
    of_age: OfAge


@dataclass(frozen=True)
class _Deidentified:
    source: Source
    today: date
    new_id: Callable[[], str]
    series: Callable[[str], str] | None
    _ids: dict[str, str] = field(default_factory=dict, repr=False)
    _series_ids: dict[str, str] = field(default_factory=dict, repr=False)
    _rows: Counter[str] = field(default_factory=Counter, repr=False)  # of a series, so far
    _forms: dict[tuple[str, str], _Form] = field(default_factory=dict, repr=False)
    _coarse: dict[tuple[str, str, str], Coarse] = field(default_factory=dict, repr=False)

    @cached_property
    def questionnaires(self) -> Sequence[Questionnaire]:
        return [
            self._form(questionnaire).questionnaire for questionnaire in self.source.questionnaires
        ]

    @property
    def widths(self) -> Mapping[str, int]:
        kept = {name for questionnaire in self.questionnaires for name in questionnaire.questions}
        return {name: rows for name, rows in self.source.widths.items() if name in kept}

    def __iter__(self) -> Iterator[Sent]:
        walk = iter(self.source)
        while block := [self._without_identity(sent) for sent in islice(walk, SHUFFLED)]:
            # By ids that were drawn: the same order in every walk, and no other meaning.
            block.sort(key=lambda sent: sent.reference)
            yield from block

    def _without_identity(self, sent: Sent) -> Sent:
        form = self._form(sent.questionnaire)
        answers = _answers(sent.answers, self._coarsener(sent), self.today)
        hidden = form.of_age if answers.get(AGE_GROUP) == OVER_89 else NOTHING
        told = form.questionnaire.questions.keys() - hidden.names
        unanswered = {*sent.unanswered, *([AGE_GROUP] if BIRTH in sent.unanswered else ())}
        return Sent(
            reference=self._id(sent.reference),
            sent_at=_year(sent.sent_at),
            as_of=_year(sent.as_of),
            questionnaire=form.questionnaire,
            answers={name: answer for name, answer in answers.items() if name in told},
            unanswered=frozenset(unanswered & told),
            assessment=coarse_results(sent.assessment, form.questionnaire, hidden),
            changed=tuple(name for name in sent.changed if name in told),
            decision=sent.decision,
            decided_at=sent.decided_at and _year(sent.decided_at),
            outcome_sent=sent.outcome_sent,
        )

    def _form(self, full: Questionnaire) -> _Form:
        mark = (full.version, full.content_hash)
        if mark not in self._forms:
            self._forms[mark] = _Form(deidentified_form(full), of_age(full))
        return self._forms[mark]

    def _coarsener(self, sent: Sent) -> Coarse:
        full, as_of = sent.questionnaire, _year(sent.as_of)
        mark = (full.version, full.content_hash, as_of)
        if mark not in self._coarse:
            then = Then(int(as_of or self.today.year), self.today)
            self._coarse[mark] = coarsener(full, self._form(full).questionnaire, then)
        return self._coarse[mark]

    def _id(self, reference: str) -> str:
        if reference not in self._ids:
            self._ids[reference] = self._drawn(reference)
        return self._ids[reference]

    def _drawn(self, reference: str) -> str:
        """Of its own also within a series: formats know a row by it."""
        if self.series is None:
            return self.new_id()
        first = self.series(reference)
        if first not in self._series_ids:
            self._series_ids[first] = self.new_id()
        self._rows[first] += 1
        return f"{self._series_ids[first]}-{self._rows[first]}"


def _answers(answers: Answers, coarse: Coarse, today: date) -> dict[str, Any]:
    """What is left of the answers. What does not read as an answer to its question is left out."""
    left: dict[str, Any] = {}
    for name, answer in answers.items():
        coarsen = coarse.get(name)
        if coarsen and (value := coarsen(answer)) is not None:
            left[name] = value
    born = year_of(answers.get(BIRTH))
    if born is not None:
        left[AGE_GROUP] = OVER_89 if is_oldest(born, today) else UNDER_90
    return left


def _year(moment: str) -> str:
    return moment[:4] if _YEAR(moment) else ""


# Rare combinations


class SmallCell(NamedTuple):
    """A combination that fewer than SMALL submissions have. `values`: the codes in the order that
    was asked for, "" for no answer."""

    values: tuple[str, ...]
    rows: int


def small_cells(source: Source, by: Sequence[str] = QUASI_IDENTIFIERS) -> list[SmallCell]:
    """The combinations of these answers that fewer than SMALL submissions of the source have, the
    rarest first. It walks the source once. Of a de-identified source no row tells whose it is, so
    submissions are counted, not patients: somebody who came back counts again.

    `by`: ids of questions, and "birth_decade" ("1980s", "90-or-older").
    """
    counted = Counter(tuple(_value(sent, name) for name in by) for sent in source)
    small = (SmallCell(values, rows) for values, rows in counted.items() if rows < SMALL)
    return sorted(small, key=lambda cell: (cell.rows, cell.values))


def _value(sent: Sent, name: str) -> str:
    if name == "birth_decade":
        return _decade(sent.answers)
    answer = sent.answers.get(name, "")
    return " ".join(sorted(map(str, answer))) if isinstance(answer, list | tuple) else str(answer)


def _decade(answers: Answers) -> str:
    if answers.get(AGE_GROUP) == OVER_89:
        return OVER_89
    born = str(answers.get(BIRTH, ""))[:4]
    return f"{born[:3]}0s" if born else ""
