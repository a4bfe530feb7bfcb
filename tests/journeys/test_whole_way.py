"""From a patient's first page to the physician's PDF and the administrator's CSV, in Chromium."""

import csv
import io
import re
from typing import Any

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from screening import wording
from screening.questionnaire.definition import Question
from screening.questionnaire.loader import current
from screening.questionnaire.validation import normalise
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server, await_true
from tests.site import Site
from tests.web.desk import ADMIN, PASSWORD, PHYSICIAN, Person, hire

pytestmark = [pytest.mark.journey, pytest.mark.slow]

TYPED = person(
    first_name="Zoë Ángela",
    last_name="O'Connor-Núñez",
    preferred_name="Zo 🙂",
    city="Cañon “Sur”",
    email="zoe.o'connor@example.org",
    emergency_contact_name="Iñaki D'Agostino",
    treatment_goals="Sleep through the night.\nBe <b>myself</b> & calm again 🙂.\n\n¡Ojalá!",
    medications=[
        {
            "medicine": "Bupropion XL 300 mg",
            "dose": "300 mg (mañana)",
            "frequency": "once a day, o'clock 8 🙂",
            "last_taken": "today",
        },
        {
            "medicine": "vitamin D",
            "dose": "1",
            "frequency": "día sí, día no",
            "last_taken": "today",
        },
    ],
    allergies=[{"allergen": "“Penicilina” & sulfa", "reaction": "o'erall rash, ñ 🙂"}],
    attest_true=True,
    signature_name="Zoë Ángela O'Connor-Núñez",
    anything_else="Thank you 🙂\n\nP.S. I'm nervous… y un poco cansada.",
)
ANSWERS = normalise(current(), TYPED)
CHANGED = ANSWERS | {"weight_lb": 151.5}


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_a_patient_a_physician_and_an_administrator(
    server: Server, browser: Browser, store: Site, javascript: bool
) -> None:
    options = {"java_script_enabled": javascript}
    code = begin(Visitor(browser, server.url, **options))
    reference = finish(Visitor(browser, server.url, **options), code)
    sent = next(s for s in store.submissions() if s.reference == reference)
    assert sent.document["answers"] == CHANGED
    staff = f"staff-{javascript}@example.org"
    physician = hire(store, PHYSICIAN, email=f"physician-{staff}")
    admin = hire(store, ADMIN, email=f"admin-{staff}")
    pdf = read_pdf(Visitor(browser, server.url, **options), physician, reference)
    row = read_csv(Visitor(browser, server.url, **options), admin, reference)
    for name, answer in CHANGED.items():
        question = store.questionnaire.questions[name]
        assert [w for w in words(question, answer) if squeezed(w) not in pdf] == [], name
        assert in_csv(question, answer, row), name
    assert not re.findall(r"canary|\berror\b", server.log.read_text("utf-8"))


# The patient


def begin(patient: Visitor) -> str:
    """The first half, in one browser, left in the middle of a page."""
    patient.open("/").walk(ANSWERS, until="anxiety")
    patient.type_in({"gad7_1": 1, "gad7_2": "discuss"}).press("later")
    assert patient.path == "/saved"
    assert patient.open("/form/anxiety").path == "/"
    assert patient.complaints == []
    patient.close()
    return patient.code


def finish(patient: Visitor, code: str) -> str:
    """The rest, in another browser; an answer is changed on the check page."""
    patient.resume(code, ANSWERS["date_of_birth"])
    assert patient.path == "/form/anxiety"
    assert patient.page.is_checked('[name="gad7_2"][value="discuss"]')
    patient.walk(ANSWERS, until="/check")
    patient.click('a[href^="/form/body?return_to=check#weight_lb"]')
    patient.type_in({"weight_lb": "151.5"}).press()
    assert patient.path == "/check"
    assert "151.5" in patient.text
    patient.walk(ANSWERS)
    assert patient.title == "We have your answers"
    reference = patient.page.inner_text(".reference")
    assert patient.complaints == []
    patient.close()
    return reference


# The staff


def sign_in(staff: Visitor, who: Person) -> None:
    staff.open("/staff/sign-in")
    staff.page.fill('[name="email"]', who.email)
    staff.page.fill('[name="password"]', PASSWORD)
    staff.click('main button[type="submit"]')
    staff.page.fill('[name="code"]', who.code())
    staff.click('main button[type="submit"]')


def read_pdf(staff: Visitor, who: Person, reference: str) -> str:
    """The words of the summary, without spaces and line ends."""
    sign_in(staff, who)
    assert staff.path == "/staff"
    staff.click(f'a[href$="/intakes/{reference}"]')
    assert ANSWERS["last_name"] in staff.text
    address = staff.page.get_attribute('a[href$=".pdf"]', "href")
    found: list[Any] = []

    def is_made() -> bool:
        found.append(staff.context.request.get(staff.url + str(address)))
        return bool(found[-1].headers["content-type"] == "application/pdf")

    await_true(is_made)
    pages = PdfReader(io.BytesIO(found[-1].body())).pages
    assert staff.complaints == []
    staff.close()
    return squeezed("\n".join(page.extract_text() for page in pages))


def read_csv(staff: Visitor, who: Person, reference: str) -> dict[str, str]:
    sign_in(staff, who)
    staff.open("/staff/export")
    staff.page.fill('[name="purpose"]', "a proof")
    staff.page.fill('[name="recipient"]', "nobody")
    staff.page.click('button[name="action"][value="make"]')
    staff.page.locator("#export").wait_for()  # a page on its way cannot be loaded again
    ready = staff.page.locator("button", has_text="Download")

    def is_ready() -> bool:
        staff.page.reload()
        return ready.count() == 1

    await_true(is_ready)
    with staff.page.expect_download() as download:
        ready.click()
    text = download.value.path().read_text("utf-8-sig")
    assert staff.complaints == []
    staff.close()
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return next(row for row in rows if row["reference"] == reference)


# The same answer, here and there


def words(question: Question, answer: Any) -> list[str]:
    """An answer as staff read it; of a list every cell."""
    if question.kind != "group":
        return [wording.in_words(question, answer)]
    columns = {column.id: column for column in question.columns}
    return [wording.cell_in_words(columns[c], cell) for row in answer for c, cell in row.items()]


def squeezed(text: str) -> str:
    return "".join(text.split())


def in_csv(question: Question, answer: Any, row: dict[str, str]) -> bool:
    if question.kind == "choices":
        return all(row[f"{question.id}___{tick}"] == "1" for tick in answer)
    if question.kind == "group":
        return all(
            row[f"{question.id}_{number}_{column}"] == str(cell)
            for number, cells in enumerate(answer, 1)
            for column, cell in cells.items()
            if cell not in ("", None)
        )
    return row[question.id] == {True: "1"}.get(answer, str(answer))
