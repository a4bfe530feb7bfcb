"""The items of a Questionnaire, one function for each thing that stands in the tree."""

from collections.abc import Callable, Iterator
from itertools import zip_longest

from ...questionnaire.answers import NONE
from ...questionnaire.definition import (
    Column,
    Instrument,
    Option,
    Page,
    Question,
    Questionnaire,
    Section,
    Text,
)
from ...questionnaire.validation import MAX_TEXT
from . import tables
from .codes import Json, coding, loinc, talk_coding, translated, translation
from .enabling import NONE_OF_THEM, UntranslatableError, enabled
from .fhirpath import enable_when, expression, option_points, total
from .layout import Place

FHIRPATH = "text/fhirpath"


def item(questionnaire: Questionnaire, place: Place) -> Json:
    """The item of a place with all that stands under it."""
    if place.total:
        made = _total(questionnaire, place)
    elif place.none:
        made = _none(place)
    else:
        made = _MAKERS[type(place.of)](place)
    extensions = made.pop("extension", [])
    enabling = _enabling(questionnaire, place)
    extensions += enabling.pop("extension", [])
    found = {"linkId": place.link_id} | ({"extension": extensions} if extensions else {})
    children = made.pop("item", []) + list(_children(questionnaire, place))
    found |= made | enabling | ({"item": children} if children else {})
    return found


def _children(questionnaire: Questionnaire, place: Place) -> Iterator[Json]:
    """What stands under it; after an instrument's gate its stem, which begins what follows."""
    of = place.of
    gate = of.scoring.gate if isinstance(of, Instrument) else None
    for child, following in zip_longest(place.children, place.children[1:]):
        yield item(questionnaire, child)
        if isinstance(of, Instrument) and gate and child.link_id == gate.item and following:
            (stem,) = _display(f"{place.link_id}.stem", of.stem)
            yield stem | _enabling(questionnaire, following)
    if isinstance(of, Question) and of.instrument in questionnaire.instrument:
        ends = questionnaire.instrument[of.instrument].anchors.get(of.id)
        yield from _display(f"{place.link_id}.ends", _ends(of, ends), "help")


def _ends(scale: Question, texts: tuple[Text, Text] | None) -> Text | None:
    """What stands at both ends of a scale of numbers."""
    if texts is None:
        return None
    low, high = texts
    first, last = scale.option_ids[0], scale.option_ids[-1]
    return {
        language: f"{first}: {low[language]}. {last}: {high[language]}."
        for language in low
        if language in high
    }


def _enabling(questionnaire: Questionnaire, place: Place) -> Json:
    """When it is asked; where no answer of the form tells, our condition as a note."""
    may_be_none = isinstance(place.of, Question) and place.of.kind == "group" and not place.none
    none = NONE_OF_THEM.format(group=place.link_id)
    if may_be_none and place.of.min_rows == 0 and not place.ask_if:  # type: ignore[union-attr]
        exists = {"question": none, "operator": "exists", "answerBoolean": False}
        no = {"question": none, "operator": "=", "answerBoolean": False}
        return {"enableWhen": [exists, no], "enableBehavior": "any"}
    condition = place.ask_if or place.heading
    if not condition:
        return {}
    ours: Json = {"url": tables.ASKED_IF, "valueString": condition}
    if not place.ask_if:
        ours = {"url": tables.HEADING, "valueBoolean": True}
    try:
        formula = enabled(questionnaire, condition)
    except UntranslatableError:
        note = {"url": tables.DESIGN_NOTE, "valueMarkdown": f"Asked only if: {condition}"}
        return {"extension": [note, ours]} if place.ask_if else {}
    simple = enable_when(questionnaire, formula)
    if simple:
        return {"extension": [ours], **simple}
    path = expression(questionnaire, formula)
    return {"extension": [_computed(tables.ENABLE_WHEN, path), ours]}


