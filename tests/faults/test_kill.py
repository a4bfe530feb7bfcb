"""The server is killed: whatever it acknowledged is there when it is back."""

import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPException
from threading import Event

import pytest

from screening import create_app
from screening.questionnaire.validation import normalise
from screening.settings import Settings
from screening.workflows import intake as intake_flow
from tests.builders import person
from tests.server import Server
from tests.site import Clock, Site
from tests.walker import Walker
from tests.wire import Wire

pytestmark = pytest.mark.slow

PEOPLE = 4
SAVES = 10  # of each before the kill


@pytest.fixture
def store(server):
    """The store seen from here; the server has it too."""
    app = create_app(Settings(instance=server.instance, testing=True))
    yield Site(app, Clock(app.extensions["office"], datetime.now(UTC)))
    app.extensions["office"].database.close()


def test_killed_right_after_a_page_was_taken(server: Server, store: Site) -> None:
    answers = normalise(store.questionnaire, person(treatment_goals="Sleep.\nBe calm. 🙂"))
    walker = Walker(Wire(server.port)).open("/").walk(answers, until="contact")
    for page in ("contact", "reason", "medications", "sign"):
        walker.walk(answers, until=page)
        walker.sent_with["follow_redirects"] = False
        walker.answer_page(answers)
        server.stop(signal.SIGKILL)
        assert walker.status == 303, walker.text
        server.start()
        walker.sent_with["follow_redirects"] = True
        code = walker.code
        walker = Walker(Wire(server.port)).resume(code, answers["date_of_birth"])
        walker.code = code
        assert walker.path == ("/status" if page == "sign" else "/tasks")
    (sent,) = store.submissions()
    assert sent.document["answers"] == answers
    assert sent.reference in walker.text


def test_killed_while_four_people_save(server: Server, store: Site) -> None:
    codes = []
    for _ in range(PEOPLE):
        answers = person()
        intake_id = store.start(answers, until="check")
        codes.append((intake_id, intake_flow.new_code_for(store.office, intake_id)))
    enough = Event()
    with ThreadPoolExecutor(PEOPLE) as pool:
        saving = [pool.submit(save_until_killed, server, code, enough) for _, code in codes]
        enough.wait(60)
        server.stop(signal.SIGKILL)
        acknowledged = [future.result() for future in saving]
    server.start()
    assert max(acknowledged) >= SAVES
    for (intake_id, _), taken in zip(codes, acknowledged, strict=True):
        intake = intake_flow.read(store.office, intake_id)
        assert intake is not None
        # The one on its way may have been stored without its answer having arrived.
        assert intake.merged["exercise_days"] in (taken % 8, (taken + 1) % 8)


def save_until_killed(server: Server, code: str, enough: Event) -> int:
    """How many saves were acknowledged; the n-th one says n, modulo 8."""
    walker = Walker(Wire(server.port)).resume(code, person()["date_of_birth"])
    taken = 0
    while True:
        try:
            walker.open("/form/support").press(exercise_days=(taken + 1) % 8)
        except (OSError, HTTPException):
            return taken
        if walker.status != 200 or walker.path != "/check":
            return taken
        taken += 1
        if taken == SAVES:
            enough.set()
