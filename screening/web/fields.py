"""What the templates draw of a question: one plain dict a field (templates/components/field.html).

The unchanging part of a view is made once a question and language; values and errors are laid over.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from flask import url_for

from ..questionnaire.answers import DISCUSS, NONE, UNSURE
from ..questionnaire.definition import Column, Instrument, Language, Question, Questionnaire
from ..questionnaire.validation import Problem
from . import measures
from .i18n import text, texts

View = dict[str, Any]
WIDTHS = {"integer": 5, "decimal": 5, "zip": 10, "phone": 20}
# The unit beside an input. None: the question names it, or each box does.
UNITS = {"mm[Hg]": "mmHg"} | dict.fromkeys(("months", "in", "lb", "h", "days a week"))
EXAMPLES = {"in": "66", "lb": "150", "mg": "100", "cm": "168", "kg": "68"}
DATE_WIDTHS = {"month": 4, "day": 2, "year": 4}
STEM = "stem"  # the id of an instrument's stem on its page
LONG_STEM = 150  # characters; a longer one is an instruction, which is not read out again
REPEATED = 4  # after so many items the stem, which names the recall period, stands there again
SUGGESTIONS = "medicine-names.js"  # a static file, made at start from the questionnaire


@lru_cache(maxsize=4096)
def _static(question: Question, language: Language) -> View:
    options = [
        {
            "value": option.id,
            "text": option.text(language),
            "checked": False,
            "exclusive": option.id == NONE,
        }
        for option in question.options
    ]
    return _empty() | {
        "id": question.id,
        "kind": question.kind,
        "name": question.id,
        "text": _in(question.text, language),
        "hint": _in(question.hint, language) if question.hint else None,
        "hint_lang": "en" if question.hint and language not in question.hint else None,
        "lang": None if language in question.languages else question.languages[0],
        "optional": not question.required,
        "options": options,
        "unit": UNITS.get(question.unit or "", question.unit),
        "autocomplete": question.autocomplete,
        "inputmode": _inputmode(question.kind, question.unit),
        "width": WIDTHS.get(question.kind),
        "spellcheck": False if question.kind in ("text", "email") else None,
    }


def _empty() -> View:
    blank = (
        "error hint hint_lang lang lead discuss unsure unit autocomplete inputmode width "
        "spellcheck suggestions ask_if low high described_by"
    )
    return dict.fromkeys(blank.split()) | {
        "optional": False,
        "value": "",
        "options": [],
        "parts": [],
        "hidden": False,
    }


def plain_view(name: str, kind: str, text_: str, **drawn: Any) -> View:
    """The view of an input that is no question, such as the resume code."""
    return _empty() | {"id": name, "name": name, "kind": kind, "text": text_} | drawn


def _in(text: Mapping[Any, str], language: str) -> str:
    return text.get(language) or text["en"]


def _inputmode(kind: str, unit: str | None) -> str | None:
    if kind in ("integer", "decimal"):
        return "numeric" if kind == "integer" else "decimal"
    return {"zip": "numeric", "phone": "tel", "email": "email"}.get(kind)


def view(
    questionnaire: Questionnaire,
    question: Question,
    language: Language,
    *,
    answer: object = None,
    typed: Mapping[str, Any] | None = None,
    error: str | None = None,
    bad_part: str = "",
) -> View:
    """The view of one question with its stored `answer`, or with what was `typed` when given."""
    drawn = dict(_static(question, language))
    values = typed_values(question, typed) if typed is not None else stored_values(question, answer)
    drawn["error"] = error
    drawn["options"] = [
        option | {"checked": option["value"] in values} for option in drawn["options"]
    ]
    drawn["value"] = next((v for v in values if v not in (UNSURE, DISCUSS)), "")
    if question.kind == "agree":
        drawn["value"] = "yes" if values else ""
    if question.sensitive:
        drawn["discuss"] = {"text": text("page.discuss", language), "checked": DISCUSS in values}
    if question.may_be_unsure:
        drawn["unsure"] = {"text": text("page.unsure", language), "checked": UNSURE in values}
    if question.kind == "date":
        drawn["parts"] = _parts(question, language, values, typed, bad_part if error else None)
        drawn["hint"] = drawn["hint"] or text("page.date_hint", language)
    if question.kind == "longtext":
        drawn["max_length"] = 4000
    instrument = questionnaire.instrument.get(question.instrument or "")
    if instrument:
        drawn |= _stem(instrument, question, language)
    if instrument and question.id in instrument.anchors:
        low, high = instrument.anchors[question.id]
        drawn |= {"low": _in(low, language), "high": _in(high, language)}
    return drawn


def _stem(instrument: Instrument, question: Question, language: Language) -> View:
    """The sentence that the items go on with: above the first after a gate, and again, in small,
    above every fourth; read out with each of them."""
    stem = _in(instrument.stem, language)
    items, after_gate = instrument.scoring.items, instrument.scoring.gate is not None
    if question.id not in items or len(stem) > LONG_STEM:
        return {}
    place = items.index(question.id)
    goes_on = instrument.scoring.method != "ladder"
    again = goes_on and place and place % REPEATED == 0 and len(items) - place > 1
    return {
        "lead": stem if again or (after_gate and place == 0) else None,
        "lead_again": bool(again),
        "described_by": STEM if goes_on else None,
    }


def stored_values(question: Question, answer: object) -> list[str]:
    """What the inputs of a stored answer hold. Reading it again gives the same answer."""
    if answer is None:
        return []
    if isinstance(answer, list | tuple):
        return [str(part) for part in answer]
    return ["yes"] if answer is True else [str(answer)]


def typed_values(question: Question, typed: Mapping[str, Any]) -> list[str]:
    getlist = getattr(typed, "getlist", lambda name: [typed[name]] if name in typed else [])
    return [value for value in getlist(question.id) if value]


def measure_view(
    questionnaire: Questionnaire,
    question: Question,
    language: Language,
    values: Mapping[str, str],
    *,
    error: str | None = None,
    bad_part: str = "",
) -> View:
    """The view of a height or weight: a box for each of `values`, by part (see `measures`)."""
    way = measures.WAYS[str(question.unit)]
    marked = {"": way.own, measures.ALL: (*way.own, way.metric), measures.BARE: ("",)}
    wrong = marked.get(bad_part, (bad_part,))
    boxes = {
        part: {
            "id": measures.box_id(question, part),
            "name": measures.box_name(question, part),
            "text": text(f"typing.{part or question.unit}", language),
            "value": value,
            "inputmode": "numeric" if part == "ft" else "decimal",
            "error": error is not None and part in wrong,
        }
        for part, value in values.items()
    }
    ways = {"own": way.own, "metric": (way.metric,)}
    return view(questionnaire, question, language, error=error) | {
        "ways": [
            {
                "id": name,
                "boxes": [boxes[part] for part in parts],
                "other": text(f"typing.{name}_other_{question.unit}", language),
            }
            for name, parts in ways.items()
        ]
    }


def _parts(
    question: Question,
    language: Language,
    values: list[str],
    typed: Mapping[str, Any] | None,
    bad_part: str | None,
) -> list[View]:
    """`bad_part`: "month", "" for all three, None when nothing is wrong."""
    year, month, day = (values[0].split("-") if values and "-" in values[0] else ["", "", ""])[:3]
    stored = {"month": month.lstrip("0"), "day": day.lstrip("0"), "year": year}
    bday = question.autocomplete == "bday"
    return [
        {
            "name": f"{question.id}-{part}",
            "text": text(f"page.{part}", language),
            "value": typed.get(f"{question.id}-{part}", "") if typed else stored[part],
            "width": DATE_WIDTHS[part],
            "autocomplete": f"bday-{part}" if bday else None,
            "error": bad_part in ("", part),
        }
        for part in ("month", "day", "year")
    ]


def cell_view(
    question: Question,
    column: Column,
    language: Language,
    number: int,
    *,
    value: object = None,
    error: str | None = None,
) -> View:
    """The view of one cell of row `number` of a group."""
    name = f"{question.id}-{number}-{column.id}"
    return _empty() | {
        "id": name,
        "name": name,
        "kind": column.kind,
        "text": _in(column.text, language),
        "hint": _in(column.hint, language) if column.hint else None,
        "error": error,
        "value": "" if value is None else str(value),
        "options": [
            {
                "value": option.id,
                "text": option.text(language),
                "checked": option.id == value,
                "exclusive": False,
            }
            for option in column.options
        ],
        "unit": column.unit,
        "inputmode": _inputmode(column.kind, column.unit),
        "width": WIDTHS.get(column.kind, 20 if column.suggest else None),
        "spellcheck": False if column.suggest else None,
        "suggestions": url_for("static", filename=SUGGESTIONS) if column.suggest else None,
    }


# Words for problems


def words(
    questionnaire: Questionnaire, question: Question, problem: Problem, language: Language
) -> str:
    """The sentence of a problem: what to do, in the patient's language."""
    values = dict(problem.values)
    other = questionnaire.questions.get(str(values.get("other", "")))
    if other:
        values["other"] = _in(other.thing, language)
    values["thing"] = _thing(question, problem, language)
    unit = str(values.get("unit", ""))
    values["example"] = EXAMPLES.get(unit, "7")
    values["none"] = next((o.text(language) for o in question.options if o.id == NONE), "")
    key = f"problem.{problem.code}"
    return text(f"{key}_{unit}" if f"{key}_{unit}" in texts() else key, language, **values)


def _thing(question: Question, problem: Problem, language: Language) -> str:
    column_id = problem.part.partition("-")[2] if question.kind == "group" else ""
    column = next((c for c in question.columns if c.id == column_id), None)
    return f"“{_in(column.text, language)}”" if column else _in(question.thing, language)


def error_links(
    questionnaire: Questionnaire, found: Iterable[Problem], language: Language
) -> list[dict[str, str]]:
    """The error summary: one entry a problem, each leading to the control at fault."""
    return [
        {
            "text": words(questionnaire, questionnaire.questions[p.question], p, language),
            "href": "#" + control(questionnaire.questions[p.question], p),
        }
        for p in found
    ]


def control(question: Question, problem: Problem) -> str:
    """The id of the first control at fault."""
    if problem.part in ("", measures.ALL):
        return first_control(question)
    if question.unit in measures.WAYS:
        return measures.box_id(question, problem.part)
    return f"{question.id}-{problem.part}"


def first_control(question: Question) -> str:
    """The id that a link to the question leads to."""
    endings = {"group": "-list", "date": "-month"}
    return question.id + endings.get(question.kind, "")
