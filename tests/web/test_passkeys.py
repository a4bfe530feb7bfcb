"""Passkeys: added, used to sign in and to confirm, refused in every way that is not right."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from screening import create_app
from screening.settings import Settings
from screening.storage import passkeys as stored
from screening.storage.accounts import ADMIN, PHYSICIAN
from screening.storage.intakes import AUDIT
from screening.workflows import accounts, guesses, passkeys
from tests.authenticator import Device, decoded, encoded
from tests.site import Clock, Site

from .desk import Desk, Person, deactivate, hire

NAMED = "http://localhost"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Reached by a name: browsers make no passkeys for a number."""
    return replace(settings, public_url=NAMED)


def asked(page: Desk, address: str) -> dict[str, Any]:
    """What the page's script is told to have the device sign."""
    token = page.soup.select_one("main [name=csrf_token]")["value"]
    answer = page.client.post(address, data={"csrf_token": token, "back": "/staff/account"})
    assert answer.status_code == 200, answer.text
    return answer.json


def add(page: Desk, device: Device, name: str = "Phone") -> Desk:
    page.open("/staff/account/passkeys")
    made = device.create(asked(page, "/staff/account/passkeys/challenge"))
    return page.send("/staff/account/passkeys", name=name, credential=made)


def with_passkey(site: Site, *roles: str) -> tuple[Person, Device]:
    person, device = hire(site, *roles or (PHYSICIAN,)), Device()
    add(Desk(site).sign_in(person), device)
    site.clock.wait(seconds=1)
    return person, device


def use(site: Site, device: Device, page: Desk | None = None) -> Desk:
    """Sign in with it, from a browser that nobody knows."""
    page = page or Desk(site).open("/staff/sign-in")
    signed = device.get(asked(page, "/staff/passkey/challenge"))
    action = page.soup.select_one("form[data-passkey=get]")["action"]
    return page.send(str(action), credential=signed)


def details(site: Site, action: str) -> list[dict[str, Any]]:
    with site.office.database.read() as conn:
        found = conn.execute(select(AUDIT.c.detail).where(AUDIT.c.action == action)).scalars()
        return [json.loads(detail or "{}") for detail in found]


# Added and used


def test_a_passkey_signs_in_without_address_password_or_code(site: Site) -> None:
    _, device = with_passkey(site)
    page = use(site, device)
    assert (page.status, page.path) == (200, "/staff")
    assert page.open("/staff/account").status == 200
    assert details(site, "staff.passkey_added") == [{}]
    assert details(site, "staff.signed_in")[-1] == {"how": "passkey"}


def test_the_page_that_was_asked_for_comes_next(site: Site) -> None:
    _, device = with_passkey(site)
    page = Desk(site).open("/staff?state=decided")
    form = page.soup.select_one("form[data-passkey=get]")
    assert form.has_attr("hidden"), "without scripts there is only the password"
    use(site, device, page)
    assert page.answer.request.query_string == b"state=decided"


