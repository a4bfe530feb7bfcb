"""The way back by e-mail: what is promised, what is mailed, and what link and number open."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from screening import mail
from screening.storage.vault import normal_code
from screening.workflows import intake as intake_flow
from screening.workflows.office import Post
from tests.builders import person
from tests.postman import REFUSED, Postman, post_office
from tests.site import Site
from tests.walker import Walker, as_typed

PERSON = person()
BORN = PERSON["date_of_birth"]
TO = "quinn@example.org"
START = "https://intake.example.org"
# What an e-mail must not hint at: the field, the clinic, anything of health.
TELLING = re.compile(
    r"ketami|ketamin|willow|clinic|clínic|health|salud|depress|depres|mental|medic|médic|doctor"
    r"|patient|pacient|treat|tratam|question|cuestion|answer|respuest|screen|suicid",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def running() -> Iterator[Postman]:
    with post_office() as found:
        yield found


@pytest.fixture
def postman(running: Postman, site: Site) -> Postman:
    """The clinic's mail server, empty."""
    running.__init__(url=running.url)  # type: ignore[misc]
    post = Post(mail.read_url(running.url), "intake@example.org", (), f"{START}/staff", START)
    object.__setattr__(site.office, "post", post)
    return running


def deliver(site: Site) -> None:
    site.app.extensions["queue"].run_waiting()


def ask(site: Site, walker: Walker, to: str = TO) -> Walker:
    """From the page of parts; and have it mailed."""
    walker.open("/tasks").press("mail", email=to)
    deliver(site)
    return walker


def link_in(postman: Postman) -> str:
    """The path of the link that was mailed last."""
    found = re.search(rf"{START}(/back/\w+)", postman.taken[-1].get_content())
    assert found
    return found[1]


def number_in(postman: Postman) -> str:
    found = re.search(r"\d{4} \d{4}", postman.taken[-1].get_content())
    assert found
    return found[0]


def a_link(site: Site, postman: Postman, until: str = "about-you", **changes: str) -> str:
    """The path of a link to a form that was begun."""
    walker = site.walker_at(until, **changes)
    ask(site, walker)
    return link_in(postman)


def a_number(site: Site, postman: Postman, path: str, **who: str) -> Walker:
    """Somebody at the page that asks for the number, which is mailed."""
    walker = site.walker(**who).open(path).press("number")
    deliver(site)
    return walker


def enter(walker: Walker, number: str, born: str = BORN) -> Walker:
    return walker.press(number=number, **as_typed(walker.names(), {"date_of_birth": born}))


# Asking for a link


def test_without_a_mail_server_nothing_is_promised(site):
    walker = site.walker().walk(PERSON, until="date-of-birth").answer_page(PERSON)
    assert walker.title == "Your code"
    for address in (None, "/tasks", "/resume", f"/back/{'0' * 26}"):
        words = (walker.open(address) if address else walker).soup.get_text()
        assert not re.search("e-?mail", words.replace("email address", ""), re.IGNORECASE), address
    assert not walker.soup.find("button", attrs={"value": "number"})


def test_the_page_of_the_code_offers_a_link_and_keeps_the_code(site, postman):
    walker = site.walker().walk(PERSON, until="date-of-birth").answer_page(PERSON)
    code = walker.code
    walker.press("mail", email=f" {TO} ")
    assert (walker.title, walker.code) == ("Your code", code)
    assert f"We will send a link to {TO} within a few minutes" in walker.text
    assert postman.taken == [], "only the worker speaks to the mail server"
    deliver(site)
    assert postman.readers == [[TO]]
    walker.press("mail", email="quinn at example.org")
    assert walker.code == code
    assert list(walker.errors) == ["email"]
    assert walker.value("email") == "quinn at example.org"
    assert walker.press().path == "/form/about-you"


def test_the_page_of_parts_offers_it_to_the_address_that_is_known(site, postman):
    walker = site.walker_at("reason").open("/tasks")
    assert walker.value("email") == PERSON["email"]
    walker.press("mail", email=TO)
    assert walker.path == "/tasks"
    assert f"We will send a link to {TO}" in walker.text
    deliver(site)
    site.clock.wait(minutes=1)
    assert f"We sent a link to {TO} on November 23, 2026 at 12:00 PM" in walker.open("/tasks").text
    assert walker.value("email") == TO
    assert site.answers["email"] == PERSON["email"]


def test_a_wrong_address_is_named_and_kept(site, postman):
    walker = site.walker_at("reason").open("/tasks")
    for typed in ("quinn", ""):
        walker.press("mail", email=typed)
        assert list(walker.errors) == ["email"]
        assert walker.value("email") == typed
    deliver(site)
    assert postman.taken == []


