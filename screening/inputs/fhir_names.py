"""Names of FHIR made into names of ours, and the parts of an item that everybody reads."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..outputs.fhir import tables
from ..questionnaire.definition import Text

Json = Mapping[str, Any]

LONGEST_ID = 60


class NotSupportedError(Exception):
    """The resource asks for what we cannot do. `lines` are "linkId: what it is"."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def name_of(link_id: str) -> str:
    """A linkId as an id of ours: "/44250-9" becomes "q_44250_9"."""
    words = re.sub(r"[^a-z0-9]+", "_", link_id.lower()).strip("_")[:LONGEST_ID].strip("_")
    return words if words[:1].isalpha() else f"q_{words}".rstrip("_")


def option_name(code: object) -> str:
    """A code as an option of ours: "LA6568-5" stays, "not at all" becomes "not-at-all"."""
    return re.sub(r"[^A-Za-z0-9]+", "-", str(code)).strip("-")[:LONGEST_ID].strip("-") or "other"


def free_name(wanted: str, taken: set[str]) -> str:
    """`wanted`, or with a number when something else has that name; it is taken from now on."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name)
    return name


def extensions(element: Json, url: str) -> Iterator[Json]:
    return (one for one in element.get("extension", ()) if one.get("url") == url)


def value_of(element: Json, url: str) -> Any:
    """The value of the first extension of this address; None without one."""
    for one in extensions(element, url):
        return next((value for key, value in one.items() if key.startswith("value")), None)
    return None


def text_of(element: Json, name: str = "text", prefix: str = "") -> Text | None:
    """A string with its Spanish translation, if it has one; None without the string."""
    words = element.get(name)
    if not words:
        return None
    before = f"{prefix} " if prefix else ""
    text: Text = {"en": before + words}
    for translation in extensions(element.get(f"_{name}", {}), tables.TRANSLATION):
        content = value_of(translation, "content")
        if value_of(translation, "lang") == "es" and isinstance(content, str):
            text["es"] = before + content
    return text
