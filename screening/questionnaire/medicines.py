"""Which medicines of the table a typed name stands for, and which flags the current ones carry."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the definition holds a table, so it cannot be imported here at run time
    from .definition import Medicine

Tokens = tuple[str, ...]


def tokens(typed: str) -> Tokens:
    """The words of a name: case, accents, apostrophes and punctuation ignored."""
    # Not NFKD: it makes letters of a trademark sign and a space of the accent typed as apostrophe.
    plain = unicodedata.normalize("NFD", typed.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(re.findall(r"\w+", re.sub(r"['’‘`´ʼ′]", "", letters).replace("_", " ")))


class MedicineTable:
    """Finds medicines by any of their names: generic, brand, or other spelling."""

    def __init__(self, medicines: Iterable["Medicine"]) -> None:
        self._by_name: dict[Tokens, Medicine] = {}
        for medicine in medicines:
            for name in medicine.names:
                self._by_name.setdefault(tokens(name), medicine)
        self._longest = max((len(name) for name in self._by_name), default=0)
        self.find = lru_cache(maxsize=4096)(self._find)

    def _find(self, typed: str) -> tuple["Medicine", ...]:
        """The medicines a typed name stands for: an exact name, else every name that stands in
        it as whole words, most words first, then leftmost, without overlap."""
        words = tokens(typed)
        exact = self._by_name.get(words)
        return (exact,) if exact else tuple(self._within(words))

    def _within(self, words: Tokens) -> Iterable["Medicine"]:
        taken: set[int] = set()
        for length in range(min(self._longest, len(words)), 0, -1):
            for start in range(len(words) - length + 1):
                span = range(start, start + length)
                medicine = self._by_name.get(words[start : start + length])
                if medicine and taken.isdisjoint(span):
                    taken.update(span)
                    yield medicine


def current_names(medications: Iterable[Mapping[str, object]]) -> list[str]:
    """Names in `medications` taken within a month; a row without a name is passed over."""
    return [
        name
        for row in medications
        if row.get("last_taken") != "longer" and (name := str(row.get("medicine") or "").strip())
    ]


def still_taken(trials: Iterable[Mapping[str, object]]) -> list[str]:
    """Names in `antidepressant_trials` that are still taken."""
    return [
        name
        for row in trials
        if row.get("still_taking") == "yes" and (name := str(row.get("drug") or "").strip())
    ]
