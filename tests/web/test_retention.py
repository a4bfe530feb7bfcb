"""The administrator's retention page: what may go, purging it by its number, legal holds."""

import pytest

from screening.storage.accounts import ADMIN
from screening.workflows import retention, review
from screening.workflows.office import Keep
from tests.returning import sent
from tests.site import Site

from .desk import Desk, desk

PAGE = "/staff/retention"


@pytest.fixture
def old(site: Site) -> str:
    """The reference of an intake that had its seven years."""
    object.__setattr__(site.office, "keep", Keep(years=7))
    sent(site)
    reference = site.submissions()[0].reference
    review.open_record(site.office, "user:1", reference)
    site.clock.wait(days=366 * 7)
    return reference


def at(site: Site) -> Desk:
    return desk(site, ADMIN).open(PAGE)


def test_without_a_policy_the_page_says_how_to_set_one(site: Site) -> None:
    page = at(site)
    assert "keep_years" in page.text
    assert "Nothing may be purged now." in page.text


def test_what_may_go_is_purged_after_its_number_was_typed(site: Site, old: str) -> None:
    page = at(site)
    assert "1 intake may be purged now." in page.text
    page.open(f"{PAGE}/purge")
    assert old in page.text
    page.send(number="2")
    assert page.status == 400
    assert "Type 1, the number of intakes below." in page.text
    assert len(site.intakes()) == 1
    page.send(number="1")
    assert "1 intake purged." in page.soup.get_text()
    assert site.intakes() == []
    assert page.open(f"{PAGE}/purge").path == PAGE


def test_what_became_due_since_the_page_was_shown_is_looked_at_first(site: Site, old: str) -> None:
    page = at(site).open(f"{PAGE}/purge")
    for form in page.forms:
        form.find("input", {"name": "shown"})["value"] = "7"
    page.send(number="7")
    assert page.status == 409
    assert len(site.intakes()) == 1


def test_others_as_many_as_those_on_the_page_are_looked_at_first(site: Site, old: str) -> None:
    sent(site, memory_worse="no")
    second = site.submissions()[-1].reference
    site.clock.wait(days=366 * 7)
    page = at(site).open(f"{PAGE}/purge")
    assert second not in page.text
    assert retention.place_hold(site.office, "user:1", old, "Case 12")
    review.open_record(site.office, "user:1", second)
    page.send(number="1")
    assert page.status == 409
    assert "The list has changed. Type 1" in page.text
    assert len(site.intakes()) == 2
    page.send(number="1")
    assert [one.reference for one in site.submissions()] == [old]


def test_a_hold_is_placed_by_reference_shown_and_lifted(site: Site, old: str) -> None:
    page = at(site).send("/retention", reference=f" {old.lower()} ", reason="Case 12")
    assert "The intake is held." in page.soup.get_text()
    assert "Case 12" in page.text
    assert "On legal hold" in page.text
    assert "Nothing may be purged now." in page.text
    page.send("/lift")
    assert "Nothing is held." in page.text
    assert {"hold.placed", "hold.lifted"} <= set(site.actions())


def test_what_is_missing_or_unknown_is_said_and_what_was_typed_stays(site: Site) -> None:
    page = at(site).send("/retention", reference="K7Q4-M2XD", reason="")
    assert page.status == 400
    page.send("/retention", reason="Case 12")
    assert page.status == 404
    assert "No sent intake has this reference." in page.text
    assert page.soup.find(id="reason")["value"] == "Case 12"