def test_mail_that_does_not_leave_is_told(site, postman):
    walker = ask(site, site.walker_at("about-you"), REFUSED)
    site.clock.wait(minutes=11)
    assert f"We could not send the link to {REFUSED}" in walker.open("/tasks").text
    ask(site, walker)
    assert postman.readers == [[TO]]


def test_three_links_a_day(site, postman):
    walker = site.walker_at("about-you")
    for _ in range(3):
        ask(site, walker)
    ask(site, walker)
    assert walker.errors == {"email": walker.errors["email"]}
    assert "tomorrow" in walker.errors["email"]
    assert len(postman.taken) == 3
    code = walker.open("/tasks").press("code").code
    site.clock.wait(days=1, minutes=1)
    walker.resume(code, BORN)
    ask(site, walker)
    assert len(postman.taken) == 4


def test_a_link_is_mailed_once_whatever_the_queue_does(site, postman):
    a_link(site, postman)
    queue = site.app.extensions["queue"]
    with site.office.database.read() as conn:
        (link_id,) = conn.exec_driver_sql("SELECT id FROM links").scalars()
    queue.enqueue("mail-link", link_id)
    queue.enqueue("mail-link", "gone")
    queue.enqueue("mail-number", "gone")
    deliver(site)
    assert len(postman.taken) == 1


# What the e-mails say


@pytest.mark.parametrize(
    ("language", "subjects", "date"),
    [
        ("en", ["Your link", "Your number"], "December 23, 2026"),
        ("es", ["Su enlace", "Su número"], "23 de diciembre de 2026"),
    ],
)
def test_the_letters_tell_nobody_what_they_are_about(site, postman, language, subjects, date):
    path = a_link(site, postman, language=language)
    a_number(site, postman, path)
    link, number = postman.taken
    assert [link["Subject"], number["Subject"]] == subjects
    assert link["From"] == number["From"] == "intake@example.org"
    assert re.fullmatch(
        rf"\s*[^\n]+:\n\n{START}{path}\n\n[^\n]* {date}\.\n\n[^\n]+\.\s*", text(link)
    )
    assert "15 minut" in text(number)
    for letter in (link, number):
        whole = f"{letter['Subject']} {text(letter)} {letter['From']}"
        assert not TELLING.search(whole.replace(START, "")), whole
        assert PERSON["first_name"] not in whole


def text(letter) -> str:
    return letter.get_content().replace("\r\n", "\n")


# What the link opens


def test_the_link_and_the_number_open_the_form(site, postman):
    path = a_link(site, postman, until="reason", language="es")
    walker = a_number(site, postman, path)
    assert walker.path == f"{path}/number"
    before = walker.client.get_cookie("session").value
    enter(walker, number_in(postman))
    assert walker.path == "/tasks"
    assert walker.soup.html["lang"] == "es"
    assert walker.open("/form/contact").value("city") == PERSON["city"]
    assert walker.client.get_cookie("session").value != before
    assert "link.used" in site.actions()


def test_the_link_leads_to_the_code_as_well(site, postman):
    path = a_link(site, postman)
    code = intake_flow.new_code_for(site.office, site.intake.id)
    walker = site.walker().open(path)
    born = as_typed(walker.names(), {"date_of_birth": BORN})
    walker.press("language", code=code, **born).press(code=code[:-1], **born)
    assert list(walker.errors) == ["code"]
    assert walker.press(code=code).path == "/tasks"


def test_the_link_alone_opens_nothing(site, postman):
    path = a_link(site, postman)
    walker = site.walker().open(path)
    assert walker.open("/form/contact").path == "/"
    assert len(postman.taken) == 1, "to look is not to ask"
    enter(walker.open(f"{path}/number"), "")
    assert list(walker.errors) == ["number"]
    assert walker.open("/form/contact").path == "/"


def test_a_link_that_leads_nowhere_looks_the_same(site, postman):
    known, unknown = a_link(site, postman), f"/back/{'7' * 26}"
    pages = []
    for path in (known, unknown):
        walker = site.walker().open(path)
        shown = [anonymous(walker)]
        shown.append(anonymous(walker.press("number")))
        assert walker.path == f"{path}/number"
        shown.append(anonymous(enter(walker, "1234 5678")))
        shown.append(anonymous(walker.press("language")))
        pages.append([page.replace(path, "") for page in shown])
    assert pages[0] == pages[1]
    deliver(site)
    assert len(postman.taken) == 2


def anonymous(walker: Walker) -> str:
    said = re.sub(r'name="csrf_token" value="[^"]+"', "", walker.answer.text)
    return f"{walker.status} {said}"


