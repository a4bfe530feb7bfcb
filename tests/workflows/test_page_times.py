"""How long pages take: measured by the worker, told on the pages."""

from datetime import timedelta

import pytest

from screening import tasks
from screening.questionnaire.pace import estimated_seconds
from screening.storage import page_times as kept
from screening.storage.page_times import Save, Timed
from screening.workflows import intake as intake_flow
from screening.workflows import page_times
from tests.builders import both, page, person, question
from tests.site import NOON


def saves(*steps):
    """One intake's saves: (page, seconds after the save before)."""
    moment, made = NOON, []
    for page_id, seconds in steps:
        moment += timedelta(seconds=seconds)
        made.append(Save("a", page_id, moment))
    return made


def test_a_page_takes_from_the_save_before_it_to_its_own():
    found = page_times.medians(saves(("one", 0), ("two", 40), ("three", 90)))
    assert found == {"two": Timed(40, 1), "three": Timed(90, 1)}


def test_a_page_counts_when_it_is_filled_in_first():
    again = saves(("one", 0), ("two", 40), ("one", 5), ("two", 7), ("three", 20))
    assert page_times.medians(again) == {"two": Timed(40, 1), "three": Timed(20, 1)}


def test_a_list_takes_until_its_last_row():
    rows = saves(("one", 0), ("list", 60), ("list", 50), ("list", 10), ("two", 30))
    assert page_times.medians(rows) == {"list": Timed(120, 1), "two": Timed(30, 1)}


def test_whoever_paused_was_doing_something_else():
    assert page_times.medians(saves(("one", 0), ("two", 601), ("three", 600))) == {
        "three": Timed(600, 1)
    }


def test_the_median_of_many():
    spans = [10, 20, 30, 40, 500]
    many = [
        save._replace(intake_id=str(number))
        for number, seconds in enumerate(spans)
        for save in saves(("one", 0), ("two", seconds))
    ]
    assert page_times.medians(many) == {"two": Timed(30, 5)}


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(0, 0), (59, 0), (60, 1), (61, 2), (595, 10), (600, 10), (601, 15), (900, 15), (2500, 45)],
)
def test_minutes_are_rounded_up(seconds, minutes):
    assert page_times.in_minutes(seconds) == minutes


def test_a_longer_page_is_guessed_to_take_longer():
    short = page("short", question("a"))
    longer = page("longer", question("a"), question("b", "longtext"))
    wordy = page("wordy", question("a", hint=both("word " * 100)))
    some = page("some", question("a"), question("b", "longtext", ask_if="a == 'yes'"))
    guessed = {p.id: estimated_seconds(p) for p in (short, longer, wordy, some)}
    assert guessed["short"] < guessed["some"] < guessed["longer"]
    assert guessed["wordy"] == pytest.approx(guessed["short"] + 30)


def fill_in(site, seconds):
    """One patient's first pages, each saved so many seconds after the one before."""
    intake_id, answers = None, person()
    for asked in list(site.questionnaire.pages.values())[:3]:
        here = {q.id: answers[q.id] for q in asked.questions if q.id in answers}
        saved = intake_flow.save_page(site.office, intake_id, asked, here, revision=None)
        intake_id = saved.intake.id
        site.clock.wait(seconds=seconds)


def measured(site):
    tasks_by_name = {name: task for name, _, task in tasks.PERIODIC}
    tasks_by_name["measure-pages"](site.office)
    page_times.forget(site.office)
    with site.office.database.read() as conn:
        return kept.read(conn, site.questionnaire.version)


def test_a_guess_is_told_until_twenty_patients_were_timed(site):
    third = list(site.questionnaire.pages)[2]
    guessed = page_times.seconds_of(site.office, site.questionnaire)[third]
    for _ in range(19):
        fill_in(site, 300)
    assert measured(site)[third] == Timed(300, 19)
    assert page_times.seconds_of(site.office, site.questionnaire)[third] == guessed
    fill_in(site, 300)
    assert measured(site)[third] == Timed(300, 20)
    assert page_times.seconds_of(site.office, site.questionnaire)[third] == 300


def test_what_was_measured_is_kept_in_place_of_what_was(site):
    fill_in(site, 100)
    assert measured(site) == measured(site)
    assert next(iter(site.questionnaire.pages)) not in measured(site)


def minutes_on(walker):
    return walker.soup.find(class_="steps__left").get_text()


def test_pages_tell_the_time_that_is_left(site):
    walker = site.walker()
    start = int("".join(c for c in walker.text.split("minutes")[0][-4:] if c.isdigit()))
    assert start == page_times.typical_minutes(site.office)
    assert 30 <= start <= 60
    early = minutes_on(site.walker_at("about-you"))
    later = minutes_on(site.walker_at("support"))
    assert early.startswith("About ")
    assert int(early.split()[1]) > int(later.split()[1])
    assert "minute" in minutes_on(site.walker_at("sign"))


def test_a_page_seen_again_tells_what_is_left_and_not_what_is_behind(site):
    walker = site.walker_at("support")
    ahead = minutes_on(walker)
    first = minutes_on(walker.open("/form/welcome"))
    assert int(first.split()[1]) <= int(ahead.split()[1]) + 5


def test_the_table_is_not_read_on_each_page(site, monkeypatch):
    walker = site.walker_at("mood")
    page_times.seconds_of(site.office, site.questionnaire)
    monkeypatch.setattr(kept, "read", None)
    assert walker.open("/form/mood").status == 200
