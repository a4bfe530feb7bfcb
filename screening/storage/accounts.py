"""Staff accounts, with the fields that Flask-Security asks for.

The application sets `SECURITY_DATETIME_FACTORY = aware_utcnow`, since times here are aware, and
encrypts TOTP secrets and recovery codes (`SECURITY_TOTP_SECRETS`,
`SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS`) with secrets from `Vault.derived`.
"""

from datetime import datetime

from flask_security import AsaList, RoleMixin, SQLAlchemySessionUserDatastore, UserMixin
from sqlalchemy import Column, ForeignKey, String, Table, Text
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .database import Database
from .models import Base

ADMIN, PHYSICIAN, FRONT_DESK, AUDITOR = "admin", "physician", "front-desk", "auditor"
ROLES = (FRONT_DESK, PHYSICIAN, ADMIN, AUDITOR)

user_roles = Table(
    "user_roles",
    Base.metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("role_id", ForeignKey("roles.id"), primary_key=True),
)


class Texts(AsaList):
    """A list of texts without commas. The library leaves out whether statements may be cached."""

    cache_ok = True


class Role(Base, RoleMixin):
    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    description: Mapped[str | None] = mapped_column(String(255))


class User(Base, UserMixin):
    """A member of staff. Deactivated rather than deleted: the audit names "user:ID"."""

    __tablename__ = "users"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str | None] = mapped_column(String(120))
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool]
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    confirmed_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]  # type: ignore[assignment]
    current_login_at: Mapped[datetime | None]  # type: ignore[assignment]
    last_login_ip: Mapped[str | None] = mapped_column(String(64))
    current_login_ip: Mapped[str | None] = mapped_column(String(64))
    login_count: Mapped[int | None]  # type: ignore[assignment]
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(Text)
    tf_last_counter: Mapped[int | None]  # the last time step used: a code works once
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(Texts()))
    roles: Mapped[list[Role]] = relationship(  # type: ignore[assignment]
        secondary=user_roles, lazy="selectin"
    )


class Passkey(Base):
    """A key on somebody's device that signs in. `credential_id` is the device's name for it."""

    __tablename__ = "passkeys"

    credential_id: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))  # what its owner calls it
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    transports: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


def datastore(database: Database) -> SQLAlchemySessionUserDatastore:
    """Commit a new role before it is looked up: nothing autoflushes."""
    return SQLAlchemySessionUserDatastore(database.sessions, User, Role)
