"""Nothing typed is lost: coming back, two tabs, sending twice, a session that ends on the way."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from screening.storage import sessions
from screening.storage.database import DatabaseUnavailableError
from screening.storage.vault import normal_code
from tests.builders import person, trial_row
from tests.databases import only_sqlite
from tests.walker import Walker, as_typed

PERSON = person()
BORN = PERSON["date_of_birth"]
TRIALS = "antidepressant_trials"


# The code


def test_the_code_opens_the_form_elsewhere(site):
    first = site.walker().walk(person(), until="reason")
    there = site.walker().resume(first.code, BORN)
    assert there.path == "/tasks"
    assert there.open("/form/contact").value("email") == PERSON["email"]


def test_the_code_is_read_however_it_is_typed(site):
    code = normal_code(site.walker_at("reason").code)
    assert len(code) == 26
    groups = [code[i : i + 4] for i in range(0, 26, 4)]
    for typed in (code.lower(), code.upper(), "-".join(groups), f"  {' '.join(groups)} ".lower()):
        assert site.walker().resume(typed, BORN).path == "/tasks"


def test_a_wrong_code_and_a_wrong_date_get_the_same_answer(site):
    code = site.walker_at("reason").code
    wrong_code = site.walker().resume("0" * 26, BORN)
    wrong_date = site.walker().resume(code, "1950-03-10")
    no_date = site.walker().open("/resume").press(code=code)
    assert wrong_code.path == wrong_date.path == no_date.path == "/resume"
    assert wrong_code.status == wrong_date.status == no_date.status
    assert wrong_code.text == wrong_date.text == no_date.text
    assert list(wrong_code.errors) == ["code"]
    assert wrong_date.open("/form/contact").path == "/"


def test_the_eleventh_wrong_code_waits(site):
    code = site.walker_at("reason").code
    guesser = site.walker(address="127.0.0.9")
    for _ in range(10):
        assert guesser.resume("0" * 26, BORN).status == 200
    assert guesser.resume(code, BORN).status == 429
    assert "988" in guesser.text or "988" in guesser.soup.get_text()
    assert site.walker(address="127.0.0.8").resume(code, BORN).path == "/tasks"
    site.clock.wait(minutes=16)
    assert guesser.resume(code, BORN).path == "/tasks"


@only_sqlite
def test_the_code_is_shown_once_and_kept_nowhere(site, settings, capfd):
    walker = site.walker().walk(person(), until="date-of-birth")
    walker.answer_page(person())
    shown = normal_code(walker.code)
    walker.walk(person(), until="contact")
    for address in ("/form/date-of-birth", "/tasks", "/check", "/form/contact"):
        assert shown not in normal_code(walker.open(address).soup.get_text())
    site.walker().resume(walker.code, BORN)
    assert_nowhere(site, settings, capfd, walker.code, shown)


def assert_nowhere(site, settings, capfd, *secrets: str) -> None:
    kept = [path.read_bytes() for path in settings.instance.rglob("*") if path.is_file()]
    kept += [line.encode() for line in capfd.readouterr()]
    kept += [str(answers).encode() for answers in site.intake.answers.values()]
    with site.office.database.read() as conn:
        for (token,) in conn.exec_driver_sql("SELECT hex(ciphertext) FROM web_sessions"):
            kept.append(bytes.fromhex(token))
    for secret in secrets:
        for spelled in (secret, secret.lower(), secret.replace(" ", "-")):
            assert not [found for found in kept if spelled.encode() in found]


def test_the_session_holds_no_answer_and_no_code(site):
    walker = site.walker_at("reason")
    cookie = walker.client.get_cookie("session")
    with site.office.database.read() as conn:
        found = sessions.read_session(conn, site.office.vault, cookie.value, now=site.clock.moment)
    assert set(found.data) <= {"intake", "csrf_token", "language", "_fresh"}
    assert found.data["intake"] == site.intake.id


def test_a_session_that_was_copied_before_is_dead_after_the_code(site):
    code = site.walker_at("reason").code
    walker = site.walker().open("/resume")
    before = walker.client.get_cookie("session").value
    walker.resume(code, BORN)
    thief = site.app.test_client()
    thief.set_cookie("session", before)
    assert Walker(thief).open("/form/contact").path == "/"


def test_after_sending_the_code_shows_where_the_form_stands(site):
    walker = site.walker().walk(person())
    (sent,) = site.submissions()
    there = site.walker().resume(walker.code, BORN)
    assert there.path == "/status"
    assert sent.reference in there.text
    assert PERSON["first_name"] not in there.soup.get_text()
    for address in ("/check", "/tasks", "/form/contact", "/form/sign"):
        assert there.open(address).path == "/done"


# Leaving


def test_save_and_finish_later_keeps_what_can_be_kept(site):
    walker = site.walker_at("contact")
    cookie = walker.client.get_cookie("session").value
    walker.press("later", email=PERSON["email"], phone="not a number", city="Ávila Beach")
    assert walker.path == "/saved"
    assert walker.answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert site.answers["email"] == PERSON["email"]
    assert site.answers["city"] == "Ávila Beach"
    assert "phone" not in site.answers
    thief = site.app.test_client()
    thief.set_cookie("session", cookie)
    assert Walker(thief).open("/form/contact").path == "/"
    there = site.walker().resume(walker.code, BORN)
    assert there.press().path == "/form/contact"
    assert there.value("city") == "Ávila Beach"


def test_leaving_keeps_the_rows_that_are_right(site):
    walker = site.walker_at("antidepressant-trials")
    first = {f"{TRIALS}-0-{c}": v for c, v in trial_row("sertraline", 100, 8).items() if v != ""}
    walker.press("add", **first).press("later", **{f"{TRIALS}-1-weeks": "a few"})
    assert walker.path == "/saved"
    assert [row["drug"] for row in site.answers[TRIALS]] == ["sertraline"]


@pytest.mark.parametrize("address", ["/tasks", "/check"])
def test_leaving_from_an_overview(site, address):
    walker = site.walker_at("reason").open(address).press("later")
    assert walker.path == "/saved"
    assert walker.open("/form/contact").path == "/"


# Two tabs


def test_two_tabs_are_shown_both_answers(site):
    here = site.walker_at("check").open("/form/body")
    there = here.tab()
    here.press(weight_lb="151")
    there.press(weight_lb="152")
    assert there.status == 409
    assert "151" in there.text
    assert "152" in there.text
    assert site.answers["weight_lb"] == 151
    assert there.press("mine").path == "/form/organs"
    assert site.answers["weight_lb"] == 152


def test_two_tabs_may_keep_what_is_stored(site):
    here = site.walker_at("check").open("/form/body")
    there = here.tab()
    here.press(weight_lb="151")
    there.press(weight_lb="152").press("stored")
    assert site.answers["weight_lb"] == 151
    assert there.path == "/form/body"
    assert there.value("weight_lb") == "151"


def test_mine_is_shown_again_when_a_third_tab_was_faster(site):
    here = site.walker_at("check").open("/form/body")
    there, third = here.tab(), here.tab()
    here.press(weight_lb="151")
    there.press(weight_lb="152")
    third.press(weight_lb="153").press("mine")
    assert there.press("mine").status == 409
    assert site.answers["weight_lb"] == 153


def test_the_same_answers_twice_are_one_save(site):
    here = site.walker_at("check").open("/form/body")
    there = here.tab()
    here.press(weight_lb="151")
    saves = site.saves()
    assert there.press(weight_lb="151").path == here.path
    assert site.saves() == saves


def test_two_tabs_on_two_pages_do_not_meet(site):
    here = site.walker_at("check").open("/form/body")
    there = here.tab().open("/form/contact")
    here.press(weight_lb="151")
    there.press(city="Cambria")
    assert (site.answers["weight_lb"], site.answers["city"]) == (151, "Cambria")


@pytest.mark.parametrize("choice", ["mine", "stored"])
def test_who_finishes_later_still_does_after_the_choice_between_two_tabs(site, choice):
    here = site.walker_at("check").open("/form/body")
    there = here.tab()
    here.press(weight_lb="151")
    there.press("later", weight_lb="152").press("language").press(choice)
    assert there.path == "/saved"
    assert site.answers["weight_lb"] == (152 if choice == "mine" else 151)


def with_another_form_begun(site, page):
    """A tab that still shows this page, of a form whose session has ended; and the new form's."""
    left_open = site.walker_at(page)
    site.clock.wait(minutes=31)
    return left_open, left_open.tab().open("/form/welcome").answer_page(PERSON)


