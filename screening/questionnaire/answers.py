"""Answers as they are kept: `{question id: value}`, JSON values only.

`discuss` ("I'd rather talk about this in person") and `unsure` are values of their own, neither
missing nor "no". A mapping that is handed on is never changed in place.
"""

from collections.abc import Mapping, Sequence

DISCUSS = "discuss"
UNSURE = "unsure"
NONE = "none"
NO = "no"

Cell = str | int | float | None
GroupRow = Mapping[str, Cell]
Answer = str | int | float | bool | Sequence[str] | Sequence[GroupRow]
Answers = Mapping[str, Answer]
