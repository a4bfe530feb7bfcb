"""Somebody at a browser without JavaScript: opens pages, fills in form#page, presses its buttons.

A form is sent as a browser would send it: what the page holds, with what was typed laid over it.
Only inputs that the page has can be typed into, and only buttons that it has can be pressed.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

from bs4 import BeautifulSoup, Tag
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

MOST_STEPS = 150
DATALIST = re.compile(r"<datalist.*?</datalist>", re.DOTALL)
Typed = Mapping[str, Any]


class Walker:
    def __init__(self, client: FlaskClient, *, address: str = "127.0.0.1", speaks: str = "en"):
        self.client = client
        self.sent_with: dict[str, Any] = {
            "environ_base": {"REMOTE_ADDR": address},
            "headers": {"Accept-Language": speaks},
            "follow_redirects": True,
        }
        self.trail: list[str] = []  # addresses, in the order in which they were shown
        self.code = ""  # the resume code, once it was shown
        self.answer: TestResponse  # to the last request

    # Looking

    def open(self, address: str) -> Self:
        return self._arrived(self.client.get(address, **self.sent_with))

    def tab(self) -> "Walker":
        """The same page in another tab of the same browser."""
        other = Walker(self.client)
        other.sent_with = self.sent_with
        return other.open(self.path)

    @property
    def path(self) -> str:
        return self.answer.request.path

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def title(self) -> str:
        return self.soup.h1.get_text(" ", strip=True) if self.soup.h1 else ""

    @property
    def text(self) -> str:
        """The words of the main part."""
        part = self.soup.find("main") or self.soup
        return part.get_text(" ", strip=True)

    @property
    def errors(self) -> dict[str, str]:
        """The error summary: where each entry leads, and what it says."""
        summary = self.soup.find(class_="govuk-error-summary__list")
        links = summary.find_all("a") if summary else []
        return {str(link["href"]).lstrip("#"): link.get_text(strip=True) for link in links}

    def names(self) -> set[str]:
        return {str(control["name"]) for control in self.controls}

    def filled(self) -> MultiDict[str, str]:
        """What the form would send as it stands."""
        pairs = MultiDict[str, str]()
        for control in self.controls:
            for value in values_of(control):
                pairs.add(str(control["name"]), value)
        return pairs

    def value(self, name: str) -> str | None:
        return self.filled().get(name)

    def link(self, words: str) -> str:
        """Where the first link with these words leads."""
        links = self.soup.find_all("a")
        found = next(a for a in links if words in a.get_text(" ", strip=True))
        return str(found["href"])

    # Acting

    def press(self, action: str = "continue", **typed: Any) -> Self:
        """Type and press a button; `None` empties a field, a list ticks several boxes."""
        assert self.form is not None, f"no form on {self.path}: {self.title}"
        buttons = self.soup.find_all("button", attrs={"name": "action", "value": action})
        assert buttons, f"no button {action} on {self.path}: {self.title}"
        assert set(typed) <= self.names(), f"{set(typed) - self.names()} not on {self.path}"
        return self.send(laid_over(self.filled(), typed), action)

    def send(self, fields: Typed, action: str = "continue", *, to: str = "") -> Self:
        """Post just these fields, to the form's own address or to another."""
        own = (self.form or {}).get("action") or self.answer.request.full_path
        data = MultiDict(fields) | {"action": action}
        return self._arrived(self.client.post(to or str(own), data=data, **self.sent_with))

    def answer_page(self, answers: Typed, **instead: Any) -> Self:
        """Fill in this page from whole answers and go on."""
        typed = as_typed(self.names(), answers) | instead
        return self.press("add" if more_rows(self.names(), answers) else "continue", **typed)

    def walk(self, answers: Typed, until: str = "/done") -> Self:
        """Fill in page after page until this address is shown, with or without "/form/" before."""
        for _ in range(MOST_STEPS):
            if self.path in (until, f"/form/{until}"):
                return self
            assert self.form is not None, f"the way ends on {self.path}: {self.title}"
            self.answer_page(answers)
            assert not self.errors, f"{self.path}: {self.errors}"
        raise AssertionError(f"{until} was not reached: {self.trail[-5:]}")

    def resume(self, code: str, date_of_birth: str) -> Self:
        self.open("/resume")
        return self.press(code=code, **as_typed(self.names(), {"date_of_birth": date_of_birth}))

    def _arrived(self, answer: TestResponse) -> Self:
        self.answer = answer
        # Without the suggestions: hundreds of options that nobody who tests looks at.
        self.soup = BeautifulSoup(DATALIST.sub("", answer.text), "html.parser")
        self.form = self.soup.find("form", id="page")
        inputs = self.soup.select("form#page :is(input, select, textarea), input[form=page]")
        self.controls = [control for control in inputs if control.has_attr("name")]
        self.trail.append(self.path)
        shown = self.soup.find(class_="code__value")
        if shown:
            self.code = shown.get_text(" ", strip=True)
        return self


def values_of(control: Tag) -> Iterable[str]:
    """What a browser sends for one control: nothing, or its value."""
    if control.name == "textarea":
        # The parser of a page drops the line end right after the tag, as a browser does.
        return [control.get_text().removeprefix("\n")]
    if control.name == "select":
        chosen = control.select_one("option[selected]") or control.select_one("option")
        return [str(chosen["value"])] if chosen else []
    if control.get("type") in ("radio", "checkbox") and not control.has_attr("checked"):
        return []
    return [str(control.get("value", ""))]


def laid_over(fields: MultiDict[str, str], typed: Typed) -> MultiDict[str, str]:
    sent = fields.copy()
    for name, value in typed.items():
        given = value if isinstance(value, list) else [value]
        sent.setlist(name, [str(one) for one in given if one is not None])
    return sent


def as_typed(names: Iterable[str], answers: Typed) -> dict[str, Any]:
    """What a person types into these inputs to give these answers."""
    typed = {}
    for name in names:
        question, _, part = name.partition("-")
        if question in answers and name != "language":  # the switch answers that one
            value = _typed(part, answers[question])
            if value is not None:
                typed[name] = value
    return typed


def _typed(part: str, answer: Any) -> Any:
    if part in ("month", "day", "year"):
        year, month, day = str(answer).split("-")
        return {"month": month, "day": day, "year": year}[part]
    if part in ("ft", "cm", "kg"):
        return ""  # the other boxes of a height or weight
    if part == "none":
        return "yes" if answer == [] else None
    if part and isinstance(answer, list):
        return _cell(part, answer)
    return "yes" if answer is True else answer


def _cell(part: str, rows: list[Mapping[str, Any]]) -> Any:
    number, _, column = part.partition("-")
    row = rows[int(number)] if number.isdecimal() and int(number) < len(rows) else {}
    return None if row.get(column) in (None, "") else row[column]


def more_rows(names: Iterable[str], answers: Typed) -> bool:
    """Does the list on this page go on after the row that it asks for?"""
    for name in names:
        group, _, part = name.partition("-")
        number, _, column = part.partition("-")
        if number.isdecimal() and column and len(answers.get(group) or ()) > int(number) + 1:
            return True
    return False
