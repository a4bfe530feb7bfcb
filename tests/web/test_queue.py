"""The queue: its lists and filters, the search, who has which intake; at the browser."""

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from screening.operate import make_installation
from screening.storage.accounts import ADMIN, FRONT_DESK, PHYSICIAN
from screening.storage.intakes import AUDIT, SUBMISSIONS
from screening.tasks import PERIODIC
from screening.web.typed_dates import take_date
from screening.workflows import after, chart, queue
from screening.workflows import intake as intake_flow
from screening.workflows.act import acting
from tests.builders import example, person
from tests.site import Site

from .desk import Desk, Person, deactivate, desk, hire

SENT = {"first_name": "Quinn", "last_name": "Canary"}
WORRIED = {"main_concern": "anxiety", "seeking_help_for": ["depression", "anxiety"]}
EXCLUDED = example("excluded-aneurysm")["answers"]


def send_in(site: Site, answers: dict[str, Any] | None = None, **changes: Any) -> str:
    """A sent intake; returns its reference."""
    whole = answers | changes if answers else person(**SENT | changes)
    return intake_flow.submit_answers(site.office, whole).reference


def unfinished(site: Site, **changes: Any) -> str:
    """An intake that stops after the safety pages, with an alert; returns its reference."""
    told = dict.fromkeys(("cssrs_1", "cssrs_2", "cssrs_3", "cssrs_4"), "yes") | {"cssrs_5": "no"}
    answers = person(**SENT | told | changes)
    intake_id = site.start(answers, until=site.questionnaire.sections[8].pages[0].id)
    return next(intake.reference for intake in site.intakes() if intake.id == intake_id)


def names(page: Desk) -> list[str]:
    return [found.get_text(strip=True) for found in page.soup.select(".line__name")]


def line(page: Desk, name: str) -> str:
    found = next(li for li in page.soup.select(".line") if name in li.get_text())
    return " ".join(found.get_text(" ", strip=True).split())


def audit(site: Site, action: str) -> list[dict[str, Any]]:
    with site.office.database.read() as conn:
        asked = select(AUDIT).where(AUDIT.c.action == action).order_by(AUDIT.c.id)
        return [dict(row) for row in conn.execute(asked).mappings()]


def intake_id(site: Site, reference: str) -> str:
    return next(s.intake_id for s in site.submissions() if s.reference == reference)


def decide(site: Site, reference: str) -> None:
    with site.office.database.write() as conn:
        this = update(SUBMISSIONS).where(SUBMISSIONS.c.intake_id == intake_id(site, reference))
        conn.execute(this.values(decided_at=site.office.now()))


# Lists


def test_the_urgent_stand_first_and_of_each_the_one_that_waits_longest(site: Site) -> None:
    for last_name in ("Older", "Newer"):
        send_in(site, last_name=last_name)
        site.clock.wait(minutes=1)
    send_in(site, EXCLUDED, first_name="Ex", last_name="Cluded")
    page = desk(site, PHYSICIAN)
    assert names(page) == ["Ex Cluded", "Quinn Older", "Quinn Newer"]
    assert "3 intakes, the most urgent first, of each the oldest." in page.text
    shown = line(page, "Ex Cluded")
    for part in ("Exclusion reported", "red flag", "Not read", "today"):
        assert part in shown


def test_a_decision_or_a_withdrawal_takes_an_intake_off_the_list(site: Site) -> None:
    decided, gone, waits = (send_in(site, last_name=name) for name in ("One", "Two", "Three"))
    decide(site, decided)
    after.withdraw(site.office, intake_id(site, gone), "")
    page = desk(site, PHYSICIAN)
    assert names(page) == ["Quinn Three"]
    assert names(page.open("/staff?state=decided")) == ["Quinn One"]
    assert "Decided" in line(page, "Quinn One")
    assert names(page.open("/staff?state=withdrawn")) == ["Quinn Two"]
    assert "Withdrawn" in line(page, "Quinn Two")
    assert len(names(page.open("/staff?state=all"))) == 3
    assert page.soup.select_one('.states [aria-current="page"]').get_text() == "All"
    assert waits in page.text


