"""What a patient reads when an answer cannot be taken, and what the form must not lose."""

from tests.builders import person
from tests.walker import as_typed

MEDICINES = "antidepressant_trials"


def test_a_medicine_name_that_is_too_long_is_said_to_be(site):
    walker = site.walker_at("antidepressant-trials")
    walker.press(**{f"{MEDICINES}-0-drug": "x" * 201})
    assert walker.status == 200
    (said,) = walker.errors.values()
    assert "200 characters" in said
    assert walker.value(f"{MEDICINES}-0-drug") == "x" * 201


def two_tabs_on_contact(site):
    """The first has saved; the second still shows the page as it was before."""
    first = site.walker_at("contact")
    second = first.tab()
    typed = as_typed(first.names(), person())
    first.press(**typed)
    return second, typed | {"city": "Elsewhere"}


def test_an_error_does_not_make_an_old_tab_overwrite_a_newer_one(site):
    second, typed = two_tabs_on_contact(site)
    second.press(**typed | {"email": "nothing"})
    assert second.errors
    assert second.press(**typed).status == 409
    assert site.answers["city"] == person()["city"]


def test_the_language_switch_does_not_make_an_old_tab_overwrite_a_newer_one(site):
    second, typed = two_tabs_on_contact(site)
    second.press("language", **typed)
    assert second.press().status == 409
    assert site.answers["city"] == person()["city"]


def test_switching_the_language_of_the_first_page_is_no_conflict(site):
    walker = site.walker().walk(person(), until="right-now").open("/form/welcome")
    walker.press("language").press("language").press("language", feels_pushed="yes")
    assert walker.press().path == "/form/right-now"
    assert site.answers["feels_pushed"] == "yes"
    assert site.answers["language"] == "es"
