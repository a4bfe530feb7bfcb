"""Open alerts reach staff by e-mail: soon, again and again until acknowledged, without content."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from screening import mail
from screening.storage.intakes import ALERTS, AUDIT
from screening.tasks import PERIODIC, TASKS
from screening.workflows import alert_mail, urgent
from screening.workflows.office import Post
from tests.builders import TODAY, example, person
from tests.postman import REFUSED, Postman, post_office
from tests.site import Site

PLAN = example("urgent-suicide-plan")["answers"]
STAFF = ("doctor@willow.example.org", "nurse@willow.example.org")


@pytest.fixture(scope="module")
def running() -> Iterator[Postman]:
    with post_office() as found:
        yield found


@pytest.fixture
def postman(running: Postman, site: Site) -> Postman:
    """The clinic's mail server, empty."""
    running.__init__(url=running.url)  # type: ignore[misc]
    connect(site, running)
    return running


def connect(site: Site, postman: Postman, readers: tuple[str, ...] = STAFF) -> None:
    smtp = mail.read_url(postman.url)
    post = Post(smtp, "intake@willow.example.org", readers, "https://intake.example.org/staff")
    object.__setattr__(site.office, "post", post)


def raise_alert(site: Site, **changes: object) -> None:
    site.start(PLAN | changes, until="anxiety")


def row(site: Site) -> dict:
    with site.office.database.read() as conn:
        return dict(conn.execute(select(ALERTS)).mappings().one())


def test_an_alert_is_mailed_to_all_of_the_team_once(site, postman):
    raise_alert(site)
    assert alert_mail.deliver(site.office) == 1
    assert alert_mail.deliver(site.office) == 0
    (readers,) = postman.readers
    assert readers == list(STAFF)
    assert row(site)["mailed"] == 1
    assert row(site)["mail_failed_at"] is None


def test_the_letter_says_nothing_of_whom_or_what(site, postman):
    raise_alert(site, first_name="Quinn", last_name="Canary")
    alert_mail.deliver(site.office)
    (letter,) = postman.taken
    assert letter.get_content().replace("\r\n", "\n") == (
        "An urgent answer is waiting.\n"
        "Sign in to see it: https://intake.example.org/staff\n"
        f"Answer due by 12:15 on {TODAY:%B} {TODAY.day}, {TODAY.year}.\n"
        "\n"
        "This message repeats until somebody acknowledges what waits.\n"
    )
    whole = postman.raw[0].decode().lower()
    reference = site.intake.reference.lower()
    for word in ("quinn", "canary", "suicid", "ketamin", "health", "patient", "willow ket"):
        assert word not in whole, word
    assert reference not in whole
    assert site.alerts()[0].id not in whole


def test_the_headers_name_no_machine_and_ask_for_no_answer(site, postman):
    raise_alert(site)
    alert_mail.deliver(site.office)
    (letter,) = postman.taken
    assert letter["From"] == "intake@willow.example.org"
    assert letter["Subject"] == "An urgent answer is waiting"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[0-9a-f]{32}@willow\.example\.org>", letter["Message-ID"])
    assert postman.said == ["willow.example.org"]
    assert set(letter.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted",
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip


def test_several_alerts_are_one_letter(site, postman):
    raise_alert(site)
    raise_alert(site)
    assert alert_mail.deliver(site.office) == 2
    (letter,) = postman.taken
    assert letter["Subject"] == "2 urgent answers are waiting"
    assert "The first is due by 12:15" in letter.get_content()


@pytest.mark.parametrize(
    ("answers", "minutes"), [(PLAN, 5), (person(intoxicated_now="yes"), 60)], ids=["now", "today"]
)
def test_it_is_repeated_until_somebody_acknowledges(site, postman, answers, minutes):
    site.start(answers, until="anxiety")
    alert_mail.deliver(site.office)
    site.clock.wait(minutes=minutes - 1)
    assert alert_mail.deliver(site.office) == 0
    site.clock.wait(minutes=1)
    assert alert_mail.deliver(site.office) == 1
    (alert,) = site.alerts()
    assert urgent.acknowledge(site.office, "user:1", alert.id, "Called her.")
    site.clock.wait(minutes=minutes)
    assert alert_mail.deliver(site.office) == 0
    assert len(postman.taken) == 2


def test_what_the_mail_server_did_not_take_is_tried_again_each_minute(site, postman):
    raise_alert(site)
    postman.down = True
    assert alert_mail.deliver(site.office) == 0
    assert row(site)["mailed"] == 0
    assert row(site)["mail_failed_at"]
    postman.down = False
    assert alert_mail.deliver(site.office) == 0, "another worker may still be at it"
    site.clock.wait(minutes=1)
    assert alert_mail.deliver(site.office) == 1
    assert row(site)["mail_failed_at"] is None
    assert len(postman.taken) == 1


def test_a_mail_server_that_is_away_is_a_failed_try(site, postman):
    raise_alert(site)
    gone = replace(site.office.post, smtp=mail.read_url("smtp://127.0.0.1:9"))
    object.__setattr__(site.office, "post", gone)
    assert alert_mail.deliver(site.office) == 0
    assert row(site)["mail_failed_at"]


def test_one_address_that_is_refused_does_not_keep_the_others_waiting(site, postman):
    connect(site, postman, (REFUSED, *STAFF))
    raise_alert(site)
    assert alert_mail.deliver(site.office) == 1
    assert postman.readers == [list(STAFF)]
    stored = row(site)
    assert stored["mailed"] == 1
    assert stored["mail_failed_at"] == stored["mailed_at"]


def test_two_workers_send_one_letter(site, postman):
    raise_alert(site)
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: alert_mail.deliver(site.office), range(8)))
    assert sum(told) == 1
    assert len(postman.taken) == 1


def test_a_worker_killed_between_claim_and_letter_loses_nothing(site, postman):
    raise_alert(site)
    alert_mail._claim(site.office)
    site.clock.wait(minutes=1)
    assert alert_mail.deliver(site.office) == 1


def test_each_delivery_is_audited_with_counts_only(site, postman):
    raise_alert(site)
    alert_mail.deliver(site.office)
    with site.office.database.read() as conn:
        (found,) = conn.execute(select(AUDIT).where(AUDIT.c.action == "alert.mailed")).mappings()
    assert found["detail"] == '{"readers":2,"refused":0,"times":1}'
    assert found["actor"] == "system"


def test_without_a_mail_server_nothing_is_claimed(site):
    raise_alert(site)
    assert alert_mail.deliver(site.office) == 0
    assert row(site)["mail_failed_at"] is None


def test_an_acknowledged_alert_is_not_claimed_by_who_read_it_before(site, postman):
    raise_alert(site)
    with site.office.database.write() as conn:
        conn.execute(update(ALERTS).values(acknowledged_at=site.clock.moment))
    assert alert_mail.deliver(site.office) == 0


def test_the_worker_is_asked_right_after_the_commit_and_looks_each_minute(site, postman):
    queue = site.app.extensions["queue"]
    raise_alert(site)
    assert not postman.taken, "the patient's page does not wait for it"
    queue.run_waiting()
    assert len(postman.taken) == 1
    assert "mail-alerts" in TASKS
    assert {name: minutes for name, minutes, _ in PERIODIC}["repeat-alerts"] == 1


def test_a_queue_that_fails_keeps_neither_page_nor_alert(site, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(site.app.extensions["queue"], "enqueue", fail)
    raise_alert(site)
    assert site.alerted() == [["suicide-high"]]
