"""axe-core finds nothing to complain of, on a telephone's width and a desk's, in both languages."""

import os
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from screening.workflows import after, export_jobs, insight
from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import example, medicine_row, person
from tests.returning import begun, checked_in, sent
from tests.server import Server
from tests.site import Site
from tests.web.desk import ADMIN, AUDITOR, FRONT_DESK, PASSWORD, PHYSICIAN, hire
from tests.web.test_plan import decided

from .test_whole_way import sign_in

pytestmark = [pytest.mark.journey, pytest.mark.slow]

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
WIDTHS = (390, 1280)
# What axe asks a person to look at, within what, and what the person saw.
EXPLAINED = (
    # Scrolled out of sight in a table that is wider than a telephone; judged at 1280 as well.
    ("elmPartiallyObscured", ".table-wrap"),
    # The words of a drawing, in the same two inks as the text around it.
    ("imgNode", "svg[role=img]"),
    ("bgOverlap", "svg[role=img]"),
    # A single digit, in the ink of the cells around it.
    ("shortTextContent", "table, svg[role=img]"),
)
# "review": what is not decided by axe, and is not explained.
RUN = """(explained) => {
  const isExplained = ({any, target}) => explained.some(([key, within]) =>
    any.some(({data}) => data?.messageKey === key) &&
    document.querySelector(target[0]).closest(within));
  const key = ({any}) => any.map(({data}) => data?.messageKey ?? "").join();
  const told = (kind, {id, nodes}) =>
    [kind, id, nodes.map((node) => `${node.target.join(" ")} ${key(node)}`).join("; ")];
  return axe.run(document, {resultTypes: ["violations", "incomplete"]}).then((found) => [
    ...found.violations.map((one) => told("violation", one)),
    ...found.incomplete
      .map(({id, nodes}) => ({id, nodes: nodes.filter((node) => !isExplained(node))}))
      .filter(({nodes}) => nodes.length).map((one) => told("review", one))]);
}"""
# AXE=all judges the patients' pages without JavaScript too.
WAYS = list(product(("en", "es"), ("with scripts", "without")))
WAYS = WAYS if os.environ.get("AXE") == "all" else WAYS[::2]
PLAN = example("urgent-suicide-plan")["answers"]


@cache
def axe() -> str:
    return AXE.read_text("utf-8")


class Judge:
    """A browser whose pages are judged; `found` are the complaints, by page and width."""

    def __init__(self, browser: Browser, server: Server, language: str = "en"):
        # Our own policy would keep axe out, as it should.
        self.at = Visitor(browser, server.url, bypass_csp=True, locale=f"{language}-US")
        self.language = language
        self.found: list[str] = []

    def judge(self, name: str) -> None:
        page = self.at.page
        assert page.get_attribute("html", "lang") == self.language, name
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(axe())
            page.evaluate("scrollTo(0, 0)")  # or something passes below what stays in place
            said = page.evaluate(RUN, EXPLAINED)
            self.found += [f"{name} at {width}: {' '.join(one)}" for one in said]
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} wide at {width}"

    def open(self, path: str) -> None:
        self.at.open(path)
        self.judge(path)


@pytest.fixture(params=WAYS, ids=" ".join)
def patient(request: pytest.FixtureRequest, browser: Browser, server: Server) -> Iterator[Judge]:
    language, scripts = request.param
    judge = Judge(browser, server, language)
    if scripts == "without":
        judge.at.context.route("**/*.js", lambda route: route.abort())
    yield judge
    judge.at.close()


@pytest.fixture
def staff(browser: Browser, server: Server) -> Iterator[Judge]:
    judge = Judge(browser, server)
    yield judge
    judge.at.close()


def resume(judge: Judge, store: Site, until: str, **changes: Any) -> None:
    answers = person(**{"language": judge.language} | changes)
    code = intake_flow.new_code_for(store.office, store.start(answers, until=until))
    judge.at.resume(code, answers["date_of_birth"])


def test_the_pages_before_and_beside_the_form(patient: Judge) -> None:
    for path in ("/", "/resume", "/saved", "/privacy", "/form/nowhere", "/form/welcome"):
        patient.open(path)
    patient.at.open("/resume").press()
    patient.judge("a wrong code")
    patient.at.open("/").walk(person(), until="date-of-birth").answer_page(person())
    patient.judge("the code")
    patient.at.open("/form/date-of-birth").answer_page({"date_of_birth": "2015-01-01"})
    patient.judge("a child")
    assert patient.found == []


def test_the_link_by_email(patient: Judge) -> None:
    patient.at.open("/").walk(person(), until="date-of-birth").answer_page(person())
    patient.at.page.click("summary")
    patient.judge("a link to ask for")
    for address in ("quinn", "quinn@example.org"):
        patient.at.type_in({"email": address}).press("mail")
        patient.judge(f"a link to {address}")
    patient.open(f"/back/{'0' * 26}")
    patient.at.press("number")
    patient.judge("the number from the e-mail")
    patient.at.press()
    patient.judge("a wrong number")
    assert patient.found == []