def test_what_is_typed_on_a_page_of_an_earlier_form_waits_in_the_new_one(site):
    there, here = with_another_form_begun(site, "contact")
    there.press(city="Cambria")
    assert there.status == 400  # the token of the session that has ended
    assert there.press().path == here.path
    here.walk(PERSON, until="contact")
    assert here.value("city") == "Cambria"
    assert "You have not sent this page yet" in here.text


def test_what_waits_is_not_overwritten_unseen(site):
    there, here = with_another_form_begun(site, "contact")
    there.press(city="Cambria")
    other = there.tab().open("/form/welcome")
    twice = there.filled()
    there.press()
    assert other.send(twice, to="/form/contact").path == here.path  # a double click
    other.send({**twice, "city": "Cayucos"}, to="/form/contact")
    assert other.status == 409
    assert other.press("mine").path == here.path
    here.walk(PERSON, until="contact")
    assert here.value("city") == "Cayucos"


def test_danger_on_a_page_of_an_earlier_form_brings_help_and_an_alert(site):
    there, _ = with_another_form_begun(site, "safety")
    there.press(**as_typed(there.names(), person(violence_now="yes"))).press()
    assert "seen" in there.names()
    (alert,) = site.alerts()
    assert alert.intake_id == max(site.intakes(), key=lambda one: one.created_at).id
    assert there.press("stop").path == "/saved"


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 30, "9" * 5000, "²"])
def test_a_revision_that_is_none_breaks_nothing(site, revision):
    walker = site.walker_at("body").answer_page(person(), revision=revision)
    assert walker.status in (200, 409)


