"""The staff's pages: who may open which, alerts, a record, its PDF, who works here."""

import time
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from screening.storage import submissions
from screening.storage.accounts import ADMIN, AUDITOR, FRONT_DESK, PHYSICIAN
from screening.storage.intakes import AUDIT
from screening.workflows import accounts, review, urgent
from screening.workflows import intake as intake_flow
from tests.builders import example, person
from tests.site import Site

from .desk import PASSWORD, Desk, desk, hire

SENT = {"first_name": "Quinn", "last_name": "Canary"}


def send_in(site: Site, **changes: Any) -> str:
    """A sent intake; returns its reference."""
    return intake_flow.submit_answers(site.office, person(**SENT | changes)).reference


def unfinished(site: Site, **changes: Any) -> str:
    """An intake that stops after the safety pages, with an alert; returns its reference."""
    urgent_answers = {
        "cssrs_1": "yes",
        "cssrs_2": "yes",
        "cssrs_3": "yes",
        "cssrs_4": "yes",
        "cssrs_5": "no",
    }
    answers = person(**SENT | urgent_answers | changes)
    started = site.start(answers, until=site.questionnaire.sections[8].pages[0].id)
    return next(intake.reference for intake in site.intakes() if intake.id == started)


def audit(site: Site, action: str) -> list[dict[str, Any]]:
    with site.office.database.read() as conn:
        asked = select(AUDIT).where(AUDIT.c.action == action).order_by(AUDIT.c.id)
        return [dict(row) for row in conn.execute(asked).mappings()]


# Who may open what: each address and each role in test_roles.py


def test_a_route_that_is_not_in_the_table_opens_for_nobody(app: Flask, site: Site) -> None:
    app.add_url_rule("/staff/forgotten", "forgotten", lambda: "canary")
    answer = desk(site, PHYSICIAN, ADMIN).open("/staff/forgotten")
    assert answer.status == 403
    assert "canary" not in answer.answer.text


def test_a_refusal_holds_nothing_of_the_record_and_is_audited(site: Site) -> None:
    reference = send_in(site)
    page = desk(site, ADMIN)
    for address in (f"/staff/intakes/{reference}", f"/staff/intakes/{reference}/letter.pdf"):
        page.open(address)
        assert page.status == 403
        assert "Canary" not in page.answer.text
        assert reference not in page.answer.text
    assert len(audit(site, "access.denied")) == 2
    assert not audit(site, "record.viewed")


def test_a_post_without_its_token_changes_nothing(site: Site) -> None:
    unfinished(site)
    page = desk(site, PHYSICIAN)
    (alert,) = site.alerts()
    page.client.post(f"/staff/alerts/{alert.id}", data={"note": "done"})
    assert site.alerts()


# Alerts


def test_an_alert_says_who_what_and_until_when(site: Site) -> None:
    reference = unfinished(site)
    page = desk(site, PHYSICIAN)
    card = page.soup.select_one(".alert").get_text(" ", strip=True)
    for expected in (
        "Quinn Canary",
        "Contact within 15 minutes",
        reference,
        "not finished",
        person()["phone"],
    ):
        assert expected in card
    site.clock.wait(minutes=14)
    assert "Contact within 1 minute" in page.open("/staff").text
    site.clock.wait(minutes=8)
    page.open("/staff")
    late = page.soup.select_one(".alert .tag--urgent")
    assert late.get_text(strip=True) == "Overdue by 7 minutes"


def test_acknowledging_keeps_who_when_and_the_note(site: Site) -> None:
    reference = unfinished(site)
    page = desk(site, PHYSICIAN)
    (alert,) = site.alerts()
    page.send(f"/staff/alerts/{alert.id}", note="Called at 12:05, safe at home with her sister.")
    assert "acknowledged" in page.text
    assert "No alert is open." in page.text
    (row,) = audit(site, "alert.acknowledged")
    assert alert.id in row["detail"]
    assert "sister" not in str(row)
    page.open(f"/staff/intakes/{reference}")
    assert "Robin Physician" in page.text
    assert "safe at home with her sister" in page.text


