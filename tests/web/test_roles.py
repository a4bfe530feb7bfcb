"""Who may open what: every address of the app, asked by everybody, held against one table.

An address that is not in the table fails. The table is written by hand and apart from the one in
`screening/web/access.py`, so that nobody opens a page to somebody by a slip in one of them.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from screening import create_app, wording
from screening.settings import Settings
from screening.storage import members, sessions
from screening.storage.accounts import ADMIN, AUDITOR, FRONT_DESK, PHYSICIAN, ROLES
from screening.web import access
from screening.workflows import intake as intake_flow
from tests import databases
from tests.builders import person
from tests.site import Clock, Site

from .desk import COMPILED, Desk, Person, deactivate, hire, leave_only_roles

# Below /staff: the roles that may, by their first letters; the others are told 403, and who is not
# signed in is sent to sign in. "all" may, signed in or not. "!": asks for the password again.
STAFF = "FPAU"
STAFF_PAGES = {
    "account.confirm": STAFF,
    "account.new_authenticator": STAFF + "!",
    "account.new_recovery_codes": STAFF + "!",
    "account.password": STAFF,
    "account.recovery_codes": STAFF,
    "account.show": STAFF,
    "account.sign_out_everywhere": STAFF,
    "audit.check": "U",
    "audit.export": "U!",
    "audit.show": "U",
    "auth.authenticator": "all",
    "auth.authenticator_image": "all",
    "auth.code": "all",
    "auth.first_admin": "all",
    "auth.join": "all",
    "auth.recovery_code": "all",
    "auth.sign_in": "all",
    "auth.sign_out": "all",
    "corrections.answer": "P",
    "decision.decide": "P",
    "desk.found": "F",
    "desk.show": "F",
    "disclosures.show": "P",
    "export.cancel": "A",
    "export.data_dictionary": "A!",
    "export.fetch": "A!",
    "export.job": "A",
    "export.line_schema": "A!",
    "export.show": "A!",
    "fhir.questionnaire": "A!",
    "insight.show": "A",
    "letter.file": "P",
    "letter.write": "P",
    "passkeys.ask": "all",
    "passkeys.ask_again": STAFF,
    "passkeys.ask_for_new": STAFF + "!",
    "passkeys.confirm": STAFF,
    "passkeys.own": STAFF + "!",
    "passkeys.remove": STAFF + "!",
    "passkeys.rename": STAFF + "!",
    "passkeys.sign_in": "all",
    "plan.calendar": "P",
    "plan.sheet": "P",
    "plan.show": "P",
    "retention.lift": "A!",
    "retention.purge": "A!",
    "retention.show": "A!",
    "review.correct": "P",
    "review.measure": "P",
    "review.note": "P",
    "review.talk": "P",
    "staff.acknowledge": "P",
    "staff.alerts_now": "P",
    "staff.assign": "P",
    "staff.assign_one": "P",
    "staff.begin_check_in": "P",
    "staff.copy": "P",
    "staff.found": "P",
    "staff.pdf": "P",
    "staff.queue": "P",  # who may not is sent to where they start
    "staff.record": "P",
    "staff.search": "P",
    "users.change_roles": "A!",
    "users.index": "A!",
    "users.invite": "A!",
    "users.set_active": "A!",
    "users.show": "A!",
    "users.sign_out": "A!",
    "users.start_over": "A!",
}

# All others: what is answered to a browser with no form (a signed-in member of staff is one), with
# a form in work, and with one that was sent. No such address names a form: the session does.
PATIENT_PAGES = {
    "GET after.answers": "303 303 200",
    "GET after.answers_file": "303 303 202",
    "POST after.close": "303 303 303",
    "GET after.closed": "200 200 200",
    "GET after.done": "303 303 200",
    "GET after.message": "303 303 200",
    "POST after.message": "303 303 200",
    "GET after.status": "303 303 200",
    "GET after.withdraw": "303 200 200",
    "POST after.withdraw": "303 200 303",
    "POST half.close": "200 200 200",
    "POST half.keep": "403 409 409",
    "POST half.still_here": "403 200 200",
    "GET health.healthz": "200 200 200",
    "POST i18n.switch": "303 303 303",
    "GET links.back": "200 200 200",
    "POST links.back": "200 200 200",
    "GET links.number": "200 200 200",
    "POST links.number": "200 200 200",
    "GET metrics.metrics": "404 404 404",  # until somebody sets a token for it
    "GET patient.about": "200 200 200",
    "POST patient.about": "200 200 200",
    "GET patient.adults": "200 200 200",
    "GET patient.call_page": "200 200 200",
    "POST patient.call_page": "303 303 303",
    "GET patient.check": "200 200 303",
    "POST patient.check": "200 303 303",
    "GET patient.page": "303 200 303",
    "POST patient.page": "200 200 409",
    "GET patient.privacy": "200 200 200",
    "GET patient.remove": "404 404 404",
    "POST patient.remove": "404 404 404",
    "GET patient.resume": "200 200 200",
    "POST patient.resume": "200 200 200",
    "GET patient.saved": "200 200 200",
    "GET patient.start": "200 200 200",
    "POST patient.start": "303 303 303",
    "POST patient.stop": "303 303 303",
    "GET patient.tasks": "200 200 303",
    "POST patient.tasks": "200 303 303",
    "GET patient_checkin.begin": "303 303 303",
    "POST patient_checkin.begin": "303 303 200",
    "GET quick_exit.leave": "303 303 303",
    "POST quick_exit.leave": "204 204 204",
}
LETTERS = {"F": FRONT_DESK, "P": PHYSICIAN, "A": ADMIN, "U": AUDITOR}
NAME, ANSWER, OTHERS = "Quillname", "Zxanswer", "Yfother"
PLANTED = {
    "first_name": NAME,
    "last_name": f"{NAME}-Second",
    "preferred_name": NAME,
    "signature_name": f"{NAME} {NAME}-Second",
    "date_of_birth": "1991-07-21",
    "phone": "805-555-0111",
    "email": f"{ANSWER}@example.org",
    "city": ANSWER,
    "emergency_contact_name": ANSWER,
    "primary_care_name": ANSWER,
    "medications": [{"medicine": ANSWER, "dose": "1", "frequency": ANSWER, "last_taken": "today"}],
    "allergies": [{"allergen": ANSWER, "reaction": ANSWER}],
    "treatment_goals": ANSWER,
    "anything_else": ANSWER,
    "intoxicated_now": "yes",
}
OF_ANSWERS = re.compile(f"{ANSWER}|{OTHERS}|555-0111|1991-07|July 21")


@dataclass(frozen=True)
class Ids:
    """What addresses are made of: things of another patient, that are there."""

    values: Mapping[str, Any]

    def address(self, app: Flask, rule: Rule, method: str) -> str:
        given = {name: self.values[name] for name in rule.arguments}
        built: str = app.url_map.bind("localhost").build(rule.endpoint, given, method=method)
        return built


@dataclass(frozen=True)
class World:
    """An installation with everybody in it, and what their sessions hold."""

    site: Site
    ids: Ids
    held: Mapping[str, Mapping[str, Any]]

    def ask(self, who: str, rule: Rule, method: str) -> TestResponse:
        """From a browser of its own, so that no request depends on another."""
        app, client = self.site.app, self.site.app.test_client()
        if self.held[who]:
            client.set_cookie("session", self._session(dict(self.held[who])))
        # From an address of its own too: wrong codes and numbers are counted by it.
        place = {"REMOTE_ADDR": f"2001:db8::{rule.endpoint.encode().hex()[-4:]}:{ord(who[0]):x}"}
        address = self.ids.address(app, rule, method)
        return client.open(address, method=method, environ_base=place)

    def _session(self, held: dict[str, Any]) -> str:
        office, token = self.site.office, sessions.new_token()
        with office.database.write() as conn:
            if "member" in held:  # who signed out everywhere is signed in again
                member = members.read_member(conn, held.pop("member"))
                held["_user_id"] = member.stamp if member else None
            later, now = office.now().replace(year=2027), office.now()
            sessions.create_session(conn, office.vault, token, held, expires_at=later, now=now)
        return token

    def rules(self) -> Iterator[tuple[Rule, str]]:
        found = [
            (rule, method)
            for rule in self.site.app.url_map.iter_rules()
            if rule.endpoint != "static"
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
        return iter(sorted(found, key=lambda one: (one[0].rule, one[1])))


@pytest.fixture(scope="module")
def world(made_installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    instance = tmp_path_factory.mktemp("roles") / "instance"
    shutil.copytree(made_installation, instance)
    with databases.copied() as url:
        settings = Settings(
            instance=instance, database_url=url, testing=True, public_url="http://localhost"
        )
        app = create_app(settings)
        app.config["WTF_CSRF_ENABLED"] = False
        app.jinja_env.bytecode_cache = COMPILED
        site = Site(app, Clock(app.extensions["office"]))
        yield World(site, things(site), browsers(site))
        app.extensions["office"].database.close()


def things(site: Site) -> Ids:
    """Of a patient with planted answers: sent, urgent, with an alert."""
    reference = intake_flow.submit_answers(site.office, person(**PLANTED)).reference
    site.start(person(**PLANTED | {"first_name": OTHERS}), until="check")
    spare = hire(site, PHYSICIAN, email="spare@example.org")
    deactivate(site, spare)
    alert_id = next((alert.id for alert in site.alerts()), "0")
    return Ids(
        {
            "reference": reference,
            "paper": "letter",
            "language": "en",
            "alert_id": alert_id,
            "member_id": spare.id,
            "message_id": 1,
            "hold_id": 1,
            "job_id": "x",
            "kind": "intake",
            "question_id": "anything_else",
            "page_id": "contact",
            "number": 1,
            "to": "patient",
            "code": "x",
            "secret": "x",
            "handle": "A" * 26,
        }
    )


def browsers(site: Site) -> dict[str, dict[str, Any]]:
    """What the server keeps for each browser."""
    draft = site.start(person(first_name="Own"), until="check")
    sent = intake_flow.submit_answers(site.office, person(first_name="Own")).reference
    sent_id = next(one.intake_id for one in site.submissions() if one.reference == sent)
    found: dict[str, dict[str, Any]] = {
        "nobody": {},
        "draft": {"intake": draft},
        "sent": {"intake": sent_id},
    }
    for letter, role in LETTERS.items():
        member = hire(site, role)
        found[letter] = {**kept(site, Desk(site).sign_in(member)), "member": member.id}
    return found


def kept(site: Site, page: Desk) -> dict[str, Any]:
    token = page.client.get_cookie("session").value
    with site.office.database.read() as conn:
        held = sessions.read_session(conn, site.office.vault, token, now=site.office.now())
    assert held
    return dict(held.data)


def may(endpoint: str, who: str) -> bool:
    return who in STAFF_PAGES[endpoint] or STAFF_PAGES[endpoint] == "all"


# The table


def test_every_address_is_in_one_of_the_tables(world: World) -> None:
    staffs, patients = set(), set()
    for rule, method in world.rules():
        if rule.rule.startswith(access.ROOT):
            staffs.add(rule.endpoint)
        else:
            patients.add(f"{method} {rule.endpoint}")
    assert staffs == set(STAFF_PAGES)
    assert patients == set(PATIENT_PAGES)


def test_the_apps_own_table_says_the_same() -> None:
    found = {}
    for endpoint, rule in access.PAGES.items():
        letters = "".join(one for one, role in LETTERS.items() if role in (rule.roles or ()))
        found[endpoint] = "all" if rule.roles is None else letters + "!" * rule.fresh
    assert found == STAFF_PAGES


@pytest.mark.parametrize("who", ["nobody", "draft", "sent", *STAFF])
def test_everybody_opens_what_the_table_says_and_sees_no_more(world: World, who: str) -> None:
    wrong = []
    for rule, method in world.rules():
        answer = world.ask(who, rule, method)
        about = f"{method} {rule.endpoint}: {answer.status} {answer.location or ''}"
        if rule.rule.startswith(access.ROOT):
            wrong += [about] if not is_right(rule.endpoint, who, answer) else []
        else:
            browser = ["nobody", "draft", "sent"].index(who) if who not in STAFF else 0
            expected = PATIENT_PAGES[f"{method} {rule.endpoint}"].split()[browser]
            wrong += [about] if answer.status_code != int(expected) else []
        wrong += [f"{about} tells {found}" for found in told_too_much(rule.endpoint, who, answer)]
    assert not wrong, "\n".join(wrong)


def is_right(endpoint: str, who: str, answer: TestResponse) -> bool:
    """Whether a page below /staff answered this browser as the table says."""
    location = answer.location or ""
    to_sign_in = answer.status_code == 303 and location.startswith("/staff/sign-in?next")
    if STAFF_PAGES[endpoint] == "all":
        return answer.status_code in (200, 303, 400, 401, 404)
    if who not in STAFF:
        return to_sign_in
    if may(endpoint, who):
        asked_again = location.startswith("/staff/account/confirm")
        known = answer.status_code in (200, 202, 303, 400, 401, 404, 409)
        return known and not to_sign_in and not asked_again
    if endpoint == "staff.queue":
        return answer.status_code == 303 and location != access.ROOT
    return answer.status_code == 403


def told_too_much(endpoint: str, who: str, answer: TestResponse) -> list[str]:
    """What of another patient is in the bytes, and must not be for this reader."""
    text = answer.text
    if who == "P":
        readable = endpoint in STAFF_PAGES and may(endpoint, who)
        return [] if readable else re.findall(f"{OF_ANSWERS.pattern}|{NAME}", text)
    found = OF_ANSWERS.findall(text)
    if endpoint not in ("desk.show", "desk.found") or who != "F":
        found += re.findall(NAME, text)
    if who == "F":
        found += [words for words in wording.OUTCOMES.values() if words.lower() in text.lower()]
    return found


def test_the_planted_answers_are_there_to_be_found(world: World) -> None:
    seen: dict[str, str] = {}
    for rule, method in world.rules():
        for who in "FP":
            if method == "GET" and rule.endpoint in ("staff.record", "staff.queue", "desk.show"):
                seen[f"{who} {rule.endpoint}"] = world.ask(who, rule, method).text
    record = seen["P staff.record"]
    assert all(word in record for word in (NAME, ANSWER, "555-0111", "July 21"))
    assert any(words in seen["P staff.queue"] for words in wording.OUTCOMES.values())
    assert NAME in seen["F desk.show"]


def test_what_must_be_fresh_asks_for_the_password_again(world: World) -> None:
    stale = {who: {**held, "confirmed_at": 0} for who, held in world.held.items()}
    later = replace(world, held=stale)
    for rule, method in world.rules():
        asked = STAFF_PAGES.get(rule.endpoint, "")
        for who in asked.rstrip("!") if asked.endswith("!") else "":
            answer = later.ask(who, rule, method)
            assert (answer.location or "").startswith("/staff/account/confirm?next="), rule


def test_roles_add_up(world: World) -> None:
    both = dict(world.held["U"])
    person = Person(both["member"], "", None)
    leave_only_roles(world.site, person, AUDITOR, FRONT_DESK)
    try:
        held = replace(world, held={"both": both})
        opened = {
            rule.endpoint: held.ask("both", rule, method).status_code
            for rule, method in world.rules()
            if rule.endpoint in ("audit.show", "desk.show", "staff.record", "users.index")
        }
    finally:
        leave_only_roles(world.site, person, AUDITOR)
    assert opened == {"audit.show": 200, "desk.show": 200, "staff.record": 403, "users.index": 403}


def test_the_letters_of_the_table_are_all_roles() -> None:
    assert set(LETTERS.values()) == set(ROLES)
