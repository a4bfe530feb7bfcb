"""Is a resource made as FHIR makes one? Looked at first, so that nothing trips or runs away later.

Only what is read is looked at: the tree of items with their answers, options and extensions.
"""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .fhir_names import Json, NotSupportedError

DEEPEST = 40  # elements within elements
MOST = 20_000  # elements
MOST_ITEMS = 2000  # of a questionnaire; names that are alike are told apart one by one
_LISTS = ("item", "answer", "extension", "enableWhen", "answerOption", "initial")
_OBJECTS = (
    "valueCoding", "answerCoding",
    "_text", "_title", "_display", "_valueString", "_valueInteger",
)  # fmt: skip
_TEXTS = (
    "linkId", "type", "text", "title", "prefix", "url", "operator", "question", "language",
    "version", "name", "id", "display", "system", "status", "enableBehavior", "valueString",
    "valueCode", "questionnaire",
)  # fmt: skip
_FLAGS = ("required", "repeats", "readOnly", "initialSelected", "valueBoolean", "answerBoolean")
_NUMBERS = ("maxLength", "valueInteger", "valueDecimal", "answerInteger", "answerDecimal")


def check(resource: Json) -> None:
    """Raises NotSupportedError with a line for each thing that is not as the standard makes it."""
    wrong, links = [], []
    # A narrative for people, not the text of an item.
    waiting: list[tuple[str, int, Json]] = [
        ("-", 0, {key: value for key, value in resource.items() if key != "text"})
    ]
    for _ in range(MOST):
        if not waiting:
            break
        name, depth, element = waiting.pop()
        link_id = element.get("linkId")
        if isinstance(link_id, str):
            name = link_id
            links += [link_id]
        wrong += [f"{name}: {told}" for told in _wrong(element)]
        if depth < DEEPEST:
            waiting += [(name, depth + 1, one) for one in _parts(element)]
        elif any(_parts(element)):
            wrong.append(f"{name}: lies more than {DEEPEST} deep")
    else:
        wrong.append(f"-: has more than {MOST} parts")
    if resource.get("resourceType") == "Questionnaire":
        counted = Counter(links).items()
        wrong += [f"{link_id}: two items have this linkId" for link_id, n in counted if n > 1]
        wrong += [f"-: has more than {MOST_ITEMS} items"] if len(links) > MOST_ITEMS else []
    if wrong:
        raise NotSupportedError(wrong)


def _parts(element: Json) -> Iterator[Json]:
    """The elements in an element, of those that are read."""
    for key in _LISTS:
        found = element.get(key, ())
        if isinstance(found, list | tuple):
            yield from (one for one in found if isinstance(one, dict))
    yield from (element[key] for key in _OBJECTS if isinstance(element.get(key), dict))


def _wrong(element: Json) -> Iterator[str]:
    # Whoever does not know such an extension may not read what it stands with.
    if modifiers := element.get("modifierExtension"):
        yield f"a modifierExtension, {modifiers}"
    for key, value in element.items():
        if not _fits(key, value):
            yield f"{key}: is not as FHIR has it"
    kind = "answer" if "operator" in element else "value"
    if sum(key.startswith(kind) for key in element) > 1:
        yield "has two values where one is meant"


def _fits(key: str, value: Any) -> bool:
    if key in _LISTS:
        is_list = isinstance(value, list | tuple)
        return is_list and all(isinstance(one, dict) for one in value)
    if key in _OBJECTS:
        return isinstance(value, dict)
    if key in _FLAGS:
        return isinstance(value, bool)
    if key in _NUMBERS:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and math.isfinite(value)
    return key not in _TEXTS or (isinstance(value, str) and _is_unicode(value))


def _is_unicode(text: str) -> bool:
    """JSON can write half a character, which no file of ours can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