def test_a_list_goes_on_and_back_without_leaving_anyone_out(site: Site) -> None:
    for number in range(queue.PAGE + 3):
        send_in(site, last_name=f"Number {number}")
        site.clock.wait(minutes=1)
    page = desk(site, PHYSICIAN)
    first = names(page)
    assert len(first) == queue.PAGE
    assert "There are more." in page.text
    page.open(str(page.soup.find("a", rel="next")["href"]))
    assert len(set(names(page)) | set(first)) == queue.PAGE + 3
    assert not page.soup.find("a", rel="next")
    page.open(str(page.soup.find("a", rel="prev")["href"]))
    assert names(page) == first
    assert not page.soup.find("a", rel="prev")


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("waiting", "Everybody has a decision."),
        ("decided", "No decision has been signed yet."),
        ("withdrawn", "No patient has withdrawn an intake."),
        ("all", "No patient has sent an intake yet."),
    ],
)
def test_an_empty_list_says_what_it_means(site: Site, state: str, says: str) -> None:
    page = desk(site, PHYSICIAN).open(f"/staff?state={state}")
    assert says in page.text
    assert "fits the filters" in page.open(f"/staff?state={state}&unread=yes").text


def test_what_cannot_be_asked_for_is_ignored(site: Site) -> None:
    send_in(site)
    page = desk(site, PHYSICIAN)
    for asked in (
        *("state=x", "outcome=x%27--", "concern=x", "assigned=x", "assigned=²", "unread=1"),
        *("since=x", "until=2026-99-99", "after=x", "before=x", "after=" + "A" * 300, "page=9"),
    ):
        assert names(page.open(f"/staff?{asked}")) == ["Quinn Canary"], asked


# Filters


def test_each_filter_leaves_those_that_fit(site: Site) -> None:
    send_in(site, last_name="Early", **WORRIED)
    site.clock.wait(days=3)
    excluded = send_in(site, EXCLUDED, first_name="Ex", last_name="Cluded")
    physician = hire(site, PHYSICIAN)
    page = Desk(site).sign_in(physician)
    day = site.office.today().isoformat()
    me = f"user:{physician.id}"
    queue.assign(site.office, me, excluded, was=None, to=physician.id)
    page.open(f"/staff/intakes/{excluded}")
    for asked, fit in (
        ("outcome=excluded", ["Ex Cluded"]),
        ("outcome=candidate", ["Quinn Early"]),
        ("concern=anxiety", ["Quinn Early"]),
        ("concern=anxiety&outcome=excluded", []),
        (f"since={day}", ["Ex Cluded"]),
        (f"until={day}", ["Ex Cluded", "Quinn Early"]),
        ("until=2020-01-01", []),
        ("unread=yes", ["Quinn Early"]),
        ("assigned=me", ["Ex Cluded"]),
        ("assigned=nobody", ["Quinn Early"]),
        (f"assigned={physician.id + 1}", []),
    ):
        assert names(page.open(f"/staff?{asked}")) == fit, asked
        assert page.soup.select_one("details.narrow-down").has_attr("open")
        assert page.soup.select_one(".narrowed a")["href"] == "/staff"
    chosen = page.open("/staff?outcome=excluded").soup.select_one("#outcome option[selected]")
    assert chosen["value"] == "excluded"


def test_a_filter_by_concern_looks_on_page_by_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "LOOK", 3)
    for number in range(4):
        send_in(site, last_name=f"Low {number}")
    site.clock.wait(minutes=1)
    send_in(site, last_name="Worried", **WORRIED)
    page = desk(site, PHYSICIAN).open("/staff?concern=anxiety")
    assert names(page) == []
    assert "3 were looked through; there are more." in page.text
    page.open(str(page.soup.find("a", rel="next")["href"]))
    assert names(page) == ["Quinn Worried"]
    page.open(str(page.soup.find("a", rel="prev")["href"]))
    assert names(page) == []


