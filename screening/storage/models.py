"""The tables of an installation. Answers are ciphertext; ids, times and counts are not.

Hot paths use Core statements on these tables (`Intake.__table__`), not the ORM's unit of work.
Staff accounts, which need Flask-Security, are in `accounts`.
"""

from datetime import UTC, datetime
from typing import ClassVar, cast

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ID = String(32)  # a uuid4 in hex
HASH = String(64)  # a SHA-256 in hex
_FILTERS = ("status", "assigned_to")  # of a list of submissions
_WITHDRAWN = text("withdrawn_at IS NOT NULL")


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC. SQLite has no time zones: it keeps the bare UTC time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {datetime: UtcTime(), bytes: LargeBinary()}
    # Named constraints, or a batch migration on SQLite cannot drop them again.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Definition(Base):
    """A questionnaire as it was asked, kept once so that old intakes stay readable."""

    __tablename__ = "definitions"

    content_hash: Mapped[str] = mapped_column(HASH, primary_key=True)
    version: Mapped[str] = mapped_column(String(32))
    document: Mapped[str] = mapped_column(Text)  # JSON
    first_used_at: Mapped[datetime]


class Intake(Base):
    """One patient's intake, first page to receipt. Its data key opens all that belongs to it."""

    __tablename__ = "intakes"
    __table_args__ = (
        Index("ix_intakes_idle", "status", "left_at", "seen_at"),
        Index(
            "ix_intakes_withdrawn",
            "withdrawn_at",
            sqlite_where=_WITHDRAWN,
            postgresql_where=_WITHDRAWN,
        ),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    reference: Mapped[str] = mapped_column(String(9), unique=True)
    status: Mapped[str] = mapped_column(String(16))  # draft, submitted
    questionnaire: Mapped[str] = mapped_column(String(32))
    content_hash: Mapped[str] = mapped_column(ForeignKey(Definition.content_hash))
    key_id: Mapped[str] = mapped_column(String(8))  # the master key that wraps the data key
    wrapped_key: Mapped[bytes]
    code_hmac: Mapped[bytes | None] = mapped_column(unique=True)
    revision: Mapped[int]  # counts the saves of all pages
    created_at: Mapped[datetime]
    saved_at: Mapped[datetime | None]  # last page save
    seen_at: Mapped[datetime]  # last activity
    left_at: Mapped[datetime | None]  # the patient left or was idle, and the draft was judged then
    submitted_at: Mapped[datetime | None]
    # A check-in names the first intake of its patient. No foreign key: it may be purged earlier.
    follows: Mapped[str | None] = mapped_column(ID, index=True)
    withdrawn_at: Mapped[datetime | None]  # the patient does not want it to be used any more


class PageSave(Base):
    """One save of one page; never changed. A page's highest revision holds its answers."""

    __tablename__ = "page_saves"

    intake_id: Mapped[str] = mapped_column(ForeignKey(Intake.id), primary_key=True)
    page_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ciphertext: Mapped[bytes]
    saved_at: Mapped[datetime]


class HalfPage(Base):
    """What was typed on a page that is not sent yet, as its inputs held it.

    `revision`: of the page as it was shown. `counter` counts the saves, so that of two tabs that
    write the same page neither overwrites the other unseen.
    """

    __tablename__ = "half_pages"

    intake_id: Mapped[str] = mapped_column(ForeignKey(Intake.id), primary_key=True)
    page_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int]
    counter: Mapped[int]
    ciphertext: Mapped[bytes]
    saved_at: Mapped[datetime]


