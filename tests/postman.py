"""A mail server on this machine that keeps what it is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from time import monotonic
from typing import Any, cast

from aiosmtpd.controller import Controller

from .server import free_port

REFUSED = "nobody@refused.example.org"


@dataclass
class Postman:
    """`taken`: the letters as they arrived. `said`: how each sender greeted.

    While `down` it refuses everything; it never takes mail for REFUSED.
    """

    taken: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    readers: list[list[str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)  # by the monotonic clock
    down: bool = False
    url: str = ""

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address == REFUSED:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.down:
            return "451 not now"
        self.at.append(monotonic())
        self.said.append(session.host_name)
        self.raw.append(envelope.content)
        self.readers.append(list(envelope.rcpt_tos))
        found = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.append(cast(EmailMessage, found))
        return "250 OK"


@contextmanager
def post_office() -> Iterator[Postman]:
    """A running mail server and its address."""
    postman = Postman()
    port = free_port()
    controller = Controller(postman, hostname="127.0.0.1", port=port)
    controller.start()
    postman.url = f"smtp://127.0.0.1:{port}"
    try:
        yield postman
    finally:
        controller.stop()
