"""Pages that are typed on and not sent yet: kept, taken up again, dropped when they are sent.

A page's row stands beside its saves. It holds the form as it was typed, wrong values too, under the
intake's key, and says of which revision of the page it is: what arrives after the page was saved
is refused. Every function takes a Connection inside a transaction and leaves the COMMIT to its
caller.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, update

from . import draft_statements as drafts
from .draft_statements import HALF_PAGES
from .intakes import Half, NotADraft, StoredIntake
from .sealed import insert_once, seal_json, unseal_json
from .vault import Vault


class Elsewhere(Exception):  # noqa: N818 - an outcome that callers answer
    """Another tab wrote on the page, or saved it, since it was shown here."""


@dataclass(frozen=True)
class Typed:
    """A form as it was typed. `answers`: what of it can be stored, `{question id: value}`; of a
    list the whole list. `at`: the input that was worked on last. `writer` stands for one showing of
    the page in one browser, `turn` counts what it sent; both tell a lost reply from another tab."""

    pairs: tuple[tuple[str, str], ...] = field(repr=False)
    answers: Mapping[str, Any] = field(repr=False)
    at: str = ""
    writer: str = ""
    turn: int = 0


@dataclass(frozen=True)
class Shown:
    """What a page said of itself when it was shown: its revision, and the counter of what was
    typed on it by then, 0 for nothing."""

    revision: int
    counter: int


def keep(
    conn: Connection,
    vault: Vault,
    intake: StoredIntake,
    page_id: str,
    typed: Typed,
    *,
    shown: Shown,
    now: datetime,
) -> int:
    """Keep what is typed and return its counter; counts as activity of the patient.

    What its writer overtook stays away. Raises Elsewhere when something else was written or the
    page was saved since it was shown, NotADraft when the intake is sent or deleted.
    """
    # First, for it locks the intake on PostgreSQL: no page is saved from here to the COMMIT.
    if drafts.SEEN.changed(conn, {"intake": intake.id, "now": now}) == 0:
        raise NotADraft(intake.id)
    if _revision(conn, intake.id, page_id) != shown.revision:
        raise Elsewhere(page_id)
    before = _row(conn, intake.id, page_id)
    if before is None:
        counter = 1
    elif before.counter == shown.counter:
        counter = before.counter + 1
    else:
        earlier = opened(vault, intake, page_id, before)
        if not typed.writer or earlier.writer != typed.writer:
            raise Elsewhere(page_id)
        if earlier.turn >= typed.turn:
            return before.counter
        counter = before.counter + 1
    context = _context(intake.id, page_id, shown.revision, counter)
    values = {
        "revision": shown.revision,
        "counter": counter,
        "ciphertext": seal_json(vault, intake.key, asdict(typed), context=context),
        "saved_at": now,
    }
    _write(conn, intake.id, page_id, before, values)
    return counter


def drop(conn: Connection, intake_id: str, page_id: str) -> Half | None:
    """Forget what was typed on a page; returns what there was."""
    for _, *rest in drafts.DROP_HALF.rows(conn, {"intake": intake_id, "page": page_id}):
        return Half(*rest)
    return None


def drop_all(conn: Connection, intake_id: str) -> None:
    conn.execute(delete(HALF_PAGES).where(HALF_PAGES.c.intake_id == intake_id))


def opened(vault: Vault, intake: StoredIntake, page_id: str, half: Half) -> Typed:
    """What was typed. Raises VaultError when the row was tampered with."""
    context = _context(intake.id, page_id, half.revision, half.counter)
    kept = unseal_json(vault, intake.key, half.sealed, context=context)
    return Typed(**{**kept, "pairs": tuple((name, value) for name, value in kept["pairs"])})


def so_far(vault: Vault, intake: StoredIntake) -> dict[str, Any]:
    """Every answer so far, `{question id: value}`: what is typed goes before what is saved."""
    known = dict(intake.merged)
    for page_id, half in intake.halves.items():
        known |= opened(vault, intake, page_id, half).answers
    return known


def _revision(conn: Connection, intake_id: str, page_id: str) -> int:
    found = drafts.PAGE_REVISION.rows(conn, {"intake": intake_id, "page": page_id})
    return int(found[0][0] or 0)


def _row(conn: Connection, intake_id: str, page_id: str) -> Half | None:
    for _, *rest in drafts.HALF.rows(conn, {"intake": intake_id, "page": page_id}):
        return Half(*rest)
    return None


def _write(
    conn: Connection, intake_id: str, page_id: str, before: Half | None, values: Mapping[str, Any]
) -> None:
    if before is None:
        values = {**values, "intake_id": intake_id, "page_id": page_id}
        written = conn.execute(insert_once(conn, HALF_PAGES), values)
    else:
        this = (HALF_PAGES.c.intake_id == intake_id, HALF_PAGES.c.page_id == page_id)
        unchanged = HALF_PAGES.c.counter == before.counter
        written = conn.execute(update(HALF_PAGES).where(*this, unchanged).values(**values))
    if written.rowcount == 0:
        raise Elsewhere(page_id)


def _context(intake_id: str, page_id: str, revision: int, counter: int) -> str:
    return f"half_pages:{intake_id}:{page_id}:ciphertext:{revision}:{counter}"
