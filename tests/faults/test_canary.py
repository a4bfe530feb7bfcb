"""What a patient types is nowhere in the clear: in no file, log line, cookie or address."""

import re
from collections.abc import Iterator

import pytest

from screening import create_app
from screening.outputs.renderer import WORDS
from screening.settings import Settings
from screening.storage import submissions
from screening.storage.vault import normal_code
from tests.builders import person
from tests.postman import Postman, post_office
from tests.server import Server, await_true
from tests.walker import Walker, as_typed
from tests.wire import Wire

pytestmark = pytest.mark.slow

CANARY = "Kanari7f3a"


def mark(where: str) -> str:
    return f"{CANARY}{where}"


ANSWERS = person(
    first_name=mark("First"),
    last_name=mark("Last"),
    preferred_name=mark("Preferred"),
    email=f"{mark('Mail')}@example.org",
    city=mark("City"),
    emergency_contact_name=mark("Contact"),
    treatment_goals=f"{mark('Goals')}\nI want to die",
    seeking_help_for=["depression", "other"],
    main_concern_other=mark("Concern"),
    medications=[{"medicine": mark("Medicine"), "dose": mark("Dose"), "last_taken": "today"}],
    allergies=[{"allergen": mark("Allergen"), "reaction": mark("Reaction")}],
    phq9_9=2,
    cssrs_1="yes",
    cssrs_2="yes",
    cssrs_3="yes",
    cssrs_4="yes",
    cssrs_5="no",
    firearm_or_means_access="no",
    anything_else=mark("Else"),
    signature_name=mark("Signature"),
)


@pytest.fixture
def postman(server: Server) -> Iterator[Postman]:
    """The clinic's mail server."""
    with post_office() as found:
        server.stop()
        server.environment["SCREENING_SMTP_URL"] = found.url
        server.start()
        yield found


def test_nothing_typed_is_anywhere_in_the_clear(server: Server, postman: Postman) -> None:
    server.start_worker()
    wire, code = journey(server)
    back, *opening = way_back(server, code, postman)
    await_true(lambda: summary_is_made(server))
    files = {p.name: p.read_bytes() for p in server.instance.rglob("*") if p.is_file()}
    assert {"screening.db", "screening.db-wal", "screening.db-shm", "queue.db"} <= set(files)
    assert len(files["serving"]) == 8 * WORDS  # times
    files["standard error"] = server.log.read_bytes()
    files["addresses"] = "\n".join(wire.sent).encode()
    files["cookies"] = "\n".join(wire.received + back.received).encode()
    files["e-mails"] = b"\n".join(postman.raw)
    assert files["standard error"].count(b'"route"') > 50
    for secret in (CANARY, code, normal_code(code), ANSWERS["phone"]):
        found = [name for name, content in files.items() if holds(content, secret)]
        assert found == [], f"{secret} is in {found}"
    del files["e-mails"], files["addresses"]  # where the link and the number are
    for secret in opening:
        found = [name for name, content in files.items() if holds(content, secret)]
        assert found == [], f"{secret} is in {found}"


def holds(content: bytes, secret: str) -> bool:
    spelled = (secret, secret.replace(" ", "-"), secret.replace(" ", "+"))
    return any(word.lower().encode() in content.lower() for word in spelled)


def journey(server: Server) -> tuple[Wire, str]:
    """Half the way, with mistakes, two tabs and a wrong code."""
    wire = Wire(server.port)
    walker = Walker(wire).open("/").walk(ANSWERS, until="contact")
    walker.press(email=mark("wrong"), phone=mark("wrong"))
    assert walker.errors
    walker.walk(ANSWERS, until="medications")
    walker.press("language", **{"medications-0-medicine": mark("Medicine")}).press("language")
    walker.open("/form/contact")
    other = walker.tab()
    other.press(city=mark("Other"))
    walker.press(city=mark("City2"))
    assert walker.status == 409
    walker.press("stored").press("later")
    walker.resume(mark("Code"), ANSWERS["date_of_birth"])
    assert walker.errors
    return wire, walker.code


def way_back(server: Server, code: str, postman: Postman) -> tuple[Wire, str, str]:
    """By a link in an e-mail, before the form is sent; its handle and its number."""
    wire = Wire(server.port)
    walker = Walker(wire).resume(code, ANSWERS["date_of_birth"]).open("/tasks")
    walker.press("mail", email="quinn@example.org")
    handle = mailed(postman, r"/back/(\w+)")
    walker.press("later").open(f"/back/{handle}").press("number")
    number = mailed(postman, r"(\d{4} \d{4})")
    born = as_typed(walker.names(), {"date_of_birth": ANSWERS["date_of_birth"]})
    walker.press(number="0000 0000", **born).press(number=number, **born).press().walk(ANSWERS)
    return wire, handle, number


def mailed(postman: Postman, wanted: str) -> str:
    """What an e-mail says, once it is there; staff get some too."""

    def found() -> list[str]:
        return re.findall(wanted, "".join(letter.get_content() for letter in postman.taken))

    await_true(lambda: bool(found()))
    return found()[0]


def summary_is_made(server: Server) -> bool:
    app = create_app(Settings(instance=server.instance, testing=True))
    office = app.extensions["office"]
    try:
        with office.database.read() as conn:
            (sent,) = submissions.all_submissions(conn, office.vault)
            assert sent.document_json.count(CANARY.encode()) > 10  # but it is there
            kept = submissions.read_document(conn, office.vault, sent, kind="pdf", paper="letter")
            return kept is not None
    finally:
        office.database.close()
