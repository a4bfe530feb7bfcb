"""Open alerts on the staff's pages: how many on each, how late, who was e-mailed, by themselves."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import update

from screening import mail
from screening.storage.accounts import ADMIN, PHYSICIAN
from screening.storage.intakes import ALERTS
from screening.workflows import calls, urgent
from screening.workflows.office import Post
from tests.builders import example, person
from tests.site import Site

from .desk import Desk, desk

PLAN = example("urgent-suicide-plan")["answers"]
POST = Post(mail.read_url("smtp://127.0.0.1:9"), "a@example.org", ("b@example.org",))
LOOK = {"X-Look": "1"}


@pytest.fixture
def alerted(site: Site) -> Site:
    """One alert is open."""
    object.__setattr__(site.office, "post", POST)
    site.start(PLAN | {"first_name": "Quinn", "last_name": "Canary"}, until="anxiety")
    return site


def count(page: Desk) -> str:
    return page.soup.select_one(".staff-nav__alerts").get_text().strip()


def mailed(site: Site, page: Desk, **values: object) -> str:
    """What a card says of e-mail when the alert's row holds this."""
    if values:
        with site.office.database.write() as conn:
            conn.execute(update(ALERTS).values(values))
    card = page.open("/staff").soup.select_one(".alert")
    found = card.select_one(".alert__late") or card.select(".alert__when")[1]
    return f"{'red: ' * ('alert__late' in found['class'])}{found.get_text(strip=True)}"


def test_every_page_says_how_many_are_open(alerted: Site) -> None:
    doctor = desk(alerted, PHYSICIAN)
    for address in ("/staff", "/staff/account", f"/staff/intakes/{alerted.intake.reference}"):
        assert count(doctor.open(address)) == "1 urgent, open"
    assert "1 urgent alert is open." in desk(alerted, ADMIN).open("/staff/account").text
    assert urgent.acknowledge(alerted.office, "user:1", alerted.alerts()[0].id, "Called.")
    assert count(doctor.open("/staff")) == ""


def test_a_page_that_looks_by_itself_is_told_times_and_nothing_of_whom(alerted: Site) -> None:
    doctor = desk(alerted, PHYSICIAN)
    told = doctor.client.get("/staff/alerts", headers=LOOK)
    (alert,) = alerted.alerts()
    assert told.json["count"] == 1
    assert told.json["due"] == {alert.id: {"text": "Contact within 15 minutes", "late": False}}
    assert "Canary" not in told.text
    assert alerted.intake.reference not in json.dumps(told.json)
    alerted.clock.wait(minutes=10)
    doctor.open("/staff")
    alerted.clock.wait(minutes=10)
    late = doctor.client.get("/staff/alerts", headers=LOOK).json["due"][alert.id]
    assert late == {"text": "Overdue by 5 minutes", "late": True}


def test_its_state_is_another_when_something_is_new(alerted: Site) -> None:
    doctor = desk(alerted, PHYSICIAN)

    def state() -> str:
        return str(doctor.client.get("/staff/alerts", headers=LOOK).json["state"])

    shown = doctor.open("/staff").soup.select_one("[data-state]")["data-state"]
    assert shown == state() == state()
    intake = alerted.intake
    calls.ask_for_call(alerted.office, intake.id, "805-555-0134", "")
    asked = state()
    calls.ask_for_call(alerted.office, intake.id, "805-555-0177", "")
    assert len({shown, asked, state()}) == 3


def test_looking_is_no_activity(alerted: Site) -> None:
    doctor = desk(alerted, PHYSICIAN).open("/staff")
    for _ in range(16):
        alerted.clock.wait(minutes=1)
        answer = doctor.client.get("/staff/alerts", headers=LOOK)
    assert answer.status_code == 303
    assert "sign-in" in answer.location


def test_a_card_says_who_was_e_mailed_and_when(alerted: Site) -> None:
    doctor, now = desk(alerted, PHYSICIAN), alerted.clock.moment
    assert mailed(alerted, doctor) == "Not e-mailed yet."
    assert mailed(alerted, doctor, mailed=1, mailed_at=now).startswith("E-mailed once, last ")
    assert "12:00 PM" in mailed(alerted, doctor, mailed=3, mailed_at=now)
    assert mailed(alerted, doctor).startswith("E-mailed 3 times")
    partly = mailed(alerted, doctor, mail_failed_at=now)
    assert partly.startswith("red: E-mailed 3 times")
    assert "not to everybody" in partly


def test_what_is_not_e_mailed_is_red(alerted: Site) -> None:
    doctor, now = desk(alerted, PHYSICIAN), alerted.clock.moment
    failed = mailed(alerted, doctor, mail_failed_at=now)
    assert failed.startswith("red: Not e-mailed yet. The e-mail could not be sent, last tried")
    mailed(alerted, doctor, mail_failed_at=None)
    alerted.clock.wait(minutes=3)
    assert "red: Not e-mailed yet: the worker does not run" in mailed(alerted, doctor)
    object.__setattr__(alerted.office, "post", replace(POST, smtp=None))
    assert "red: E-mail is not set up" in mailed(alerted, doctor)


def test_a_call_stands_with_number_and_time_in_list_and_record(site: Site) -> None:
    site.start(person(), until="anxiety")
    calls.ask_for_call(site.office, site.intake.id, "805-555-0134", "after 6")
    doctor = desk(site, PHYSICIAN)
    for address in ("/staff", f"/staff/intakes/{site.intake.reference}"):
        card = doctor.open(address).soup.select_one(".alert")
        words = card.get_text(" ", strip=True)
        assert "Asks the clinic to call." in words
        assert "Time: after 6" in words
        assert card.find("a", href="tel:8055550134")