def test_an_acknowledgement_needs_a_note_and_keeps_what_was_typed(site: Site) -> None:
    unfinished(site)
    page = desk(site, PHYSICIAN)
    (alert,) = site.alerts()
    page.send(f"/staff/alerts/{alert.id}", note="  ")
    assert page.status == 400
    link = page.soup.select_one(".govuk-error-summary a")["href"]
    assert page.soup.find(id=link[1:]).name == "textarea"
    page.send(f"/staff/alerts/{alert.id}", note="x" * 2001)
    assert page.soup.find(id=link[1:]).get_text().strip() == "x" * 2001
    assert site.alerts()


def test_the_second_acknowledgement_does_not_replace_the_first(site: Site) -> None:
    unfinished(site)
    page = desk(site, PHYSICIAN)
    (alert,) = site.alerts()
    other = f"user:{hire(site, PHYSICIAN, email='other@example.org').id}"
    assert urgent.acknowledge(site.office, other, alert.id, "mine") is True
    page.send(f"/staff/alerts/{alert.id}", note="late")
    assert "Somebody acknowledged this alert before you" in page.text
    assert len(audit(site, "alert.acknowledged")) == 1


def test_danger_at_home_warns_how_to_reach_the_patient(site: Site) -> None:
    reference = unfinished(site, alone_now="yes", safe_at_home="not-safe-now")
    page = desk(site, PHYSICIAN)
    assert "never by message, letter or voicemail" in page.text
    assert "Check who takes the patient home" in page.text
    assert "Safe contact only" in page.open(f"/staff/intakes/{reference}").text


# One record


def test_a_record_shows_what_the_pdf_shows(site: Site) -> None:
    answers = example("excluded-aneurysm")["answers"] | SENT
    reference = intake_flow.submit_answers(site.office, answers).reference
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{reference}")
    assert page.title == "Quinn Canary"
    opened = review.open_record(site.office, "user:1", reference)
    assert opened
    for finding in opened.record.findings:
        assert finding.says in page.text
    for score in opened.record.scores:
        assert score.name in page.text
    for section in opened.record.sections:
        for row in section.rows:
            if row.state == "answered" and not row.cells:
                assert " ".join(row.text.split()) in page.text, row.question


def test_opening_a_record_marks_it_read_and_each_view_is_audited(site: Site) -> None:
    reference = send_in(site)
    page = desk(site, PHYSICIAN)
    assert [s.status for s in site.submissions()] == ["new"]
    page.open(f"/staff/intakes/{reference}").open(f"/staff/intakes/{reference.lower()}")
    assert [s.status for s in site.submissions()] == ["read"]
    rows = audit(site, "record.viewed")
    assert len(rows) == 2
    assert {row["intake_id"] for row in rows} == {site.submissions()[0].intake_id}


def test_what_a_patient_typed_is_text(site: Site) -> None:
    typed = "<script>alert(1)</script>"
    reference = send_in(site, preferred_name=typed, last_name=f'"{typed}')
    page = desk(site, PHYSICIAN)
    for address in ("/staff", f"/staff/intakes/{reference}"):
        page.open(address)
        assert typed in page.text
        assert all(script.get("src") for script in page.soup.find_all("script"))


def test_an_unfinished_intake_opens_only_with_an_alert_and_says_so(site: Site) -> None:
    calm = site.start(person(**SENT), until="check")
    quiet = next(i.reference for i in site.intakes() if i.id == calm)
    reference = unfinished(site)
    page = desk(site, PHYSICIAN)
    assert page.open(f"/staff/intakes/{quiet}").status == 404
    page.open(f"/staff/intakes/{reference}")
    assert page.status == 200
    assert "Not finished." in page.text
    assert "Unknown, not ruled out" not in page.text
    assert not page.soup.select(".downloads a")
    assert page.open(f"/staff/intakes/{reference}/letter.pdf").status == 404


def test_another_reference_is_not_found(site: Site) -> None:
    send_in(site)
    page = desk(site, PHYSICIAN)
    for reference in ("AAAA-AAAA", "x", "%00", "..", "1", "A" * 300):
        assert page.open(f"/staff/intakes/{reference}").status in (400, 404)
        assert "Canary" not in page.answer.text


# The PDF


