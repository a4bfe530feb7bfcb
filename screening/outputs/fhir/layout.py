"""The tree of a Questionnaire: sections, pages, instruments, questions and what stands in a row.

Both the Questionnaire and every response are written along it, and conditions find answers by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from ...questionnaire.definition import Column, Instrument, Page, Question, Questionnaire, Section
from .enabling import NONE_OF_THEM

TOTAL = "{instrument}.total"
METHODS_WITH_A_TOTAL = ("sum", "count_yes", "mean")


@dataclass(frozen=True, eq=False)
class Place:
    """One item. `of` is what it is the item of; of a tick "none of them" its group."""

    link_id: str
    of: Section | Page | Instrument | Question | Column
    ask_if: str | None = None  # where those above do not say it already
    heading: str | None = None  # of what has several: any of theirs, so that no heading stands bare
    children: tuple["Place", ...] = ()
    total: bool = False  # the computed one of an instrument
    none: bool = False  # the tick of a group that may be empty


@dataclass(frozen=True, eq=False)
class Layout:
    places: tuple[Place, ...]
    above: dict[str, tuple[str, ...]]  # link id -> link ids from the top to itself


@lru_cache(maxsize=16)
def layout(questionnaire: Questionnaire) -> Layout:
    places = tuple(_section(questionnaire, section) for section in questionnaire.sections)
    return Layout(places, dict(_paths(places, ())))


def _paths(
    places: tuple[Place, ...], above: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for place in places:
        here = (*above, place.link_id)
        yield place.link_id, here
        yield from _paths(place.children, here)


def _section(questionnaire: Questionnaire, section: Section) -> Place:
    shared = _shared(section.questions)
    alone = len(section.pages) == 1
    pages = tuple(_page(questionnaire, page, shared, alone=alone) for page in section.pages)
    return Place(f"section.{section.id}", section, shared, _any(section.questions), pages)


def _page(questionnaire: Questionnaire, page: Page, said: str | None, *, alone: bool) -> Place:
    shared = _shared(page.questions)
    told = shared or said
    children: list[Place] = []
    for instrument, items in groupby(page.questions, lambda question: question.instrument):
        if instrument in questionnaire.instrument:
            children.append(_instrument(questionnaire.instrument[instrument], tuple(items), told))
        else:
            children += [place for item in items for place in _question(item, told)]
    heading = None if alone else _any(page.questions)
    return Place(f"page.{page.id}", page, _once(shared, said), heading, tuple(children))


def _instrument(instrument: Instrument, items: tuple[Question, ...], said: str | None) -> Place:
    shared = _shared(items)
    places = [place for item in items for place in _question(item, shared or said)]
    has = {item.id for item in items}
    if instrument.scoring.method in METHODS_WITH_A_TOTAL and has.issuperset(instrument.items):
        places.append(Place(TOTAL.format(instrument=instrument.id), instrument, total=True))
    link_id = f"instrument.{instrument.id}"
    return Place(link_id, instrument, _once(shared, said), _any(items), tuple(places))


def _question(question: Question, said: str | None) -> Iterator[Place]:
    ask_if = _once(question.ask_if, said)
    if question.kind == "group" and question.min_rows == 0:
        yield Place(NONE_OF_THEM.format(group=question.id), question, ask_if, none=True)
    columns = (Place(f"{question.id}.{column.id}", column) for column in question.columns)
    yield Place(question.id, question, ask_if, children=tuple(columns))


def _shared(questions: tuple[Question, ...]) -> str | None:
    """The condition that all of them have; its heading then comes and goes with them."""
    conditions = {question.ask_if for question in questions}
    return conditions.pop() if len(conditions) == 1 else None


def _any(questions: tuple[Question, ...]) -> str | None:
    """Where each has a condition and they differ: that one of them is asked."""
    conditions = dict.fromkeys(question.ask_if for question in questions)
    if None in conditions or len(conditions) < 2:
        return None
    return " or ".join(f"({condition})" for condition in conditions)


def _once(ask_if: str | None, said: str | None) -> str | None:
    return None if ask_if == said else ask_if
