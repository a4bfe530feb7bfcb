"""An administrator's way in Chromium, with a passkey: from the first link to the last sign-out."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser

from screening.storage import sessions
from screening.storage.accounts import ADMIN, AUDITOR, PHYSICIAN
from screening.web import first_admin
from screening.workflows import accounts
from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server
from tests.site import Site

from .conftest import copied_installation

pytestmark = [pytest.mark.journey, pytest.mark.slow]

PASSWORD = "eleven quiet lanterns drift"
EMAIL = "owner@example.org"
PATIENT = "Quillfeather"
DOWNLOAD = '#export button:text-is("Download")'
# A device of the browser's own that asks for a fingerprint, and gets one.
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def server(made_installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Reached by a name: browsers make no passkeys for 127.0.0.1."""
    running = Server(copied_installation(made_installation, tmp_path_factory))
    running.url = f"http://localhost:{running.port}"
    running.environment["SCREENING_PUBLIC_URL"] = running.url
    running.start()
    running.start_worker()
    yield running
    running.stop()


def test_from_the_first_link_to_the_last_sign_out(
    server: Server, browser: Browser, store: Site
) -> None:
    intake_flow.submit_answers(store.office, person(last_name=PATIENT))
    at = Visitor(browser, server.url)
    device = Device(at)
    begins(at, server, store)
    adds_a_passkey(at, device)
    signs_in_with_it(at)
    physician, auditor = invites(at, PHYSICIAN), invites(at, AUDITOR)
    is_asked_again(at, store)
    exports(at)
    seen = reads_the_audit(Visitor(browser, server.url), auditor)
    signs_out_everywhere(at, Visitor(browser, server.url), store)
    assert Visitor(browser, server.url).open(physician).title == "Set your password"
    assert at.complaints == seen.complaints == []
    assert not re.findall(rf"{PATIENT}|{EMAIL}|{device.ids()}", server.log.read_text("utf-8"))


class Device:
    """The browser's virtual authenticator."""

    def __init__(self, at: Visitor):
        self.spoken = at.context.new_cdp_session(at.page)
        self.spoken.send("WebAuthn.enable")
        made = self.spoken.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        self.about = {"authenticatorId": made["authenticatorId"]}

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.spoken.send("WebAuthn.getCredentials", self.about)[
            "credentials"
        ]
        return found

    def ids(self) -> str:
        return "|".join(re.escape(one["credentialId"]) for one in self.credentials())


# The administrator


def begins(at: Visitor, server: Server, store: Site) -> None:
    now = datetime.now(UTC)
    link = first_admin.make_link(store.office.vault, server.url, now=now)
    at.page.goto(link)
    for name, typed in (("name", "Olive Owner"), ("email", EMAIL), ("password", PASSWORD)):
        at.page.fill(f"#{name}", typed)
    at.click("text=Create the account")
    connects_an_app(at)
    assert (at.path, at.title) == ("/staff/export", "Export")
    assert at.open(link.removeprefix(server.url)).title == "This link no longer works"


def connects_an_app(at: Visitor) -> None:
    assert at.title == "Connect an authenticator app"
    secret = at.page.inner_text("code.secret").replace("-", "").replace(" ", "")
    at.page.fill("#code", pyotp.TOTP(secret).now())
    at.click("text=Connect this app")
    assert at.page.locator(".codes li").count() == 8
    at.click("text=I have noted them down")


def adds_a_passkey(at: Visitor, device: Device) -> None:
    at.open("/staff/account").click("text=Your passkeys")
    assert "You have no passkey yet." in at.text
    at.page.fill("#name", "Desk computer")
    at.click("main form >> text=Add a passkey")
    assert "The passkey is added." in at.text
    assert "Desk computer" in at.page.inner_text(".keys")
    (made,) = device.credentials()
    assert made["rpId"] == "localhost"
    assert made["isResidentCredential"]
    assert made["userName"] == "Olive Owner", "no e-mail address is on the device"
    # The same device again: the browser refuses, and the page says so.
    at.page.fill("#name", "Twice")
    at.page.click("main form >> text=Add a passkey")
    at.page.locator(".passkey__problem").wait_for()
    assert len(device.credentials()) == 1


def signs_in_with_it(at: Visitor) -> None:
    at.click(".brand__user >> text=Sign out")
    assert at.path == "/staff/sign-in"
    at.open("/staff/users")
    assert at.path == "/staff/sign-in"
    at.click("text=Sign in with a passkey")
    assert (at.path, at.title) == ("/staff/users", "Staff")


def invites(at: Visitor, role: str) -> str:
    """The path of the link to hand over."""
    at.open("/staff/users/invite")
    at.page.fill("#name", f"Robin {role.title()}")
    at.page.fill("#email", f"{role}@example.org")
    at.page.check(f'[name="roles"][value="{role}"]')
    at.click("text=Make the link")
    return at.page.inner_text("code.secret").removeprefix(at.url)


def is_asked_again(at: Visitor, store: Site) -> None:
    """Five minutes later; and the passkey will do."""
    cookie = next(c["value"] for c in at.context.cookies() if c["name"] == "session")
    office, now = store.office, datetime.now(UTC)
    with office.database.write() as conn:
        held = sessions.read_session(conn, office.vault, cookie, now=now)
        assert held
        old = {**held.data, "confirmed_at": 0}
        sessions.update_session(
            conn, office.vault, cookie, old, expires_at=held.expires_at, now=now
        )
    at.open("/staff/users")
    assert at.title == "Confirm it is you"
    at.click("text=Use a passkey instead")
    assert (at.path, at.title) == ("/staff/users", "Staff")


def exports(at: Visitor) -> None:
    """Asked for with a reason, waited for, downloaded once."""
    at.open("/staff/export")
    at.page.fill("#purpose", "Yearly review")
    at.page.fill("#recipient", "The medical director")
    at.click("text=Make the export")
    at.page.locator('#export[data-state="done"]').wait_for()
    with at.page.expect_download() as told:
        at.page.click(DOWNLOAD)
    assert PATIENT in Path(told.value.path()).read_text("utf-8-sig")
    at.page.reload()
    assert "It was downloaded" in at.text
    assert at.page.locator(DOWNLOAD).count() == 0


def signs_out_everywhere(at: Visitor, elsewhere: Visitor, store: Site) -> None:
    elsewhere.context.add_cookies(at.context.cookies())
    assert elsewhere.open("/staff/account").title == "Your account"
    at.open("/staff/account").click("main >> text=Sign out everywhere >> nth=-1")
    assert at.path == "/staff/sign-in"
    assert elsewhere.open("/staff/account").path == "/staff/sign-in"
    (owner,) = (m for m in accounts.staff(store.office) if m.roles == (ADMIN,))
    assert owner.email == EMAIL
    elsewhere.close()


# Whom she invited


def reads_the_audit(at: Visitor, link: str) -> Visitor:
    """What happened, and nothing of any patient."""
    at.open(link)
    at.page.fill("#password", "nine slow rivers carry stones")
    at.click("text=Set the password")
    connects_an_app(at)
    assert at.path == "/staff/audit"
    for line in ("Olive Owner added a passkey", "Olive Owner signed in with a passkey"):
        assert line in at.text
    assert PATIENT not in at.page.content()
    assert at.open("/staff/users").title == "You cannot open this page"
    return at
