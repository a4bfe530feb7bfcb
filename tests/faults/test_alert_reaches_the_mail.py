"""From the risk answer to the alert on the staff's page, and to the mail server.

The real server, the real worker and a mail server of their own.
"""

import shutil
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from screening import create_app
from screening.settings import Settings
from screening.workflows import intake as intake_flow
from tests.builders import example
from tests.postman import Postman, post_office
from tests.server import Server, await_true
from tests.site import Clock, Site
from tests.walker import Walker
from tests.wire import Wire

pytestmark = pytest.mark.slow

PLAN = example("urgent-suicide-plan")["answers"]
TIMES = 5
AT_MOST = 60.0  # seconds


@pytest.fixture
def postman() -> Iterator[Postman]:
    with post_office() as found:
        yield found


@pytest.fixture
def server(made_installation: Path, tmp_path: Path, postman: Postman) -> Iterator[Server]:
    shutil.copytree(made_installation, tmp_path / "instance")
    running = Server(tmp_path / "instance")
    running.environment["SCREENING_SMTP_URL"] = postman.url
    running.start()
    running.start_worker()
    await_true(lambda: "worker ready" in running.log.read_text("utf-8"))
    yield running
    running.stop()


def test_an_urgent_answer_is_at_the_mail_server_within_a_minute(
    server: Server, postman: Postman, record_property
) -> None:
    app = create_app(Settings(instance=server.instance, testing=True))
    store = Site(app, Clock(app.extensions["office"], datetime.now(UTC)))
    took = [answer_to_mail(server, store, postman, number) for number in range(TIMES)]
    app.extensions["office"].database.close()
    median = statistics.median(took)
    record_property("seconds", median)
    print(f"risk answer to mail server: median {median:.2f} s, longest {max(took):.2f} s")
    assert max(took) < AT_MOST


def answer_to_mail(server: Server, store: Site, postman: Postman, number: int) -> float:
    """Seconds from the moment the answer is sent until the mail server has the letter."""
    intake_id = store.start(PLAN, until="safety")
    code = intake_flow.new_code_for(store.office, intake_id)
    walker = Walker(Wire(server.port)).resume(code, PLAN["date_of_birth"]).open("/form/safety")
    sent = time.monotonic()
    walker.answer_page(PLAN)
    assert walker.title == "Talk with someone now"
    assert len(store.alerts()) == number + 1, "staff see it before the patient has the answer"
    await_true(lambda: len(postman.at) > number)
    return postman.at[number] - sent
