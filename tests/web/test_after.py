"""After sending: confirmation, status, the copy, messages, taking the form back."""

import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update

from screening.storage.accounts import ADMIN, FRONT_DESK, PHYSICIAN
from screening.storage.intakes import AUDIT, DOCUMENTS, INTAKES, MESSAGES
from screening.storage.vault import new_code
from screening.tasks import delete_abandoned, make_copy
from screening.web import standing
from screening.web.i18n import text
from screening.workflows import after, export, urgent
from screening.workflows import intake as intake_flow
from tests.builders import example, person
from tests.outputs.test_pdf import needs_pango
from tests.site import Site
from tests.walker import Walker, as_typed

from .desk import Desk, desk

PERSON = person()
BORN = PERSON["date_of_birth"]
PAGES = ("/done", "/status", "/answers", "/answers.pdf", "/message", "/withdraw")
PLAN = example("urgent-suicide-plan")["answers"]


def sent(site: Site, **changes: Any) -> Walker:
    """Somebody on the confirmation of a form that was sent before, with its code."""
    answers = person(**changes)
    receipt = intake_flow.submit_answers(site.office, answers)
    code, vault = new_code(), site.office.vault
    with site.office.database.write() as conn:
        this = update(INTAKES).where(INTAKES.c.reference == receipt.reference)
        conn.execute(this.values(code_hmac=vault.code_hmac(code)))
    walker = site.walker().resume(code, answers["date_of_birth"])
    walker.code = code
    return walker.open("/done")


def notes(site: Site, action: str) -> list[dict[str, Any]]:
    with site.office.database.read() as conn:
        asked = select(AUDIT).where(AUDIT.c.action == action)
        return [dict(row) for row in conn.execute(asked).mappings()]


# Confirmation and status


@pytest.mark.parametrize(
    ("sent_on", "days", "by"),
    [
        (date(2026, 11, 23), 2, date(2026, 11, 25)),  # Monday
        (date(2026, 11, 26), 2, date(2026, 11, 30)),  # Thursday
        (date(2026, 11, 27), 2, date(2026, 12, 1)),  # Friday
        (date(2026, 11, 28), 2, date(2026, 12, 1)),  # Saturday
        (date(2026, 11, 29), 1, date(2026, 11, 30)),  # Sunday
        (date(2026, 11, 23), 10, date(2026, 12, 7)),
    ],
)
def test_weekends_are_no_business_days(sent_on: date, days: int, by: date) -> None:
    assert after.reply_by(sent_on, days) == by


@pytest.mark.parametrize(
    ("moment", "sent_on", "by"),
    [
        # In UTC it is the next day already; at the clinic it is 8:30 in the evening.
        (datetime(2026, 11, 27, 4, 30, tzinfo=UTC), "November 26", "November 30"),  # Thursday
        (datetime(2026, 11, 28, 4, 30, tzinfo=UTC), "November 27", "December 1"),  # Friday
    ],
)
def test_in_the_evening_the_day_is_counted_at_the_clinic(
    site: Site, moment: datetime, sent_on: str, by: str
) -> None:
    site.clock.moment = moment
    walker = sent(site)
    assert f"Sent {sent_on}, 2026 at 8:30 PM" in walker.text
    assert f"We will contact you by {by}, 2026" in walker.text


def test_hours_in_spanish_end_a_sentence_in_one_period(site: Site) -> None:
    """The clinic's hours end in a period of their own: "de 9 a. m. a 5 p. m."."""
    walker = sent(site, **PLAN | {"language": "es"}).open("/message")
    assert "5 p. m. Aquí solo contestamos" in walker.text
    assert ".." not in walker.text


def test_hours_in_spanish_end_a_sentence_of_the_help_in_one_period(site: Site) -> None:
    walker = site.walker_at("safety", **PLAN | {"language": "es"}).answer_page(PLAN)
    assert "5 p. m. " in walker.text
    assert ".." not in walker.text


