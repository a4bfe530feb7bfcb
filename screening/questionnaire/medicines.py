"""Which medicines of the table a typed name stands for, and which flags the current ones carry."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the definition holds a table, so it cannot be imported here at run time
    from .definition import Medicine

Tokens = tuple[str, ...]
MOST_CLOSE = 3
SHARED = "!$%*:;<=>?@[]^_`{|}~"  # none of them stands in a name; see `packed`


def tokens(typed: str) -> Tokens:
    """The words of a name: case, accents, apostrophes and punctuation ignored."""
    # Not NFKD: it makes letters of a trademark sign and a space of the accent typed as apostrophe.
    plain = unicodedata.normalize("NFD", typed.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(re.findall(r"\w+", re.sub(r"['’‘`´ʼ′]", "", letters).replace("_", " ")))


class MedicineTable:
    """Finds medicines by any of their names: generic, brand, or other spelling."""

    def __init__(self, medicines: Iterable["Medicine"]) -> None:
        medicines = tuple(medicines)
        self._by_name: dict[Tokens, Medicine] = {}
        for medicine in medicines:
            for name in medicine.names:
                self._by_name.setdefault(tokens(name), medicine)
        self._longest = max((len(name) for name in self._by_name), default=0)
        self._spelled = {
            " ".join(tokens(name)): name for m in medicines for name in (*m.brands, m.generic)
        }
        self._letters = [(name, _letters_in(name)) for name in self._spelled if len(name) > 3]
        self.find = lru_cache(maxsize=4096)(self._find)
        self.close = lru_cache(maxsize=1024)(self._close)

    def _find(self, typed: str) -> tuple["Medicine", ...]:
        """The medicines a typed name stands for: an exact name, else every name that stands in
        it as whole words, most words first, then leftmost, without overlap."""
        words = tokens(typed)
        exact = self._by_name.get(words)
        return (exact,) if exact else tuple(self._within(words))

    def _close(self, typed: str) -> tuple[str, ...]:
        """What may have been meant by a name that stands for nothing: `typed` with a word, or all
        of it, spelled as in the table. At most three, one typing error away in a word of 4 to 6
        letters, two in a longer one. Only offered to whoever typed it: never used to judge."""
        if self.find(typed):
            return ()
        whole = self._closest(" ".join(tokens(typed)))
        if whole:
            return whole
        for word in re.finditer(r"[^\W\d_]{6,}", typed):
            before, after = typed[: word.start()], typed[word.end() :]
            found = [name for name in self._closest(" ".join(tokens(word[0]))) if " " not in name]
            if found:
                return tuple(f"{before}{name}{after}" for name in found)
        return ()

    def _closest(self, typed: str) -> tuple[str, ...]:
        most, letters = allowed_errors(typed), _letters_in(typed)
        if not most:
            return ()
        found: dict[int, list[str]] = {}
        for name, others in self._letters:
            # An error puts in, takes out or changes one letter: at most two letters differ by it.
            if abs(len(name) - len(typed)) > most or (letters ^ others).bit_count() > 2 * most:
                continue
            errors = typing_errors(typed, name)
            if errors <= most and not _names_another(typed, name):
                found.setdefault(errors, []).append(name)
        closest = found[min(found)] if found else []
        closest.sort(key=lambda name: (name[0] != typed[0], name))
        return tuple(self._spelled[name] for name in closest[:MOST_CLOSE])

    def _within(self, words: Tokens) -> Iterable["Medicine"]:
        taken: set[int] = set()
        for length in range(min(self._longest, len(words)), 0, -1):
            for start in range(len(words) - length + 1):
                span = range(start, start + length)
                medicine = self._by_name.get(words[start : start + length])
                if medicine and taken.isdisjoint(span):
                    taken.update(span)
                    yield medicine


def allowed_errors(typed: str) -> int:
    """How many typing errors are forgiven in a name."""
    return 0 if len(typed) < 4 else 1 if len(typed) < 7 else 2


def _names_another(typed: str, name: str) -> bool:
    """Vitamin K is no typing error for vitamin D."""
    words, others = typed.split(), name.split()
    pairs = zip(words, others, strict=False) if len(words) == len(others) else ()
    return any(word != other and min(len(word), len(other)) < 4 for word, other in pairs)


def typing_errors(typed: str, name: str) -> int:
    """Letters put in, left out, changed, or changed over with the next one: the fewest that make
    one of the other (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(name) + 1))
    for i, letter in enumerate(typed, 1):
        two_before, before, row = before, row, [i]
        for j, other in enumerate(name, 1):
            errors = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == name[j - 2] and typed[i - 2] == other:
                errors = min(errors, two_before[j - 2] + 1)
            row.append(errors)
    return row[-1]


def _letters_in(name: str) -> int:
    """One bit a letter of the alphabet; what is none of them shares bits with the letters."""
    bits = 0
    for character in name:
        bits |= 1 << ord(character) % 32
    return bits


def packed(names: Iterable[str]) -> str:
    """Names for the browser (assets/medicines.js): in order, each as the sign of SHARED that counts
    the first letters it shares with the name before, and the rest. A third smaller than a list."""
    parts, before = [], ""
    for name in sorted(names):
        shared = 0
        for one, other in zip(name[: len(SHARED) - 1], before, strict=False):
            if one != other:
                break
            shared += 1
        parts.append(SHARED[shared] + name[shared:])
        before = name
    return "".join(parts)


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
