"""Flask-Security set up: who is signed in, password hashes, authenticator codes.

Its views are not used, only what is under them; why: docs/decisions/0004. Ours are in `auth`.
"""

from typing import Any, cast

from flask import Flask, current_app, g, session
from flask_login import AnonymousUserMixin
from flask_security import Security, Totp, current_user
from flask_security import login_user as remember_user
from passlib.totp import TotpMatch  # type: ignore[import-untyped]

from ..settings import Settings
from ..storage.accounts import User, datastore
from ..workflows import accounts
from ..workflows.office import Office
from . import sessions

RECOVERY_CODES = 8
SKEW = 30  # seconds: one time step before and after


class SteppedTotp(Totp):
    """Tells which time step a code was of, so that each is used once."""

    def get_last_counter(self, user: Any) -> int | None:
        last: int | None = user.tf_last_counter if user else None
        return last

    def set_last_counter(self, user: Any, tmatch: TotpMatch) -> None:
        g.code_step = tmatch.counter


def install(app: Flask, office: Office, settings: Settings) -> None:
    """Needs the sessions and the CSRF check to be installed."""
    derived = office.vault.derived
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 the name of a method
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SALT=derived("password"),  # a pepper: it is not in the database
        SECURITY_TOTP_SECRETS={1: derived("totp")},
        SECURITY_TOTP_ISSUER=settings.clinic.name,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_DATETIME_FACTORY=office.now,
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
    )
    if settings.testing:
        quick = {"argon2__time_cost": 1, "argon2__memory_cost": 64, "argon2__parallelism": 1}
        app.config["SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS"] = quick
    Security(app, datastore(office.database), register_blueprint=False, totp_cls=SteppedTotp)
    # It looks for an account before every request, patients' too, for permissions we do not use.
    principal = app.extensions["security"].principal
    app.before_request_funcs[None].remove(principal._on_before_request)  # noqa: SLF001

    @app.teardown_appcontext
    def close_accounts(_error: BaseException | None) -> None:
        office.database.sessions.remove()


def security() -> Security:
    return cast(Security, current_app.extensions["security"])


def signed_in() -> User | None:
    """The active account of this session."""
    user = current_user._get_current_object()  # noqa: SLF001 the proxy's own name for it
    return None if isinstance(user, AnonymousUserMixin) else cast(User, user)


def find(**by: Any) -> User | None:
    """An account by one of `id`, `email` (in any case) or `fs_uniquifier`."""
    found = security().datastore.find_user(case_insensitive="email" in by, **by)
    return cast(User | None, found)


def enter(user: User, now: float) -> None:
    """From here on this session is theirs: a new cookie, nothing left of what it held before."""
    session.clear()
    g.pop("csrf_token", None)  # Flask-WTF keeps the one that was in the session
    sessions.renew(session)
    remember_user(user)
    session["confirmed_at"] = now


def new_secret() -> str:
    """An authenticator's secret, encrypted."""
    secret: str = security().totp_factory.generate_totp_secret()
    return secret


def is_code(user: User, typed: str) -> bool:
    """Whether it is a code of the user's authenticator that was not used before; now it is used."""
    step = step_of(typed, user.tf_totp_secret, user)
    office: Office = current_app.extensions["office"]
    # Asked of the store again: two requests at the same moment have both read the earlier step.
    return step is not None and accounts.use_step(office, user.id, step)


def step_of(typed: str, secret: str | None, user: User | None = None) -> int | None:
    """The time step of a code of this secret; None when it is none, or `user` used it before."""
    code = "".join(typed.split())
    if secret is None or len(code) != 6 or not (code.isascii() and code.isdecimal()):
        return None
    right = security().totp_factory.verify_totp(code, secret, cast(User, user), window=SKEW)
    return cast(int, g.code_step) if right else None


def new_recovery_codes() -> list[str]:
    codes: list[str] = security().totp_factory.generate_recovery_codes(RECOVERY_CODES)
    return codes