def _computed(url: str, path: str, name: str = "") -> Json:
    named = {"name": name} if name else {}
    return {"url": url, "valueExpression": named | {"language": FHIRPATH, "expression": path}}


def _words(text: Text) -> Json:
    spanish = translated(text)
    return {"text": text["en"]} | ({"_text": spanish} if spanish else {})


def _display(link_id: str, text: Text | None, control: str = "") -> list[Json]:
    """A text that nobody answers; with the control "help" it belongs to the item above."""
    if text is None:
        return []
    made: Json = {"linkId": link_id}
    if control:
        made["extension"] = [_control(control)]
    return [made | _words(text) | {"type": "display"}]


def _control(code: str) -> Json:
    chosen = {"coding": [{"system": tables.ITEM_CONTROLS, "code": code}]}
    return {"url": tables.ITEM_CONTROL, "valueCodeableConcept": chosen}


# What stands in the tree


def _section(place: Place) -> Json:
    section = place.of
    assert isinstance(section, Section)  # noqa: S101 - by _MAKERS
    made = _words(section.title) | {"type": "group"}
    if section.audience == "clinician":
        marks = [{"url": tables.HIDDEN, "valueBoolean": True}]
        made["extension"] = [*marks, {"url": tables.AUDIENCE, "valueCode": "clinician"}]
    return made


def _page(place: Place) -> Json:
    page = place.of
    assert isinstance(page, Page)  # noqa: S101
    told = _display(f"{place.link_id}.intro", page.intro)
    told += _display(f"{place.link_id}.why", page.why)
    return _words(page.title) | {"type": "group"} | ({"item": told} if told else {})


def _instrument(place: Place) -> Json:
    """Its items under its stem, by its panel's code. After a gate the stem begins the questions
    that follow it, so the name heads them all."""
    instrument = place.of
    assert isinstance(instrument, Instrument)  # noqa: S101
    told = _display(f"{place.link_id}.help", instrument.help)
    heading: Text = instrument.stem
    if instrument.scoring.gate:
        heading = {"en": instrument.name}
    made = _words(heading) | {"type": "group"}
    if instrument.loinc_panel:
        made["code"] = [loinc(instrument.loinc_panel, instrument.name)]
    return made | ({"item": told} if told else {})


def _total(questionnaire: Questionnaire, place: Place) -> Json:
    instrument = place.of
    assert isinstance(instrument, Instrument)  # noqa: S101
    variables, path = total(questionnaire, instrument)
    reads = [_computed(tables.VARIABLE, value, name) for name, value in variables.items()]
    made: Json = {
        "extension": [*reads, _computed(tables.CALCULATED, path)],
        "text": f"{instrument.short_name} total",
        "type": "decimal" if instrument.scoring.decimals else "integer",
        "required": False,
        "readOnly": True,
    }
    if instrument.loinc_total:
        made["code"] = [loinc(instrument.loinc_total, f"{instrument.short_name} total score")]
    return made


def _none(place: Place) -> Json:
    group = place.of
    assert isinstance(group, Question)  # noqa: S101
    words = _words(group.none_text or {"en": "None"})
    return words | {"type": "boolean", "required": False}


def _question(place: Place) -> Json:
    question = place.of
    assert isinstance(question, Question)  # noqa: S101
    kind = tables.TYPES[question.kind]
    made: Json = {"extension": _limits(question, question.kind)}
    if question.loinc:
        made["code"] = [loinc(question.loinc)]
    made |= _words(question.text) | {"type": kind}
    if question.audience == "patient":
        made["required"] = question.required
    if question.kind == "group":
        made["repeats"] = True
        made["extension"] += _rows(question)
    elif question.kind == "choices":
        made["repeats"] = True
    if question.kind in MAX_TEXT:
        made["maxLength"] = MAX_TEXT[question.kind]
    if question.options:
        made["extension"].append(_control(_drawn(question)))
        made["answerOption"] = _options(question)
    help_text = _display(f"{place.link_id}.hint", question.hint, "help")
    return made | ({"item": help_text} if help_text else {})


