"""Leaving at once: on the pages that need it, without a word of what they are about."""

import re

import pytest

from screening.settings import Settings
from screening.storage.accounts import PHYSICIAN
from screening.storage.database import Database, DatabaseUnavailableError
from tests.builders import person

from .desk import desk

AWAY = "https://www.weather.gov/"
HOME = {"alone_now": "yes", "safe_at_home": "not-safe-now"}
NAMES_IT = re.compile(r"violen|abus|partner|pareja|home|casa|domestic|afraid|miedo", re.I)


def button(walker):
    return walker.soup.select_one("[data-quick-exit]")


@pytest.mark.parametrize(
    ("page", "has_one"), [("private", True), ("safety", True), ("mood", False)]
)
def test_the_button_stands_on_the_pages_that_need_it(site, page, has_one):
    assert bool(button(site.walker_at(page))) == has_one


def test_it_stands_on_their_help_and_where_all_answers_stand(site):
    walker = site.walker_at("private").answer_page(person(), **HOME)
    assert walker.title == "Thank you for your answer"
    assert button(walker)
    assert button(walker.open("/check"))


def test_it_stands_above_the_page_and_says_what_it_does_before_it_is_used(site):
    walker = site.walker_at("private")
    assert button(walker).find_previous("main") is None
    text = walker.soup.get_text(" ", strip=True)
    assert "opens another page and closes the form here" in text
    assert walker.soup.select_one("[data-quick-exit-keys]").has_attr("hidden"), "needs a script"


def test_neither_address_nor_title_nor_button_names_the_topic(site):
    walker = site.walker_at("private")
    for language in ("en", "es"):
        said = [walker.soup.title, walker.soup.h1, walker.soup.select_one(".steps"), button(walker)]
        for words in (walker.path, *(one.get_text() for one in said)):
            assert not NAMES_IT.search(words), (language, words)
        walker.press("language")


def test_without_a_script_it_is_a_link_that_ends_the_session(site):
    walker = site.walker_at("private")
    left = walker.client.get(button(walker)["href"])
    assert (left.status_code, left.location) == (303, AWAY)
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert walker.open("/form/private").path == "/"
    assert walker.open("/check").status == 200
    assert "safe" not in walker.text


def test_what_was_saved_is_still_there_with_the_code(site):
    walker = site.walker_at("private")
    walker.client.get("/leave")
    assert site.walker().resume(walker.code, person()["date_of_birth"]).path == "/tasks"


def test_a_script_posts_while_it_leaves_by_itself(site):
    walker = site.walker_at("private")
    token = walker.value("csrf_token")
    assert walker.client.post("/leave", data={"csrf_token": token}).status_code == 204
    assert walker.open("/form/private").path == "/"


def test_leaving_so_is_leaving(site):
    walker = site.walker_at("safety", phq9_9=1)
    walker.client.get("/leave")
    assert site.alerted() == [["suicide-unknown"]]


def test_another_site_ends_nobodys_session(site):
    walker = site.walker_at("private")
    left = walker.client.get("/leave", headers={"Sec-Fetch-Site": "cross-site"})
    assert left.location == AWAY
    assert walker.open("/form/private").path == "/form/private"


def test_it_leads_away_also_while_the_storage_is_down(site, monkeypatch):
    walker = site.walker_at("private")
    with monkeypatch.context() as patch:
        patch.setattr(Database, "read", away)
        patch.setattr(Database, "write", away)
        left = walker.client.get("/leave")
    assert (left.status_code, left.location) == (303, AWAY)
    assert "session=;" in left.headers["Set-Cookie"]
    assert walker.open("/form/private").path == "/"


def away(_database):
    raise DatabaseUnavailableError("away")


def test_a_clinic_may_have_it_everywhere_and_lead_elsewhere(site):
    settings: Settings = site.app.extensions["settings"]
    object.__setattr__(settings.clinic, "exit_button", True)
    object.__setattr__(settings.clinic, "quick_exit_url", "https://news.example.org/")
    walker = site.walker_at("mood")
    assert button(walker)["data-quick-exit"] == "https://news.example.org/"
    assert walker.client.get("/leave").location == "https://news.example.org/"


def test_staff_pages_have_none(site):
    assert desk(site, PHYSICIAN).soup.select_one("[data-quick-exit]") is None
