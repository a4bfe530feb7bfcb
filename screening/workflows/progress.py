"""Where a draft stands: which pages are asked, which are complete, where to go next. Pure."""

from collections.abc import Collection
from functools import cached_property
from typing import Literal

from ..assessment.facts import Facts
from ..questionnaire.conditions import condition
from ..questionnaire.definition import Page, Panel, Question

PageState = Literal["done", "started", "todo"]


class Progress:
    """A draft's facts and the pages saved so far; every answer is worked out once."""

    def __init__(self, facts: Facts, saved: Collection[str]) -> None:
        self.facts = facts
        self.saved = saved
        self.pages = tuple(facts.questionnaire.pages.values())

    @cached_property
    def asked(self) -> list[Page]:
        """The patient's pages that ask something, in order, as far as that is known now."""
        return [page for page in self.pages if self.is_asked(page)]

    @cached_property
    def first_open(self) -> Page | None:
        """The first page that is not complete; None when every page is."""
        return next((page for page in self.asked if self.state(page) != "done"), None)

    @property
    def last(self) -> Page:
        """The page that is signed and sent."""
        return self.pages[-1]

    def unanswered(self, page: Page) -> list[Question]:
        """The required questions of a page that are asked and have no answer."""
        answers = self.facts.answers
        left = (question for question in page.required if question.id not in answers)
        return [question for question in left if self.facts.asked(question.id) is True]

    def state(self, page: Page) -> PageState:
        if page.id not in self.saved:
            return "todo"
        return "started" if self.unanswered(page) else "done"

    def place(self, page: Page) -> int:
        """The page's number among those that are asked, from 1."""
        here = self._number(page)
        return sum(self._number(p) <= here for p in self.asked) or 1

    def before(self, page: Page) -> Page | None:
        here = self._number(page)
        return next((p for p in reversed(self.asked) if self._number(p) < here), None)

    def after(self, page: Page) -> Page | None:
        here = self._number(page)
        return next((p for p in self.asked if self._number(p) > here), None)

    def reached(self, page: Page) -> bool:
        """May the page be opened? Pages open in order."""
        earlier = (p for p in self.pages[: self._number(page)] if self.is_asked(p))
        return all(self.state(p) == "done" for p in earlier)

    def is_asked(self, page: Page) -> bool:
        return page.asked_if is None or True in map(self.facts.holds, page.asked_if)

    def support_after(self, page: Page) -> Panel | None:
        """The help to show right after this page, for what was answered on it."""
        questionnaire = self.facts.questionnaire
        support = questionnaire.support
        here = {q.id: a for q in page.questions if (a := self.facts.answers.get(q.id)) is not None}
        if support is None or not here:
            return None
        alone = Facts(questionnaire, here, self.facts.today)
        return questionnaire.panel[support.panel] if condition(support.when)(alone) else None

    def _number(self, page: Page) -> int:
        return self.facts.questionnaire.page_number[page.id]