@pytest.mark.parametrize("cut", [1, 20])
def test_a_link_that_is_not_whole_asks_for_the_code(site, postman, cut):
    path = a_link(site, postman)
    for address in (path[:-cut], f"{path}x", f"{path[:-cut]}/number", f"{path[:-1]}%C3%A9"):
        assert site.walker().open(address).path == "/resume"


# The number


def test_a_number_works_once(site, postman):
    path = a_link(site, postman)
    number = ""
    for _ in range(2):
        walker = a_number(site, postman, path)
        number = number_in(postman)
        assert enter(walker, number.replace(" ", "")).path == "/tasks"
    assert enter(site.walker().open(f"{path}/number"), number).errors


def test_a_number_works_for_fifteen_minutes(site, postman):
    path = a_link(site, postman)
    walker = a_number(site, postman, path)
    site.clock.wait(minutes=16)
    assert enter(walker, number_in(postman)).errors
    walker = a_number(site, postman, path)
    site.clock.wait(minutes=14)
    assert enter(walker, number_in(postman)).path == "/tasks"


def test_only_the_newest_number_works(site, postman):
    path = a_link(site, postman)
    walker = a_number(site, postman, path)
    first = number_in(postman)
    walker.press("number")
    deliver(site)
    assert enter(walker, first).errors
    assert enter(walker, number_in(postman)).path == "/tasks"


def test_a_number_is_dead_after_five_tries(site, postman):
    path = a_link(site, postman)
    walker = a_number(site, postman, path)
    for _ in range(4):
        assert enter(walker, "0000 0000").errors
    assert enter(walker, number_in(postman), "1950-01-01").errors
    assert enter(walker, number_in(postman)).errors
    walker = a_number(site, postman, path, address="127.0.0.7")
    assert enter(walker, number_in(postman)).path == "/tasks"


def test_wrong_numbers_are_counted_with_wrong_codes(site, postman):
    path = a_link(site, postman)
    guesser = site.walker(address="127.0.0.9")
    for _ in range(5):
        guesser.resume("0" * 26, BORN)
    guesser.open(f"{path}/number")
    for _ in range(5):
        assert enter(guesser, "0000 0000").status == 200
    assert enter(guesser, "0000 0000").status == 429


def test_five_numbers_a_day(site, postman):
    path = a_link(site, postman)
    for _ in range(6):
        walker = a_number(site, postman, path)
    assert len(postman.taken) == 1 + 5
    assert enter(walker, number_in(postman)).path == "/tasks"


def test_the_number_of_one_form_opens_no_other(site, postman):
    one = a_link(site, postman)
    other = a_link(site, postman)
    a_number(site, postman, one)
    assert enter(site.walker().open(f"{other}/number"), number_in(postman)).errors


def test_a_wrong_date_of_birth_opens_nothing(site, postman):
    path = a_link(site, postman)
    walker = a_number(site, postman, path)
    assert enter(walker, number_in(postman), "1950-01-01").errors
    assert "link.refused" in site.actions()


def test_whoever_does_not_know_the_date_of_birth_is_soon_out(site, postman):
    path = a_link(site, postman)
    for day in (1, 2, 3, 4, 5):
        walker = a_number(site, postman, path)
        assert enter(walker, number_in(postman), f"1950-01-0{day}").errors
    site.clock.wait(days=1, minutes=1)
    a_number(site, postman, path)
    assert len(postman.taken) == 1 + 5


def test_a_page_that_was_open_for_long_comes_again(site, postman):
    path = a_link(site, postman)
    walker = a_number(site, postman, path)
    site.clock.wait(minutes=40)
    enter(walker, "1234 5678")
    assert walker.status == 400
    assert walker.title == "Enter the number from your email"
    walker.press("number")
    deliver(site)
    assert enter(walker, number_in(postman)).path == "/tasks"


# How a link ends


def test_a_new_link_ends_the_one_before(site, postman):
    first = a_link(site, postman)
    a_number(site, postman, first)
    number = number_in(postman)
    code = intake_flow.new_code_for(site.office, site.intake.id)
    ask(site, site.walker().resume(code, BORN))
    second = link_in(postman)
    assert second != first
    assert enter(site.walker().open(f"{first}/number"), number).errors
    assert enter(site.walker().open(f"{second}/number"), number).errors
    taken = len(postman.taken)
    a_number(site, postman, first)
    assert len(postman.taken) == taken


def test_a_link_works_until_the_day_that_the_letter_names(site, postman):
    path = a_link(site, postman)
    site.clock.wait(days=29)
    walker = a_number(site, postman, path)
    assert enter(walker, number_in(postman)).path == "/tasks"
    site.clock.wait(days=2)
    taken = len(postman.taken)
    a_number(site, postman, path)
    assert len(postman.taken) == taken


