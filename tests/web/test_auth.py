"""Signing in: two factors, used once; guesses slowed; links used once; sessions that end."""

import re
import time
from statistics import median

import pyotp
import pytest
from sqlalchemy import select

from screening.storage.accounts import ADMIN, PHYSICIAN
from screening.storage.intakes import AUDIT
from screening.web import first_admin, passwords
from screening.workflows import accounts
from tests.site import Site

from .desk import PASSWORD, Desk, Person, deactivate, hire, invitation, leave_only_roles

WRONG = "do not match an account"


def key_of(page: Desk) -> str:
    """The key that the page shows to be typed into an app."""
    return page.soup.select_one("code.secret").get_text().replace("-", "").replace(" ", "")


def connect(page: Desk) -> Person:
    """Connect an app on the page that asks for it."""
    key = key_of(page)
    page.send(code=pyotp.TOTP(key).now())
    return Person(0, "", key)


def audit_rows(site: Site, action: str) -> list[dict]:
    with site.office.database.read() as conn:
        asked = select(AUDIT).where(AUDIT.c.action == action).order_by(AUDIT.c.id)
        return [dict(row) for row in conn.execute(asked).mappings()]


# Two factors


def test_password_and_code_lead_to_the_page_that_was_asked_for(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    page = Desk(site).open("/staff?status=new")
    assert page.path == "/staff/sign-in"
    page.send(email=person.email.upper(), password=PASSWORD)
    assert page.title == "Enter the code from your app"
    page.send(code=person.code())
    assert (page.path, page.answer.request.query_string) == ("/staff", b"status=new")
    assert audit_rows(site, "staff.signed_in")[0]["actor"] == f"user:{person.id}"


def test_the_password_alone_opens_nothing(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    page = Desk(site).open("/staff/sign-in").send(email=person.email, password=PASSWORD)
    assert page.open("/staff").path == "/staff/sign-in"
    assert page.open("/staff/account").path == "/staff/sign-in"


def test_a_code_works_once_also_with_spaces_and_after_a_new_sign_in(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    code = person.code()
    Desk(site).open("/staff/sign-in").send(email=person.email, password=PASSWORD).send(code=code)
    other = Desk(site).open("/staff/sign-in").send(email=person.email, password=PASSWORD)
    for typed in (code, f" {code[:3]} {code[3:]} "):
        assert other.send(code=typed).status == 401
    assert other.open("/staff").path == "/staff/sign-in"


def test_a_time_step_is_used_up_by_whoever_is_first(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    assert [accounts.use_step(site.office, person.id, step) for step in (7, 7, 6, 8)] == [
        True, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_of_more_than_one_step_ago_or_ahead_is_refused(site: Site, steps: int) -> None:
    person = hire(site, PHYSICIAN)
    page = Desk(site).open("/staff/sign-in").send(email=person.email, password=PASSWORD)
    # One more step than the clock may move on between here and the check.
    far = pyotp.TOTP(person.secret).at(int(time.time()) + (steps + (steps > 0)) * 30)
    assert page.send(code=far).status == 401


def test_first_sign_in_connects_an_app_and_shows_recovery_codes_once(site: Site) -> None:
    person = hire(site, PHYSICIAN, connected=False)
    page = Desk(site).open("/staff/sign-in").send(email=person.email, password=PASSWORD)
    assert page.title == "Connect an authenticator app"
    key = key_of(page)
    image = page.client.get("/staff/authenticator.svg")
    assert image.content_type == "image/svg+xml"
    assert b"style=" not in image.data
    assert page.send(code="000000").status == 401
    assert key_of(page) == key  # the app that has scanned it is not made useless
    connect(page)
    assert page.title == "Recovery codes"
    codes = [code.get_text() for code in page.soup.select("code.secret")]
    assert len(set(codes)) == 8
    page.send()
    assert page.path == "/staff"
    assert page.open("/staff/account/recovery-codes").path == "/staff/account"


def test_the_seed_and_the_recovery_codes_are_not_readable_in_the_store(site: Site) -> None:
    person = hire(site, PHYSICIAN, connected=False)
    page = Desk(site).open("/staff/sign-in").send(email=person.email, password=PASSWORD)
    key = key_of(page)
    connect(page)
    code = page.soup.select_one("code.secret").get_text()
    folder = site.app.extensions["settings"].instance
    stored = b"".join(path.read_bytes() for path in folder.glob("screening.db*"))
    assert key.encode() not in stored
    for spelled in (code, code.replace("-", "")):
        assert spelled.encode() not in stored


def test_a_recovery_code_works_once(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    accounts.set_recovery_codes(site.office, person.id, ["1a2b-3c4d-5e6f", "aaaa-bbbb-cccc"])
    page = Desk(site).open("/staff/sign-in").send(email=person.email, password=PASSWORD)
    page.open("/staff/recovery-code").send(code=" 1A2B 3C4D 5E6F ")
    assert page.path == "/staff/account"
    again = Desk(site).open("/staff/sign-in").send(email=person.email, password=PASSWORD)
    assert again.open("/staff/recovery-code").send(code="1a2b-3c4d-5e6f").status == 401
    assert accounts.member(site.office, person.id).codes_left == 1


def test_half_a_sign_in_is_forgotten_after_ten_minutes(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    page = Desk(site).open("/staff/sign-in").send(email=person.email, password=PASSWORD)
    site.clock.wait(minutes=11)
    page.send(code=person.code())
    assert page.path == "/staff/sign-in"


# Sessions


def test_signing_in_changes_the_cookie_at_both_steps_and_the_old_ones_are_dead(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    page = Desk(site).open("/staff/sign-in")
    cookies = [page.client.get_cookie("session").value]
    page.send(email=person.email, password=PASSWORD)
    cookies.append(page.client.get_cookie("session").value)
    page.send(code=person.code())
    cookies.append(page.client.get_cookie("session").value)
    assert len(set(cookies)) == 3
    for old in cookies[:2]:
        thief = Desk(site)
        thief.client.set_cookie("session", old)
        assert thief.open("/staff").path == "/staff/sign-in"


def test_signing_out_ends_the_session_also_for_a_copied_cookie(site: Site) -> None:
    page = Desk(site).sign_in(hire(site, PHYSICIAN))
    copied = page.client.get_cookie("session").value
    token = page.soup.select_one(".brand__user input[name=csrf_token]")["value"]
    answer = page.client.post("/staff/sign-out", data={"csrf_token": token})
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    page.client.set_cookie("session", copied)
    assert page.open("/staff").path == "/staff/sign-in"
    assert audit_rows(site, "staff.signed_out")


def test_fifteen_idle_minutes_end_it_and_so_do_twelve_hours(site: Site) -> None:
    page = Desk(site).sign_in(hire(site, PHYSICIAN))
    site.clock.wait(minutes=14)
    assert page.open("/staff").path == "/staff"
    site.clock.wait(minutes=16)
    assert page.open("/staff").path == "/staff/sign-in"
    assert "15 minutes without activity" in page.text


def test_twelve_busy_hours_end_it(site: Site) -> None:
    page = Desk(site).sign_in(hire(site, PHYSICIAN))
    for _ in range(71):
        site.clock.wait(minutes=10)
        assert page.open("/staff/account").path == "/staff/account"
    site.clock.wait(minutes=10)
    assert page.open("/staff/account").path == "/staff/sign-in"


def test_who_is_deactivated_or_loses_a_role_is_refused_at_the_next_request(site: Site) -> None:
    person = hire(site, PHYSICIAN, ADMIN)
    page = Desk(site).sign_in(person)
    leave_only_roles(site, person, ADMIN)
    assert page.open("/staff/intakes/AAAA-AAAA").status == 403
    deactivate(site, person)
    assert page.open("/staff").path == "/staff/sign-in"


def test_a_new_password_ends_the_other_sessions_and_this_one_goes_on(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    here, elsewhere = Desk(site).sign_in(person), Desk(site)
    elsewhere.open("/staff/sign-in").send(email=person.email, password=PASSWORD)
    elsewhere.send(code=pyotp.TOTP(person.secret).at(int(time.time()) + 30))
    assert elsewhere.path == "/staff"
    here.open("/staff/account/password").send(current=PASSWORD, password="green boots under ice")
    assert here.path == "/staff/account"
    assert here.open("/staff").path == "/staff"
    assert elsewhere.open("/staff").path == "/staff/sign-in"


# Guesses


def test_unknown_wrong_and_deactivated_are_answered_alike(site: Site) -> None:
    known, gone = hire(site, PHYSICIAN), hire(site, PHYSICIAN, email="gone@example.org")
    deactivate(site, gone)
    answers = []
    for email, password in (
        (known.email, "not the password"),
        ("nobody@example.org", PASSWORD),
        (gone.email, PASSWORD),
    ):
        page = Desk(site).open("/staff/sign-in").send(email=email, password=password)
        plain = re.sub(r'name="csrf_token" value="[^"]+"', "", page.answer.text)
        answers.append((page.status, plain.replace(email, "")))
    assert answers[0][0] == 401
    assert WRONG in answers[0][1]
    assert len(set(answers)) == 1


def test_a_wrong_password_takes_as_long_for_no_account(app, site: Site) -> None:
    hire(site, PHYSICIAN)
    with app.test_request_context():
        user = app.extensions["security"].datastore.find_user(email="physician@example.org")
        times: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(40):
            for known, taken in times.items():
                started = time.perf_counter()
                passwords.matches(user if known else None, "a wrong password")
                taken.append(time.perf_counter() - started)
    assert abs(median(times[True]) - median(times[False])) < 0.01


def test_five_wrong_passwords_make_that_address_wait_and_no_other(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    page = Desk(site, "203.0.113.7").open("/staff/sign-in")
    for _ in range(5):
        assert page.send(email=person.email, password="wrong guess again").status == 401
    assert page.send(email=person.email, password=PASSWORD).status == 429
    assert page.answer.headers["Retry-After"] == "900"
    elsewhere = Desk(site, "203.0.113.8").sign_in(person)
    assert elsewhere.path == "/staff"
    site.clock.wait(minutes=16)
    page = Desk(site, "203.0.113.7").open("/staff/sign-in")
    page.send(email=person.email, password=PASSWORD)
    assert page.path == "/staff/code"


def test_the_wait_grows_with_the_failures(site: Site) -> None:
    page = Desk(site)
    waits = []
    for _ in range(3):
        for _ in range(5):
            page.open("/staff/sign-in").send(email="someone@example.org", password="a wrong guess")
        page.open("/staff/sign-in").send(email="someone@example.org", password="a wrong guess")
        waits.append(int(page.answer.headers["Retry-After"]) // 60)
        site.clock.wait(minutes=16)
    assert waits == [15, 60, 60]


def test_one_address_cannot_try_many_accounts(site: Site) -> None:
    page = Desk(site).open("/staff/sign-in")
    statuses = [
        page.open("/staff/sign-in").send(email=f"p{n}@example.org", password="a guess").status
        for n in range(31)
    ]
    assert statuses == [401] * 30 + [429]


def test_guesses_at_the_code_are_slowed_whoever_makes_them(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    page = Desk(site, "203.0.113.7").open("/staff/sign-in")
    page.send(email=person.email, password=PASSWORD)
    for _ in range(5):
        assert page.send(code="000000").status == 401
    other = Desk(site, "203.0.113.8").open("/staff/sign-in")
    other.send(email=person.email, password=PASSWORD)
    assert other.send(code=person.code()).status == 429
    assert other.open("/staff/recovery-code").send(code="aaaa-bbbb-cccc").status == 429


def test_failures_are_in_the_audit_without_what_was_typed(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    page = Desk(site).open("/staff/sign-in")
    page.send(email=person.email, password="a secret that is wrong")
    page.send(email="canary@example.org", password="a secret that is wrong")
    rows = audit_rows(site, "staff.refused")
    assert [row["detail"] for row in rows] == [f'{{"user":{person.id}}}', '{"user":null}']


def test_a_password_of_129_characters_is_refused_before_it_is_hashed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "matches", lambda *_: pytest.fail("hashed"))
    page = Desk(site).open("/staff/sign-in").send(email="a@example.org", password="x" * 129)
    assert page.status == 400


# Passwords


@pytest.mark.parametrize(
    "password",
    [
        "short but odd!",
        "passwordpassword",
        "Password123456789!",
        "qwertyuiopasdfgh",
        "1q2w3e4r5t6y7u8i",
        "zyxwvutsrqponmlkji",
        "aaaaaaaaaaaaaaaaaaaa",
        "Willow Ketamine Clinic 2026",
        "robin.physician2026",
        "abababababababababab",
        "x" * 129,
    ],
)
def test_guessable_passwords_are_refused(password: str) -> None:
    about = ("Willow Ketamine Clinic", "Robin Physician", "robin@example.org")
    assert passwords.problem(password, about)


@pytest.mark.parametrize(
    "password",
    [
        "seven purple kettles hum",
        "correct horse battery staple",
        "nubes verdes bajo el puente",
        "84930275610384756",
        "夏の終わりに静かな海を見る人たち",
        "🦊🐳🦉🐝🌵🍄🌊🔥🎻🧊🪁🥾🧭🪵🐚",
        "j4#Vt!9qLw2&zRm" + "é" * 3,
    ],
)
def test_long_odd_passwords_of_any_characters_are_fine(password: str) -> None:
    assert passwords.problem(password, ("Willow Ketamine Clinic", "Robin Physician")) is None


# Links


def first_link(site: Site) -> str:
    made = first_admin.make_link(site.office.vault, "http://localhost", now=site.office.now())
    return made.removeprefix("http://localhost")


FIRST = {"name": "Ada First", "email": "ada@example.org", "password": PASSWORD}


def test_the_first_administrator_is_made_once(site: Site) -> None:
    link = first_link(site)
    page = Desk(site).open(link)
    assert page.send(**FIRST | {"password": "short"}).status == 400
    page.send(**FIRST, physician="yes")
    assert page.title == "Connect an authenticator app"
    connect(page)
    page.send()
    assert {"Queue", "Export", "Staff", "Your account"} <= set(page.nav)
    assert accounts.staff(site.office)[0].roles == (ADMIN, PHYSICIAN)
    assert Desk(site).open(link).status == 404
    assert Desk(site).open(first_link(site)).status == 404


def test_two_who_use_the_first_link_at_once_make_one_account(site: Site) -> None:
    link = first_link(site)
    one, other = Desk(site).open(link), Desk(site).open(link)
    one.send(**FIRST)
    assert other.send(**FIRST | {"email": "eve@example.org"}).status == 404
    assert [member.email for member in accounts.staff(site.office)] == ["ada@example.org"]


def test_the_first_link_ends_after_fifteen_minutes_and_cannot_be_altered(site: Site) -> None:
    link = first_link(site)
    ends = link.rsplit("/", 1)[1].split("-")[0]
    assert Desk(site).open(link.replace(ends, str(int(ends) + 60))).status == 404
    assert Desk(site).open(link[:-1] + ("0" if link[-1] != "0" else "1")).status == 404
    site.clock.wait(minutes=16)
    assert Desk(site).open(link).status == 404


def test_an_invited_person_sets_a_password_once(site: Site) -> None:
    link = invitation(site, PHYSICIAN)
    page = Desk(site).open(link)
    assert page.send(password="Kim New new@example.org").status == 400
    page.send(password=PASSWORD)
    assert page.title == "Connect an authenticator app"
    connect(page)
    page.send()
    assert page.nav == ["Queue", "Your account"]
    assert Desk(site).open(link).status == 404


def test_an_invitation_ends_after_three_days_and_is_replaced_by_a_new_one(site: Site) -> None:
    link = invitation(site, PHYSICIAN)
    kim = next(m for m in accounts.staff(site.office) if m.name == "Kim New")
    boss = next(m for m in accounts.staff(site.office) if m.name != "Kim New")
    accounts.start_over(site.office, f"user:{boss.id}", kim.id)
    assert Desk(site).open(link).status == 404
    fresh = f"/staff/join/{accounts.join_secret(site.office, kim.id)}"
    assert Desk(site).open(fresh).status == 200
    site.clock.wait(days=3, minutes=1)
    assert Desk(site).open(fresh).status == 404


@pytest.mark.parametrize(
    "secret", ["x", "1-2-3", "1--", "99999999999-1-a", "1-9999999999-", "١-١-a"]
)
def test_a_made_up_link_is_a_dead_link(site: Site, secret: str) -> None:
    hire(site, PHYSICIAN)
    assert Desk(site).open(f"/staff/join/{secret}").status == 404
    assert Desk(site).open(f"/staff/first-admin/{secret}").status == 404


def test_whoever_runs_the_installation_can_let_a_lone_administrator_in_again(site: Site) -> None:
    person = hire(site, ADMIN)
    there = Desk(site).sign_in(person)
    done = site.app.test_cli_runner().invoke(args=["staff-link", person.email.upper()])
    link = "/staff/join/" + done.output.strip().rsplit("/", 1)[1]
    assert there.open("/staff").path == "/staff/sign-in"
    page = Desk(site).open(link).send(password="green boots under ice")
    assert page.title == "Connect an authenticator app"
    assert audit_rows(site, "staff.started_over")[0]["actor"] == "cli"
    unknown = site.app.test_cli_runner().invoke(args=["staff-link", "nobody@example.org"])
    assert unknown.exit_code == 1


# Confirming


def test_changing_the_app_asks_for_the_password_again(site: Site) -> None:
    page = Desk(site).sign_in(hire(site, PHYSICIAN))
    site.clock.wait(minutes=6)
    page.open("/staff/account").send("/staff/account/authenticator")
    assert page.title == "Confirm it is you"
    assert page.send(password="not the password").status == 401
    before = page.client.get_cookie("session").value
    page.send(password=PASSWORD)
    assert page.path == "/staff/account"
    assert page.client.get_cookie("session").value != before
    page.send("/staff/account/authenticator")
    connect(page)
    assert page.path == "/staff/account"
    assert len(audit_rows(site, "staff.authenticator_set")) == 1


def test_an_app_cannot_be_changed_from_an_open_screen_by_its_address(site: Site) -> None:
    page = Desk(site).sign_in(hire(site, PHYSICIAN))
    site.clock.wait(minutes=6)
    assert page.open("/staff/authenticator").path == "/staff/account"
    assert page.open("/staff/authenticator.svg").status == 404


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/resume", "/staffing"]
)
def test_after_signing_in_nobody_is_sent_elsewhere(site: Site, address: str) -> None:
    person = hire(site, PHYSICIAN)
    page = Desk(site).open(f"/staff/sign-in?next={address}")
    page.send(email=person.email, password=PASSWORD).send(code=person.code())
    assert page.path == "/staff"


# What happened with one's own account


def happened(page: Desk) -> list[str]:
    page.open("/staff/account")
    return [" ".join(li.get_text(" ", strip=True).split()) for li in page.soup.select(".found li")]


def test_ones_own_page_tells_who_came_in_who_tried_and_who_changed_what(site: Site) -> None:
    person, other = hire(site, PHYSICIAN), hire(site, ADMIN)
    Desk(site).open("/staff/sign-in").send(email=other.email, password="a wrong password")
    Desk(site).open("/staff/sign-in").send(email=person.email, password="a wrong password")
    accounts.change_roles(site.office, f"user:{other.id}", person.id, [PHYSICIAN, ADMIN])
    page = Desk(site).sign_in(person)
    moment = "November 23, 2026 at 12:00 PM"
    changed = "Robin Admin changed the roles of Robin Physician from physician to administrator"
    assert happened(page) == [
        f"Robin Physician signed in with a code {moment}",
        f"{changed}, physician {moment}",
        f"Somebody at the sign-in gave a wrong password for Robin Physician {moment}",
    ]


def test_what_one_did_to_others_is_not_what_happened_with_ones_own(site: Site) -> None:
    person, other = hire(site, ADMIN), hire(site, PHYSICIAN)
    page = Desk(site).sign_in(person)
    accounts.sign_out(site.office, f"user:{person.id}", other.id)
    assert len(happened(page)) == 1


def test_confirming_is_noted(site: Site) -> None:
    page = Desk(site).sign_in(hire(site, ADMIN))
    site.clock.wait(minutes=6)
    page.open("/staff/users").send(password=PASSWORD)
    assert page.path == "/staff/users"
    assert audit_rows(site, "staff.confirmed")[0]["detail"] == '{"how":"password"}'
