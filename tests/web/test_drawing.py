"""What is kept between pages: never a patient's words, and never what differs between patients."""

import pytest

from screening.questionnaire import loader
from tests.builders import example

PAGES = [page.id for page in loader.current().pages.values() if page.group is None]
TYPED = '<b>"[[typed]]" [[fields]] [[back_url]]</b>'


@pytest.fixture
def first(site):
    """Somebody whose pages are drawn first."""
    return site.walker_at("check", **example("ptsd-and-pain")["answers"])


@pytest.mark.parametrize("return_to", ["", "?return_to=check"])
def test_a_kept_page_is_what_would_be_drawn_anew(site, first, return_to):
    second = site.walker_at("check")
    for page in PAGES:
        address = f"/form/{page}{return_to}"
        first.open(address)
        kept = second.open(address).answer.text
        site.app.extensions.pop("pages drawn", None)
        assert second.open(address).answer.text == kept, page


def test_a_kept_page_carries_each_ones_own_token(site, first):
    second = site.walker_at("check")
    tokens = {walker.open("/form/mood").value("csrf_token") for walker in (first, second)}
    assert len(tokens) == 2
    assert second.press().path != "/form/mood"


def test_a_kept_page_holds_what_is_stored_now(site):
    walker = site.walker_at("mood").answer_page(example("candidate")["answers"])
    walker.open("/form/mood")
    revision = walker.value("revision")
    walker.press(phq9_1="3").open("/form/mood")
    assert walker.value("phq9_1") == "3"
    assert int(walker.value("revision")) > int(revision)


def test_typed_words_are_shown_as_they_are_and_to_nobody_else(site):
    walker = site.walker_at("about-you")
    walker.press(first_name=TYPED)
    assert walker.errors
    assert walker.value("first_name") == TYPED
    assert "<b>" not in walker.answer.text
    assert site.walker_at("about-you").value("first_name") == ""
