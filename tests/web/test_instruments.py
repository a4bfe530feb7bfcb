"""Items of instruments: each with the sentence it goes on with, which also tells the period."""

import pytest

from tests.builders import example

BOTHERED = "In the past month, how much were you bothered by:"
WEEKS = {
    "en": "Over the last 2 weeks, how often have you been bothered by",
    "es": "Durante las últimas 2 semanas",
}


@pytest.fixture
def walker(site):
    return site.walker_at("check", **example("ptsd-and-pain")["answers"])


def items(walker, prefix):
    return [
        field
        for field in walker.soup.select("fieldset")
        if field.find("input", attrs={"name": lambda name: name and name.startswith(prefix)})
    ]


def again(walker):
    return walker.soup.select(".instrument__again")


def test_a_long_list_repeats_its_period_after_every_four_items(walker):
    walker.open("/form/trauma-month")
    assert len(items(walker, "pcl5_")) == 20
    assert [p.get_text() for p in again(walker)] == [BOTHERED] * 4
    after = [p.find_next("input")["name"] for p in again(walker)]
    assert after == ["pcl5_5", "pcl5_9", "pcl5_13", "pcl5_17"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_period_is_in_the_instruments_own_words(site, language):
    walker = site.walker_at("mood", language=language)
    stem = walker.soup.find(id="stem").get_text()
    assert stem.startswith(WEEKS[language])
    assert [p.get_text() for p in again(walker)] == [stem]


@pytest.mark.parametrize(
    ("page", "name"), [("mood", "phq9"), ("anxiety", "gad7"), ("trauma-month", "pcl5")]
)
def test_each_item_is_read_out_with_the_sentence_it_goes_on_with(site, walker, page, name):
    walker.open(f"/form/{page}")
    assert len(walker.soup.find_all(id="stem")) == 1
    for item in site.questionnaire.instrument[name].scoring.items:
        (field,) = [f for f in items(walker, item) if f.find("input")["name"] == item]
        assert "stem" in field["aria-describedby"].split()
    # Read out with the item already: not once more in between.
    assert all(p["aria-hidden"] == "true" for p in again(walker))


def test_after_a_gate_the_sentence_stands_above_the_first_item(walker):
    walker.open("/form/trauma")
    stem = walker.soup.find(id="stem")
    assert stem.get_text() == "In the past month, have you..."
    assert stem.find_next("input")["name"] == "pcptsd5_1"


def test_an_item_that_is_a_question_by_itself_has_no_more_words(walker):
    walker.open("/form/safety")
    assert not again(walker)
    assert not any("aria-describedby" in field.attrs for field in items(walker, "cssrs_1"))