def test_the_confirmation_says_what_comes_next_whom_to_call_and_how_to_come_back(
    site: Site,
) -> None:
    walker = site.walker_at("sign")
    walker.answer_page(PERSON)
    assert walker.path == "/done"
    (submission,) = site.submissions()
    for words in (submission.reference, "until November 23, 2027", "805-555-0100", "911"):
        assert words in walker.text
    for words, address in (
        ("See or print my answers", "/answers"),
        ("Download as PDF", "/answers.pdf"),
        ("Write to the clinic", "/message"),
        ("Withdraw my form", "/withdraw"),
    ):
        assert walker.link(words) == address
    assert PERSON["last_name"] not in walker.text


def test_the_code_opens_the_status_and_says_only_what_is_true(site: Site) -> None:
    code = sent(site).code
    site.clock.wait(minutes=45)
    walker = site.walker().resume(code, BORN)
    assert walker.path == "/status"
    assert "It is waiting to be read." in walker.text
    assert "We will contact you by November 25, 2026." in walker.text
    reference = site.submissions()[0].reference
    desk(site, PHYSICIAN).open(f"/staff/intakes/{reference}")
    assert "Your care team has opened it." in walker.open("/status").text


def test_when_the_day_has_passed_the_patient_is_told_to_call(site: Site) -> None:
    code = sent(site).code
    site.clock.wait(days=3)
    assert "We planned to contact you by November 25" in site.walker().resume(code, BORN).text


def test_the_code_opens_a_sent_form_for_a_year(site: Site) -> None:
    code = sent(site).code
    site.clock.wait(days=364)
    assert site.walker().resume(code, BORN).path == "/status"
    site.clock.wait(days=2)
    walker = site.walker().resume(code, BORN)
    assert walker.path == "/resume"
    assert walker.errors


def test_coming_back_is_in_the_language_of_the_form(site: Site) -> None:
    code = sent(site, language="es").code
    walker = site.walker().resume(code, BORN)
    assert walker.title == "Cómo va su formulario"
    assert "a más tardar el 25 de noviembre de 2026" in walker.text
    assert ".." not in walker.text


def test_a_check_in_is_offered_after_a_week_where_there_is_one(site: Site) -> None:
    if standing.CHECK_IN not in site.app.view_functions:
        site.app.add_url_rule("/again", standing.CHECK_IN, methods=["POST"])
    site.app.view_functions[standing.CHECK_IN] = lambda: "the check-in"
    walker = sent(site)
    site.clock.wait(days=6)
    assert "another treatment" not in site.walker().resume(walker.code, BORN).text
    site.clock.wait(days=1)
    walker = site.walker().resume(walker.code, BORN)
    (form,) = (f for f in walker.soup.find_all("form") if "Check in" in f.get_text())
    token = form.find("input", attrs={"name": "csrf_token"})["value"]
    walker.send({"csrf_token": token}, to=str(form["action"]))
    assert walker.answer.text == "the check-in"


# Who may open it


@pytest.mark.parametrize("address", PAGES[:-1])
def test_before_sending_nothing_here_is_open(site: Site, address: str) -> None:
    assert site.walker_at("contact").open(address).path == "/tasks"


@pytest.mark.parametrize("address", PAGES)
def test_without_the_intakes_session_nothing_here_is_open(site: Site, address: str) -> None:
    sent(site)
    assert site.walker().open(address).path == "/"


@pytest.mark.parametrize("address", PAGES)
def test_after_closing_nothing_can_be_read_on_this_device(site: Site, address: str) -> None:
    walker = sent(site)
    token = walker.soup.select_one("form[action='/close'] [name=csrf_token]")["value"]
    walker.send({"csrf_token": token}, to="/close")
    assert walker.title == "This page is closed"
    assert walker.answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert walker.open(address).path == "/"


def test_leaving_by_the_forms_own_way_forgets_a_sent_form_too(site: Site) -> None:
    walker = sent(site)
    token = walker.soup.select_one("form[action='/close'] [name=csrf_token]")["value"]
    walker.send({"csrf_token": token}, "stop", to="/stop")
    assert walker.path == "/closed"
    assert walker.open("/answers").path == "/"


