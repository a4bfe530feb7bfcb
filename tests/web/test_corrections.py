"""A patient asks to have an answer corrected; a physician answers, and the patient reads it."""

import pytest

from screening.storage.accounts import PHYSICIAN
from screening.tasks import make_copy
from screening.workflows import corrections
from tests.outputs.test_pdf import needs_pango
from tests.site import Site
from tests.walker import Walker, as_typed

from .desk import Desk, desk
from .test_after import BORN, sent

ASKED = "My weight is 160 pounds, not 260."


def asked(site: Site) -> Walker:
    walker = sent(site).open("/message")
    return walker.press("send", message=ASKED, correction="yes")


def answering(site: Site) -> Desk:
    """A physician on the form that answers it."""
    page = desk(site, PHYSICIAN)
    reference = site.submissions()[0].reference
    assert "Asked for a correction" in page.open("/staff").text
    page.open(f"/staff/intakes/{reference}")
    assert "Asks for a correction" in page.text
    link = page.soup.find("a", string="Answer by January 22, 2027")
    assert link is not None, page.text
    return page.open(link["href"])


def test_a_request_is_answered_and_the_patient_reads_the_answer(site: Site) -> None:
    walker = asked(site)
    assert "It waits for an answer" in walker.text
    page = answering(site)
    assert ASKED in page.text
    page.send(way="made", text="You weigh 160 pounds in our record now.")
    assert page.status == 200
    assert "Corrected." in page.text
    walker.open("/status")
    assert "The clinic made the correction" in walker.text
    assert "You weigh 160 pounds in our record now." in walker.text
    assert corrections.waiting(site.office) == []
    assert site.actions().count("chart.answered") == 1


def test_a_denial_needs_a_word_why_and_tells_how_to_disagree(site: Site) -> None:
    walker = asked(site)
    page = answering(site).send(way="denied", text=" ")
    assert page.status == 400
    assert "Say why it stays as it is." in page.text
    page.send(way="denied", text="We weighed you on November 20.")
    walker.open("/status")
    assert "did not make the correction" in walker.text
    assert "We weighed you on November 20." in walker.text
    assert "If you do not agree, write to the clinic." in walker.text


def test_nothing_is_chosen_beforehand_and_it_is_answered_once(site: Site) -> None:
    asked(site)
    page = answering(site)
    assert not page.soup.select("main [checked]")
    assert page.send().status == 400
    address = page.path
    page.send(way="made")
    assert page.open(address).status == 404


def test_of_two_who_answer_the_second_is_told(site: Site) -> None:
    asked(site)
    page = answering(site)
    (one, _) = corrections.waiting(site.office)[0]
    message_id = page.path.rpartition("/")[2]
    assert corrections.answer(
        site.office, "user:1", one.reference, message_id, granted=True, text=""
    )
    page.send(way="denied", text="No.")
    assert page.path == f"/staff/intakes/{one.reference}"
    assert "Somebody answered before you." in page.soup.get_text()


def test_a_plain_message_asks_for_nothing(site: Site) -> None:
    walker = sent(site).open("/message").press("send", message="I have moved.")
    assert "Not read yet" in walker.text
    assert corrections.waiting(site.office) == []


def test_the_tick_stays_when_the_message_was_not_taken(site: Site) -> None:
    walker = sent(site).open("/message").press("send", message="", correction="yes")
    assert walker.soup.find(id="correction").has_attr("checked")


def test_the_tick_stays_when_the_session_ended_while_the_patient_wrote(site: Site) -> None:
    walker = sent(site).open("/message")
    code = walker.code
    site.clock.wait(minutes=31)
    walker.press("send", message=ASKED, correction="yes")
    walker.press(code=code, **as_typed(walker.names(), {"date_of_birth": BORN}))
    assert walker.value("message") == ASKED
    walker.press("send")
    assert "It waits for an answer" in walker.text


def test_a_message_that_is_sent_again_to_ask_for_a_correction_asks_for_one(site: Site) -> None:
    walker = sent(site).open("/message").press("send", message=ASKED)
    site.clock.wait(minutes=1)
    walker.open("/message").press("send", message=ASKED, correction="yes")
    assert "It waits for an answer" in walker.text
    for correction in ("yes", None):
        walker.open("/message").press("send", message=ASKED, correction=correction)
    assert len(corrections.waiting(site.office)) == 1


@needs_pango
@pytest.mark.parametrize("language", ["en", "es"])
def test_staff_hand_out_the_patients_own_copy(site: Site, language: str) -> None:
    sent(site)
    reference = site.submissions()[0].reference
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{reference}")
    address = f"/staff/intakes/{reference}/copy-{language}.pdf"
    assert page.soup.find("a", href=address)
    assert page.open(address).status == 202
    make_copy(site.office, reference, "letter", language)
    page.open(address)
    assert page.answer.mimetype == "application/pdf"
    assert "copy.downloaded" in site.actions()
    assert page.open(f"/staff/intakes/{reference}/copy-de.pdf").status == 404
