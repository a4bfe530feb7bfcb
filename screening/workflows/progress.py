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
        self._states: dict[str, PageState] = {}

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
        open_here = {
            question
            for ask_if, questions in page.required_if.items()
            if ask_if is None or self.facts.holds(ask_if) is True
            for question in questions - self.facts.answers.keys()
        }
        return [question for question in page.questions if question.id in open_here]

    def state(self, page: Page) -> PageState:
        if page.id not in self._states:
            self._states[page.id] = self._state(page)
        return self._states[page.id]

    def _state(self, page: Page) -> PageState:
        if page.id not in self.saved:
            return "todo"
        given = self.facts.answers.keys()
        for ask_if, questions in page.required_if.items():
            is_open = not questions <= given
            if is_open and (ask_if is None or self.facts.holds(ask_if) is True):
                return "started"
        return "done"

    @cached_property
    def expected(self) -> list[Page]:
        """The pages that are asked, and those ahead that may turn out to be: as answers come in,
        there are fewer, never more."""
        ahead = self._number(self.first_open) if self.first_open else len(self.pages)
        return [
            page
            for number, page in enumerate(self.pages)
            if self.is_asked(page) or (number > ahead and self._may_be_asked(page))
        ]

    def place(self, page: Page) -> int:
        """The page's number among those that are expected, from 1."""
        later = sum(self._number(other) > self._number(page) for other in self.expected)
        return (len(self.expected) - later) or 1

    def before(self, page: Page) -> Page | None:
        earlier = self.pages[: self._number(page)]
        return next((p for p in reversed(earlier) if self.is_asked(p)), None)

    def after(self, page: Page) -> Page | None:
        later = self.pages[self._number(page) + 1 :]
        return next((p for p in later if self.is_asked(p)), None)

    def reached(self, page: Page) -> bool:
        """May the page be opened? Pages open in order."""
        earlier = self.pages[: self._number(page)]
        return not any(self.state(p) != "done" and self.is_asked(p) for p in earlier)

    def is_asked(self, page: Page) -> bool:
        return page.asked_if is None or True in map(self.facts.holds, page.asked_if)

    def _may_be_asked(self, page: Page) -> bool:
        return any(self.facts.holds(ask_if) is None for ask_if in page.asked_if or ())

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
