"""Whoever sees anything of a patient leaves a row of the audit that names the intake."""

import json
import re

from flask import Flask
from sqlalchemy import select

from screening.storage import messages
from screening.storage.accounts import ADMIN, FRONT_DESK, PHYSICIAN
from screening.storage.intakes import AUDIT
from screening.storage.messages import CORRECTION
from screening.web.access import PAGES
from screening.workflows import after, intake, letters, plans, retention, signing
from screening.workflows.intake import submit_answers
from screening.workflows.letters import Draft
from tests.builders import example, person
from tests.site import Site
from tests.web.test_disclosures import keep_file

from .desk import Desk, hire

EXAMPLE = "K7Q4-M2XD"  # of what can be searched for
# Pages that show nothing of any patient, and why that is so.
NOTHING_OF_A_PATIENT = {
    "account": "one's own account",
    "audit": "references alone; looking is noted",
    "auth": "before anybody is signed in",
    "export": "counts alone until a file is fetched, which the accounting of disclosures names",
    "fhir": "the questions",
    "insight": "counts",
    "passkeys": "one's own account",
    "users": "staff",
}
# Pages of a list: the row names all that were shown.
LISTS = {"staff.queue", "staff.search", "desk.show", "desk.found", "retention.show"}
# They change something of an intake, or lead on to a page that is noted.
CHANGES = {
    "staff.found": "leads back to the queue",
    "staff.assign": "names whom it gave away",
    "staff.assign_one": "names whom it gave away",
    "staff.alerts_now": "a count",
    "staff.acknowledge": "notes the alert",
    "staff.begin_check_in": "notes the check-in",
    "review.talk": "notes the entry",
    "review.note": "notes the entry",
    "retention.lift": "notes the hold",
    "retention.purge": "notes each purge",
}
ONE = {
    "staff.record": "",
    "staff.pdf": "/letter.pdf",
    "staff.copy": "/copy-en.pdf",
    "decision.decide": "/decision",
    "letter.write": "/letters/clinician",
    "letter.file": "/letters/2.pdf",
    "review.measure": "/measure",
    "review.correct": "/answers/phone",
    "plan.show": "/plan",
    "plan.calendar": "/plan/visits.ics",
    "plan.sheet": "/plan/sheet-en.pdf",
    "disclosures.show": "/disclosures",
    "corrections.answer": "/corrections/{message}",
}


def noted_since(site: Site, row: int) -> list[tuple[str, str | None, list[str]]]:
    """What was noted after this row: the action, the intake, and those that were shown."""
    columns = (AUDIT.c.action, AUDIT.c.intake_id, AUDIT.c.detail)
    with site.office.database.read() as conn:
        rows = conn.execute(select(*columns).where(AUDIT.c.id > row)).all()
    return [
        (action, one, json.loads(detail or "{}").get("shown", [])) for action, one, detail in rows
    ]


def test_every_page_is_known_here(app: Flask) -> None:
    """A new page must say how it is noted."""
    parts = {name for name in PAGES if name.partition(".")[0] in NOTHING_OF_A_PATIENT}
    assert set(PAGES) - parts - LISTS - set(CHANGES) - set(ONE) == set()
    assert not set(ONE) - set(app.view_functions)


def prepared(site: Site) -> tuple[Desk, str, str, str]:
    """A physician, and a candidate with all that there is to look at: reference, id, message."""
    receipt = submit_answers(site.office, person(email="x@example.org"))
    physician = hire(site, PHYSICIAN)
    signer = f"user:{physician.id}"
    signing.sign(site.office, signer, receipt.reference, signing.Wanted("candidate"), 0)
    draft = Draft("clinician", "en", 1, "Your patient", "Dr. Ash", "Text.")
    letters.keep(site.office, signer, receipt.reference, draft)
    days = [site.office.today().replace(day=24 + n) for n in range(6)]
    dates = plans.Dates(tuple(days), reason="They travel.")
    plans.save(site.office, signer, receipt.reference, dates, after=2)
    (intake_id,) = [one.id for one in site.intakes() if one.reference == receipt.reference]
    after.send_message(site.office, intake_id, "The phone is wrong.", correction=True)
    with site.office.database.read() as conn:
        written = messages.messages_of(conn, site.office.vault, intake_id)
    (asked,) = [one.id for one in written if one.kind == CORRECTION]
    paper = site.office.paper
    keep_file(site, receipt.reference, "pdf", "letter-1")
    keep_file(site, receipt.reference, "letter", letters.file_key(paper, 2))
    keep_file(site, receipt.reference, after.COPY, after.copy_key(paper, "en"))
    keep_file(site, receipt.reference, plans.SHEET, plans.sheet_key(paper, "en", 3))
    return Desk(site).sign_in(physician), receipt.reference, intake_id, asked


def test_every_look_at_one_intake_names_it(site: Site) -> None:
    desk, reference, intake_id, message = prepared(site)
    for endpoint, rest in ONE.items():
        before = len(site.actions())
        address = f"/staff/intakes/{reference}{rest.format(message=message)}"
        assert desk.open(address).status == 200, endpoint
        named = [action for action, one, _ in noted_since(site, before) if one == intake_id]
        assert named, endpoint
        before = len(site.actions())
        elsewhere = address.replace(reference, "AAAA-AAAA")
        assert desk.open(elsewhere).status == 404, endpoint
        assert [row[0] for row in noted_since(site, before)] == ["access.not_found"], endpoint


def test_every_list_names_whom_it_showed(site: Site) -> None:
    sent = submit_answers(site.office, person(last_name="Ames")).reference
    urgent = submit_answers(site.office, example("urgent-suicide-plan")["answers"]).reference
    draft = site.start(example("urgent-suicide-plan")["answers"], until="reason")
    intake.leave(site.office, draft)
    (told,) = [one.id for one in site.intakes() if one.reference == sent]
    after.send_message(site.office, told, "Hello.")
    retention.place_hold(site.office, "user:1", sent, "A lawyer asked.")
    looks = [
        (ADMIN, lambda desk: desk.open("/staff/retention")),
        (PHYSICIAN, lambda desk: desk.open("/staff")),
        (PHYSICIAN, lambda desk: desk.open("/staff").send("/staff/search", sought="Ames")),
        (FRONT_DESK, lambda desk: desk.open("/staff/desk")),
        (FRONT_DESK, lambda desk: desk.open("/staff/desk").send("/search", sought="Ames")),
    ]
    for number, (role, look) in enumerate(looks):
        person_ = hire(site, role, email=f"p{number}@example.org")
        desk = Desk(site).sign_in(person_)
        before = len(site.actions())
        shown = set(re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", look(desk).text))
        named = {name for *_, names in noted_since(site, before) for name in names}
        shown -= {EXAMPLE}
        assert sent in named, number
        assert shown <= named, number
        assert named <= {sent, urgent, *(one.reference for one in site.intakes())}


def test_what_is_refused_is_noted(site: Site) -> None:
    reference = submit_answers(site.office, person()).reference
    desk = Desk(site).sign_in(hire(site, FRONT_DESK))
    for address in ("", "/letter.pdf", "/disclosures", "/plan"):
        before = len(site.actions())
        assert desk.open(f"/staff/intakes/{reference}{address}").status == 403
        assert [row[0] for row in noted_since(site, before)] == ["access.denied"]
