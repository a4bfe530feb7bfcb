"""Patients who do anything in any order, over HTTP: what they were told is saved is what is stored.

Forward, back, change, half a page, an answer that is wrong, leave and come back, a session that
ends on the way, another language, sending twice, two tabs, a token that does not hold. After each
step the store holds what the pages said, and no answer was a server's error.

JOURNEYS=1000 draws as many; without it fewer, to keep the tests fast.
"""

import os
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text
from werkzeug.datastructures import MultiDict

from screening.questionnaire.definition import Questionnaire
from screening.storage import intakes
from screening.storage.intakes import INTAKES
from screening.storage.submissions import submission_of
from screening.workflows import half
from tests import builders
from tests.builders import page, question, section, tiny
from tests.people import any_answer
from tests.site import Clock, Site
from tests.walker import Walker, as_typed, laid_over

JOURNEYS = int(os.environ.get("JOURNEYS", "60"))
STEPS = 25
BORN = "1980-05-04"
GROUP = "antidepressant_trials"
LONGER = 31  # minutes: the session has ended
TEXTS = ("fine", "Núñez", "two\nlines", "O'Brien <b>", "😀", "x" * 200)
CRISIS = "wants-to-die"
Answers = dict[str, dict[str, Any]]  # by page


def questionnaire() -> Questionnaire:
    """Every kind of page: ticks and dates, a list, a follow-up, a risk, numbers, a signature."""
    mood = page(
        "mood",
        question("low"),
        question("low_how", "longtext", ask_if="low == 'yes'"),
        question("wants_to_die", sensitive=True),
    )
    body = page(
        "body",
        question("weeks", "integer", min=0, max=400),
        question("note", "text", required=False),
    )
    sign = page("sign", question("attest_true", "agree"))
    return tiny(
        sections=(section("mind", mood), section("body", body), section("sign", sign)),
        rules=(builders.rule(CRISIS, "wants_to_die == 'yes'", "urgent", panel="crisis"),),
    )


QUESTIONNAIRE = questionnaire()
PAGES = list(QUESTIONNAIRE.pages)


@pytest.fixture
def site(app: Any) -> Site:
    office = app.extensions["office"]
    object.__setattr__(office, "questionnaire", QUESTIONNAIRE)
    return Site(app, Clock(office))


def as_lists(typed: dict[str, Any]) -> dict[str, list[str]]:
    return {
        name: [str(one) for one in (value if isinstance(value, list) else [value])]
        for name, value in typed.items()
    }