class Submission(Base):
    """A finished intake. `document`: what was answered and worked out. `card`: its queue line."""

    __tablename__ = "submissions"
    __table_args__ = (
        # All that a list is filtered by is in its index: a row lies behind its long document.
        Index("ix_submissions_waiting", "decided_at", "urgency", "submitted_at", "id", *_FILTERS),
        Index("ix_submissions_sent", "submitted_at", "id", "decided_at", "urgency", *_FILTERS),
        {"sqlite_autoincrement": True},  # a purged id is never given out again
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    intake_id: Mapped[str] = mapped_column(ForeignKey(Intake.id), unique=True)
    submitted_at: Mapped[datetime]
    document: Mapped[bytes]
    card: Mapped[bytes]
    status: Mapped[str] = mapped_column(String(16))
    # What the queue sorts by; the rest of a line is in the card. 0 urgent ... 3 candidate.
    urgency: Mapped[int | None]  # None: not indexed yet
    decided_at: Mapped[datetime | None]  # the last decision; None: it has to be made (again)
    assigned_to: Mapped[int | None]  # a member of staff


class SearchTerm(Base):
    """Where a word of a name or a date of birth leads to, without holding either."""

    __tablename__ = "search_terms"

    term_hmac: Mapped[bytes] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(
        ForeignKey(Submission.id), primary_key=True, index=True, autoincrement=False
    )


class ChartEntry(Base):
    """What staff added to an intake: written once, never changed; numbered from 1."""

    __tablename__ = "chart"

    intake_id: Mapped[str] = mapped_column(ForeignKey(Intake.id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))  # user:12
    ciphertext: Mapped[bytes]


class Alert(Base):
    """An urgent rule that fired; written in the transaction of the answer that fired it."""

    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_open", "acknowledged_at", "due_at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    intake_id: Mapped[str] = mapped_column(ForeignKey(Intake.id), index=True)
    raised_at: Mapped[datetime]
    due_at: Mapped[datetime]
    detail: Mapped[bytes]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[bytes | None]
    mailed_at: Mapped[datetime | None]  # when staff were last written to
    mailed: Mapped[int] = mapped_column(server_default="0")  # how often
    mail_failed_at: Mapped[datetime | None]  # the last try, when it failed


class Link(Base):
    """An e-mailed way back. The handle in it opens nothing by itself; a number sent later does,
    together with the date of birth, for a short time."""

    __tablename__ = "links"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    intake_id: Mapped[str] = mapped_column(ForeignKey(Intake.id), index=True)
    handle_hmac: Mapped[bytes] = mapped_column(unique=True)
    address: Mapped[bytes]
    created_at: Mapped[datetime]
    mailed_at: Mapped[datetime | None]
    number_hmac: Mapped[bytes | None]
    number_until: Mapped[datetime | None]


class Message(Base):
    """What a patient wrote to the clinic after sending."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_unread", "read_at", "sent_at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    intake_id: Mapped[str] = mapped_column(ForeignKey(Intake.id), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # message, withdrawal
    sent_at: Mapped[datetime]
    ciphertext: Mapped[bytes]
    read_at: Mapped[datetime | None]
    read_by: Mapped[str | None] = mapped_column(String(64))


class PageTime(Base):
    """How long patients take for a page, over all of them: nothing about any one."""

    __tablename__ = "page_times"

    questionnaire: Mapped[str] = mapped_column(String(32), primary_key=True)
    page_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seconds: Mapped[int]  # the median
    measured: Mapped[int]  # of how many


class Document(Base):
    """A rendered file of a submission, made once."""

    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("submission_id", "kind", "paper"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey(Submission.id))
    kind: Mapped[str] = mapped_column(String(16))  # pdf, copy, letter, sheet
    paper: Mapped[str] = mapped_column(String(16))  # letter, letter-es, letter-3
    ciphertext: Mapped[bytes]
    made_at: Mapped[datetime]


class ExportJob(Base):
    """An export that was asked for. Its file lies in the instance folder under a key of its own,
    which goes when the file was fetched or had its day; the row stays for the accounting."""

    __tablename__ = "exports"
    __table_args__ = (Index("ix_exports_status", "status", "asked_at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    by: Mapped[str] = mapped_column(String(64))  # user:12
    asked_at: Mapped[datetime]
    options: Mapped[str] = mapped_column(Text)  # JSON: format, filters, purpose, recipient, ...
    # waiting, running, done, fetched, expired, cancelled, failed
    status: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(server_default="0")  # how often it was begun
    total: Mapped[int | None]  # submissions to look at, in all walks
    done: Mapped[int] = mapped_column(server_default="0")  # looked at so far
    rows: Mapped[int | None]  # submissions in the file
    rare: Mapped[int | None]  # of a de-identified file: rows that are like few others
    name: Mapped[str | None] = mapped_column(String(64))  # of the file
    key_id: Mapped[str | None] = mapped_column(String(8))
    wrapped_key: Mapped[bytes | None]
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes of the file as it is handed out
    sha256: Mapped[str | None] = mapped_column(HASH)
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]  # when it was first handed out, be it in part
    error: Mapped[str | None] = mapped_column(String(64))  # a kind of error, never its text
    included: Mapped[bytes | None]  # whose submissions were in it; see storage.export_jobs


class Hold(Base):
    """A legal hold: nothing of this intake is purged until it is lifted."""

    __tablename__ = "holds"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    intake_id: Mapped[str] = mapped_column(ForeignKey(Intake.id), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[bytes]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None] = mapped_column(String(64))


class Tally(Base):
    """A count of a month for the dashboard, over all patients: nothing about any one."""

    __tablename__ = "tallies"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)  # started, outcome, ...
    month: Mapped[str] = mapped_column(String(7), primary_key=True)  # 2026-11
    value: Mapped[str] = mapped_column(String(64), primary_key=True)  # "clearance", "" alone
    count: Mapped[int]


class AuditRow(Base):
    """Who did what and when; triggers refuse to change or delete a row."""

    __tablename__ = "audit"
    # For the pages of the audit, newest first; `id` is the order of all of them.
    __table_args__ = (
        Index("ix_audit_actor_id", "actor", "id"),
        Index("ix_audit_action_id", "action", "id"),
    )

    # Counted by `audit.append`, without gaps, so that a missing row shows.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))  # patient, user:12, system, cli
    action: Mapped[str] = mapped_column(String(64))
    intake_id: Mapped[str | None] = mapped_column(ID, index=True)  # outlives its intake: no key
    detail: Mapped[str | None] = mapped_column(Text)  # JSON of ids and counts, never answers
    mac: Mapped[bytes]


class WebSession(Base):
    """A browser session: the SHA-256 of its cookie, and its contents under the master key."""

    __tablename__ = "web_sessions"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    ciphertext: Mapped[bytes]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Attempt(Base):
    """One failed resume or sign-in; `key_hmac` stands for an address or an account."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_kind_key_at", "kind", "key_hmac", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    key_hmac: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(index=True)


def table(model: type[Base]) -> Table:
    """The Core table of a model; `__table__` alone is typed too widely to be inserted into."""
    return cast(Table, model.__table__)
