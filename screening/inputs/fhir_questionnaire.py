"""A FHIR R4 Questionnaire read as a questionnaire of ours, or what of it we cannot do.

What changes nothing of what is asked or meant is left out and named in `notes`; what would change
it is refused, all of it at once. Scores are not read: an instrument is made by us, with its source.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from keyword import kwlist

from pydantic import ValidationError

from ..outputs.fhir import tables
from ..outputs.fhir.enabling import NONE_OF_THEM
from ..questionnaire.definition import Column, Page, Question, Questionnaire, Section, Text
from . import fhir_items as items
from . import fhir_shape
from .fhir_conditions import ConditionNotReadError, both, condition
from .fhir_items import Names
from .fhir_names import Json, NotSupportedError, extensions, free_name, name_of, text_of, value_of


@dataclass(frozen=True)
class Loaded:
    """`names` leads from linkIds and codes to ours, for reading responses."""

    questionnaire: Questionnaire
    names: Names = field(repr=False)
    notes: tuple[str, ...] = ()


@dataclass
class _Reader:
    """What is gathered on the way down the tree."""

    ours: bool  # it was written by us: booleans are agreements, ticks "none" belong to a group
    audience: str = "patient"  # of the section that is read
    names: Names = field(default_factory=Names)
    # Words of our conditions are no names of questions.
    ids: set[str] = field(default_factory=lambda: {*kwlist, "answered"})
    pages: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    questions: dict[str, Question] = field(default_factory=dict)  # by linkId
    nones: dict[str, Text] = field(default_factory=dict)  # by the linkId of the group


def load(resource: Json) -> Loaded:
    """Raises NotSupportedError with a line for each thing that we cannot do."""
    if resource.get("resourceType") != "Questionnaire":
        raise NotSupportedError(["-: this is not a FHIR Questionnaire"])
    fhir_shape.check(resource)
    if str(resource.get("language", "en"))[:2] != "en":
        raise NotSupportedError(["-: its own language is not English (Spanish as translations)"])
    url = str(resource.get("url", ""))
    reader = _Reader(url.startswith(tables.OURS + ":"))
    try:
        sections = [section for section in _sections(reader, resource) if section.pages]
    except ValidationError as error:
        raise _not_ours(error) from None
    if not sections and not reader.refused:
        reader.refused.append("-: nothing in it is asked")
    if reader.refused:
        raise NotSupportedError(reader.refused)
    return Loaded(_built(resource, sections, url), reader.names, tuple(reader.notes))


def _built(resource: Json, sections: list[Section], url: str) -> Questionnaire:
    name = str(resource.get("name") or resource.get("id") or "questionnaire")
    try:
        return Questionnaire(
            version=str(resource.get("version") or name)[:32],
            kind="check-in" if url.endswith(":check-in") else "intake",
            title=text_of(resource, "title") or {"en": name},
            sections=tuple(sections),
            instruments=(),
            indications={},
            rules=(),
            medicines=(),
            sources={},
            contacts=(),
            panels=(),
        )
    except ValidationError as error:
        raise _not_ours(error) from None


def _not_ours(error: ValidationError) -> NotSupportedError:
    return NotSupportedError([f"-: {one['msg']}" for one in error.errors()])


# The tree


def _sections(reader: _Reader, resource: Json) -> Iterator[Section]:
    """Its groups; what stands beside them is a section of its own."""
    title = text_of(resource, "title") or {"en": "Questions"}
    for item in resource.get("item", ()):
        if item.get("type") == "group" and not item.get("repeats"):
            yield _section(reader, item, text_of(item) or title)
    alone = [
        item
        for item in resource.get("item", ())
        if item.get("type") != "group" or item.get("repeats")
    ]
    if alone:
        yield _section(reader, {"linkId": "questions", "item": alone}, title)


def _section(reader: _Reader, item: Json, title: Text) -> Section:
    audience = reader.audience = value_of(item, tables.AUDIENCE) or "patient"
    pages = tuple(_pages(reader, item, title, _asked_if(reader, item, None)))
    name = free_name(name_of(str(item.get("linkId", "section"))), reader.pages)
    return Section(id=name, title=title, label=title["en"], audience=audience, pages=pages)


def _pages(reader: _Reader, group: Json, title: Text, said: str | None) -> Iterator[Page]:
    """A page for what is asked in a row; what lies in a group below has a page of its own."""
    found: list[Question] = []
    intro = ""
    for item in group.get("item", ()):
        kind = item.get("type")
        if kind == "display":
            told = (text_of(item) or {"en": ""})["en"]
            intro = f"{intro}\n{told}".strip()
        elif kind == "group" and not item.get("repeats"):
            yield from _page(reader, group, title, found, intro)
            found, intro = [], ""
            yield from _pages(reader, item, text_of(item) or title, _asked_if(reader, item, said))
        elif kind == "group":
            yield from _page(reader, group, title, found, intro)
            found, intro = [], ""
            rows = list(_questions(reader, item, said))
            yield from _page(reader, item, text_of(item) or title, rows, "")
        else:
            found += _questions(reader, item, said)
    yield from _page(reader, group, title, found, intro)


def _page(
    reader: _Reader, item: Json, title: Text, questions: list[Question], intro: str
) -> Iterator[Page]:
    if questions:
        name = free_name(name_of(str(item.get("linkId", "page"))), reader.pages)
        told: Text | None = {"en": intro} if intro else None
        yield Page(id=name, title=title, intro=told, questions=tuple(questions))


# Questions


def _questions(reader: _Reader, item: Json, said: str | None) -> Iterator[Question]:
    """The question of an item, then those that stand under its answer."""
    link_id = str(item.get("linkId", ""))
    told = items.faults(item)
    if told.refused:
        reader.refused += [f"{link_id}: {line}" for line in told.refused]
        return
    reader.notes += [f"{link_id}: {line}" for line in told.notes]
    if told.left_out:
        return
    if reader.ours and _is_none(reader, item, link_id):
        return
    asked_if = _asked_if(reader, item, said)
    question = _question(reader, item, link_id, asked_if)
    if question is None:
        return
    yield question
    for child in item.get("item", ()):
        if child.get("type") not in ("display", None) and question.kind != "group":
            yield from _questions(reader, child, both(asked_if, f"answered({question.id})"))


def _is_none(reader: _Reader, item: Json, link_id: str) -> bool:
    """The tick "none of them" of a group of ours, kept until its group comes."""
    suffix = NONE_OF_THEM.format(group="")
    if item.get("type") != "boolean" or not link_id.endswith(suffix):
        return False
    group = link_id.removesuffix(suffix)
    reader.nones[group] = text_of(item) or {"en": "None"}
    reader.names.nones[link_id] = group
    return True


def _question(reader: _Reader, item: Json, link_id: str, asked_if: str | None) -> Question | None:
    # Ours keep their names to the letter.
    wanted = link_id if reader.ours and re.fullmatch(r"[a-z0-9_]+", link_id) else name_of(link_id)
    name = free_name(wanted, reader.ids)
    columns: dict[str, Column] = {}
    try:
        if item.get("type") == "group":
            columns = dict(items.columns(item, name, reader.names))
        made = items.question(item, name, reader.names, ours=reader.ours)
        made |= {"ask_if": asked_if, "columns": tuple(columns.values())}
        made["audience"] = reader.audience
        if item.get("type") == "group" and not made["min_rows"]:
            made["none_text"] = reader.nones.get(link_id, items.NONE)
        question = Question(**made)
    except items.NotReadError as error:
        reader.refused += [f"{link_id}: {line}" for line in error.lines]
        return None
    except ValidationError as error:
        reader.refused += [f"{link_id}: {one['msg']}" for one in error.errors()]
        return None
    reader.questions[link_id] = question
    reader.names.questions[link_id] = (name, None)
    reader.names.questions |= {link: (name, column.id) for link, column in columns.items()}
    return question


def _asked_if(reader: _Reader, item: Json, said: str | None) -> str | None:
    """What it says itself and what was said above it; one of ours says both."""
    if value_of(item, tables.HEADING):
        return said  # what stands under it says when it is asked
    if reader.ours and all(
        when.get("question") in reader.names.nones for when in item.get("enableWhen", ())
    ):
        item = {key: value for key, value in item.items() if key != "enableWhen"}
    try:
        own = condition(item, reader.questions.get, reader.names.option_of)
    except ConditionNotReadError as error:
        reader.refused.append(f"{item.get('linkId')}: {error.args[0]}")
        return said
    ours = list(extensions(item, tables.ASKED_IF))
    return own if ours else both(said, own)
