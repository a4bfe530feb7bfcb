"""A page is half written in Chromium when something breaks: what was said to be saved is there.

The server is killed, the telephone loses its connection, the session ends, the tab is closed.
FAULTS=100 draws as many journeys; without it a few.
"""

import os
import re
from collections.abc import Callable, Iterator
from random import Random
from signal import SIGKILL
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from sqlalchemy import delete

from screening.storage import intakes
from screening.storage.sessions import SESSIONS
from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server
from tests.site import Site
from tests.walker import as_typed

pytestmark = [pytest.mark.journey, pytest.mark.slow]

JOURNEYS = int(os.environ.get("FAULTS", "6"))
PAGES = ("contact", "mood", "body", "heart", "substances", "anxiety", "safety", "reason")
SAVED = re.compile(r"Saved at \d")
VALUES = """() => Object.fromEntries([...document.querySelectorAll("form#page [name]")]
    .filter(one => one.checkVisibility() && one.type !== "hidden" && one.tagName !== "BUTTON")
    .filter(one => !["radio", "checkbox"].includes(one.type) || one.checked)
    .map(one => [one.name + (one.type === "checkbox" ? "=" + one.value : ""), one.value]))"""
GONE_OR_HELD = """() => location.protocol === "chrome-error:" ? "gone"
    : document.querySelector("main [data-connection]") ? "held" : null"""


def with_height(values: dict[str, str]) -> dict[str, str]:
    """What was typed as inches alone comes back, once it is stored, as feet and inches."""
    feet, inches = values.get("height_in-ft"), values.get("height_in")
    if not feet:
        return values
    return values | {"height_in-ft": "", "height_in": str(int(feet) * 12 + int(inches or 0))}


class Journey:
    """One patient on one page. `promised`: what the inputs held when the page said "Saved"."""

    def __init__(self, browser: Browser, server: Server, store: Site, seed: int):
        self.browser, self.server, self.store = browser, server, store
        self.rng = Random(seed)
        self.answers = person()
        self.page_id = self.rng.choice([p for p in PAGES if p in store.questionnaire.pages])
        self.intake_id = store.start(self.answers, until=self.page_id)
        self.promised: dict[str, str] = {}
        self.at = self.arrives()

    def arrives(self) -> Visitor:
        code = intake_flow.new_code_for(self.store.office, self.intake_id)
        found = Visitor(self.browser, self.server.url).resume(code, self.answers["date_of_birth"])
        found.code = code
        return found.open(f"/form/{self.page_id}")

    def writes(self, part: float) -> None:
        """The first part of the page, from 0 to 1; all that is there stays as it is."""
        names = self.at.names()
        typed = as_typed(names, self.answers)
        wanted = [name for name in names if typed.get(name) not in (None, "", [])]
        upto = wanted[: max(1, round(len(wanted) * part))]
        self.at.type_in({name: typed[name] for name in upto})

    def waits_for_the_promise(self) -> None:
        line = self.at.page.locator("[data-saving]:not(.saving--before)")
        expect(line).to_have_text(SAVED, timeout=20_000)
        held = self.at.page.evaluate(VALUES)
        self.promised = {name: value for name, value in with_height(held).items() if value}

    def is_there(self) -> None:
        shown = with_height(self.at.page.evaluate(VALUES))
        lost = {name: value for name, value in self.promised.items() if shown.get(name) != value}
        assert lost == {}, (self.page_id, lost)

    def finishes(self) -> None:
        """Write the rest, press Continue until the page is taken, and find it in the store."""
        self.writes(1.0)
        for _ in range(6):
            self.presses_and_waits()
            if self.asks_for_the_code():
                self.gives_the_code()
            elif self.at.path != f"/form/{self.page_id}":
                break
        found = self.stored()
        page = self.store.questionnaire.pages[self.page_id]
        meant = {q.id: self.answers[q.id] for q in page.questions if q.id in self.answers}
        assert {name: found.get(name) for name in meant} == meant

    def presses_and_waits(self) -> None:
        """A server that was killed may take its time; without an answer the page stands there."""
        try:
            with self.at.page.expect_navigation(timeout=6_000):
                self.at.page.click('main button[name="action"][value="continue"]')
        except PlaywrightTimeoutError:
            self.is_there()

    def asks_for_the_code(self) -> bool:
        return (
            self.at.page.locator('form#page input[name="code"]:not([type="hidden"])').count() == 1
        )

    def gives_the_code(self) -> None:
        born = as_typed(self.at.names(), {"date_of_birth": self.answers["date_of_birth"]})
        self.at.type_in({"code": self.at.code, **born}).press()
        self.is_there()

    def stored(self) -> dict[str, Any]:
        office = self.store.office
        with office.database.read() as conn:
            found = intakes.read_draft(conn, office.vault, self.intake_id)
        assert found is not None
        return dict(found.answers.get(self.page_id, {}))

    # What breaks

    def server_is_killed(self) -> None:
        self.server.stop(SIGKILL)
        self.writes(0.8)
        self.at.page.click('main button[name="action"][value="continue"]')
        # page.url tells what was heard of the browser so far; this waits for what became of it.
        gone = self.at.page.wait_for_function(GONE_OR_HELD).json_value() == "gone"
        self.server.start()
        if gone:
            # The server answered seconds ago, so the page was sent without asking whether it is
            # there: the browser shows its own page, and the patient comes back to theirs.
            self.at.open(f"/form/{self.page_id}")
        self.is_there()

    def server_is_killed_while_it_answers(self) -> None:
        self.writes(1.0)
        self.at.page.click('main button[name="action"][value="continue"]', no_wait_after=True)
        self.server.stop(SIGKILL)
        self.server.start()
        self.at.open(f"/form/{self.page_id}")
        self.is_there()

    def connection_is_lost(self) -> None:
        self.at.context.set_offline(True)
        self.writes(0.8)
        self.at.page.click('main button[name="action"][value="continue"]')
        expect(self.at.page.locator("main")).to_contain_text("no connection")
        self.is_there()
        self.at.context.set_offline(False)

    def session_ends(self) -> None:
        with self.store.office.database.write() as conn:
            conn.execute(delete(SESSIONS))

    def tab_is_closed(self) -> None:
        self.at.close()
        self.at = self.arrives()
        self.is_there()

    def page_is_loaded_again(self) -> None:
        self.at.page.on("dialog", lambda dialog: dialog.accept())
        self.at.page.reload()
        self.is_there()

    def goes_back_and_forth(self) -> None:
        self.at.open("/tasks").open(f"/form/{self.page_id}")
        self.is_there()


FAULTS: tuple[Callable[[Journey], None], ...] = (
    Journey.server_is_killed,
    Journey.server_is_killed_while_it_answers,
    Journey.connection_is_lost,
    Journey.session_ends,
    Journey.tab_is_closed,
    Journey.page_is_loaded_again,
    Journey.goes_back_and_forth,
)


@pytest.fixture
def journey(
    request: pytest.FixtureRequest, browser: Browser, server: Server, store: Site
) -> Iterator[Journey]:
    found = Journey(browser, server, store, request.param)
    yield found
    found.at.close()
    if not server.started:
        server.start()


@pytest.mark.parametrize("journey", range(JOURNEYS), indirect=True)
def test_what_was_said_to_be_saved_is_there(journey: Journey, request: Any) -> None:
    journey.writes(journey.rng.uniform(0.2, 0.9))
    journey.waits_for_the_promise()
    fault = FAULTS[request.node.callspec.params["journey"] % len(FAULTS)]
    fault(journey)
    journey.finishes()
