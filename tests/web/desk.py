"""Staff at their browsers: accounts made in the store, forms sent as a browser sends them."""

from dataclasses import dataclass
from typing import Any, Self

import pyotp
from bs4 import BeautifulSoup, Tag
from flask import current_app
from flask_security import hash_password
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from screening.storage import members
from screening.storage.accounts import ADMIN, AUDITOR, FRONT_DESK, PHYSICIAN
from screening.workflows import accounts
from tests.site import Site
from tests.walker import laid_over, values_of

PASSWORD = "seven purple kettles hum"
__all__ = [
    "ADMIN",
    "AUDITOR",
    "FRONT_DESK",
    "PASSWORD",
    "PHYSICIAN",
    "Desk",
    "Person",
    "desk",
    "hire",
]


@dataclass(frozen=True)
class Person:
    id: int
    email: str
    secret: str | None  # of their authenticator

    def code(self) -> str:
        assert self.secret
        return pyotp.TOTP(self.secret).now()


def hire(site: Site, *roles: str, email: str = "", connected: bool = True) -> Person:
    """An active account; with `connected` it has an authenticator."""
    email = email or f"{'-'.join(roles)}@example.org"
    secret = pyotp.random_base32(32) if connected else None
    with site.app.app_context():
        password = hash_password(PASSWORD)
        sealed = None
        if secret:
            factory = current_app.extensions["security"].totp_factory
            sealed = factory._totp(key=secret).to_json(encrypt=True)
    with site.office.database.write() as conn:
        name = f"Robin {roles[0].title()}"
        member_id = members.add_member(conn, email=email, name=name, roles=roles)
        members.set_password(conn, member_id, password)
        if sealed:
            members.set_authenticator(conn, member_id, sealed, None)
    return Person(member_id, email, secret)


class Compiled(BytecodeCache):
    """Templates compiled once a run: every test has an app of its own."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


class Desk:
    """One browser. `address` is where it comes from."""

    def __init__(self, site: Site, address: str = "127.0.0.1"):
        site.app.jinja_env.bytecode_cache = COMPILED
        self.client = site.app.test_client()
        self.sent_with: dict[str, Any] = {
            "environ_base": {"REMOTE_ADDR": address},
            "follow_redirects": True,
        }
        self.answer: TestResponse

    def open(self, address: str) -> Self:
        return self._arrived(self.client.get(address, **self.sent_with))

    def send(self, to: str = "", **typed: Any) -> Self:
        """Fill in the page's form that goes to this address (its own page without one)."""
        form = next(f for f in self.forms if str(f.get("action", "")).endswith(to) or not to)
        fields = MultiDict[str, str]()
        for control in form.find_all(("input", "select", "textarea")):
            for value in values_of(control):
                fields.add(str(control["name"]), value)
        assert set(typed) <= {str(c.get("name")) for c in form.find_all(True)}, typed
        address = str(form.get("action") or self.answer.request.full_path)
        return self._arrived(
            self.client.post(address, data=laid_over(fields, typed), **self.sent_with)
        )

    def sign_in(self, person: Person, password: str = PASSWORD) -> Self:
        self.open("/staff/sign-in").send(email=person.email, password=password)
        return self.send(code=person.code())

    @property
    def forms(self) -> list[Tag]:
        """Those of the page itself: not the one that signs out."""
        return list((self.soup.main or self.soup).find_all("form"))

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def path(self) -> str:
        return self.answer.request.path

    @property
    def title(self) -> str:
        return self.soup.h1.get_text(" ", strip=True) if self.soup.h1 else ""

    @property
    def text(self) -> str:
        return " ".join((self.soup.main or self.soup).get_text(" ", strip=True).split())

    @property
    def nav(self) -> list[str]:
        return [a.get_text(strip=True) for a in self.soup.select(".staff-nav a")]

    def _arrived(self, answer: TestResponse) -> Self:
        self.answer = answer
        html = "html" in answer.content_type
        self.soup = BeautifulSoup(answer.text if html else "", "html.parser")
        return self


def desk(site: Site, *roles: str) -> Desk:
    """Somebody with these roles, signed in."""
    return Desk(site).sign_in(hire(site, *roles))


def deactivate(site: Site, person: Person) -> None:
    with site.office.database.write() as conn:
        members.set_active(conn, person.id, False)


def leave_only_roles(site: Site, person: Person, *roles: str) -> None:
    with site.office.database.write() as conn:
        members.set_roles(conn, person.id, roles)


def invitation(site: Site, *roles: str, email: str = "new@example.org") -> str:
    """The path of the link that an administrator would hand over."""
    admin = hire(site, ADMIN, email="boss@example.org")
    member_id = accounts.invite(
        site.office, f"user:{admin.id}", email=email, name="Kim New", roles=roles
    )
    return f"/staff/join/{accounts.join_secret(site.office, member_id)}"