def test_what_the_device_is_given_names_nobody(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    page = Desk(site).sign_in(person).open("/staff/account/passkeys")
    told = asked(page, "/staff/account/passkeys/challenge")
    assert person.email not in json.dumps(told)
    assert decoded(told["user"]["id"]) == passkeys.handle(site.office, person.id)
    assert told["rp"] == {"id": "localhost", "name": site.office.clinic}
    wanted = told["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("required", "required")
    anonymous = Desk(site).open("/staff/sign-in")
    before = asked(anonymous, "/staff/passkey/challenge")
    assert before["allowCredentials"] == []
    assert before["userVerification"] == "required"


def test_a_passkey_stands_for_the_password_that_is_asked_for_again(site: Site) -> None:
    _, device = with_passkey(site, ADMIN)
    page = use(site, device)
    site.clock.wait(minutes=6)
    page.open("/staff/users")
    assert page.title == "Confirm it is you"
    old = page.client.get_cookie("session").value
    theirs = asked(page, "/staff/account/confirm/challenge")
    assert [one["id"] for one in theirs["allowCredentials"]] == [encoded(device.credential_id)]
    page.send("/staff/account/confirm/passkey?next=/staff/users", credential=device.get(theirs))
    assert (page.status, page.path) == (200, "/staff/users")
    assert page.client.get_cookie("session").value != old


def test_anothers_passkey_confirms_nothing(site: Site) -> None:
    _, device = with_passkey(site, ADMIN)
    other, others = hire(site, ADMIN, email="other@example.org"), Device()
    add(Desk(site).sign_in(other), others)
    site.clock.wait(minutes=6)
    page = use(site, device)
    site.clock.wait(minutes=6)
    page.open("/staff/users")
    answer = others.get(asked(page, "/staff/account/confirm/challenge"))
    page.send("/staff/account/confirm/passkey?next=/staff/users", credential=answer)
    assert page.status == 401
    assert page.open("/staff/users").title == "Confirm it is you"


def test_it_works_while_passwords_are_guessed(site: Site) -> None:
    person, device = with_passkey(site)
    page = Desk(site).open("/staff/sign-in")
    for _ in range(5):
        page.send(email=person.email, password="a wrong password")
    assert page.send(email=person.email, password="a wrong password").status == 429
    assert use(site, device).path == "/staff"


def test_a_device_that_does_not_count_signs_in_again_and_again(site: Site) -> None:
    person, device = hire(site, PHYSICIAN), Device(counted=None)
    add(Desk(site).sign_in(person), device)
    for _ in range(2):
        site.clock.wait(seconds=1)
        assert use(site, device).path == "/staff"


# Refused


Spoilt = Callable[[Device], Device]
WRONG: dict[str, Spoilt] = {
    "another origin": lambda device: replace(device, origin="http://localhost:8001"),
    "a look-alike": lambda device: replace(device, origin="http://localhost.example.org"),
    "another party": lambda device: replace(device, host="example.org"),
    "nobody verified": lambda device: replace(device, verifies=False),
    "another key": lambda device: replace(device, key=Device().key),
    "unknown here": lambda device: replace(device, credential_id=b"never seen"),
    "another account": lambda device: replace(device, handle=b"somebody"),
}


@pytest.mark.parametrize("how", WRONG)
def test_what_is_not_right_is_refused_and_audited(site: Site, how: str) -> None:
    person, device = with_passkey(site)
    page = use(site, WRONG[how](device))
    assert page.status == 401
    assert "That passkey did not work here" in page.text
    assert page.open("/staff").path == "/staff/sign-in"
    known = None if how == "unknown here" else person.id
    assert details(site, "staff.passkey_refused") == [{"user": known}]
    assert use(site, replace(device, counted=7)).path == "/staff", "the right one still works"


def test_a_counter_that_does_not_go_up_is_a_copy(site: Site) -> None:
    _, device = with_passkey(site)
    copy = replace(device)
    assert use(site, device).path == "/staff"
    site.clock.wait(seconds=1)
    assert use(site, copy).status == 401


@pytest.mark.parametrize(
    "said",
    ["", "null", "[]", "{", '{"id":1}', "x" * 9000, '{"id":"a","rawId":"a","type":"public-key"}'],
)
def test_what_no_device_says_is_refused(site: Site, said: str) -> None:
    page = Desk(site).open("/staff/sign-in")
    asked(page, "/staff/passkey/challenge")
    assert page.send("/staff/passkey", credential=said).status == 401


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
def test_an_answer_with_a_broken_part_is_refused_and_raises_nothing(site: Site, part: str) -> None:
    _, device = with_passkey(site)
    page = Desk(site).open("/staff/sign-in")
    for broken in ("%%%", encoded(b"\xff" * 40), encoded(b"{}"), 7):
        answer = json.loads(device.get(asked(page, "/staff/passkey/challenge")))
        answer["response"][part] = broken
        assert page.send("/staff/passkey", credential=json.dumps(answer)).status == 401, broken


def test_a_challenge_is_answered_once(site: Site) -> None:
    person, device = hire(site, PHYSICIAN), Device(counted=None)
    add(Desk(site).sign_in(person), device)
    site.clock.wait(seconds=1)
    page = Desk(site).open("/staff/sign-in")
    signed = device.get(asked(page, "/staff/passkey/challenge"))
    cookie = page.client.get_cookie("session").value
    token = page.soup.select_one("[name=csrf_token]")["value"]
    fields = {"credential": signed, "csrf_token": token}
    assert page.client.post("/staff/passkey", data=fields).location == "/staff"
    assert page.client.get_cookie("session").value != cookie
    thief = Desk(site)
    thief.client.set_cookie("session", cookie)
    thief.open("/staff/sign-in")
    assert thief.send("/staff/passkey", credential=signed).status == 401


def test_a_wrong_answer_uses_the_challenge_up(site: Site) -> None:
    _, device = with_passkey(site)
    page = Desk(site).open("/staff/sign-in")
    options = asked(page, "/staff/passkey/challenge")
    wrong = replace(device, key=Device().key).get(options)
    assert page.send("/staff/passkey", credential=wrong).status == 401
    assert page.send("/staff/passkey", credential=device.get(options)).status == 401


def test_of_two_answers_to_one_challenge_at_once_the_second_is_refused(site: Site) -> None:
    _, device = with_passkey(site)
    place = passkeys.place(NAMED, site.office.clinic)
    assert place
    options, challenge = passkeys.ask_for_one(site.office, place, None)
    device.counted = None
    with site.office.database.write() as conn:
        conn.execute(stored.PASSKEYS.update().values(sign_count=0))
    signed = device.get(json.loads(options))
    assert passkeys.prove(site.office, place, challenge, signed)
    with pytest.raises(passkeys.NotProven):
        passkeys.prove(site.office, place, challenge, signed)


def test_a_challenge_ends_after_five_minutes_and_is_for_one_purpose(site: Site) -> None:
    _, device = with_passkey(site)
    page = Desk(site).open("/staff/sign-in")
    late = device.get(asked(page, "/staff/passkey/challenge"))
    site.clock.wait(minutes=5, seconds=1)
    assert page.send("/staff/passkey", credential=late).status == 401
    inside = use(site, device)
    to_confirm = device.get(
        asked(inside.open("/staff/account"), "/staff/account/confirm/challenge")
    )
    token = inside.soup.select_one("main [name=csrf_token]")["value"]
    sent = {"csrf_token": token, "credential": to_confirm}
    assert inside.client.post("/staff/passkey", data=sent).status_code == 401


def test_many_wrong_ones_make_that_address_wait(site: Site) -> None:
    _, device = with_passkey(site)
    page = Desk(site, "203.0.113.7").open("/staff/sign-in")
    for _ in range(29):
        guesses.wrong_passkey(site.office, "203.0.113.7")
    assert use(site, Device(), page).status == 401
    assert use(site, device, page.open("/staff/sign-in")).status == 429
    assert use(site, device).path == "/staff", "from elsewhere"


@pytest.mark.parametrize("how", ["another origin", "another party", "nobody verified"])
def test_what_is_made_elsewhere_or_for_nobody_is_not_added(site: Site, how: str) -> None:
    person = hire(site, PHYSICIAN)
    page = add(Desk(site).sign_in(person), WRONG[how](Device()))
    assert page.status == 400
    assert "The passkey was not made" in page.text
    assert passkeys.list_of(site.office, person.id) == []


def test_who_is_deactivated_or_starts_over_is_out(site: Site) -> None:
    person, device = with_passkey(site)
    deactivate(site, person)
    assert use(site, device).status == 401
    other, lost = hire(site, PHYSICIAN, email="other@example.org"), Device()
    add(Desk(site).sign_in(other), lost)
    admin = hire(site, ADMIN)
    accounts.start_over(site.office, f"user:{admin.id}", other.id)
    assert passkeys.list_of(site.office, other.id) == []
    assert use(site, lost).status == 401


# One's own


def test_adding_asks_for_the_password_again(site: Site) -> None:
    page = Desk(site).sign_in(hire(site, PHYSICIAN))
    page.open("/staff/account/passkeys")
    token = page.soup.select_one("main [name=csrf_token]")["value"]
    site.clock.wait(minutes=6)
    fields = {"csrf_token": token, "back": "/staff/account/passkeys"}
    answer = page.client.post("/staff/account/passkeys/challenge", data=fields)
    assert answer.location == "/staff/account/confirm?next=/staff/account/passkeys"
    assert page.open("/staff/account/passkeys").title == "Confirm it is you"


def test_the_same_device_is_added_once_and_there_is_a_limit(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkeys, "MOST", 2)
    person, device = hire(site, PHYSICIAN), Device()
    page = Desk(site).sign_in(person)
    add(page, device)
    assert "registered already" in add(page, device, "Again").text
    for number in range(2):
        add(page, Device(), f"Key {number}")
    assert "You have 2 passkeys." in page.text
    assert len(passkeys.list_of(site.office, person.id)) == 2


def test_a_passkey_is_renamed_and_removed_and_that_ends_other_sessions(site: Site) -> None:
    person, device = with_passkey(site)
    elsewhere = use(site, device)
    site.clock.wait(seconds=1)
    page = use(site, device).open("/staff/account/passkeys")
    page.send("/staff/account/passkeys/name", name="Blue key <b>")
    assert page.soup.select_one(".key__about b").get_text() == "Blue key <b>"
    page.send("/staff/account/passkeys/remove")
    assert "You have no passkey yet." in page.text
    assert page.open("/staff").path == "/staff"
    assert elsewhere.open("/staff").path == "/staff/sign-in"
    assert use(site, device).status == 401
    with site.office.database.read() as conn:
        acts = conn.execute(select(AUDIT.c.action).where(AUDIT.c.actor == f"user:{person.id}"))
        assert {"staff.passkey_renamed", "staff.passkey_removed"} <= set(acts.scalars())


def test_nobody_touches_anothers(site: Site) -> None:
    owner, device = with_passkey(site)
    page = Desk(site).sign_in(hire(site, ADMIN))
    add(page, Device()).open("/staff/account/passkeys")
    key = encoded(device.credential_id)
    assert page.send("/staff/account/passkeys/name", passkey=key, name="Mine").status == 404
    page.open("/staff/account/passkeys")
    assert page.send("/staff/account/passkeys/remove", passkey=key).status == 404
    assert [one.name for one in passkeys.list_of(site.office, owner.id)] == ["Phone"]


def test_the_last_way_in_is_not_removed(site: Site) -> None:
    person, device = with_passkey(site)
    page = use(site, device)
    with site.office.database.write() as conn:
        conn.exec_driver_sql("UPDATE users SET tf_totp_secret = NULL")
    page.open("/staff/account/passkeys").send("/staff/account/passkeys/remove")
    assert "This is your only way in." in page.text
    assert len(passkeys.list_of(site.office, person.id)) == 1


# Where there are none


@pytest.mark.parametrize(
    ("public_url", "host"),
    [
        ("https://intake.example.org", "intake.example.org"),
        ("https://intake.example.org:8443/", "intake.example.org"),
        ("http://localhost:8000", "localhost"),
        ("http://127.0.0.1:8000", None),
        ("https://[::1]", None),
        ("http://intake.example.org", None),
    ],
)
def test_passkeys_need_a_name_and_https(public_url: str, host: str | None) -> None:
    found = passkeys.place(public_url, "Willow")
    assert (found.host if found else None) == host
    if found:
        assert found.origin == public_url.rstrip("/")


def test_on_an_address_in_numbers_none_are_offered(settings: Settings) -> None:
    app = create_app(replace(settings, public_url="http://127.0.0.1:8000"))
    site = Site(app, Clock(app.extensions["office"]))
    page = Desk(site).open("/staff/sign-in")
    assert page.soup.select("form[data-passkey]") == []
    token = page.soup.select_one("main [name=csrf_token]")["value"]
    answer = page.client.post("/staff/passkey/challenge", data={"csrf_token": token})
    assert answer.status_code == 404
    page.sign_in(hire(site, PHYSICIAN)).open("/staff/account/passkeys")
    assert "Passkeys cannot be used here" in page.text
    app.extensions["office"].database.close()