def test_the_pdf_is_made_by_the_worker_and_handed_out_without_a_name(site: Site) -> None:
    reference = send_in(site)
    page = desk(site, PHYSICIAN)
    site.app.extensions["queue"].huey.flush()
    page.open(f"/staff/intakes/{reference}/a4.pdf")
    assert (page.status, page.title) == (202, "The PDF is being made")
    assert page.answer.headers["Refresh"].startswith("3; url=/staff/intakes/")
    assert len(site.app.extensions["queue"].huey.pending()) == 1
    page.open(f"/staff/intakes/{reference}/a4.pdf?look=1")
    assert len(site.app.extensions["queue"].huey.pending()) == 1
    assert not audit(site, "pdf.downloaded")
    keep_pdf(site, reference, b"%PDF-1.7 made up")
    page.open(f"/staff/intakes/{reference}/a4.pdf?look=2")
    assert page.answer.data == b"%PDF-1.7 made up"
    assert (
        page.answer.headers["Content-Disposition"]
        == f'attachment; filename="summary-{reference}.pdf"'
    )
    (row,) = audit(site, "pdf.downloaded")
    assert row["detail"] == '{"paper":"a4"}'


def keep_pdf(site: Site, reference: str, content: bytes) -> None:
    vault, now = site.office.vault, site.office.now()
    with site.office.database.write() as conn:
        sent = submissions.submission_by_reference(conn, vault, reference)
        assert sent
        submissions.store_document(
            conn, vault, sent, kind="pdf", paper="a4", content=content, now=now
        )


def test_the_page_that_waits_stops_looking(site: Site) -> None:
    reference = send_in(site)
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{reference}/a4.pdf?look=20")
    assert "takes longer than it should" in page.title
    assert "Refresh" not in page.answer.headers


def test_there_is_no_pdf_on_other_paper_or_of_another_reference(site: Site) -> None:
    reference = send_in(site)
    page = desk(site, PHYSICIAN)
    assert page.open(f"/staff/intakes/{reference}/a5.pdf").status == 404
    assert page.open("/staff/intakes/AAAA-AAAA/a4.pdf").status == 404


# The list of staff


def test_an_invitation_shows_its_link_once(site: Site) -> None:
    page = desk(site, ADMIN).open("/staff/users/invite")
    page.send(name="Kim New", email="kim@example.org", roles=["physician"])
    assert page.title == "Hand over this link"
    link = page.soup.select_one("code.secret").get_text()
    assert Desk(site).open("/staff/join/" + link.rsplit("/", 1)[1]).title == "Set your password"
    page.open("/staff/users")
    assert "Kim New" in page.text
    assert "Invited" in page.text
    assert link not in page.answer.text


def test_an_invitation_needs_a_role_a_name_and_an_address_that_is_free(site: Site) -> None:
    hire(site, PHYSICIAN, email="kim@example.org")
    page = desk(site, ADMIN).open("/staff/users/invite")
    assert page.send(name="", email="kim", roles=None).status == 400
    assert len(page.soup.select(".govuk-error-summary li")) == 3
    page.send(name="Kim", email="KIM@example.org", roles=["physician"])
    assert page.status == 409
    assert "an account with this e-mail address" in page.text
    page.send(name="Kim", email="k@example.org", roles=["owner"])
    assert page.status == 400


def test_an_administrator_changes_roles_and_deactivates_and_it_is_audited(site: Site) -> None:
    other = hire(site, PHYSICIAN)
    page = desk(site, ADMIN).open(f"/staff/users/{other.id}")
    page.send("/roles", roles=["physician", "admin"])
    assert accounts.member(site.office, other.id).roles == (ADMIN, PHYSICIAN)
    assert '"now":["admin","physician"]' in audit(site, "staff.roles_changed")[0]["detail"]
    page.send("/active")
    assert not accounts.member(site.office, other.id).active or "Deactivate" in page.text


def test_a_lost_phone_is_answered_with_a_new_link(site: Site) -> None:
    other = hire(site, PHYSICIAN)
    there = Desk(site).sign_in(other)
    page = desk(site, ADMIN).open(f"/staff/users/{other.id}").send("/start-over")
    assert page.title == "Hand over this link"
    assert there.open("/staff").path == "/staff/sign-in"
    found = accounts.member(site.office, other.id)
    assert (found.invited, found.has_authenticator, found.codes_left) == (True, False, 0)


