"""E-mail, handed to the clinic's mail server by the standard library. It carries no health data."""

import smtplib
import ssl
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

HERE = frozenset({"127.0.0.1", "::1", "localhost"})
SECONDS = 8.0  # for each answer of the mail server
PORTS = {"smtp": 587, "smtps": 465}


class MailError(Exception):
    """The mail server did not take it. The message is safe to log: no address, no password."""


@dataclass(frozen=True)
class Smtp:
    """A mail server. `tls`: "whole" from the first byte, "starttls" before anything else, "none"
    on this machine only."""

    host: str
    port: int
    tls: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Letter:
    """Plain text to one or more people. Each of them sees the addresses of all."""

    to: tuple[str, ...] = field(repr=False)
    subject: str
    text: str = field(repr=False)


def read_url(url: str) -> Smtp:
    """`smtp://user:password@host:587` (TLS by STARTTLS, except on this machine) or `smtps://`.

    Raises ValueError with one plain line that holds nothing of the address.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in PORTS or not host or parts.path not in ("", "/"):
        raise ValueError("must look like smtp://user:password@mail.example.org:587 or smtps://...")
    here = scheme == "smtp" and host in HERE
    return Smtp(
        host=host,
        port=port or PORTS[scheme],
        tls="whole" if scheme == "smtps" else "none" if here else "starttls",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def send(smtp: Smtp, letter: Letter, *, from_: str, now: datetime) -> int:
    """Hand a letter to the mail server; how many of its readers the server refused.

    Raises MailError when it took it for nobody, or a line of it cannot be written. `now` is aware.
    """
    try:
        message = _message(letter, from_, now)
        # By default the greeting tells the name of this machine; the sender's domain says enough.
        with _connected(smtp, _domain(from_)) as connection:
            if smtp.user:
                connection.login(smtp.user, smtp.password)
            refused = connection.send_message(message, from_addr=from_, to_addrs=letter.to)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise MailError(type(error).__name__) from None
    return len(refused)


def reach(smtp: Smtp, *, from_: str) -> None:
    """Say hello and sign in, sending nothing. Raises MailError."""
    try:
        with _connected(smtp, _domain(from_)) as connection:
            if smtp.user:
                connection.login(smtp.user, smtp.password)
            connection.noop()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise MailError(type(error).__name__) from None


def _connected(smtp: Smtp, greeting: str) -> smtplib.SMTP:
    secure = ssl.create_default_context()
    if smtp.tls == "whole":
        return smtplib.SMTP_SSL(
            smtp.host, smtp.port, local_hostname=greeting, timeout=SECONDS, context=secure
        )
    connection = smtplib.SMTP(smtp.host, smtp.port, local_hostname=greeting, timeout=SECONDS)
    if smtp.tls == "starttls":
        try:
            connection.starttls(context=secure)
        except BaseException:
            connection.close()
            raise
    return connection


def _message(letter: Letter, from_: str, now: datetime) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = from_
    message["To"] = ", ".join(letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{uuid.uuid4().hex}@{_domain(from_)}>"
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers (RFC 3834)
    message.set_content(letter.text)
    return message


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
