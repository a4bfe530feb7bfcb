"""Browser sessions kept on the server: the cookie is 256 random bits and holds no data.

Why by hand: docs/decisions/0001. The storage keeps the SHA-256 of the cookie and the sealed
contents, JSON values only. A session lives for IDLE without a request and LONGEST at most; staff
views end theirs sooner by `seen_at`.

    renew(session)      at start, resume, sign-in and step-up: a new cookie, the old one is dead
    end(session)        at exit and sign-out: the row and the cookie are gone
    session.expired     the browser came with a cookie that no longer opens anything
    session.seen_at     the request before this one, to the minute; None in a new session
    session.intake      the intake that the session names, as it was then; may be None
    session.unavailable the storage does not answer: nothing can be read or saved
"""

from datetime import datetime, timedelta
from typing import Any, cast

from flask import Flask, Request, Response, request, session
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.datastructures import CallbackDict
from werkzeug.exceptions import ServiceUnavailable

from screening.settings import Settings
from screening.storage import sessions as store
from screening.storage.database import DatabaseUnavailableError
from screening.storage.intakes import StoredIntake
from screening.storage.vault import VaultError
from screening.workflows import intake as intake_flow
from screening.workflows.office import Office

from .csrf import SAFE_METHODS
from .logging import log

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
TOUCH = timedelta(minutes=1)  # seen_at is written at most this often
LOOK = "X-Look"  # a header of what a page asks by itself: nobody need be there
RETRY_AFTER = 5  # seconds


class ServerSession(CallbackDict[str, Any], SessionMixin):
    """What the views use as `flask.session`."""

    def __init__(
        self,
        stored: store.StoredSession | None = None,
        token: str | None = None,
        intake: StoredIntake | None = None,
    ):
        def changed(_: object) -> None:
            self.modified = True

        super().__init__(stored.data if stored else {}, changed)
        self.token = token if stored else None
        self.intake = intake
        self.created_at = stored.created_at if stored else None
        self.seen_at = stored.seen_at if stored else None
        self.new = stored is None
        self.modified = False
        self.expired = bool(token) and stored is None
        self.unavailable = False
        self.renewed = False


class ServerSessions(SessionInterface):
    """Flask's session interface over `storage.sessions`."""

    def __init__(self, office: Office, settings: Settings):
        self.office = office
        # __Host- needs Secure, which a browser honours on plain http for localhost only.
        self.cookie = "__Host-session" if settings.https else "session"
        self.secure = settings.https

    def open_session(self, app: Flask, request: Request) -> ServerSession:
        token = request.cookies.get(self.cookie)
        if not token or request.path.startswith("/static/"):
            return ServerSession()
        try:
            with self.office.database.read() as conn:
                stored = store.read_session(conn, self.office.vault, token, now=self.office.now())
                intake = intake_flow.read_along(self.office, conn, stored)
        except DatabaseUnavailableError as error:
            log().error("session not read", exc_info=error)
            found = ServerSession(token=token)
            found.unavailable = True
            return found
        except VaultError as error:
            log().error("session refused", exc_info=error)
            stored = intake = None
        return ServerSession(stored, token, intake)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        ours = cast(ServerSession, session)
        if ours.unavailable:
            return
        try:
            self._save(ours, response, self.office.now())
        except DatabaseUnavailableError as error:
            # Flask saves once more with the error page; that must not wait in vain again.
            ours.unavailable = True
            if ours.modified:
                raise
            log().warning("session not touched", exc_info=error)

    def _save(self, session: ServerSession, response: Response, now: datetime) -> None:
        if not session:
            self._forget(session, response)
        elif session.token is None or session.renewed:
            self._create(session, response, now)
        elif session.modified or self._stale(session, now):
            self._update(session, session.token, now)

    def _forget(self, session: ServerSession, response: Response) -> None:
        if session.token:
            with self.office.database.write() as conn:
                store.delete_session(conn, session.token)
        if session.token or session.expired:
            response.delete_cookie(
                self.cookie, secure=self.secure, httponly=True, samesite="Lax", path="/"
            )

    def _create(self, session: ServerSession, response: Response, now: datetime) -> None:
        token = store.new_token()
        with self.office.database.write() as conn:
            if session.token:
                store.delete_session(conn, session.token)
            store.create_session(
                conn, self.office.vault, token, session, expires_at=now + IDLE, now=now
            )
        response.set_cookie(
            self.cookie, token, secure=self.secure, httponly=True, samesite="Lax", path="/"
        )

    def _update(self, session: ServerSession, token: str, now: datetime) -> None:
        expires_at = min(now + IDLE, (session.created_at or now) + LONGEST)
        with self.office.database.write() as conn:
            store.update_session(
                conn, self.office.vault, token, session, expires_at=expires_at, now=now
            )

    def _stale(self, session: ServerSession, now: datetime) -> bool:
        if LOOK in request.headers:
            return False
        return session.seen_at is None or now - session.seen_at >= TOUCH


def renew(session: Any) -> None:
    """Give the session a new cookie with this response; a copied old one opens nothing any more."""
    session.renewed = True
    session.modified = True


def end(session: Any) -> None:
    """Forget everything: with this response the stored session and the cookie are gone."""
    session.clear()


def install(app: Flask, office: Office, settings: Settings) -> None:
    app.session_interface = ServerSessions(office, settings)
    # Flask-Login would write to patients' sessions too, to guard cookies that hold data.
    app.config["SESSION_PROTECTION"] = None
    app.jinja_env.globals["session_minutes"] = int(IDLE.total_seconds() // 60)

    @app.before_request
    def need_storage_to_change_anything() -> None:
        # Before the CSRF check, which would blame the form for a token that cannot be read.
        if cast(ServerSession, session).unavailable and request.method not in SAFE_METHODS:
            raise ServiceUnavailable(retry_after=RETRY_AFTER)
