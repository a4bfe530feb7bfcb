"""Where a draft stands: which pages are asked, which are complete, where to go next. Pure."""

from collections.abc import Iterator, Mapping, Set
from typing import Literal

from ..assessment.facts import Facts
from ..questionnaire.conditions import condition
from ..questionnaire.definition import Page, Panel, Question, Questionnaire

PageState = Literal["done", "started", "todo"]


def asked_pages(facts: Facts) -> list[Page]:
    """The patient's pages that ask something, in order, as far as that is known now."""
    pages = facts.questionnaire.pages.values()
    return [page for page in pages if any(facts.asked(q.id) is True for q in page.questions)]


def unanswered(page: Page, facts: Facts) -> Iterator[Question]:
    """The required questions of a page that are asked and have no answer."""
    return (
        question
        for question in page.questions
        if question.required
        and facts.asked(question.id) is True
        and question.id not in facts.answers
    )


def state(page: Page, facts: Facts, saved: Set[str] | Mapping[str, object]) -> PageState:
    if page.id not in saved:
        return "todo"
    return "started" if any(unanswered(page, facts)) else "done"


def first_open(facts: Facts, saved: Set[str] | Mapping[str, object]) -> Page | None:
    """The first page that is not complete; None when every page is."""
    return next((p for p in asked_pages(facts) if state(p, facts, saved) != "done"), None)


def neighbours(
    questionnaire: Questionnaire, page: Page, facts: Facts
) -> tuple[Page | None, Page | None]:
    """The asked pages before and after a page."""
    order = list(questionnaire.pages)
    here = order.index(page.id)
    asked = asked_pages(facts)
    before = [p for p in asked if order.index(p.id) < here]
    after = [p for p in asked if order.index(p.id) > here]
    return (before[-1] if before else None), (after[0] if after else None)


def support_after(page: Page, facts: Facts) -> Panel | None:
    """The help to show right after this page, for what was answered on it."""
    support = facts.questionnaire.support
    if support is None:
        return None
    here = {q.id: facts.answers[q.id] for q in page.questions if q.id in facts.answers}
    alone = Facts(facts.questionnaire, here, facts.today)
    due = condition(support.when)(alone) is True
    return facts.questionnaire.panel[support.panel] if due else None
