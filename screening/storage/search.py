"""What a sent intake is found by: the words of its names and its date of birth, each as an HMAC.

A word is compared without case, accents, hyphens and apostrophes. Whoever has the database but not
its keys reads no name in it, but sees which rows share one: docs/decisions/0018.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select

from .intakes import SEARCH_TERMS
from .vault import Vault

NAMES = ("first_name", "last_name", "preferred_name")
BORN = "date_of_birth"
# Letters that no decomposition takes apart, as they are typed without them.
PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
MARKS = re.compile(r"[^\w]+|_")  # hyphens, apostrophes of every kind, dots


def plain(text: str) -> str:
    """Without case and accents."""
    taken_apart = unicodedata.normalize("NFKD", text.casefold().translate(PLAIN))
    return "".join(c for c in taken_apart if not unicodedata.combining(c))


def words_of(name: str) -> set[str]:
    """All by which a name is found: "Smith-O'Neil" by smith, oneil, o, neil and smithoneil."""
    words = plain(name).split()
    parts = [MARKS.split(word) for word in words]
    joined = ["".join(part) for part in parts]
    hyphened = [MARKS.sub("", piece) for word in words for piece in re.split(r"[-‐‑–]", word)]
    found = {"".join(joined), *joined, *hyphened, *(piece for part in parts for piece in part)}
    return found - {""}


def words_typed(text: str) -> list[str]:
    """The words to look for; a hyphen parts two, an apostrophe none."""
    words = re.split(r"[\s,;‐‑–-]+", plain(text))
    return list(dict.fromkeys(found for word in words if (found := MARKS.sub("", word))))


def name_term(vault: Vault, word: str) -> bytes:
    return vault.blind("search name", word)


def born_term(vault: Vault, day: date) -> bytes:
    return vault.blind("search born", day.isoformat())


def store_terms(
    conn: Connection, vault: Vault, submission_id: int, known: Iterable[Mapping[str, Any]]
) -> None:
    """Let these answers, and no others, find the submission. `known`: as sent, as amended."""
    terms: set[bytes] = set()
    for answers in known:
        for name in NAMES:
            words = words_of(str(answers.get(name) or ""))
            terms |= {name_term(vault, word) for word in words}
        if isinstance(born := answers.get(BORN), str):
            terms.add(born_term(vault, date.fromisoformat(born)))
    conn.execute(delete(SEARCH_TERMS).where(SEARCH_TERMS.c.submission_id == submission_id))
    if terms:
        rows = [{"term_hmac": term, "submission_id": submission_id} for term in sorted(terms)]
        conn.execute(insert(SEARCH_TERMS), rows)


def find(conn: Connection, terms: list[bytes], *, limit: int) -> list[int]:
    """Ids of the submissions that have all these terms, the newest first; [] without a term."""
    if not terms:
        return []
    one = SEARCH_TERMS.alias()
    asked = select(one.c.submission_id).where(one.c.term_hmac == terms[0])
    for term in terms[1:]:
        other = SEARCH_TERMS.alias()
        here = (other.c.term_hmac == term, other.c.submission_id == one.c.submission_id)
        asked = asked.where(exists().where(*here))
    return list(conn.execute(asked.order_by(one.c.submission_id.desc()).limit(limit)).scalars())
