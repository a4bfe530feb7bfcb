"""Eight browsers at once against the real server: how long a save takes, and a page beside PDFs."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import cycle
from statistics import median, quantiles

from screening.outputs.renderer_client import Renderer
from tests.outputs.patients import TWO_DOZEN, one_of_two_dozen
from tests.server import Server
from tests.site import Site

from .measure import Row
from .pdf import tuned
from .people import FORM, PAGES, at_the_check, encoded, filled, installation

CLIENTS = 8
SECONDS = 5.0  # of asking
WARM_UP = 1.0  # seconds
READERS = 16
ROUNDS = 3
PAUSE = 0.5  # seconds between two pages, while PDFs are made


@dataclass
class Browser:
    """Somebody who has answered every page, and what their forms send."""

    cookie: str
    bodies: dict[str, bytes]

    def ask(self, connection: HTTPConnection, page: str, *, saves: bool) -> float:
        """Milliseconds until the whole answer is here."""
        headers = {"Cookie": f"session={self.cookie}", "Content-Type": FORM}
        method, body, status = ("POST", self.bodies[page], 303) if saves else ("GET", None, 200)
        start = time.perf_counter()
        connection.request(method, f"/form/{page}", body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status, answer.status
        return (time.perf_counter() - start) * 1000


def measure_saves() -> list[Row]:
    with served() as (server, browsers):
        took = asked(server, browsers, saves=True)
    last = percentile(took, 99)
    return [Row("2", "99th save of 100, 8 clients", last, median(took), "their median", most=3)]


def measure_beside_pdfs() -> list[Row]:
    """Sixteen people on the form, each reading a page a moment, with and without a renderer."""
    with served(READERS) as (server, browsers):
        asked(server, browsers, saves=False, pause=PAUSE)  # warm
        alone, beside = [], []
        for _ in range(ROUNDS):
            alone += asked(server, browsers, saves=False, pause=PAUSE)
            with making_pdfs():
                beside += asked(server, browsers, saves=False, pause=PAUSE)
    name = "with none being made"
    return [
        Row("5", "page beside PDFs, median", median(beside), median(alone), name, most=1.1),
        Row("5", "page beside PDFs, 95th of 100", *(percentile(t, 95) for t in (beside, alone)),
            name, most=1.1),
    ]  # fmt: skip


@contextmanager
def served(count: int = CLIENTS) -> Iterator[tuple[Server, list[Browser]]]:
    """gunicorn as `./run` starts it, and the browsers."""
    with installation() as site:
        browsers = [browser(site) for _ in range(count)]
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


def asked(
    server: Server, browsers: list[Browser], *, saves: bool, pause: float = 0.0
) -> list[float]:
    """Milliseconds of every answer, all browsers asking at once for SECONDS."""
    took: list[float] = []
    started = time.monotonic()

    def keep_asking(who: Browser) -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
        while time.monotonic() < started + WARM_UP + SECONDS:
            for page in PAGES:
                spent = who.ask(connection, page, saves=saves)
                if time.monotonic() > started + WARM_UP:
                    took.append(spent)
                time.sleep(pause)
        connection.close()

    at_once([lambda who=who: keep_asking(who) for who in browsers])
    return took


def at_once(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def making_pdfs() -> Iterator[None]:
    """A renderer that draws the summaries of two dozen patients, over and over."""
    renderer, over = Renderer(), threading.Event()
    pages = [tuned(one_of_two_dozen(name)) for name in TWO_DOZEN]
    renderer.render(pages[0], "letter")

    def draw() -> None:
        for page in cycle(pages):
            if over.is_set():
                break
            renderer.render(page, "letter")

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        renderer.stop()


def percentile(values: list[float], part: int) -> float:
    return quantiles(values, n=100)[part - 1]
