"""The parts of one item: its kind, its options, its limits; what of it we cannot do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..outputs.fhir import tables
from ..questionnaire.answers import NONE as NONE_ID
from ..questionnaire.definition import Column, Option, Question, Text
from ..questionnaire.validation import MAX_TEXT
from .fhir_names import Json, extensions, free_name, name_of, option_name, text_of, value_of

NOT_SUPPORTED = {
    "question": "an item that is only a heading of answers (type question)",
    "open-choice": "an answer of one's own beside the options (type open-choice)",
    "dateTime": "a date with a time (type dateTime)",
    "time": "a time of day (type time)",
    "url": "an address (type url)",
    "attachment": "a file (type attachment)",
    "reference": "a reference to a resource (type reference)",
    "quantity": "a number with a unit of the patient's choice (type quantity)",
}
KINDS = {"integer": "integer", "decimal": "decimal", "string": "text", "text": "longtext",
         "date": "date", "group": "group"}  # fmt: skip
CELLS = {"integer": "integer", "decimal": "decimal", "string": "text", "text": "text"}
MEANT = {  # extensions that change what is asked or what an answer means
    tables.SDC + "initialExpression": "an answer that is worked out beforehand",
    tables.SDC + "candidateExpression": "options that are looked up",
    tables.SDC + "answerExpression": "options that are worked out",
    tables.CORE + "questionnaire-constraint": "a constraint (FHIRPath)",
    tables.CORE + "targetConstraint": "a constraint (FHIRPath)",
    tables.CORE + "questionnaire-optionPrefix": "prefixes of options",
    tables.CORE + "maxDecimalPlaces": "a number of decimal places",
    tables.CORE + "minLength": "a least length",
}
YES_NO = (
    Option(id="yes", en="Yes", es="Sí"),
    Option(id="no", en="No", es="No"),
)
YES_NO_CODES = {"LA33-6": "yes", "LA32-8": "no", "Y": "yes", "N": "no"}  # LOINC, HL7 v2 0136
NONE: Text = {"en": "None of these", "es": "Ninguno de estos"}
MOST_ROWS = 20
LONGEST_LABEL = 60  # characters of a physician's short name


class NotReadError(Exception):
    """`lines` say what of an item we cannot do."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines


@dataclass
class Names:
    """From a linkId to a question, or to a column of a group; from a code to an option."""

    questions: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    nones: dict[str, str] = field(default_factory=dict)  # the tick of a group -> its linkId
    options: dict[tuple[str, str], str] = field(default_factory=dict)  # (question, code) -> option
    systems: dict[tuple[str, str], str] = field(default_factory=dict)  # of these codes

    def option_of(self, question: Question, coding: Json) -> str | None:
        return self.options.get((question.id, str(coding.get("code", coding.get("display", "")))))


@dataclass(frozen=True)
class Faults:
    """`left_out`: the item is not asked of anybody, so it goes."""

    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: bool = False


def faults(item: Json) -> Faults:
    kind = str(item.get("type", ""))
    if item.get("readOnly") or value_of(item, tables.CALCULATED) is not None:
        return Faults(notes=("computed or fixed by the form: left out",), left_out=True)
    if value_of(item, tables.HIDDEN) is True and value_of(item, tables.AUDIENCE) is None:
        return Faults(notes=("hidden: left out",), left_out=True)
    refused = [MEANT[one["url"]] for one in item.get("extension", ()) if one.get("url") in MEANT]
    if kind in NOT_SUPPORTED:
        refused.append(NOT_SUPPORTED[kind])
    elif kind not in (*KINDS, "boolean", "choice", "display"):
        refused.append(f"the type {kind!r}")
    if item.get("repeats") and kind not in ("choice", "group"):
        refused.append("more than one answer to what is not chosen")
    if "answerValueSet" in item:
        refused.append(f"options of a value set that is elsewhere, {item['answerValueSet']}")
    pattern = value_of(item, tables.REGEX)
    if pattern is not None and pattern not in tables.PATTERNS.values():
        refused.append("a pattern (regex)")
    notes = []
    if item.get("initial") or any(o.get("initialSelected") for o in item.get("answerOption", ())):
        notes.append("an initial answer: left out, nothing is answered beforehand")
    longest = MAX_TEXT.get(KINDS.get(kind, ""), 10**9)
    if int(item.get("maxLength", 0)) > longest:
        notes.append(f"answers of more than {longest} characters are refused")
    return Faults(tuple(refused), tuple(notes))


def question(item: Json, name: str, names: Names, *, ours: bool) -> dict[str, Any]:
    """What a Question is made of, but for its condition and its columns. Raises NotReadError."""
    text = text_of(item, prefix=str(item.get("prefix", ""))) or {"en": name}
    kind, options = _kind(item, name, names, ours=ours)
    spanish = {"es": f"su respuesta a “{text['es']}”"} if "es" in text else {}
    made = {
        "id": name,
        "kind": kind,
        "text": text,
        "hint": _hint(item),
        "thing": {"en": f"your answer to “{text['en']}”", **spanish},
        "label": text["en"][:LONGEST_LABEL],
        "options": options,
        "required": bool(item.get("required")),
        "sensitive": any(_is_talk(o) for o in item.get("answerOption", ())),
        **_limits(item),
    }
    if kind == "group":
        made |= {
            "min_rows": value_of(item, tables.MIN_OCCURS) or int(not ours and made["required"]),
            "max_rows": value_of(item, tables.MAX_OCCURS) or MOST_ROWS,
        }
    return made


