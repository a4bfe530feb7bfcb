"""How many minutes are left: measured on what other patients took, guessed until there are enough.

The worker measures from ids and times of saves alone; the web reads the result every few minutes.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import groupby, pairwise
from math import ceil
from statistics import median
from time import monotonic
from weakref import WeakKeyDictionary

from ..questionnaire.definition import Page, Questionnaire
from ..questionnaire.pace import SOMETIMES, estimated_seconds
from ..storage import page_times
from ..storage.database import Database
from ..storage.page_times import Save, Timed
from .office import Office
from .progress import Progress

ENOUGH = 20  # patients that a page's median is taken from; under that it is guessed
NEWEST = 400  # intakes that are looked at
PAUSE = timedelta(minutes=10)  # whoever saves nothing for longer did something else meanwhile
KEPT = 300  # seconds that a web process goes on with what it read

Seconds = Mapping[str, float]
_kept: "WeakKeyDictionary[Database, dict[str, tuple[float, Seconds]]]" = WeakKeyDictionary()


def measure(office: Office) -> None:
    """Work out the median seconds of each page anew (a task of the worker)."""
    for version in (office.questionnaire.version, office.check_in().version):
        with office.database.read() as conn:
            saves = page_times.recent_saves(conn, version, most=NEWEST)
        times = medians(saves)
        with office.database.write() as conn:
            page_times.keep(conn, version, times)


def medians(saves: Iterable[Save]) -> dict[str, Timed]:
    """By page, of saves in order. What comes before an intake's first save was not timed."""
    seconds: dict[str, list[float]] = {}
    for _, of_intake in groupby(saves, key=lambda save: save.intake_id):
        for page_id, span in _first_times(list(of_intake)):
            seconds.setdefault(page_id, []).append(span.total_seconds())
    return {page: Timed(round(median(spans)), len(spans)) for page, spans in seconds.items()}


def _first_times(saves: list[Save]) -> Iterator[tuple[str, timedelta]]:
    """How long each page took when it was filled in first, from the save before it; a list that
    was saved row by row up to its last row. A page with a pause in it is passed over."""
    seen = {saves[0].page_id}
    before = saves[0].saved_at
    for page_id, run in groupby(saves, key=lambda save: save.page_id):
        moments = [before, *(save.saved_at for save in run)]
        before = moments[-1]
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        if page_id not in seen and max(gaps) <= PAUSE:
            yield page_id, sum(gaps, timedelta())
        seen.add(page_id)


def seconds_of(office: Office, questionnaire: Questionnaire) -> Seconds:
    """Seconds of each of its pages, kept for a few minutes in this process."""
    kept = _kept.setdefault(office.database, {})
    until, seconds = kept.get(questionnaire.content_hash, (0.0, {}))
    if monotonic() > until:
        seconds = _seconds(office, questionnaire)
        kept[questionnaire.content_hash] = (monotonic() + KEPT, seconds)
    return seconds


def forget(office: Office) -> None:
    """Read what was measured anew at the next page."""
    _kept.pop(office.database, None)


def _seconds(office: Office, questionnaire: Questionnaire) -> Seconds:
    with office.database.read() as conn:
        timed = page_times.read(conn, questionnaire.version)
    return {
        page.id: timed[page.id].seconds
        if page.id in timed and timed[page.id].measured >= ENOUGH
        else estimated_seconds(page)
        for page in questionnaire.pages.values()
    }


def minutes_left(office: Office, progress: Progress, here: Page) -> int:
    """For this page and those that are expected and not finished; see `in_minutes`."""
    seconds = seconds_of(office, progress.facts.questionnaire)
    others = [page for page in progress.expected if page.id != here.id]
    return in_minutes(
        seconds[here.id]
        + sum(
            seconds[page.id] * (1 if progress.is_asked(page) else SOMETIMES)
            for page in others
            if progress.state(page) != "done"
        )
    )


def typical_minutes(office: Office) -> int:
    """For the whole form, before anything is known."""
    questionnaire = office.questionnaire
    return in_minutes(_typical(questionnaire, seconds_of(office, questionnaire)))


def _typical(questionnaire: Questionnaire, seconds: Seconds) -> float:
    pages = questionnaire.pages.values()
    return sum(seconds[page.id] * (SOMETIMES if page.asked_if else 1) for page in pages)


def in_minutes(seconds: float) -> int:
    """Rounded up: to five minutes above ten, else to one. 0 is less than a minute."""
    minutes = seconds / 60
    if minutes < 1:
        return 0
    return ceil(minutes / 5) * 5 if minutes > 10 else ceil(minutes)
