"""The counts of the clinic as an administrator opens them."""

from datetime import timedelta

from screening.storage.accounts import ADMIN, AUDITOR, FRONT_DESK, PHYSICIAN
from screening.workflows.intake import submit_answers
from tests.builders import person
from tests.site import Site

from .desk import Desk, desk


def cells(page: Desk, table: int, row: int) -> list[str]:
    found = page.soup.select("table.insight__table")[table].select("tbody tr")[row]
    return [cell.get_text(strip=True) for cell in found.find_all("td")]


def test_counts_are_drawn_and_told_as_a_table(site: Site) -> None:
    site.clock.moment -= timedelta(days=40)
    for number in range(7):
        submit_answers(site.office, person(first_name=f"Xaviera{number}"))
    site.clock.wait(days=40)
    submit_answers(site.office, person())
    page = desk(site, ADMIN).open("/staff/insight")
    assert "Nothing was counted yet." in page.text
    site.app.extensions["queue"].run_waiting()
    page.open("/staff/insight")
    assert "Counted on November 23, 2026 at 12:00 PM" in page.text
    assert cells(page, 0, 1)[-2:] == ["7", "hidden"]
    assert cells(page, 1, 3)[-1] == "7"
    drawn = page.soup.find(
        "svg", attrs={"aria-labelledby": "chart-activity-1 chart-activity-1-told"}
    )
    assert drawn is not None
    assert "October 2026: 7; November 2026: hidden" in drawn.get_text(" ", strip=True)
    assert len(drawn.select(".month__hidden")) == 1
    assert "Xaviera" not in page.answer.text
    assert not page.soup.find_all(style=True)
    assert site.actions().count("insight.viewed") == 2


def test_only_administrators_open_them(site: Site) -> None:
    for role in (AUDITOR, FRONT_DESK, PHYSICIAN):
        assert desk(site, role).open("/staff/insight").status == 403
