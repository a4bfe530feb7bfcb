"""Eight browsers at once against the real server: how long a save takes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median, quantiles

from tests.server import Server
from tests.site import Site

from .measure import Row
from .people import FORM, PAGES, at_the_check, encoded, filled, installation

CLIENTS = 8
SECONDS = 5.0  # of asking
WARM_UP = 1.0  # seconds


@dataclass
class Browser:
    """Somebody who has answered every page, and what their forms send."""

    cookie: str
    bodies: dict[str, bytes]

    def save(self, connection: HTTPConnection, page: str) -> float:
        """Milliseconds until the whole answer is here."""
        headers = {"Cookie": f"session={self.cookie}", "Content-Type": FORM}
        start = time.perf_counter()
        connection.request("POST", f"/form/{page}", self.bodies[page], headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303, answer.status
        return (time.perf_counter() - start) * 1000


def measure_saves() -> list[Row]:
    with served() as (server, browsers):
        took = asked(server, browsers)
    last = percentile(took, 99)
    return [Row("2", "99th save of 100, 8 clients", last, median(took), "their median", most=3)]


@contextmanager
def served() -> Iterator[tuple[Server, list[Browser]]]:
    """gunicorn as `./run` starts it, and the browsers."""
    with installation() as site:
        browsers = [browser(site) for _ in range(CLIENTS)]
        server = Server(site.app.extensions["settings"].instance)
        server.environment.pop("SCREENING_WEB_WORKERS")
        server.start()
        try:
            yield server, browsers
        finally:
            server.stop()


def browser(site: Site) -> Browser:
    walker = at_the_check(site)
    bodies = {}
    for page in PAGES:
        fields = filled(walker, page)
        fields.poplist("revision")  # known when the page is shown, and each is shown once here
        bodies[page] = encoded(fields)
    cookie = walker.client.get_cookie("session")
    assert cookie is not None
    return Browser(cookie.value, bodies)


def asked(server: Server, browsers: list[Browser]) -> list[float]:
    """Milliseconds of every answer, all browsers asking at once for SECONDS."""
    took: list[float] = []
    started = time.monotonic()

    def keep_asking(who: Browser) -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
        while time.monotonic() < started + WARM_UP + SECONDS:
            for page in PAGES:
                spent = who.save(connection, page)
                if time.monotonic() > started + WARM_UP:
                    took.append(spent)
        connection.close()

    at_once([lambda who=who: keep_asking(who) for who in browsers])
    return took


def at_once(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def percentile(values: list[float], part: int) -> float:
    return quantiles(values, n=100)[part - 1]
