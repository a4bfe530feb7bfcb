"""Drafts: started, found by code, read, saved page by page, left, deleted.

Every function takes a Connection inside a transaction and leaves the COMMIT to its caller. What a
patient typed crosses this module decrypted and is never in a repr, a message or a log.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from . import draft_statements as drafts
from .models import (
    Alert,
    AuditRow,
    ChartEntry,
    Definition,
    Document,
    HalfPage,
    Hold,
    Link,
    Message,
    SearchTerm,
    Submission,
    table,
)
from .sealed import insert_once, seal_json, to_json, unseal_all, unseal_json
from .vault import DataKey, Vault, new_reference

DRAFT, SUBMITTED = drafts.DRAFT, "submitted"

DEFINITIONS, INTAKES, SAVES = table(Definition), drafts.INTAKES, drafts.SAVES
SUBMISSIONS, ALERTS, DOCUMENTS = table(Submission), table(Alert), table(Document)
AUDIT = table(AuditRow)
HALF_PAGES, LINKS, MESSAGES = table(HalfPage), table(Link), table(Message)
CHART, SEARCH_TERMS, HOLDS = table(ChartEntry), table(SearchTerm), table(Hold)

PageAnswers = Mapping[str, Any]  # question id -> JSON value


# Outcomes that the workflow answers, not failures: hence no "Error" in their names.
class NotADraft(Exception):  # noqa: N818
    """The intake is submitted, or there is none."""


class DraftChanged(Exception):  # noqa: N818
    """Some page was saved after the draft was read; read it again."""


class StaleRevision(Exception):  # noqa: N818
    """The page was saved elsewhere since it was shown; carries what is stored now."""

    def __init__(self, page_id: str, answers: PageAnswers, revision: int):
        super().__init__(f"{page_id} is at revision {revision}")
        self.page_id = page_id
        self.answers = answers
        self.revision = revision


class Half(NamedTuple):
    """What was typed on a page that is not sent yet, sealed. `revision`: of the page as shown."""

    revision: int
    counter: int
    saved_at: datetime
    sealed: bytes


@dataclass(frozen=True)
class StoredIntake:
    """An intake as stored. Of a submitted one `answers` is empty: its submission has them."""

    id: str
    reference: str
    status: str
    questionnaire: str
    content_hash: str
    revision: int
    created_at: datetime
    saved_at: datetime | None
    seen_at: datetime
    left_at: datetime | None
    submitted_at: datetime | None
    follows: str | None  # of a check-in: the first intake of its patient
    withdrawn_at: datetime | None
    key: DataKey = field(repr=False)
    answers: Mapping[str, PageAnswers] = field(default_factory=dict, repr=False)  # by page
    revisions: Mapping[str, int] = field(default_factory=dict)  # by page; absent = never saved
    halves: Mapping[str, Half] = field(default_factory=dict, repr=False)  # by page; `half_pages`

    @cached_property
    def merged(self) -> dict[str, Any]:
        """The answers of all pages as one `{question id: value}`."""
        return {q: value for page in self.answers.values() for q, value in page.items()}


@dataclass(frozen=True)
class OldSave:
    """One save of one page, as it was then."""

    page_id: str
    revision: int
    saved_at: datetime
    answers: PageAnswers = field(repr=False)


def store_definition(
    conn: Connection, *, content_hash: str, version: str, document: str, now: datetime
) -> None:
    """Keep a definition (JSON text) unless it is kept. An intake can only name a kept one."""
    known = select(DEFINITIONS.c.version).where(DEFINITIONS.c.content_hash == content_hash)
    if conn.execute(known).first() is None:
        values = {"content_hash": content_hash, "version": version, "document": document}
        conn.execute(insert_once(conn, DEFINITIONS), {**values, "first_used_at": now})


def read_definition(conn: Connection, content_hash: str) -> str | None:
    """The JSON text that was kept."""
    asked = select(DEFINITIONS.c.document).where(DEFINITIONS.c.content_hash == content_hash)
    return conn.execute(asked).scalar()


def create_draft(
    conn: Connection,
    vault: Vault,
    *,
    questionnaire: str,
    content_hash: str,
    now: datetime,
    follows: str | None = None,
) -> StoredIntake:
    """`questionnaire` is its version; `follows` the first intake of a check-in's patient.

    Raises IntegrityError when the definition is not stored.
    """
    key = vault.new_data_key()
    intake = StoredIntake(
        id=uuid.uuid4().hex,
        reference=_free_reference(conn),
        status=DRAFT,
        questionnaire=questionnaire,
        content_hash=content_hash,
        revision=0,
        created_at=now,
        saved_at=None,
        seen_at=now,
        left_at=None,
        submitted_at=None,
        follows=follows,
        withdrawn_at=None,
        key=key,
    )
    values = {name: getattr(intake, name) for name in _PLAIN}
    conn.execute(insert(INTAKES), {**values, "key_id": key.id, "wrapped_key": key.wrapped})
    return intake


_PLAIN = tuple(
    name
    for name in StoredIntake.__dataclass_fields__
    if name not in ("key", "answers", "revisions", "halves")
)


def _free_reference(conn: Connection) -> str:
    while True:
        reference = new_reference()
        taken = select(INTAKES.c.id).where(INTAKES.c.reference == reference)
        if conn.execute(taken).first() is None:
            return reference


def set_code(conn: Connection, vault: Vault, intake_id: str, code: str) -> None:
    """Let this code find the draft from now on, and no earlier one. Raises NotADraft."""
    changed = conn.execute(
        update(INTAKES)
        .where(INTAKES.c.id == intake_id, INTAKES.c.status == DRAFT)
        .values(code_hmac=vault.code_hmac(code))
    )
    if changed.rowcount == 0:
        raise NotADraft(intake_id)


def find_by_code(conn: Connection, vault: Vault, typed: str) -> str | None:
    """The id of the intake, draft or submitted. A wrong code costs what a right one costs."""
    asked = select(INTAKES.c.id).where(INTAKES.c.code_hmac == vault.code_hmac(typed))
    return conn.execute(asked).scalar()


def read_draft(conn: Connection, vault: Vault, intake_id: str) -> StoredIntake | None:
    """None when there is none; check `status`. Raises VaultError when a page was tampered with."""
    intake = _read(conn, vault, intake_id)
    if intake is None or intake.status != DRAFT:
        return intake
    return _with_answers(conn, vault, intake)


def read_again(conn: Connection, vault: Vault, seen: StoredIntake) -> StoredIntake | None:
    """As `read_draft`, but `seen` itself when no page was saved since it was read, nor sent."""
    if list(drafts.STATE.rows(conn, {"intake": seen.id})) == [(seen.revision, seen.status)]:
        return seen
    return read_draft(conn, vault, seen.id)


def save_page(
    conn: Connection,
    vault: Vault,
    intake: StoredIntake,
    page_id: str,
    answers: PageAnswers,
    *,
    expected_revision: int | None,
    now: datetime,
) -> StoredIntake:
    """Store a page and return the draft as it now stands, other tabs' pages included.

    `expected_revision` is the page's revision when it was shown, None or 0 if it had none. Sending
    the same answers twice (a lost reply) is one save. Raises StaleRevision when other answers were
    saved in the meantime, NotADraft when the intake is submitted or deleted.
    """
    counted = drafts.COUNT_SAVE.rows(conn, {"intake": intake.id, "now": now})
    if not counted:
        raise NotADraft(intake.id)
    revision = counted[0][0]
    context = _context(intake.id, page_id, revision)
    values = {
        "intake": intake.id,
        "page": page_id,
        "revision": revision,
        "ciphertext": seal_json(vault, intake.key, answers, context=context),
        "now": now,
        "expected": expected_revision or 0,
    }
    saved = drafts.ADD_SAVE.changed(conn, values) == 1
    if not saved:
        _same_or_stale(conn, vault, intake, page_id, answers)
    fresh = replace(intake, revision=revision, saved_at=now, seen_at=now, left_at=None)
    if not saved or revision != intake.revision + 1:
        return _with_answers(conn, vault, fresh)
    return replace(
        fresh,
        answers={**intake.answers, page_id: answers},
        revisions={**intake.revisions, page_id: revision},
        halves={page: half for page, half in intake.halves.items() if page != page_id},
    )


def _same_or_stale(
    conn: Connection, vault: Vault, intake: StoredIntake, page_id: str, answers: PageAnswers
) -> None:
    ((_, revision, sealed),) = drafts.CURRENT_PAGE.rows(
        conn, {"intake": intake.id, "page": page_id}
    )
    stored = _opened(vault, intake, page_id, revision, sealed)
    if to_json(stored) != to_json(answers):
        raise StaleRevision(page_id, stored, revision)


def touch(conn: Connection, intake_id: str, *, now: datetime) -> None:
    """The patient is here: counts as activity, and a draft that was left is no longer."""
    drafts.SEEN.changed(conn, {"intake": intake_id, "now": now})


def mark_left(conn: Connection, intake_id: str, *, now: datetime) -> bool:
    """The patient left, or ten idle minutes passed. False when that was marked already."""
    changed = conn.execute(
        update(INTAKES)
        .where(INTAKES.c.id == intake_id, INTAKES.c.status == DRAFT, INTAKES.c.left_at.is_(None))
        .values(left_at=now)
    )
    return changed.rowcount == 1


def idle_drafts(conn: Connection, *, before: datetime) -> list[str]:
    """Ids of drafts without activity since `before` that are not yet marked as left."""
    asked = (
        select(INTAKES.c.id)
        .where(INTAKES.c.status == DRAFT, INTAKES.c.left_at.is_(None), INTAKES.c.seen_at < before)
        .order_by(INTAKES.c.seen_at)
    )
    return list(conn.execute(asked).scalars())


def abandoned_drafts(conn: Connection, *, before: datetime) -> list[str]:
    """Ids of drafts without activity since `before`, left or not: what retention deletes."""
    asked = select(INTAKES.c.id).where(INTAKES.c.status == DRAFT, INTAKES.c.seen_at < before)
    return list(conn.execute(asked.order_by(INTAKES.c.seen_at)).scalars())


def page_history(conn: Connection, vault: Vault, intake_id: str) -> list[OldSave]:
    """Every save of every page in the order they were made, of a draft or a submitted intake."""
    intake = _read(conn, vault, intake_id)
    if intake is None:
        return []
    asked = select(SAVES).where(SAVES.c.intake_id == intake_id).order_by(SAVES.c.revision)
    return [
        OldSave(
            s.page_id,
            s.revision,
            s.saved_at,
            _opened(vault, intake, s.page_id, s.revision, s.ciphertext),
        )
        for s in conn.execute(asked)
    ]


def delete_draft(conn: Connection, intake_id: str) -> bool:
    """Delete a draft, its saves, alerts and data key. False when it is not a draft (any more)."""
    draft = select(INTAKES.c.id).where(INTAKES.c.id == intake_id, INTAKES.c.status == DRAFT)
    # Locked, so that no submit comes in between on PostgreSQL.
    if conn.execute(draft.with_for_update()).first() is None:
        return False
    delete_intake(conn, intake_id)
    return True


def delete_intake(conn: Connection, intake_id: str) -> None:
    """Delete an intake with everything of it but its audit rows, which hold ids only."""
    submission = select(SUBMISSIONS.c.id).where(SUBMISSIONS.c.intake_id == intake_id)
    for part in (DOCUMENTS, SEARCH_TERMS):
        conn.execute(delete(part).where(part.c.submission_id.in_(submission)))
    for child in (SUBMISSIONS, ALERTS, SAVES, HALF_PAGES, LINKS, MESSAGES, CHART, HOLDS):
        conn.execute(delete(child).where(child.c.intake_id == intake_id))
    conn.execute(delete(INTAKES).where(INTAKES.c.id == intake_id))


def has_rows(conn: Connection) -> bool:
    """Whether anything is stored that new keys could not open or prove (see `Keyring.open`)."""
    kept = (INTAKES.c.id, AUDIT.c.id)
    return any(conn.execute(select(column).limit(1)).first() is not None for column in kept)


def check_keys(conn: Connection, vault: Vault) -> None:
    """Raises VaultError when an intake's master key is missing or is not the one it was."""
    for key_id in conn.execute(select(INTAKES.c.key_id).distinct()).scalars():
        one = select(INTAKES.c.wrapped_key).where(INTAKES.c.key_id == key_id).limit(1)
        vault.unwrap(key_id, conn.execute(one).scalar_one())