def test_old_links_are_deleted_with_their_addresses(site, postman):
    a_link(site, postman)
    site.clock.wait(days=31)
    site.app.extensions["queue"].periodic[2][2](site.office)
    with site.office.database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM links").scalar() == 0


def test_a_link_ends_with_its_form(site, postman):
    walker = site.walker().walk(PERSON, until="date-of-birth").answer_page(PERSON)
    walker.press("mail", email=TO)
    deliver(site)
    path = link_in(postman)
    walker.open("/form/date-of-birth").answer_page({"date_of_birth": "2015-01-01"})
    assert site.intakes() == []
    a_number(site, postman, path)
    assert len(postman.taken) == 1


def test_after_sending_the_link_leads_where_the_code_leads(site, postman):
    walker = site.walker_at("sign")
    ask(site, walker).open("/check").walk(PERSON)
    (sent,) = site.submissions()
    walker = a_number(site, postman, link_in(postman))
    enter(walker, number_in(postman))
    assert walker.path == "/status"
    assert sent.reference in walker.text
    assert walker.open("/form/contact").path != "/form/contact"


# What is kept nowhere


def test_handle_and_number_are_in_no_log_and_no_file(site, settings, postman, capfd):
    path = a_link(site, postman)
    walker = a_number(site, postman, path)
    number = number_in(postman)
    enter(walker, "0000 0000")
    enter(walker, number)
    handle = path.rpartition("/")[2]
    kept = [file.read_bytes() for file in files(settings.instance)]
    logged = "".join(capfd.readouterr())
    assert "/back/<handle>/number" in logged
    kept.append(logged.encode())
    for secret in (handle, number, number.replace(" ", ""), TO):
        assert not [found for found in kept if secret.encode().lower() in found.lower()], secret


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_email_never_holds_the_code(site, postman):
    walker = site.walker().walk(PERSON, until="date-of-birth").answer_page(PERSON)
    walker.press("mail", email=TO)
    deliver(site)
    code = normal_code(walker.code)
    assert len(code) == 26
    a_number(site, postman, link_in(postman))
    assert not [raw for raw in postman.raw if code in normal_code_everywhere(raw)]


def normal_code_everywhere(raw: bytes) -> str:
    return "".join(letter for letter in raw.decode().upper() if letter.isalnum())


# The pages that had no language switch


@pytest.mark.parametrize("leaving", [False, True])
def test_the_page_of_the_code_in_the_other_language(site, leaving):
    walker = site.walker().walk(PERSON, until="date-of-birth")
    walker.press("later" if leaving else "continue", **as_typed(walker.names(), PERSON))
    code = walker.code
    walker.press("language")
    assert walker.soup.html["lang"] == "es"
    assert (walker.title, walker.code) == ("Su código", code)
    assert site.answers["language"] == "es"
    assert "ya no sirve" not in walker.text
    walker.press("stop" if leaving else "continue")
    assert walker.path == ("/saved" if leaving else "/form/about-you")
    assert site.walker().resume(code, BORN).path == "/tasks"


def test_a_new_code_stays_new_in_the_other_language(site):
    walker = site.walker_at("reason").open("/tasks").press("code")
    code = walker.code
    walker.press("language").press("language")
    assert walker.code == code
    assert "no longer works" in walker.text
    assert walker.press().path == "/form/reason"


def test_a_code_that_was_replaced_since_is_not_shown_again(site):
    walker = site.walker_at("reason").open("/tasks").press("code")
    intake_flow.new_code_for(site.office, site.intake.id)
    assert walker.press("language").path == "/tasks"
    assert not walker.soup.find(class_="code__value")


def test_the_code_does_not_outlive_the_session_in_the_page(site):
    walker = site.walker().walk(PERSON, until="date-of-birth").answer_page(PERSON)
    code = walker.code
    site.clock.wait(minutes=31)
    walker.press("language")
    assert walker.title == "Continue with your code"
    assert normal_code(code) not in normal_code_everywhere(walker.answer.data)


def test_the_choice_between_two_tabs_in_the_other_language(site):
    here = site.walker_at("check").open("/form/body")
    there = here.tab()
    here.press(weight_lb="151")
    there.press(weight_lb="152").press("language")
    assert there.status == 409
    assert there.soup.html["lang"] == "es"
    assert there.title == "Esta página se cambió en otro lugar"
    assert {" 151 ", " 152 "} <= {words for words in (" 151 ", " 152 ") if words in there.text}
    assert site.answers["weight_lb"] == 151
    there.press("language").press("mine")
    assert site.answers["weight_lb"] == 152
