"""E-mail is handed over with TLS, or not at all, and a failure tells nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from screening import mail
from screening.mail import Letter, MailError, Smtp
from tests.postman import REFUSED, Postman, post_office

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LETTER = Letter(("a@example.org", "b@example.org"), "An urgent answer is waiting", "Ñandú.\n")


@pytest.fixture(scope="module")
def postman() -> Iterator[Postman]:
    with post_office() as found:
        yield found


@pytest.fixture(autouse=True)
def empty(postman: Postman) -> None:
    for kept in (postman.taken, postman.raw, postman.readers):
        kept.clear()


def send(smtp: Smtp, letter: Letter = LETTER) -> int:
    return mail.send(smtp, letter, from_="intake@willow.example.org", now=NOW)


def test_a_letter_arrives_as_it_was_written(postman: Postman) -> None:
    assert send(mail.read_url(postman.url)) == 0
    (found,) = postman.taken
    assert found["To"] == "a@example.org, b@example.org"
    assert found["Date"] == "Mon, 23 Nov 2026 09:30:00 +0000"
    assert found.get_content().strip() == "Ñandú."


@pytest.mark.parametrize(
    ("url", "tls", "port"),
    [
        ("smtp://mail.example.org", "starttls", 587),
        ("smtp://a:b@mail.example.org:2525", "starttls", 2525),
        ("smtps://mail.example.org", "whole", 465),
        ("smtp://localhost:25", "none", 25),
        ("smtps://localhost", "whole", 465),
    ],
)
def test_only_to_this_machine_it_goes_without_tls(url: str, tls: str, port: int) -> None:
    assert (mail.read_url(url).tls, mail.read_url(url).port) == (tls, port)


@pytest.mark.parametrize("tls", ["starttls", "whole"])
def test_a_server_that_cannot_do_tls_is_given_nothing(postman: Postman, tls: str) -> None:
    here = mail.read_url(postman.url)
    with pytest.raises(MailError):
        send(Smtp(here.host, here.port, tls))
    assert postman.raw == []


def test_a_password_that_is_not_taken_is_in_no_message(postman: Postman) -> None:
    here = mail.read_url(postman.url)
    with pytest.raises(MailError) as refused:
        send(Smtp(here.host, here.port, "none", user="me", password="hush hush"))
    assert "hush" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_whom_the_server_refuses_is_counted(postman: Postman) -> None:
    some = Letter((REFUSED, "a@example.org"), "x", "x")
    assert send(mail.read_url(postman.url), some) == 1
    with pytest.raises(MailError):
        send(mail.read_url(postman.url), Letter((REFUSED,), "x", "x"))


def test_a_line_end_in_a_subject_makes_no_header(postman: Postman) -> None:
    with pytest.raises(MailError):
        send(mail.read_url(postman.url), Letter(("a@example.org",), "x\r\nBcc: c@example.org", "x"))
    assert postman.raw == []