def _kind(item: Json, name: str, names: Names, *, ours: bool) -> tuple[str, tuple[Option, ...]]:
    kind = str(item["type"])
    if kind == "boolean":
        names.options |= {(name, option.id): option.id for option in YES_NO}
        return ("agree", ()) if ours else ("choice", YES_NO)
    if kind == "choice":
        one = "scale" if _are_points(item) else "choice"
        return "choices" if item.get("repeats") else one, _options(item, name, names)
    if kind == "string" and value_of(item, tables.REGEX) == tables.PATTERNS["zip"]:
        return "zip", ()
    return KINDS[kind], ()


def _are_points(item: Json) -> bool:
    """Whether every option is worth a whole number, the least first: then it is a scale."""
    points = [_points(o) for o in item.get("answerOption", ()) if not _is_talk(o)]
    known = [point for point in points if point is not None]
    return bool(points) and len(known) == len(points) and known == sorted(set(known))


def _points(option: Json) -> int | None:
    points = option.get("valueInteger", value_of(option, tables.ORDINAL))
    return int(points) if isinstance(points, int | float) and points == int(points) else None


def _is_talk(option: Json) -> bool:
    return bool(option.get("valueCoding", {}).get("system") == tables.SPECIAL)


def _options(item: Json, name: str, names: Names) -> tuple[Option, ...]:
    """Raises NotReadError for an option that is neither a code, a number nor a text."""
    found = [o for o in item.get("answerOption", ()) if not _is_talk(o)]
    if not found:
        raise NotReadError("a choice without options")
    alone = [o for o in found if value_of(o, tables.EXCLUSIVE)]
    if len(alone) > 1:
        raise NotReadError("more than one option that goes with no other")
    taken: set[str] = set()
    points = _are_points(item)
    made = []
    for one in found:
        code, text = _named(one)
        if (name, code) in names.options:
            raise NotReadError(f"two options with the code {code!r}")
        known = YES_NO_CODES.get(code) or option_name(code)
        wanted = str(_points(one)) if points else NONE_ID if one in alone else known
        option = Option(id=free_name(wanted, taken), en=text["en"], es=text.get("es"))
        names.options[name, code] = option.id
        if system := one.get("valueCoding", {}).get("system"):
            names.systems[name, code] = system
        made.append(option)
    return tuple(made)


def _named(option: Json) -> tuple[str, Text]:
    """The code and the words of an answerOption. Raises NotReadError."""
    if "valueCoding" in option:
        coding = option["valueCoding"]
        code = str(coding.get("code") or coding.get("display") or "")
        text = text_of(coding, "display") or {"en": code}
        if code:
            return code, text
    for key in ("valueInteger", "valueString"):
        if key in option:
            return str(option[key]), text_of(option, key) or {"en": str(option[key])}
    raise NotReadError("an option that is neither a code, a number nor a text")


def _limits(item: Json) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for url, name in ((tables.MIN_VALUE, "min"), (tables.MAX_VALUE, "max")):
        bound = value_of(item, url)
        if isinstance(bound, int | float):
            found[name] = bound
    units = next(iter(extensions(item, tables.UNIT)), {}).get("valueCoding")
    if units:
        codes = {code: name for name, code in tables.UCUM_UNITS.items()}
        found["unit"] = codes.get(units.get("code"), units.get("display") or units.get("code"))
    return found


def _hint(item: Json) -> Text | None:
    """The displays under it, joined."""
    texts = [text_of(child) for child in item.get("item", ()) if child.get("type") == "display"]
    told = [text for text in texts if text]
    if not told:
        return None
    joined: Text = {"en": " ".join(text["en"] for text in told)}
    if all("es" in text for text in told):
        joined["es"] = " ".join(text["es"] for text in told)
    return joined


# Rows


def columns(group: Json, name: str, names: Names) -> Iterator[tuple[str, Column]]:
    """The columns of a group, by linkId. Raises NotReadError for what no row of ours can hold."""
    taken: set[str] = set()
    found = [child for child in group.get("item", ()) if child.get("type") != "display"]
    if not found:
        raise NotReadError("a repeating group without anything to answer")
    for child in found:
        link_id = str(child.get("linkId", ""))
        _refuse(child, link_id)
        # "medications.dose" under "medications" is the column "dose".
        own = link_id.removeprefix(f"{group.get('linkId')}.")
        column = _column(child, free_name(name_of(own), taken), name, names)
        yield link_id, column


def _refuse(child: Mapping[str, Any], link_id: str) -> None:
    told = faults(child)
    lines = list(told.refused)
    kind = child.get("type")
    if kind not in (*CELLS, "choice", "boolean") and not lines:
        lines.append(f"the type {kind!r} in a row")
    if child.get("enableWhen") or child.get("repeats"):
        lines.append("a condition, or more than one answer, in a row")
    if lines:
        raise NotReadError(*(f"{link_id}: {line}" for line in lines))


def _column(child: Json, column: str, group: str, names: Names) -> Column:
    kind = str(child["type"])
    text = text_of(child) or {"en": column}
    options: tuple[Option, ...] = ()
    if kind == "boolean":
        options = YES_NO
        names.options |= {(f"{group}.{column}", option.id): option.id for option in YES_NO}
    elif kind == "choice":
        options = _options(child, f"{group}.{column}", names)
    return Column(
        id=column,
        kind=CELLS.get(kind, "choice"),
        text=text,
        hint=_hint(child),
        label=text["en"][:LONGEST_LABEL],
        options=options,
        **_limits(child),
    )