def test_another_patients_session_sees_its_own_form_only(site: Site) -> None:
    sent(site, last_name="Canary", anything_else="my canary")
    other = sent(site, last_name="Heron")
    for address in PAGES:
        page = other.open(address).soup.get_text()
        assert "Canary" not in page
        assert "canary" not in page
    assert "Heron" in other.open("/answers").text


def test_nothing_here_is_kept_by_the_browser(site: Site) -> None:
    walker = sent(site)
    for address in PAGES:
        assert walker.open(address).answer.headers["Cache-Control"] == "no-store"


# The copy


def test_the_copy_holds_every_answer_and_no_judgement(site: Site) -> None:
    walker = sent(site, **PLAN | {"gad7_1": "discuss"}).open("/answers")
    text_shown = walker.text
    assert "I’d rather talk about this in person" in text_shown
    assert "Not answered" in text_shown
    assert "Little interest or pleasure in doing things" in text_shown
    assert "Spitzer" in text_shown  # who made the instrument
    for judged in ("PHQ-9 total", "Urgent", "Candidate", "Severe", "Moderately", "excluded"):
        assert judged not in text_shown
    assert not walker.soup.find("a", string="Change")
    assert [row["action"] for row in notes(site, "copy.viewed")] == ["copy.viewed"]


@pytest.mark.parametrize("unsafe", [True, False])
def test_what_was_said_about_safety_at_home_is_in_no_copy(site: Site, unsafe: bool) -> None:
    at_home = "not-safe-now" if unsafe else "yes"
    pushed = "yes" if unsafe else "no"
    walker = sent(site, alone_now="yes", safe_at_home=at_home, feels_pushed=pushed)
    walker.open("/answers")
    assert "safe at home" not in walker.text
    assert "Are you alone" not in walker.text
    assert "pressuring" not in walker.text
    assert "I am afraid of someone" not in walker.text
    assert "Some answers are left out of this copy to protect your privacy." in walker.text


@needs_pango
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_file_says_what_the_page_says(site: Site, language: str) -> None:
    walker = sent(site, language=language, anything_else="Línea uno.\nLine two.")
    if language == "es":
        walker = site.walker().resume(walker.code, BORN)
    page = walker.open("/answers")
    page_title = page.title
    said = [row.get_text(" ", strip=True) for row in page.soup.select(".answers dt, .answers dd p")]
    said += [h2.get_text(" ", strip=True) for h2 in page.soup.select("main h2")]
    said += [text("answers.left_out", language), text("answers.lead", language)]
    assert walker.open("/answers.pdf").status == 202
    assert walker.answer.headers["Refresh"] == "3; url=/answers.pdf?look=1"
    assert walker.title == text("answers.waiting_title", language)
    reference = site.submissions()[0].reference
    make_copy(site.office, reference, "letter", language)
    answer = walker.client.get("/answers.pdf?look=1")
    assert answer.content_type == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="my-answers-{reference}.pdf"'
    )
    document = PdfReader(io.BytesIO(answer.data))
    printed = "".join("".join(sheet.extract_text() for sheet in document.pages).split())
    for line in said:
        assert "".join(line.split()) in printed, line
    assert document.trailer["/Root"]["/Lang"] == language
    assert b"pdfuaid:part" in document.trailer["/Root"]["/Metadata"].get_data()
    assert document.metadata.title == f"{page_title} {reference}"
    assert [row["actor"] for row in notes(site, "copy.downloaded")] == ["patient"]


@needs_pango
def test_the_file_is_made_once_and_kept_sealed(site: Site) -> None:
    walker = sent(site)
    queue = site.app.extensions["queue"]
    walker.open("/answers.pdf")
    queue.run_waiting()
    (submission,) = site.submissions()
    first = walker.client.get("/answers.pdf").data
    make_copy(site.office, submission.reference, "letter", "en")
    assert walker.client.get("/answers.pdf").data == first
    with site.office.database.read() as conn:
        kept = conn.execute(select(DOCUMENTS).where(DOCUMENTS.c.kind == "copy")).mappings().all()
    assert [row["paper"] for row in kept] == ["letter-en"]
    assert b"%PDF" not in kept[0]["ciphertext"]