def test_an_invitation_says_what_each_role_may_see_and_gives_several(site: Site) -> None:
    page = desk(site, ADMIN).open("/staff/users/invite")
    for words in (
        "Front desk. Sees who sent a form, and whether it waits or is decided. No answers",
        "Physician. Reads answers",
        "Administrator. Exports forms with their answers",
        "Auditor. Reads who did what and when. No answers.",
    ):
        assert words in page.text
    page.send(name="Kim", email="kim@example.org", roles=["front-desk", "auditor"])
    page.open("/staff/users")
    assert "Front desk, Auditor" in page.text


@pytest.mark.parametrize(
    ("role", "start", "sections"),
    [
        (FRONT_DESK, "/staff/desk", {"Patients"}),
        (PHYSICIAN, "/staff", {"Queue"}),
        (ADMIN, "/staff/export", {"Export", "Staff"}),
        (AUDITOR, "/staff/audit", {"Audit"}),
    ],
)
def test_everybody_starts_where_their_work_is(
    site: Site, role: str, start: str, sections: set[str]
) -> None:
    page = desk(site, role)
    assert (page.status, page.path) == (200, start)
    nav = [one.rstrip("0123456789") for one in page.nav]
    assert sections <= set(nav)
    others = {"Patients", "Queue", "Export", "Staff", "Audit"} - sections
    assert not others & set(nav)
    assert nav[-1] == "Your account"
    page.open("/staff/account")
    assert page.open("/staff").path == start


def test_signing_out_everywhere_ends_all_of_ones_sessions_and_no_others(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    here, elsewhere = Desk(site).sign_in(person), Desk(site)
    elsewhere.open("/staff/sign-in").send(email=person.email, password=PASSWORD)
    elsewhere.send(code=pyotp.TOTP(person.secret).at(int(time.time()) + 30))
    other = desk(site, ADMIN)
    here.open("/staff/account").send("/sign-out-everywhere")
    assert here.path == "/staff/sign-in"
    for page in (here, elsewhere):
        assert page.open("/staff").path == "/staff/sign-in"
    assert other.open("/staff/account").status == 200
    assert len(audit(site, "staff.signed_out_everywhere")) == 1


def test_an_administrator_signs_somebody_out_who_can_come_back(site: Site) -> None:
    person = hire(site, PHYSICIAN)
    there = Desk(site).sign_in(person)
    page = desk(site, ADMIN).open(f"/staff/users/{person.id}").send("/sign-out")
    assert "They are signed out everywhere." in page.text
    assert there.open("/staff").path == "/staff/sign-in"
    there.send(email=person.email, password=PASSWORD)
    there.send(code=pyotp.TOTP(person.secret).at(int(time.time()) + 30))
    assert there.path == "/staff"
    (row,) = audit(site, "staff.signed_out_everywhere")
    assert row["detail"] == f'{{"user":{person.id}}}'


def test_nobody_changes_their_own_account_so_one_administrator_is_left(site: Site) -> None:
    admin = hire(site, ADMIN)
    by = f"user:{admin.id}"
    for change in (
        lambda: accounts.set_active(site.office, by, admin.id, active=False),
        lambda: accounts.change_roles(site.office, by, admin.id, [PHYSICIAN]),
        lambda: accounts.start_over(site.office, by, admin.id),
    ):
        with pytest.raises(accounts.Refused):
            change()


def test_who_is_no_administrator_any_more_changes_nothing(site: Site) -> None:
    one, other = hire(site, ADMIN), hire(site, ADMIN, email="other@example.org")
    accounts.set_active(site.office, f"user:{one.id}", other.id, active=False)
    with pytest.raises(accounts.Refused):
        accounts.set_active(site.office, f"user:{other.id}", one.id, active=False)


def test_the_list_of_staff_asks_for_the_password_again_after_five_minutes(site: Site) -> None:
    page = desk(site, ADMIN)
    assert page.open("/staff/users").title == "Staff"
    site.clock.wait(minutes=6)
    assert page.open("/staff/users").title == "Confirm it is you"


def test_no_staff_page_has_inline_script_or_style_and_each_has_one_heading(site: Site) -> None:
    reference = send_in(site)
    unfinished(site)
    page = desk(site, PHYSICIAN, ADMIN)
    for address in ("/staff", f"/staff/intakes/{reference}", "/staff/users", "/staff/account"):
        page.open(address)
        assert not page.soup.find_all(style=True)
        assert not page.soup.find_all("style")
        assert len(page.soup.find_all("h1")) == 1
        ids = [element["id"] for element in page.soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), address