# Sending


def test_sending_twice_is_one_submission_with_one_reference(site):
    walker = site.walker_at("check").press()
    other = walker.tab()
    for sender in (walker, other):
        sender.answer_page(person())
        assert sender.path == "/done"
    (sent,) = site.submissions()
    assert sent.reference in walker.text
    assert sent.reference in other.text
    assert site.actions().count("intake.sent") == 1


def test_many_at_once_are_one_submission(site):
    walker = site.walker_at("check").press()
    cookie = walker.client.get_cookie("session").value
    fields = walker.filled()
    for name, value in as_typed(walker.names(), person()).items():
        fields.setlist(name, [str(value)])

    def send(_: int) -> int:
        client = site.app.test_client()
        client.set_cookie("session", cookie)
        return client.post("/form/sign", data=fields).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(16))) <= {303}
    assert len(site.submissions()) == 1


def test_what_is_sent_cannot_be_changed(site):
    walker = site.walker_at("check")
    before = walker.tab().open("/form/mood")
    walker.walk(person())
    (sent,) = site.submissions()
    assert before.press(phq9_1="0").status == 409
    (after,) = site.submissions()
    assert after.document == sent.document
    assert walker.open("/form/mood").path == "/done"


# A session that ends on the way


def test_what_was_typed_when_the_session_ended_comes_back_with_the_code(site):
    walker = site.walker_at("contact")
    typed = as_typed(walker.names(), person(city="Ávila Beach 🙂", phone="wrong"))
    site.clock.wait(minutes=31)
    walker.press(**typed)
    assert (walker.path, walker.title) == ("/form/contact", "Continue with your code")
    assert "city" not in site.answers
    walker.press(code="0" * 26, **as_typed(walker.names(), {"date_of_birth": BORN}))
    assert list(walker.errors) == ["code"]
    code = site.intake and walker.code
    walker.press(code=code, **as_typed(walker.names(), {"date_of_birth": BORN}))
    assert {name: walker.value(name) for name in typed} == typed
    walker.press(phone="805-555-0142")
    assert walker.path == "/form/visit-needs"
    assert site.answers["city"] == "Ávila Beach 🙂"


def test_ticks_and_rows_come_back_too(site):
    walker = site.walker_at("substances")
    ticked = as_typed(walker.names(), person(substances_12m=["cannabis", "other"]))
    code = walker.code
    site.clock.wait(minutes=31)
    walker.press(**ticked)
    walker.press(code=code, **as_typed(walker.names(), {"date_of_birth": BORN}))
    assert walker.filled().getlist("substances_12m") == ["cannabis", "other"]
    walker.answer_page(person(substances_last_month=["none"]), substances_12m=["cannabis"])
    row = {f"{TRIALS}-0-drug": "sertraline", f"{TRIALS}-0-weeks": "eight"}
    site.clock.wait(minutes=31)
    walker.press("add", **row)
    walker.press(code=code, **as_typed(walker.names(), {"date_of_birth": BORN}))
    assert {name: walker.value(name) for name in row} == row