def test_the_page_that_waits_stops_looking(site: Site) -> None:
    walker = sent(site).open("/answers.pdf?look=20")
    assert "takes longer than it should" in walker.title
    assert "Refresh" not in walker.answer.headers


# Messages


def unread(page: Desk) -> str:
    section = page.open("/staff").soup.find(attrs={"aria-labelledby": "unread"})
    return " ".join(section.get_text(" ", strip=True).split()) if section else ""


def test_a_message_reaches_the_record_and_its_sender_sees_when_it_was_read(site: Site) -> None:
    walker = sent(site, last_name="Heron").open("/message")
    assert "Do not write here if you need help now" in walker.text
    walker.press("send", message="My new number is 805-555-0199.\nThank you.")
    assert walker.path == "/status"
    assert "The clinic has your message." in walker.text
    assert "Not read yet. Sent November 23, 2026 at 12:00 PM" in walker.text
    page = desk(site, PHYSICIAN)
    assert "Heron Message November 23" in unread(page)
    site.clock.wait(minutes=5)
    reference = site.submissions()[0].reference
    page.open(f"/staff/intakes/{reference}")
    assert "My new number is 805-555-0199." in page.text
    assert not unread(page)
    (row,) = notes(site, "messages.read")
    assert row["actor"].startswith("user:")
    again = page.open(f"/staff/intakes/{reference}")
    assert "Read November 23, 2026 at 12:05 PM by Robin Physician" in again.text
    assert len(notes(site, "messages.read")) == 1
    assert "Read November 23, 2026 at 12:05 PM" in walker.open("/status").text


def test_messages_with_crisis_words_stand_above_older_ones(site: Site) -> None:
    for number, words in enumerate(["first", "second", "I want to die", "fourth"]):
        sent(site, last_name=f"Number{number}").open("/message").press("send", message=words)
        site.clock.wait(minutes=1)
    listed = unread(desk(site, PHYSICIAN))
    places = [listed.index(f"Number{number}") for number in (2, 0, 1, 3)]
    assert places == sorted(places)


def test_an_administrator_sees_no_message(site: Site) -> None:
    sent(site).open("/message").press("send", message="only for the doctor")
    page = desk(site, ADMIN)
    for address in ("/staff", "/staff/export", "/staff/account"):
        assert "only for the doctor" not in page.open(address).answer.text


def test_a_message_is_sealed_in_the_store_and_not_in_the_audit(site: Site) -> None:
    sent(site).open("/message").press("send", message="canary words")
    with site.office.database.read() as conn:
        kept = conn.execute(select(MESSAGES)).mappings().all()
        audit = conn.execute(select(AUDIT)).mappings().all()
    assert len(kept) == 1
    assert "canary" not in str(kept)
    assert "canary" not in str(audit)
    assert [row["action"] for row in notes(site, "message.sent")] == ["message.sent"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [("  \n ", "Write your message"), ("x" * 2001, "Use 2000 characters or fewer")],
)
def test_a_message_that_cannot_be_sent_stays_on_the_page(site: Site, typed: str, said: str) -> None:
    walker = sent(site).open("/message").press("send", message=typed)
    assert walker.errors == {"message": said}
    assert walker.soup.title.get_text().startswith("Error: ")
    assert walker.value("message") == typed.strip()
    assert "message.sent" not in site.actions()


def test_two_thousand_characters_are_taken_however_lines_end(site: Site) -> None:
    walker = sent(site).open("/message")
    walker.press("send", message="x\r\n" * 999 + "yy")
    assert walker.path == "/status"


def test_a_message_sent_twice_by_a_double_click_is_one(site: Site) -> None:
    walker = sent(site).open("/message")
    second = walker.tab()
    walker.press("send", message="once")
    second.press("send", message="once")
    assert second.text.count("Not read yet") == 1