def test_pages_of_questions(patient: Judge, store: Site) -> None:
    resume(patient, store, "check", phq9_9=1)
    for page in ("contact", "mood", "safety", "private", "antidepressant-trials", "heart"):
        patient.open(f"/form/{page}")
    patient.open("/form/antidepressant-trials/remove/0")
    patient.open("/check")
    patient.open("/tasks")
    assert patient.found == []


def test_pages_with_errors(patient: Judge, store: Site) -> None:
    for page in ("contact", "mood", "antidepressant-trials", "body"):
        resume(patient, store, page)
        patient.at.open(f"/form/{page}").press()
        assert patient.at.page.locator(".govuk-error-summary").count() == 1
        patient.judge(f"errors on {page}")
    patient.at.context.clear_cookies()
    patient.at.press()
    patient.judge("the code asked for in between")
    assert patient.found == []


def test_help_and_the_receipt(patient: Judge, store: Site) -> None:
    answers = PLAN | {"language": patient.language}
    resume(patient, store, "safety", **answers)
    patient.at.open("/form/safety").answer_page(answers)
    if "call_number" not in patient.at.names():  # without scripts, what follows is asked for next
        patient.judge("what follows")
        patient.at.answer_page(answers)
    assert patient.at.path == "/form/safety"
    patient.judge("help")
    patient.at.type_in({"call_number": "12"}).press("call")
    patient.judge("a number that is none")
    patient.at.type_in({"call_number": "805-555-0134"}).press("call")
    patient.judge("a call that was asked for")
    resume(patient, store, "check", **answers)
    patient.at.open("/check").walk(answers)
    patient.judge("the receipt")
    assert patient.found == []


def test_pages_after_sending(patient: Judge, store: Site) -> None:
    answers = PLAN | {"language": patient.language}
    resume(patient, store, "sign", **answers)
    patient.at.open("/form/sign").answer_page(answers)
    assert patient.at.path == "/done"
    for path in ("/status", "/answers", "/answers.pdf?look=20", "/message"):
        patient.open(path)
    patient.at.open("/message").press("send")
    patient.judge("an empty message")
    patient.at.type_in({"message": "I want to die"}).press("send")
    patient.judge("help after a message")
    patient.at.press()
    patient.judge("the status with a message")
    patient.open("/withdraw")
    patient.at.press("yes")
    patient.judge("withdrawn")
    patient.at.click('form[action="/close"] button')
    patient.judge("closed")
    assert patient.found == []


def test_deleting_an_unfinished_form(patient: Judge, store: Site) -> None:
    resume(patient, store, "anxiety", **PLAN | {"language": patient.language})
    patient.open("/withdraw")
    patient.at.press("yes")
    patient.judge("deleted")
    assert patient.found == []


def test_two_tabs(patient: Judge, store: Site) -> None:
    resume(patient, store, "check")
    patient.at.open("/form/body")
    intake = store.intakes()[-1]
    page = store.questionnaire.pages["body"]
    elsewhere = {**intake.answers["body"], "weight_lb": 199}
    intake_flow.save_page(store.office, intake.id, page, elsewhere, revision=None)
    patient.at.type_in({"weight_lb": "151"}).press()
    patient.judge("two tabs")
    assert patient.found == []


def test_the_physicians_pages(staff: Judge, store: Site) -> None:
    receipt = intake_flow.submit_answers(store.office, PLAN)
    intake_id = store.submissions()[-1].intake_id
    after.send_message(store.office, intake_id, "I want to die")
    after.withdraw(store.office, intake_id, "")
    staff.open("/staff/sign-in")
    sign_in(staff.at, hire(store, PHYSICIAN))
    for path in ("/staff", f"/staff/intakes/{receipt.reference}", "/staff/account"):
        staff.open(path)
    assert staff.found == []


def test_the_audit_the_disclosures_and_the_counts(staff: Judge, store: Site) -> None:
    reference = intake_flow.submit_answers(store.office, person()).reference
    for _ in range(6):
        intake_flow.submit_answers(store.office, person())
    insight.count(store.office)
    staff.open("/staff/sign-in")
    everything = (AUDITOR, ADMIN, PHYSICIAN)
    sign_in(staff.at, hire(store, *everything, email="all@example.org"))
    staff.open("/staff/audit")
    staff.at.page.click("text=Check every row now")
    staff.at.page.click("summary")
    staff.judge("an audit that was checked")
    staff.open(f"/staff/audit?reference={reference}&group=viewed")
    staff.open(f"/staff/intakes/{reference}/disclosures")
    staff.open("/staff/insight")
    for summary in staff.at.page.locator("details.folded summary").all():
        summary.click()
    staff.judge("the counts as tables")
    assert staff.found == []


def test_what_a_physician_compares(staff: Judge, store: Site) -> None:
    checked_in(store, sent(store), phq9_1=3, phq9_2=3, phq9_3=3)
    sign_in(staff.at, hire(store, PHYSICIAN, email="compares@example.org"))
    staff.open(f"/staff/intakes/{store.submissions()[-1].reference}")
    assert staff.at.page.locator(".trend").count() == 3
    staff.at.click('form[action$="/check-in"] button')
    staff.judge("the code of a check-in")
    assert staff.found == []