def test_a_row_that_was_being_changed_comes_back_as_that_row(site):
    walker = site.walker_at("check").open("/form/antidepressant-trials?row=1")
    site.clock.wait(minutes=31)
    walker.press(**{f"{TRIALS}-1-weeks": "9"})
    walker.press(code=walker.code, **as_typed(walker.names(), {"date_of_birth": BORN}))
    assert walker.value(f"{TRIALS}-1-drug") == "Wellbutrin XL"
    assert walker.value(f"{TRIALS}-1-weeks") == "9"
    walker.press()
    assert [row["weeks"] for row in site.answers[TRIALS]] == [10, 9]


def test_what_was_typed_stays_though_the_code_takes_long_to_find(site):
    walker = site.walker_at("contact")
    site.clock.wait(minutes=31)
    walker.press(city="Cambria")
    site.clock.wait(minutes=31)
    walker.press(code=walker.code)
    assert walker.title == "Continue with your code"
    walker.press(code=walker.code, **as_typed(walker.names(), {"date_of_birth": BORN}))
    assert walker.value("city") == "Cambria"


def test_a_token_that_does_not_hold_keeps_what_was_typed(site):
    walker = site.walker_at("contact")
    typed = as_typed(walker.names(), person())
    walker.press(**typed | {"csrf_token": "made-up"})
    assert walker.status == 400
    assert {name: walker.value(name) for name in typed} == typed
    assert "email" not in site.answers
    assert walker.press().path == "/form/visit-needs"


def test_a_row_survives_a_token_that_does_not_hold(site):
    walker = site.walker_at("check").open("/form/antidepressant-trials?row=0")
    walker.press(**{f"{TRIALS}-0-weeks": "9", "csrf_token": "made-up"})
    assert walker.status == 400
    assert walker.value(f"{TRIALS}-0-weeks") == "9"
    walker.press()
    assert [row["weeks"] for row in site.answers[TRIALS]] == [9, 8]


def test_who_reads_the_first_page_for_long_can_still_start(site):
    walker = site.walker()
    site.clock.wait(minutes=45)
    walker.press()
    assert walker.path in ("/", "/about")
    walker.walk(person(), until="welcome")
    typed = as_typed(walker.names(), person())
    site.clock.wait(minutes=45)
    walker.press(**typed)
    assert {name: walker.value(name) for name in typed} == typed
    assert walker.press().path == "/form/understanding"


# Storage that fails


def test_a_page_that_cannot_even_be_drawn_keeps_what_was_typed(site, monkeypatch):
    walker = site.walker_at("contact")
    typed = as_typed(walker.names(), person())
    with monkeypatch.context() as patch:
        patch.setattr(site.office.database, "read", failing_read)
        walker.press("later", **typed)
    assert walker.status == 503
    assert {name: walker.value(name) for name in typed} == typed
    assert walker.value("action") == "later"
    retried = walker.client.post("/form/contact", data=walker.filled())
    assert retried.location == "/saved"
    assert site.answers["email"] == PERSON["email"]


def failing_read():
    raise DatabaseUnavailableError("away")


@only_sqlite  # the fault is planted where SQLite alone writes
def test_a_save_that_fails_says_so_and_keeps_what_was_typed(site):
    walker = site.walker_at("contact")
    typed = as_typed(walker.names(), person())
    before = site.saves()
    with failing_commits(site):
        walker.press(**typed)
    assert walker.status == 503
    assert walker.answer.headers["Retry-After"]
    assert "988" in walker.soup.get_text()
    assert {name: walker.value(name) for name in typed} == typed
    assert site.saves() == before
    assert walker.press().path == "/form/visit-needs"


class failing_commits:  # noqa: N801 - read as a phrase
    """The disk is full, whatever is written."""

    def __init__(self, site):
        self.engine = site.office.database._writer

    def __enter__(self):
        event.listen(self.engine, "commit", self.fail)

    def __exit__(self, *_):
        event.remove(self.engine, "commit", self.fail)

    def fail(self, _conn):
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))