def test_after_ten_messages_a_day_the_patient_is_told_to_call(site: Site) -> None:
    walker = sent(site)
    for number in range(10):
        walker.open("/message").press("send", message=f"number {number}")
        site.clock.wait(minutes=1)
    walker.open("/message").press("send", message="one too many")
    assert "You have sent 10 messages in one day" in walker.errors["message"]
    assert walker.value("message") == "one too many"
    help_page = walker.press("send", message="I want to die")
    assert "Your message was not sent" in help_page.text
    site.clock.wait(hours=24)
    walker = site.walker().resume(walker.code, BORN)
    assert walker.open("/message").press("send", message="the next day").path == "/status"


def test_crisis_words_bring_help_at_once_and_are_marked_but_are_no_alert(site: Site) -> None:
    walker = sent(site, last_name="Heron")
    walker.open("/message").press("send", message="some days I want to die")
    assert walker.path == "/message"
    assert walker.title == "You can talk with someone"
    assert "tel:988" in str(walker.soup.main)
    assert "Your message is marked for the team" in walker.text
    assert not site.alerts()
    walker.press("language")
    assert walker.title == "Puede hablar con alguien"
    assert "Su mensaje quedó marcado" in walker.text
    assert walker.press().path == "/status"
    assert "Heron Message Crisis words" in unread(desk(site, PHYSICIAN))
    assert len(notes(site, "message.sent")) == 1


def test_the_help_after_a_message_offers_a_call(site: Site) -> None:
    walker = sent(site).open("/message").press("send", message="I want to die")
    assert walker.value("call_number") == PERSON["phone"]
    walker.press("call", call_number="12")
    assert walker.errors
    walker.press("call", call_number="805-555-0177")
    assert walker.path == "/message"
    assert not walker.errors
    assert len(site.alerts()) == 1  # asked for by the patient
    assert walker.press().path == "/status"


def test_a_message_too_long_with_crisis_words_brings_help_and_comes_back(site: Site) -> None:
    walker = sent(site).open("/message")
    typed = "I want to die. " + "x" * 2000
    walker.press("send", message=typed)
    assert walker.title == "You can talk with someone"
    walker.press()
    assert walker.value("message") == typed
    assert walker.errors


def test_the_language_switch_keeps_what_was_typed(site: Site) -> None:
    walker = sent(site).open("/message").press("language", message="half a mess")
    assert walker.title == "Escribir a la clínica"
    assert walker.value("message") == "half a mess"


def test_a_message_typed_while_the_session_ended_is_there_after_the_code(site: Site) -> None:
    walker = sent(site).open("/message")
    site.clock.wait(minutes=31)
    walker.press("send", message="typed for long")
    assert walker.title == "Continue with your code"
    walker.press(code=walker.code, **as_typed(walker.names(), PERSON))
    assert walker.value("message") == "typed for long"
    assert walker.press("send").path == "/status"
    assert len(notes(site, "message.sent")) == 1


# Taking a sent form back


def withdrawn(site: Site, reason: str = "", **changes: Any) -> Walker:
    return sent(site, **changes).open("/withdraw").press("yes", reason=reason)


def test_withdrawing_is_asked_first_and_told_to_everybody(site: Site) -> None:
    walker = sent(site, last_name="Heron").open("/withdraw")
    assert "the law asks clinics to keep records" in walker.text
    assert walker.press("no").path == "/status"
    assert "intake.withdrawn" not in site.actions()
    walker.open("/withdraw").press("yes", reason="I found another clinic")
    assert walker.title == "You withdrew your form"
    assert "You withdrew it on November 23, 2026 at 12:00 PM" in walker.text
    assert "We will contact you by" not in walker.text
    assert walker.open("/done").path == "/status"
    assert walker.open("/withdraw").path == "/status"
    page = desk(site, PHYSICIAN)
    assert "Heron Withdrawal" in unread(page)
    assert not page.soup.select(".line")  # nobody has to decide on it any more
    page.open("/staff?state=withdrawn")
    assert page.soup.select_one(".line .tag--missing").get_text() == "Withdrawn"
    page.open(f"/staff/intakes/{site.submissions()[0].reference}")
    assert "Withdrawn by the patient on November 23, 2026 at 12:00 PM." in page.text
    assert "I found another clinic" in page.text
    assert "Candidate for review" in page.text  # the outcome is what it was


