"""Goal 8: the queue, its filters, the search and a record with 10,000 submissions, against the same
page of an installation with 100.

Both hold the same people, alerts and messages; what is added are copies of the invented people with
names, dates of birth and times of their own. As many lines are shown on both sides.

Run: `python -m tests.benchmarks.queue [COUNT]`; with 100,000 filling the store takes minutes.
"""

import random
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from screening.cli_data import fill
from screening.storage import intakes, submissions
from screening.storage.accounts import PHYSICIAN
from screening.storage.queue import ALL, Wanted, lines
from screening.workflows.office import Office
from tests.site import Site
from tests.web.desk import Desk, desk

from .measure import Row, Side, medians, show
from .people import installation

GOAL = 2
FEW, MANY = 100, 10_000
AT_ONCE = 500
MARIAS = 30  # of the first hundred: more than a page shows
SOUGHT = "Maria Wanted"
BORN = date(1971, 3, 9)

PAGES = (
    ("queue", "/staff"),
    ("queue, outcome", "/staff?outcome=candidate"),
    ("queue, main concern", "/staff?concern=depression"),
    ("queue, rare main concern", "/staff?concern=ocd"),
    ("queue, dates", "/staff?since={since}&until={until}"),
    ("queue, assigned to nobody", "/staff?assigned=nobody"),
    ("queue, assigned to me (none)", "/staff?assigned=me"),
    ("queue, unread", "/staff?unread=yes"),
    ("queue, all filters", "/staff?outcome=clearance&unread=yes&assigned=nobody&since={since}"),
    ("queue, decided", "/staff?state=decided"),
    ("queue, withdrawn", "/staff?state=withdrawn"),
    ("queue, all", "/staff?state=all"),
    ("queue, its last page", "/staff?before={last}"),
    ("record", "/staff/intakes/{sought}"),
)
SEARCHES = (
    ("search, name", SOUGHT),
    ("search, common name", "Maria"),
    ("search, date of birth", "3/9/1971"),
    ("search, nothing found", "Nobody Known"),
    ("search, reference", "{sought}"),
)


def add_copies(place: Office, count: int) -> None:
    """Copies of the invented people: a third decided, one in a hundred withdrawn."""
    with place.database.read() as conn:
        whole = [s.document for s in submissions.all_submissions(conn, place.vault)]
        cards = [entry.card for entry in lines(conn, place.vault, Wanted(state=ALL), limit=99)]
    models = list(zip(whole, cards[::-1], strict=True))
    rng = random.Random(1)
    for start in range(0, count, AT_ONCE):
        with place.database.write() as conn:
            for number in range(start, min(start + AT_ONCE, count)):
                add_copy(conn, place, number, *rng.choice(models))
    place.database.checkpoint()


def add_copy(conn: Any, place: Office, number: int, document: Any, card: Any) -> None:
    sent_at = place.now() - timedelta(days=90, minutes=-number)
    born = date(1940, 1, 1) + timedelta(days=number % 20_000)
    own = {"first_name": f"Given{number}", "last_name": f"Family{number}", "date_of_birth": born}
    if number % 100 < MARIAS:
        own["first_name"] = "Maria"
    if number == 0:
        own |= {"last_name": SOUGHT.split()[1], "date_of_birth": BORN}
    own["date_of_birth"] = own["date_of_birth"].isoformat()
    draft = intakes.create_draft(
        conn,
        place.vault,
        questionnaire=place.questionnaire.version,
        content_hash=place.questionnaire.content_hash,
        now=sent_at,
    )
    name = f"{own['first_name']} {own['last_name']}"
    receipt = submissions.submit(
        conn,
        place.vault,
        draft,
        document=document | {"answers": document["answers"] | own},
        card=card | {"name": name},
        now=sent_at,
    )
    set_apart(conn, draft.id, receipt.submission_id, number, sent_at)


def set_apart(conn: Any, intake_id: str, submission_id: int, number: int, sent_at: Any) -> None:
    later = sent_at + timedelta(days=1)
    if number % 3 == 1:
        this = submissions.SUBMISSIONS.c.id == submission_id
        conn.execute(submissions.SUBMISSIONS.update().where(this).values(decided_at=later))
    if number % 100 == 50:
        this = intakes.INTAKES.c.id == intake_id
        conn.execute(intakes.INTAKES.update().where(this).values(withdrawn_at=later))


def filled(stack: ExitStack, count: int) -> tuple[Site, Desk]:
    site = stack.enter_context(installation())
    fill(site.office)
    add_copies(site.office, count)
    return site, desk(site, PHYSICIAN)


def addresses(site: Site) -> dict[str, str]:
    """What stands in braces in PAGES and SEARCHES."""
    place = site.office
    whole = Wanted(state=ALL)
    with place.database.read() as conn:
        found = lines(conn, place.vault, whole, limit=site_size(site))
        last = lines(conn, place.vault, replace(whole, state="waiting"), limit=site_size(site))
    sought = next(entry for entry in found if entry.card["name"] == SOUGHT)
    day = sought.submitted_at.date()
    return {
        "sought": sought.reference,
        "last": last[-1].reference,
        "since": str(day - timedelta(days=1)),
        "until": str(day + timedelta(days=1)),
    }


def site_size(site: Site) -> int:
    return len(site.intakes()) + 1


def acts(site: Site, page: Desk) -> dict[str, Callable[[], object]]:
    known = addresses(site)
    found: dict[str, Callable[[], object]] = {
        name: partial(page.client.get, address.format(**known)) for name, address in PAGES
    }
    page.open("/staff/search")
    token = str(page.forms[0].select_one('[name="csrf_token"]')["value"])  # type: ignore[index]
    for name, text in SEARCHES:
        data = {"csrf_token": token, "sought": text.format(**known)}
        found[name] = partial(page.client.post, "/staff/search", data=data)
    for name, act in found.items():
        answer: Any = act()
        assert answer.status_code == 200, (name, answer.status)
    return found


def measure(count: int = MANY) -> list[Row]:
    with ExitStack() as stack:
        few = acts(*filled(stack, FEW))
        many = acts(*filled(stack, count))
        rows = []
        for name in few:
            took = medians({"few": Side(few[name], 3), "many": Side(many[name], 3)}, rounds=7)
            floor = {"floor": took["few"], "floor_name": f"with {FEW}"}
            rows.append(Row("8", name, took["many"], most=GOAL, **floor))
    return rows


def main() -> None:
    show(measure(int(sys.argv[1].replace(",", "")) if sys.argv[1:] else MANY))


if __name__ == "__main__":
    main()
