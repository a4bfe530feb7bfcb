"""A browser's requests over a socket, in the shape of Flask's test client, for `Walker`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPMessage
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

from werkzeug.datastructures import MultiDict

FORM = "application/x-www-form-urlencoded"
SECONDS = 30


@dataclass
class Answer:
    request: SimpleNamespace  # path, full_path
    status_code: int
    headers: HTTPMessage
    text: str = field(repr=False)
    history: tuple["Answer", ...] = ()


class Wire:
    """Keeps cookies; `sent` and `received` hold every address and every Set-Cookie line."""

    def __init__(self, port: int):
        self.port = port
        self.cookies: dict[str, str] = {}
        self.sent: list[str] = []
        self.received: list[str] = []

    def get(self, address: str, **how: Any) -> Answer:
        return self._ask("GET", address, None, **how)

    def post(self, address: str, *, data: MultiDict[str, str], **how: Any) -> Answer:
        return self._ask("POST", address, urlencode(list(data.items(multi=True))), **how)

    def _ask(
        self,
        method: str,
        address: str,
        body: str | None,
        *,
        follow_redirects: bool = False,
        headers: Mapping[str, str] | None = None,
        environ_base: object = None,
    ) -> Answer:
        answer = self._once(method, address, body, headers or {})
        history: tuple[Answer, ...] = ()
        while follow_redirects and answer.status_code in (302, 303):
            history += (answer,)
            answer = self._once("GET", answer.headers["Location"], None, headers or {})
        answer.history = history
        return answer

    def _once(
        self, method: str, address: str, body: str | None, headers: Mapping[str, str]
    ) -> Answer:
        self.sent.append(address)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            sent = {**headers, "Cookie": cookies, "Content-Type": FORM}
            connection.request(method, address, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8")
        finally:
            connection.close()
        self._keep_cookies(answer.headers)
        request = SimpleNamespace(path=urlsplit(address).path, full_path=address)
        return Answer(request, answer.status, answer.headers, text)

    def _keep_cookies(self, headers: HTTPMessage) -> None:
        for line in headers.get_all("Set-Cookie") or []:
            self.received.append(line)
            for name, cookie in SimpleCookie(line).items():
                if cookie["max-age"] == "0" or not cookie.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = cookie.value
