"""docs/burden.md says how much a patient is asked; here it is counted again."""

import re
from pathlib import Path

import pytest

from screening.questionnaire.loader import current
from tests.content import burden

DOCUMENT = (Path(__file__).parents[2] / "docs" / "burden.md").read_text("utf-8")
MOST_PAGES = 50
MOST_ON_A_PAGE = 10  # beside the PCL-5, which is one instrument of twenty items
UNREAD = DOCUMENT.partition("## What no rule")[2].partition("## ")[0]


@pytest.mark.parametrize("name", burden.EXAMPLES)
def test_the_counts_of_each_worked_example(name: str) -> None:
    assert f"| {name} | {burden.burden(name).row} |" in DOCUMENT


def test_the_median() -> None:
    pages, needed, offered = burden.middle()
    assert f"| median | {pages:g} | {needed:g} | {offered:g} |" in DOCUMENT


def test_every_question_that_nothing_reads_is_listed() -> None:
    listed = [name for row in re.findall(r"^\|.*?\|(.*?)\|", UNREAD, re.M) for name in ids(row)]
    assert sorted(listed) == sorted(burden.unread())


def ids(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_what_is_proposed_names_questions_that_exist() -> None:
    assert [name for name in ids(DOCUMENT) if name not in current().questions] == []


def test_pages_stay_few_and_short() -> None:
    pages = current().pages.values()
    assert len(pages) <= MOST_PAGES
    long = {
        p.id for p in pages if len(p.questions) > MOST_ON_A_PAGE and not p.questions[0].instrument
    }
    assert long == set()


def test_a_rule_is_found_by_what_it_reads_at_second_hand() -> None:
    readers = burden.readers(current())
    assert "rule bmi-40" in readers["height_in"]
    assert "question trials_sure" in readers["antidepressant_trials"]
    assert "score phq9" in readers["phq9_1"]