class Patient(RuleBasedStateMachine):
    """One patient, one browser, two tabs. `told`: the answers they were told are saved; `waiting`:
    those they typed on a page of an earlier form, which is not open yet in this one; `half`: what
    they were told is kept of a page that is not sent."""

    site: Site

    def __init__(self) -> None:
        super().__init__()
        self.told: Answers = {}
        self.waiting: Answers = {}
        self.half: Answers = {}
        self.alerted = False
        self.intake_id = ""
        self.past: list[tuple[str, Answers, Answers]] = []  # forms begun before
        self.sent = False
        self.tabs: list[Walker] = []
        self.at = 0
        self.code = ""  # the newest one that was shown

    # What there is

    @property
    def tab(self) -> Walker:
        return self.tabs[self.at]

    def page_shown(self) -> str:
        """The page of questions that this tab shows; "" for any other."""
        form = self.tab.form
        address = str((form or {}).get("action") or self.tab.path)
        page_id = address.removeprefix("/form/")
        return page_id if page_id in PAGES and form and "seen" not in self.tab.names() else ""

    # Steps

    @initialize(rng=st.randoms(use_true_random=False), pages=st.integers(0, 5))
    def begins(self, rng: Random, pages: int) -> None:
        self.site.clock.wait(minutes=LONGER)
        first = self.site.walker()
        self.tabs = [first, Walker(first.client)]
        first.open(f"/form/{PAGES[0]}")
        self.tabs[1].open("/")
        self.goes_forward(rng, pages)

    @precondition(lambda self: self.page_shown() and not self.sent)
    @rule(rng=st.randoms(use_true_random=False), twice=st.booleans())
    def answers_the_page(self, rng: Random, twice: bool) -> None:
        page_id = self.page_shown()
        typed, meant = self.answers(page_id, rng)
        revision = self.tab.value("revision")
        fields = self.tab.filled()
        self.tab.press(**typed)
        again = {**fields.to_dict(flat=True), "revision": revision}
        self.settle(page_id, typed, meant)
        if twice and not self.sent and page_id not in (PAGES[0], PAGES[-1], "trials"):
            self.posts_again(page_id, again, typed, meant)

    @precondition(lambda self: self.page_shown() and not self.sent)
    @rule(rng=st.randoms(use_true_random=False), pages=st.integers(2, 5))
    def goes_forward(self, rng: Random, pages: int) -> None:
        for _ in range(pages):
            if self.page_shown() and not self.sent:
                self.answers_the_page(rng, False)
            elif self.tab.path == "/check":
                self.tab.press()

    @precondition(lambda self: self.page_shown() == "body" and not self.sent)
    @rule(wrong=st.sampled_from(("many", "-4", "9999", "3.5")), note=st.sampled_from(TEXTS))
    def answers_wrong(self, wrong: str, note: str) -> None:
        note = note.replace("\n", " ")
        self.tab.press(weeks=wrong, note=note)
        self.come_back_if_asked("body")
        if self.page_shown() == "body" and not self.tab.errors:
            self.tab.press()
        typed = self.tab.filled() if self.is_open("body") else self.typed_on("body")
        assert typed.get("weeks") == wrong, "what was typed is gone"
        assert typed.get("note") == note

    @precondition(lambda self: self.page_shown() and not self.sent)
    @rule(rng=st.randoms(use_true_random=False))
    def reads_on_in_the_other_language(self, rng: Random) -> None:
        page_id = self.page_shown()
        typed, _ = self.answers(page_id, rng)
        language = self.tab.soup.html["lang"]
        self.tab.press("language", **typed)
        at_once = not self.asks_for_the_code() and self.tab.status == 200
        self.come_back_if_asked(page_id)
        if self.page_shown() == page_id:
            for name, value in typed.items():
                wanted = value if isinstance(value, list) else [value]
                assert sorted(self.tab.filled().getlist(name)) == sorted(map(str, wanted))
        assert not at_once or self.tab.soup.html["lang"] != language

    @precondition(lambda self: self.page_shown() and not self.sent)
    @rule(rng=st.randoms(use_true_random=False))
    def types_half_a_page(self, rng: Random) -> None:
        """As assets/autosave.js sends it; what it was told is kept is there in any other tab."""
        page_id = self.page_shown()
        typed, _ = self.answers(page_id, rng)
        some = {name: typed[name] for name in rng.sample(sorted(typed), rng.randint(0, len(typed)))}
        turn = int(self.tab.value("half_turn") or 0) + 1
        ours = {"half_writer": f"tab-{self.at}", "half_turn": str(turn)}
        form = laid_over(self.tab.filled(), some | ours)
        answer = self.tab.client.post(f"/form/{page_id}/half", data=form)
        assert answer.status_code < 500
        assert answer.json["help"] or form.get("wants_to_die") != "yes"
        if answer.json["state"] == "kept":
            self.is_told_of_half(page_id, some, form.get("wants_to_die") == "yes")
            self.script_notes(ours | {"half": str(answer.json["counter"])})

    def is_told_of_half(self, page_id: str, some: dict[str, Any], danger: bool) -> None:
        self.half[page_id] = some
        self.waiting.pop(page_id, None)  # it stood on the page and was typed over
        self.alerted = self.alerted or danger
        shown = Walker(self.tab.client).open(f"/form/{page_id}").filled()
        assert {name: shown.getlist(name) for name in some} == as_lists(some)

    def script_notes(self, values: dict[str, str]) -> None:
        for control in self.tab.controls:
            if control["name"] in values:
                control["value"] = values[str(control["name"])]

    @rule()
    def waits_too_long(self) -> None:
        self.site.clock.wait(minutes=LONGER)

    @rule()
    def changes_tab(self) -> None:
        self.at = 1 - self.at

    @rule()
    def reloads(self) -> None:
        self.go(self.tab.path if self.tab.path.startswith("/form/") else "/tasks")

    @rule(page_id=st.sampled_from(PAGES))
    def opens_a_page(self, page_id: str) -> None:
        self.go(f"/form/{page_id}")

    @precondition(lambda self: self.tab.soup.find(class_="govuk-back-link"))
    @rule()
    def goes_back(self) -> None:
        self.go(str(self.tab.soup.find(class_="govuk-back-link")["href"]))

    @precondition(lambda self: self.page_shown() and self.code and not self.sent)
    @rule(rng=st.randoms(use_true_random=False))
    def finishes_later(self, rng: Random) -> None:
        page_id = self.page_shown()
        typed, meant = self.answers(page_id, rng)
        self.tab.press("later", **typed)
        self.settle(page_id, typed, meant, action="later")
        assert self.tab.path in ("/saved", "/done") or self.page_shown(), self.tab.path

    @precondition(lambda self: self.page_shown() and not self.sent)
    @rule(rng=st.randoms(use_true_random=False))
    def sends_a_token_that_does_not_hold(self, rng: Random) -> None:
        page_id = self.page_shown()
        typed, meant = self.answers(page_id, rng)
        self.tab.press(csrf_token="forged", **typed)
        self.settle(page_id, typed, meant)

    @precondition(lambda self: self.tab.path in ("/", "/saved", "/resume") and self.code)
    @rule()
    def comes_back(self) -> None:
        self.tab.resume(self.code, BORN)
        assert self.tab.path not in ("/", "/resume")

    @precondition(lambda self: self.tab.path in ("/tasks", "/check") and not self.sent)
    @rule()
    def goes_on(self) -> None:
        self.tab.press()

    def typed_on(self, page_id: str) -> MultiDict[str, str]:
        """What the store holds of a page that is not sent."""
        office = self.site.office
        with office.database.read() as conn:
            intake = intakes.read_draft(conn, office.vault, self.intake_id)
        kept = half.begun(office, intake, QUESTIONNAIRE.pages[page_id])
        return MultiDict(kept.typed.pairs if kept else ())

    # How a step ends

    def go(self, address: str) -> None:
        self.tab.open(address)

    def settle(
        self, page_id: str, typed: dict[str, Any], meant: dict[str, Any], action: str = "continue"
    ) -> None:
        """Answer whatever comes between, until the page is saved or the patient knows it is not."""
        mine = self.laid_over(page_id, meant)
        for _ in range(6):
            assert self.tab.status < 500, self.tab.text
            self.code = self.newest_code()
            if self.asks_for_the_code():
                self.come_back_if_asked(page_id)
            elif self.tab.status == 409:
                self.chooses(page_id, mine, action)
                return
            elif "seen" in self.tab.names():
                self.is_told(page_id, mine)
                self.tab.press("stop" if action == "later" and self.has_stop() else "continue")
            elif self.tab.status == 400 or self.shows_what_was_typed(page_id, typed):
                self.tab.press(action)
            else:
                self.ends(page_id, mine, action)
                return
        raise AssertionError(f"{self.tab.path}: {self.tab.text[:300]}")

    def newest_code(self) -> str:
        shown = self.tab.soup.find(class_="code__value")
        return shown.get_text(" ", strip=True) if shown else self.code

    def has_stop(self) -> bool:
        return bool(self.tab.soup.find("button", attrs={"value": "stop"}))

    def come_back_if_asked(self, page_id: str) -> None:
        if not self.asks_for_the_code() or not self.code:
            return
        fields = {"code": self.code, **as_typed(self.tab.names(), {"date_of_birth": BORN})}
        self.tab.press(**fields)
        assert not self.asks_for_the_code(), self.tab.text

    def asks_for_the_code(self) -> bool:
        return "code" in self.tab.names() and "seen" not in self.tab.names()

    def shows_what_was_typed(self, page_id: str, typed: dict[str, Any]) -> bool:
        """After the code the page stands on /resume, with everything that was typed."""
        if self.tab.path != "/resume" or self.asks_for_the_code():
            return False
        assert set(typed) <= self.tab.names() | {"csrf_token"}
        return True

    def chooses(self, page_id: str, mine: dict[str, Any], action: str) -> None:
        self.tab.press("mine")
        if self.tab.status != 409:
            self.ends(page_id, mine, action)

    def ends(self, page_id: str, mine: dict[str, Any], action: str) -> None:
        if self.tab.path == "/done":
            self.sent = True
        if "seen" in self.tab.names():
            self.settle(page_id, {}, mine, action)
            return
        assert not self.tab.errors, (self.tab.path, self.tab.errors)
        self.is_told(page_id, mine)

    def posts_again(
        self, page_id: str, fields: dict[str, Any], typed: dict[str, Any], meant: dict[str, Any]
    ) -> None:
        """A double click: the very same page once more."""
        before = self.site.saves()
        lists = {name: value for name, value in typed.items() if isinstance(value, list)}
        self.tab.send({**fields, **typed, **lists}, to=f"/form/{page_id}")
        assert self.tab.status < 500
        if self.tab.path != "/resume" and self.tab.status == 200:
            assert self.site.saves() == before

    def is_told(self, page_id: str, answers: dict[str, Any]) -> None:
        if page_id == PAGES[0]:
            self.may_have_begun_anew()
        if self.is_open(page_id):
            self.told[page_id] = answers
            self.waiting.pop(page_id, None)
            self.half.pop(page_id, None)
        else:
            self.waiting[page_id] = answers
        self.alerted = self.alerted or answers.get("wants_to_die") == "yes"

    def is_open(self, page_id: str) -> bool:
        """Pages open in order. One of an earlier form, in a tab that was left open, may not be."""
        return all(earlier in self.told for earlier in PAGES[: PAGES.index(page_id)])

    def may_have_begun_anew(self) -> None:
        """Who opens the first page after the session ended begins another form; the first stays."""
        with self.site.office.database.read() as conn:
            newest = select(INTAKES.c.id).order_by(text("rowid DESC")).limit(1)
            intake_id = str(conn.execute(newest).scalar())
        if self.intake_id not in ("", intake_id):
            self.past.append((self.intake_id, self.told, self.waiting))
            self.told, self.waiting, self.half, self.alerted = {}, {}, {}, False
        self.intake_id = intake_id

    # What is typed

    def answers(self, page_id: str, rng: Random) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is typed on the page as it is shown, and the answers that it means."""
        if page_id == "trials":
            return self.a_row(rng)
        asked = QUESTIONNAIRE.pages[page_id].questions
        meant = {q.id: BORN if q.kind == "date" else self.answer(q, rng) for q in asked}
        return as_typed(self.tab.names(), meant), meant

    def answer(self, asked: Any, rng: Random) -> Any:
        if asked.kind in ("text", "longtext"):
            words = rng.choice(TEXTS)
            return words if asked.kind == "longtext" else words.replace("\n", " ")
        if asked.kind == "choices":  # sent in the order of the page
            ticks = any_answer(asked, rng)
            return [name for name in asked.option_ids if name in ticks]
        return True if asked.kind == "agree" else any_answer(asked, rng)

    def a_row(self, rng: Random) -> tuple[dict[str, Any], dict[str, Any]]:
        """One more row of the list, or the tick that there is none."""
        names = [name for name in self.tab.names() if name.endswith("-name")]
        if not names:
            return {}, {}
        drug = rng.choice(("sertraline", "Wellbutrin", "Núñez drops"))
        number = int(names[0].split("-")[1])
        return {names[0]: drug}, {"number": number, "row": {"name": drug}}

    def laid_over(self, page_id: str, meant: dict[str, Any]) -> dict[str, Any]:
        if page_id != "trials":
            gone = "low" in meant and meant["low"] != "yes"
            return {k: v for k, v in meant.items() if not (k == "low_how" and gone)}
        rows = list(self.told.get("trials", {}).get(GROUP, []))
        if meant:
            number = min(meant["number"], len(rows))
            rows[number : number + 1] = [meant["row"]]
        return {GROUP: rows}

    # What always holds

    @invariant()
    def half_a_page_is_kept(self) -> None:
        for page_id, some in ({} if self.sent else self.half).items():
            kept = self.typed_on(page_id)
            assert {name: kept.getlist(name) for name in some} == as_lists(some)

    @invariant()
    def what_was_told_is_stored(self) -> None:
        for intake_id, told, waiting in [*self.past, (self.intake_id, self.told, self.waiting)]:
            if told:
                self.holds(intake_id, told, waiting)

    def holds(self, intake_id: str, told: Answers, waiting: Answers) -> None:
        office = self.site.office
        with office.database.read() as conn:
            intake = intakes.read_draft(conn, office.vault, intake_id)
            sent = submission_of(conn, office.vault, intake_id)
        assert intake is not None
        if sent is None:
            assert {page: intake.answers.get(page) for page in told} == told
            for page_id, answers in waiting.items():
                kept = half.begun(office, intake, QUESTIONNAIRE.pages[page_id])
                assert kept, f"what was typed on {page_id} is gone"
                assert {name: kept.typed.answers.get(name) for name in answers} == answers
        else:
            everything = {q: a for page in told.values() for q, a in page.items()}
            assert sent.document["answers"] == everything

    @invariant()
    def an_alert_stays(self) -> None:
        if self.alerted:
            assert [a for a in self.site.alerts() if a.intake_id == self.intake_id]

    @invariant()
    def the_server_is_well(self) -> None:
        for tab in self.tabs:
            assert tab.status < 500, tab.text


@pytest.mark.slow
@pytest.mark.parametrize("part", range(3))
def test_nothing_that_was_told_saved_is_lost(site: Site, part: int) -> None:
    machine = type(f"Patient{part}", (Patient,), {"site": site})
    drawn = settings(
        phases=(Phase.generate,),
        max_examples=max(JOURNEYS // 3, 1),
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=drawn)