def test_the_front_desk_sees_that_it_was_withdrawn(site: Site) -> None:
    withdrawn(site, reason="my reason")
    page = desk(site, FRONT_DESK).open("/staff/desk?state=withdrawn")
    assert page.soup.select_one(".patient .govuk-tag").get_text(strip=True) == "Withdrawn"
    assert "my reason" not in page.answer.text


def test_withdrawing_twice_is_once(site: Site) -> None:
    walker = sent(site).open("/withdraw")
    second = walker.tab()
    walker.press("yes")
    site.clock.wait(minutes=3)
    second.press("yes")
    assert "at 12:00 PM" in second.text
    assert len(notes(site, "intake.withdrawn")) == 1


def test_what_was_withdrawn_is_still_the_patients_to_see(site: Site) -> None:
    walker = withdrawn(site)
    assert PERSON["last_name"] in walker.open("/answers").text
    assert walker.open("/message").press("send", message="I changed my mind").path == "/status"


def test_crisis_words_in_a_reason_bring_help(site: Site) -> None:
    walker = withdrawn(site, reason="I want to die")
    assert walker.title == "You can talk with someone"
    assert walker.press().title == "You withdrew your form"


def test_what_was_withdrawn_is_in_no_export(site: Site) -> None:
    withdrawn(site, last_name="Gone")
    sent(site, last_name="Here")
    assert sum(export.count_by_outcome(site.office, export.EVERYTHING).values()) == 1
    rows = site.exported()
    assert b"Here" in rows
    assert b"Gone" not in rows


# Deleting an unfinished form


def test_an_unfinished_form_is_deleted_after_asking(site: Site) -> None:
    walker = site.walker_at("contact")
    code = walker.code
    walker.open("/tasks").open(walker.link("Delete my form"))
    assert walker.title == "Do you want to delete your form?"
    assert walker.press("no").path == "/tasks"
    assert site.intakes()
    walker.open("/withdraw").press("yes")
    assert walker.title == "Your form is deleted"
    assert site.intakes() == []
    assert site.walker().resume(code, BORN).path == "/resume"
    assert walker.open("/tasks").title != "Your form"
    assert "intake.deleted_by_patient" in site.actions()


def test_with_an_open_alert_it_waits_for_a_person_and_is_closed_to_its_patient(site: Site) -> None:
    walker = site.walker_at("anxiety", **PLAN)
    code, elsewhere = walker.code, site.walker().resume(walker.code, BORN)
    walker.open("/withdraw").press("yes")
    assert walker.title == "We will delete your form"
    assert "until a person at the clinic has looked at your safety answer" in walker.text
    assert site.walker().resume(code, BORN).path == "/resume"
    assert elsewhere.open("/form/anxiety").path == "/"
    delete_abandoned(site.office)
    (intake,) = site.intakes()
    (alert,) = site.alerts()
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{intake.reference}")
    assert "Withdrawn by the patient on" in page.text
    urgent.acknowledge(site.office, "user:1", alert.id, "called")
    delete_abandoned(site.office)
    assert site.intakes() == []


def test_who_deletes_a_form_right_after_a_risk_answer_is_still_seen(site: Site) -> None:
    site_at = site.walker_at("safety", phq9_9=1)
    site_at.open("/withdraw").press("yes")
    assert site_at.title == "We will delete your form"
    assert site_at.soup.find(id="care-title")
    assert len(site.alerts()) == 1


def test_a_form_sent_in_another_tab_is_not_deleted(site: Site) -> None:
    walker = site.walker_at("sign").open("/withdraw")
    other = walker.tab().open("/form/sign")
    other.answer_page(PERSON)
    walker.press("yes")
    assert len(site.submissions()) == 1
    assert walker.path in ("/status", "/withdraw")