def rewrap_keys(conn: Connection, vault: Vault, *, limit: int) -> int:
    """Put up to `limit` data keys under the current master key; returns how many were left to do.

    Call it in short transactions until it returns 0. It may be stopped and run again at any time.
    """
    old = (
        select(INTAKES.c.id, INTAKES.c.key_id, INTAKES.c.wrapped_key)
        .where(INTAKES.c.key_id != vault.keyring.current)
        .limit(limit)
    )
    rows = conn.execute(old).all()
    for row in rows:
        key = vault.rewrap(row.key_id, row.wrapped_key)
        conn.execute(
            update(INTAKES)
            .where(INTAKES.c.id == row.id)
            .values(key_id=key.id, wrapped_key=key.wrapped)
        )
    return len(rows)


def _read(conn: Connection, vault: Vault, intake_id: str) -> StoredIntake | None:
    """Without its answers."""
    for row in drafts.INTAKE.rows(conn, {"intake": intake_id}):
        kept = dict(zip(drafts.INTAKE_COLUMNS, row, strict=True))
        key = vault.open_data_key(kept["key_id"], kept["wrapped_key"])
        return StoredIntake(key=key, **{name: kept[name] for name in _PLAIN})
    return None


def _with_answers(conn: Connection, vault: Vault, intake: StoredIntake) -> StoredIntake:
    rows = drafts.CURRENT.rows(conn, {"intake": intake.id})
    revisions = {page: revision for page, revision, _ in rows}
    sealed = ((text, _context(intake.id, page, revision)) for page, revision, text in rows)
    opened = unseal_all(vault, intake.key, sealed)
    halves = {page: Half(*rest) for page, *rest in drafts.HALVES.rows(conn, {"intake": intake.id})}
    answers = dict(zip(revisions, opened, strict=True))
    return replace(intake, answers=answers, revisions=revisions, halves=halves)


def _opened(
    vault: Vault, intake: StoredIntake, page_id: str, revision: int, sealed: bytes
) -> dict[str, Any]:
    context = _context(intake.id, page_id, revision)
    return unseal_json(vault, intake.key, sealed, context=context)


def _context(intake_id: str, page_id: str, revision: int) -> str:
    return f"page_saves:{intake_id}:{page_id}:ciphertext:{revision}"
