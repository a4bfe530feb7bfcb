"""Who may open which staff page: one table, asked before every request below /staff.

A page that is not in the table opens for nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from flask import (
    Flask,
    abort,
    current_app,
    flash,
    g,
    get_flashed_messages,
    redirect,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response

from ..storage.accounts import ADMIN, AUDITOR, FRONT_DESK, PHYSICIAN, ROLES, User
from ..storage.alerts import Mailing
from ..workflows import accounts, urgent
from . import security, sessions
from .csrf import SAFE_METHODS
from .current import office
from .i18n import local_path
from .logging import log
from .staff_command import staff_link

ROOT = "/staff"
IDLE = timedelta(minutes=15)  # without a request; sessions.LONGEST is the end in any case
FRESH = timedelta(minutes=5)  # since the password was last asked for


@dataclass(frozen=True)
class Access:
    """`roles` None: everybody, signed in or not. `fresh`: the password is asked for again."""

    roles: frozenset[str] | None
    fresh: bool = False


EVERYBODY = Access(None)
STAFF = Access(frozenset(ROLES))  # whoever has an account: what is their own
STAFF_AGAIN = Access(STAFF.roles, fresh=True)
DESK = Access(frozenset({FRONT_DESK}))  # names and where an intake stands, nothing of what it says
READERS = Access(frozenset({PHYSICIAN}))
AUDITORS = Access(frozenset({AUDITOR}))
AUDITORS_AGAIN = Access(AUDITORS.roles, fresh=True)
OFFICE = Access(frozenset({ADMIN}))  # how far an export is: no answers
ADMINS = Access(OFFICE.roles, fresh=True)

PAGES: Mapping[str, Access] = {
    "auth.sign_in": EVERYBODY,
    "auth.code": EVERYBODY,
    "auth.recovery_code": EVERYBODY,
    "auth.authenticator": EVERYBODY,
    "auth.authenticator_image": EVERYBODY,
    "auth.first_admin": EVERYBODY,
    "auth.join": EVERYBODY,
    "auth.sign_out": EVERYBODY,
    "account.show": STAFF,
    "account.confirm": STAFF,
    "account.password": STAFF,
    "account.recovery_codes": STAFF,
    "account.new_recovery_codes": STAFF_AGAIN,
    "account.new_authenticator": STAFF_AGAIN,
    "account.sign_out_everywhere": STAFF,
    "passkeys.ask": EVERYBODY,
    "passkeys.sign_in": EVERYBODY,
    "passkeys.ask_again": STAFF,
    "passkeys.confirm": STAFF,
    "passkeys.own": STAFF_AGAIN,
    "passkeys.ask_for_new": STAFF_AGAIN,
    "passkeys.rename": STAFF_AGAIN,
    "passkeys.remove": STAFF_AGAIN,
    "desk.show": DESK,
    "desk.found": DESK,
    "staff.queue": READERS,
    "staff.search": READERS,
    "staff.found": READERS,
    "staff.assign": READERS,
    "staff.assign_one": READERS,
    "staff.alerts_now": READERS,
    "staff.acknowledge": READERS,
    "staff.record": READERS,
    "staff.begin_check_in": READERS,
    "staff.pdf": READERS,
    "decision.decide": READERS,
    "letter.write": READERS,
    "letter.file": READERS,
    "review.measure": READERS,
    "review.correct": READERS,
    "review.talk": READERS,
    "review.note": READERS,
    "corrections.answer": READERS,
    "staff.copy": READERS,
    "plan.show": READERS,
    "plan.calendar": READERS,
    "plan.sheet": READERS,
    "users.index": ADMINS,
    "users.invite": ADMINS,
    "users.show": ADMINS,
    "users.change_roles": ADMINS,
    "users.set_active": ADMINS,
    "users.sign_out": ADMINS,
    "users.start_over": ADMINS,
    "export.show": ADMINS,
    "export.job": OFFICE,
    "export.cancel": OFFICE,
    "export.fetch": ADMINS,
    "export.data_dictionary": ADMINS,
    "export.line_schema": ADMINS,
    "fhir.questionnaire": ADMINS,
    "insight.show": OFFICE,
    "disclosures.show": READERS,
    "audit.show": AUDITORS,
    "audit.check": AUDITORS,
    "audit.export": AUDITORS_AGAIN,
    "retention.show": ADMINS,
    "retention.lift": ADMINS,
    "retention.purge": ADMINS,
}

# What stands in the line above a page, for whom the table lets in. The first one is their start.
SECTIONS = (
    ("Queue", "staff.queue"),
    ("Patients", "desk.show"),
    ("Export", "export.show"),
    ("Retention", "retention.show"),
    ("Insight", "insight.show"),
    ("Staff", "users.index"),
    ("Audit", "audit.show"),
    ("Your account", "account.show"),
)


def install(app: Flask) -> None:
    """Needs the sessions and the CSRF check; without keys there is no sign-in."""
    if "office" in app.extensions:
        security.install(app, app.extensions["office"], app.extensions["settings"])
    app.before_request(guard)
    app.context_processor(page_context)
    app.cli.add_command(staff_link)


def guard() -> Response | None:
    """Let the request pass, send it to sign in or to confirm, or refuse it with 403."""
    if not _is_staff_path(request.path):
        return None
    g.language = "en"
    if request.endpoint is None:
        return None  # the 404 or 405 that follows
    access = PAGES.get(request.endpoint)
    if access is None:
        log().error("page without access rule", route=str(request.url_rule))
        abort(403)
    g.staff = user = _still_signed_in()
    if access.roles is None:
        return None
    if user is None:
        return redirect(url_for("auth.sign_in", next=_here()), 303)
    return _by_role(user, access.roles) or _by_freshness(access)


def _by_role(user: User, allowed: frozenset[str]) -> Response | None:
    roles = roles_of(user)
    if not allowed & roles:
        if request.endpoint == "staff.queue":  # /staff, the address that everybody knows
            return redirect(home(user), 303)
        accounts.note(office(), actor(), "access.denied", page=request.endpoint)
        abort(403)
    g.alerts = urgent.open_now(office()) if roles & {PHYSICIAN, ADMIN} else []
    return None


def _by_freshness(access: Access) -> Response | None:
    if access.fresh and not is_fresh():
        return redirect(url_for("account.confirm", next=_here()), 303)
    return None


def _is_staff_path(path: str) -> bool:
    return _below(path, ROOT)


def _still_signed_in() -> User | None:
    user = security.signed_in()
    seen_at = getattr(session, "seen_at", None)
    if user and seen_at and office().now() - seen_at > IDLE:
        accounts.note(office(), f"user:{user.id}", "staff.session_ended")
        sessions.end(session)
        flash("You were signed out after 15 minutes without activity.")
        return None
    return user


def roles_of(user: User) -> set[str]:
    return {role.name for role in user.roles}


def may(role: str) -> bool:
    user = g.get("staff")
    return user is not None and role in roles_of(user)


def actor() -> str:
    """Who acts, as the audit names them."""
    return f"user:{g.staff.id}"


def is_fresh() -> bool:
    return office().now().timestamp() - session.get("confirmed_at", 0) <= FRESH.total_seconds()


def confirmed(how: str) -> None:
    """The password, or a passkey, was asked for just now."""
    accounts.note(office(), actor(), "staff.confirmed", how=how)
    sessions.renew(session)
    session["confirmed_at"] = office().now().timestamp()


def next_page(address: str | None) -> str:
    """Where to go after signing in: a staff page of this site, else the start."""
    local = local_path(address, "")
    return local if _is_staff_path(local.partition("?")[0]) else home(g.get("staff"))


def home(user: User | None) -> str:
    """Where a member of staff starts: by their roles. Of nobody yet: the address that finds out."""
    return _sections(user)[0][1] if user else ROOT


def _sections(user: User) -> list[tuple[str, str]]:
    """Title and address of each section that this account may open."""
    roles = roles_of(user)
    return [
        (title, url_for(endpoint))
        for title, endpoint in SECTIONS
        if endpoint in current_app.view_functions and (PAGES[endpoint].roles or roles) & roles
    ]


def _here() -> str:
    """The page to come back to; a form that was sent is filled in again."""
    if request.method in SAFE_METHODS:
        return request.full_path.rstrip("?")
    return local_path(request.form.get("back"), home(g.staff))


def page_context() -> dict[str, Any]:
    """What templates/layouts/staff.html asks for. Reads no storage: an error page uses it too."""
    if not _is_staff_path(request.path):
        return {}
    user = g.get("staff")
    found: dict[str, Any] = {
        "nav": _nav(user) if user else [],
        "user_name": (user.name or user.email) if user else None,
        "sign_out_url": url_for("auth.sign_out"),
        "brand_url": home(user) if user else None,
        "alerts_open": len(g.get("alerts", [])) if user and not may(PHYSICIAN) else 0,
        "language_switch_url": None,
        "errors": [],
    }
    # Not while an error page is drawn for want of storage.
    found["flashes"] = get_flashed_messages() if session else []
    return found


def _nav(user: User) -> list[dict[str, Any]]:
    items = _sections(user)
    alerts: list[Mailing] = g.get("alerts", [])
    here = max((href for _, href in items if _below(request.path, href)), key=len, default=None)
    found = [{"text": text, "href": href, "current": href == here} for text, href in items]
    if may(PHYSICIAN):
        found[0]["alerts"] = {"count": len(alerts), "state": state_of(alerts)}
    return found


def state_of(alerts: Sequence[Mailing]) -> str:
    """Another text when an alert is new, taken, changed or was e-mailed again."""
    told = [(a.id, a.mailed, str(a.mail_failed_at), sha256(a.detail).hexdigest()) for a in alerts]
    return sha256(repr(told).encode()).hexdigest()[:16]


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")