def test_a_queue_that_was_narrowed_and_searched(staff: Judge, store: Site) -> None:
    sent(store, last_name="Quillfeather")
    sign_in(staff.at, hire(store, PHYSICIAN, email="looks@example.org"))
    staff.open("/staff?outcome=candidate&unread=yes")
    assert "Quillfeather" in staff.at.text
    staff.at.page.fill("#sought", "quillfeather")
    staff.at.click(".search button")
    assert staff.at.page.locator(".line").count() == 1
    staff.judge("a search with a result")
    staff.at.page.fill("#sought", "nobody of this name")
    staff.at.click(".search button")
    staff.judge("a search without a result")
    assert staff.found == []


def test_what_a_physician_signs_and_writes(staff: Judge, store: Site) -> None:
    answers = example("excluded-aneurysm")["answers"]
    reference = intake_flow.submit_answers(store.office, answers).reference
    at, page = staff.at, staff.at.page
    sign_in(at, hire(store, PHYSICIAN, email="signs@example.org"))
    for decision in ("clearance", "refer", "candidate"):
        at.open(f"/staff/intakes/{reference}/decision")
        page.check(f'[name="decision"][value="{decision}"]')
        at.click("text=Sign this decision")
        assert page.locator(".govuk-error-summary").count() == 1
        staff.judge(f"{decision}, signed without a word")
    for reason in page.locator('[name^="override-"]').all():
        reason.fill("The surgeon has written that it is repaired.")
    page.fill("#password", PASSWORD)
    at.click("text=Sign this decision")
    for recipient in ("patient", "clinician"):
        at.open(f"/staff/intakes/{reference}/letters/{recipient}")
        staff.judge(f"a letter to the {recipient}")
        page.fill("#text", "")
        at.click("text=Make the letter")
        staff.judge(f"an empty letter to the {recipient}")
    page.fill("#text", "Thank you for the records.")
    at.click("text=Make the letter")
    staff.judge("a record with a decision and a letter")
    assert staff.found == []


def test_what_a_physician_plans(staff: Judge, store: Site) -> None:
    reference = decided(store)
    today, at, page = store.office.today(), staff.at, staff.at.page
    sign_in(at, hire(store, PHYSICIAN, email="plans@example.org"))
    staff.open(f"/staff/intakes/{reference}/plan")
    at.click("text=Propose dates")
    staff.judge("dates without a first one")
    page.fill("#first", str(today + timedelta(days=14)))
    at.click("text=Propose dates")
    staff.judge("dates that are proposed")
    page.fill("#day-2", str(today + timedelta(days=15)))
    assert page.inner_text("#day-2-weekday") == f"{today + timedelta(days=15):%A, %B %-d, %Y}"
    at.click("text=Keep this plan")
    staff.judge("dates that the protocol speaks against")
    page.fill("#day-2", str(today))
    page.fill("#day-3", "")
    page.fill("#reason", "The patient travels.")
    at.click("text=Keep this plan")
    staff.judge("a plan with an empty date")
    page.fill("#day-3", str(today + timedelta(days=20)))
    at.click("text=Keep this plan")
    assert "Infusion 2: It must come after" in page.inner_text('[href="#day-2"]')
    staff.judge("a plan in the wrong order")
    page.fill("#day-2", str(today + timedelta(days=17)))
    at.click("text=Keep this plan")
    assert "The plan is kept." in at.text
    staff.judge("a plan that is kept")
    staff.open(f"/staff/intakes/{reference}")
    assert staff.found == []


def test_a_check_in(patient: Judge, store: Site) -> None:
    listed = {"takes_medications": "yes", "medications": [medicine_row("sertraline")]}
    told = {"language": patient.language} | listed
    _, code = begun(store, sent(store, **told), until="medications", **told)
    patient.at.resume(code, person()["date_of_birth"])
    patient.judge("the parts of a check-in")
    for page in ("begin", "since-last", "after-infusion", "medications"):
        patient.open(f"/form/{page}")
    assert patient.found == []


def test_the_front_desks_pages(staff: Judge, store: Site) -> None:
    sent(store)
    sign_in(staff.at, hire(store, FRONT_DESK))
    staff.open("/staff/desk")
    staff.at.page.fill("#sought", person()["first_name"])
    staff.at.click("text=Search")
    staff.judge("what the front desk finds")
    assert staff.found == []


def test_the_administrators_pages(staff: Judge, store: Site) -> None:
    sign_in(staff.at, hire(store, ADMIN))
    pages = ("export", "users", "users/invite", "account", "account/passkeys", "account/confirm")
    for path in (f"/staff/{page}" for page in pages):
        staff.open(path)
    make = 'button[name="action"][value="make"]'
    staff.at.open("/staff/export").click(make)
    staff.judge("an export without a reason")
    for name in ("purpose", "recipient"):
        staff.at.page.fill(f'[name="{name}"]', "a proof")
    staff.at.click(make)
    staff.judge("an export that waits")
    export_jobs.make_waiting(store.office)
    staff.at.page.locator("button", has_text="Download").wait_for()
    staff.judge("an export that is ready")
    assert staff.found == []