# Search


@pytest.mark.parametrize(
    "typed", ["canary", "CANARY quinn", "Cánary", "4/2/1988", "1988-04-02 canary", "April 2, 1988"]
)
def test_a_search_finds_by_name_and_date_of_birth(site: Site, typed: str) -> None:
    send_in(site, date_of_birth="1988-04-02")
    send_in(site, first_name="Other", last_name="Person", date_of_birth="1990-01-01")
    page = desk(site, PHYSICIAN).send("/staff/search", sought=typed)
    assert names(page) == ["Quinn Canary"]
    assert "1 intake was found." in page.text
    assert page.path == "/staff/search"
    assert page.soup.select_one("#sought")["value"] == typed


def test_a_search_finds_by_reference_however_it_is_spelled(site: Site) -> None:
    reference = send_in(site)
    decide(site, reference)
    page = desk(site, PHYSICIAN)
    for typed in (reference, reference.lower(), reference.replace("-", " "), f" {reference} "):
        assert names(page.open("/staff").send("/staff/search", sought=typed)) == ["Quinn Canary"]


def test_a_search_without_a_find_or_a_word_says_what_to_do(site: Site) -> None:
    send_in(site)
    page = desk(site, PHYSICIAN).send("/staff/search", sought="canar")
    assert "Nothing was found." in page.text
    assert "whole words" in page.text
    page.send("/staff/search", sought="  ")
    assert page.status == 400
    assert page.soup.select_one(".govuk-error-summary a")["href"] == "#sought"
    assert page.open("/staff/search").status == 200