def _column(place: Place) -> Json:
    column = place.of
    assert isinstance(column, Column)  # noqa: S101
    made: Json = {"extension": _limits(column, column.kind)} | _words(column.text)
    made |= {"type": tables.TYPES[column.kind], "required": False}
    if column.kind == "text":
        made["maxLength"] = MAX_TEXT["text"]
    if column.options:
        group = place.link_id.removesuffix(f".{column.id}")
        options = ((o, coding(f"{group}.{column.id}", o)) for o in column.options)
        made["answerOption"] = [{"valueCoding": _shown(chosen, o)} for o, chosen in options]
    help_text = _display(f"{place.link_id}.hint", column.hint, "help")
    return made | ({"item": help_text} if help_text else {})


_MAKERS: dict[type, Callable[[Place], Json]] = {
    Section: _section,
    Page: _page,
    Instrument: _instrument,
    Question: _question,
    Column: _column,
}


# Parts of a question


def _limits(of: Question | Column, kind: str) -> list[Json]:
    """Bounds, unit and pattern. The standard has no exclusive bound: a column's stands as the
    least value."""
    value = {"integer": "valueInteger", "decimal": "valueDecimal"}.get(kind)
    found: list[Json] = []
    if value:
        least = of.min if of.min is not None else getattr(of, "above", None)
        for url, bound in ((tables.MIN_VALUE, least), (tables.MAX_VALUE, of.max)):
            if bound is not None:
                found.append({"url": url, value: int(bound) if bound == int(bound) else bound})
        if of.unit:
            found.append({"url": tables.UNIT, "valueCoding": unit(of.unit)})
    if kind in tables.PATTERNS:
        pattern = tables.PATTERNS[kind]  # type: ignore[index]
        found.append({"url": tables.REGEX, "valueString": pattern})
    return found


def unit(name: str) -> Json:
    code = tables.UCUM_UNITS.get(name)
    return {"system": tables.UCUM, "code": code, "display": name} if code else {"display": name}


def _rows(group: Question) -> list[Json]:
    found: list[Json] = [{"url": tables.MAX_OCCURS, "valueInteger": group.max_rows}]
    if group.min_rows:
        found.insert(0, {"url": tables.MIN_OCCURS, "valueInteger": group.min_rows})
    return found


def _drawn(question: Question) -> str:
    if question.kind == "choices":
        return "check-box"
    return "drop-down" if len(question.options) >= tables.DROP_DOWN_FROM else "radio-button"


def _options(question: Question) -> list[Json]:
    made = [_option(question, option) for option in question.options]
    if question.sensitive:
        talk = talk_coding() | {"_display": translation(tables.TALK["es"])}
        made.append(_alone(question, {"valueCoding": talk}))
    return made


def _option(question: Question, option: Option) -> Json:
    made: Json = {"valueCoding": _shown(coding(question.id, option, question.instrument), option)}
    scored = question.kind == "scale" or (question.instrument and option.id in ("yes", "no"))
    if scored:
        weight = {"url": tables.ORDINAL, "valueDecimal": option_points(question, option.id)}
        made = {"extension": [weight]} | made
    return _alone(question, made) if option.id == NONE else made


def _alone(question: Question, option: Json) -> Json:
    """Whoever ticks it ticks nothing else."""
    if question.kind != "choices":
        return option
    mark = {"url": tables.EXCLUSIVE, "valueBoolean": True}
    return option | {"extension": [*option.get("extension", []), mark]}


def _shown(chosen: Json, option: Option) -> Json:
    spanish = translation(option.es if option.es != option.en else None)
    return chosen | ({"_display": spanish} if spanish else {})


def copyright_of(questionnaire: Questionnaire) -> str:
    """Whose the instruments are, in their own words, and the notice that LOINC asks for."""
    lines = [instrument.attribution for instrument in questionnaire.instruments]
    return "\n\n".join([*lines, tables.LOINC_NOTICE])