def test_what_is_searched_for_stands_in_no_address_log_or_audit(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    send_in(site)
    page = desk(site, PHYSICIAN).send("/staff/search", sought="canary 4/2/1988")
    assert "canary" not in page.answer.request.full_path
    said = "".join(capsys.readouterr()).lower()
    (row,) = audit(site, "queue.searched")
    for kept in (said, str(row).lower()):
        assert "canary" not in kept
        assert "4/2/1988" not in kept
        assert "1988-04-02" not in kept
    assert row["detail"] == '{"shown":[]}'


@pytest.mark.parametrize("by", ["init", "worker"])
def test_the_search_says_when_some_cannot_be_found_yet(site: Site, by: str) -> None:
    send_in(site)
    with site.office.database.write() as conn:
        conn.execute(update(SUBMISSIONS).values(urgency=None))
    page = desk(site, PHYSICIAN)
    assert names(page) == ["Quinn Canary"]
    assert "Some intakes cannot be found yet." in page.send("/staff/search", sought="x").text
    if by == "init":
        make_installation(site.app.extensions["settings"])
    else:
        next(task for name, _, task in PERIODIC if name == "index-queue")(site.office)
    assert names(page.send("/staff/search", sought="canary")) == ["Quinn Canary"]
    assert "cannot be found yet" not in page.send("/staff/search", sought="x").text


@pytest.mark.parametrize(
    ("typed", "day", "rest"),
    [
        ("5/4/1980", date(1980, 5, 4), ""),
        ("1980-05-04 garcia", date(1980, 5, 4), "garcia"),
        ("5.4.80", date(1980, 5, 4), ""),
        ("23/12/1980", date(1980, 12, 23), ""),
        ("garcia May 4, 1980", date(1980, 5, 4), "garcia"),
        ("4 may 1980", date(1980, 5, 4), ""),
        ("12/31/30", date(1930, 12, 31), ""),
        ("31/31/1980", None, "31/31/1980"),
        ("K7Q4-M2XD", None, "K7Q4-M2XD"),
    ],
)
def test_a_date_is_taken_as_it_is_typed(typed: str, day: date | None, rest: str) -> None:
    assert take_date(typed, date(2026, 3, 2)) == (day, rest)


# Who has it


def two(site: Site) -> tuple[Person, Desk, Person]:
    """A physician, their desk, and another."""
    one = hire(site, PHYSICIAN)
    other = hire(site, PHYSICIAN, email="other@example.org")
    return one, Desk(site).sign_in(one), other


def press(page: Desk, **button: str) -> Desk:
    """The form around the list, sent by one of its buttons."""
    form = next(f for f in page.forms if str(f.get("action")).endswith("/staff/assign"))
    fields = {str(i["name"]): str(i["value"]) for i in form.select('input[type="hidden"]')}
    sent = {**page.sent_with, "data": fields | button}
    return page._arrived(page.client.post("/staff/assign", **sent))


def test_an_intake_is_taken_given_and_let_go_from_its_line(site: Site) -> None:
    reference = send_in(site)
    one, page, other = two(site)
    press(page, take=reference)
    assert "is assigned to Robin Physician" in page.text
    assert "You have it" in line(page, "Canary")
    press(page, chosen=reference, to=str(other.id), give="yes")
    assert "Robin Physician" in line(page, "Canary")
    press(page, let_go=reference)
    assert "was not changed: Robin Physician has it by now." in page.text
    press(page, chosen=reference, to="me", give="yes")
    press(page, let_go=reference)
    assert "assigned to nobody" in page.text
    details = [row["detail"] for row in audit(site, "intake.assigned")]
    assert details[0] == f'{{"to":{one.id},"was":null}}'
    assert len(details) == 4


def choose(page: Desk, reference: str, to: str) -> Desk:
    """On the record."""
    (form,) = page.soup.select("form.holding")
    fields = {str(i["name"]): str(i["value"]) for i in form.select('input[type="hidden"]')}
    sent = {**page.sent_with, "data": fields | {"to": to}}
    return page._arrived(page.client.post(f"/staff/intakes/{reference}/assign", **sent))


def test_who_is_slower_is_told_and_changes_nothing(site: Site) -> None:
    reference = send_in(site)
    one, page, other = two(site)
    page.open(f"/staff/intakes/{reference}")
    queue.assign(site.office, f"user:{other.id}", reference, was=None, to=other.id)
    choose(page, reference, "me")
    assert "was not changed: Robin Physician has it by now." in page.text
    assert queue.holder_of(site.office, reference) == other.id
    choose(page, reference, "me")
    assert queue.holder_of(site.office, reference) == one.id


def test_an_intake_is_given_to_active_physicians_only(site: Site) -> None:
    reference = send_in(site)
    _, page, other = two(site)
    admin = hire(site, ADMIN)
    deactivate(site, other)
    page.open("/staff")
    for number in (admin.id, other.id, 999):
        answer = press(page.open("/staff"), chosen=reference, to=str(number), give="yes")
        assert answer.status == 404
    assert "Tick the intakes first" in press(page.open("/staff"), to="me", give="yes").text
    assert press(page.open("/staff"), take="AAAA-AAAA").status == 404
    assert queue.holder_of(site.office, reference) is None


# Who sees what


def patients(page: Desk) -> list[str]:
    """What the front desk reads of each."""
    return [one.get_text("|", strip=True) for one in page.soup.select(".patient")]


def test_the_front_desk_sees_names_and_status_and_nothing_that_follows_from_an_answer(
    site: Site,
) -> None:
    send_in(site, EXCLUDED, first_name="Ex", last_name="Cluded")
    site.clock.wait(minutes=1)
    reference = send_in(site)
    unfinished(site, last_name="Unsent")
    page = desk(site, FRONT_DESK)
    assert page.path == "/staff/desk"
    rows = patients(page)
    status = "Waiting for the physician|Sent November 23, 2026"
    # By time: the urgency is an answer's.
    assert rows[0] == f"Quinn Canary|{status}|{reference}"
    assert rows[1].startswith(f"Ex Cluded|{status}|")
    physician = desk(site, PHYSICIAN)
    hidden = ("Candidate for review", "Depression", "red flag", "Outcome", "Unsent", "/intakes/")
    for of_answers in hidden:
        assert of_answers in physician.answer.text
        assert of_answers not in page.answer.text
    assert "urgent" not in page.text
    # Nor can a filter or another order tell which outcome somebody has.
    for asked in ("outcome=excluded", "concern=anxiety", "assigned=me", "unread=yes"):
        page.open(f"/staff/desk?{asked}")
        assert patients(page) == rows


def test_the_front_desk_searches_by_name_and_reference_but_not_by_date_of_birth(site: Site) -> None:
    reference = send_in(site)
    page = desk(site, FRONT_DESK)
    born = person()["date_of_birth"]
    for typed, found in (("canary", 1), (reference, 1), ("nobody", 0), (born, 0)):
        page.open("/staff/desk").send("/staff/desk/search", sought=typed)
        assert len(patients(page)) == found, typed
    assert page.open("/staff/desk").send("/staff/desk/search", sought=" ").status == 400


def test_an_administrator_starts_at_the_export_and_is_told_of_alerts_by_number_alone(
    site: Site,
) -> None:
    send_in(site)
    unfinished(site, last_name="Unsent")
    page = desk(site, ADMIN)
    assert page.path == "/staff/export"
    assert "1 urgent alert is open." in page.text
    for address in ("/staff", "/staff/users", "/staff/account"):
        assert not re.search("Canary|Unsent", page.open(address).answer.text)
    assert page.open("/staff/search").status == 403


def test_unfinished_intakes_with_an_alert_are_listed_with_their_record(site: Site) -> None:
    reference = unfinished(site)
    page = desk(site, PHYSICIAN)
    found = page.soup.find("section", attrs={"aria-labelledby": "drafts"})
    assert "Quinn Canary 1 open alert" in " ".join(found.get_text(" ", strip=True).split())
    assert page.open(found.a["href"]).status == 200
    (alert,) = site.alerts()
    page.open("/staff").send(f"/staff/alerts/{alert.id}", note="Called.")
    assert "Acknowledged" in page.soup.find(attrs={"aria-labelledby": "drafts"}).get_text()
    assert reference in page.text


# The index follows


def test_the_line_and_the_search_follow_what_staff_change(site: Site) -> None:
    reference = send_in(site)
    office = site.office
    with acting(office, "user:1") as act:
        sent = next(s for s in site.submissions() if s.reference == reference)
        known = chart.as_sent(sent)
        changed = {"last_name": "Renamed", "brain_and_eye_history": ["aneurysm"]}
        body = chart.assessed_again(site.questionnaire, known, changed, office.today())
        body["assessment"]["outcome"] = "excluded"
        chart.add(act, sent.intake_id, chart.AMENDED, body | {"reason": "told on the phone"})
        queue.reindex(act, sent)
    page = desk(site, PHYSICIAN).open("/staff?outcome=excluded")
    assert names(page) == ["Quinn Renamed"]
    for typed in ("renamed", "canary"):
        assert names(page.open("/staff").send("/staff/search", sought=typed)) == ["Quinn Renamed"]
    assert site.submissions()[0].document["answers"]["last_name"] == "Canary"


# Keyboard and screen reader


def test_each_line_is_one_link_and_all_else_says_whose_it_is(site: Site) -> None:
    send_in(site)
    unfinished(site)
    page = desk(site, PHYSICIAN)
    (found,) = page.soup.select(".line")
    assert len(found.find_all("a")) == 1
    assert "Quinn Canary" in found.select_one("input")["aria-label"]
    assert "Quinn Canary" in found.button.get_text()
    skip = page.soup.select_one("main .govuk-skip-link")
    assert page.soup.find(id=skip["href"][1:])
