"""Somebody at Chromium: fills in the form as it is drawn, with or without JavaScript."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from .walker import MOST_STEPS, as_typed, more_rows

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield found
        found.close()


class Visitor:
    """One browser of its own at the form's address. `complaints`: what the console said, and
    requests that left this machine."""

    def __init__(self, browser: Browser, url: str, **options: Any):
        self.context: BrowserContext = browser.new_context(**{"locale": "en-US"} | options)
        self.url = url
        self.complaints: list[str] = []
        self.code = ""
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: self._complain(said.type == "error", said.text))
        self.page.on("pageerror", lambda error: self._complain(True, str(error)))
        self.page.on("request", lambda r: self._complain(not r.url.startswith(url), r.url))

    def _complain(self, wrong: bool, what: str) -> None:
        # The browser itself reports every answer of status 400 and more.
        if wrong and "the server responded with a status" not in what:
            self.complaints.append(what)

    def close(self) -> None:
        self.context.close()

    # Looking

    def open(self, path: str) -> Self:
        self.page.goto(self.url + path)
        return self

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    @property
    def title(self) -> str:
        return (self.page.text_content("h1") or "").strip()

    @property
    def text(self) -> str:
        return " ".join(self.page.inner_text("main").split())

    def names(self) -> list[str]:
        """The inputs of the form in the order in which they are drawn."""
        found = self.page.eval_on_selector_all(
            "form#page [name]:not([type=hidden]):not(button)", "all => all.map(one => one.name)"
        )
        return list(dict.fromkeys(found))

    # Acting

    def press(self, action: str = "continue") -> Self:
        return self.click(f'main button[name="action"][value="{action}"]')

    def click(self, what: str) -> Self:
        """Follow a link or press a button, and see the page that it leads to."""
        with self.page.expect_navigation():
            self.page.click(what)
        return self

    def type_in(self, typed: Mapping[str, Any]) -> Self:
        """In the order given: a follow-up is drawn when what it follows was answered."""
        for name, value in typed.items():
            inputs = self.page.locator(f'form#page [name="{name}"]')
            kind = inputs.first.evaluate("one => one.type")
            if kind in ("radio", "checkbox"):
                for one in value if isinstance(value, list) else [value]:
                    tick = self.page.locator(f'form#page [name="{name}"][value="{one}"]')
                    if tick.is_visible():
                        tick.check()
            elif inputs.first.is_visible():
                self._fill(inputs.first, kind, str(value))
        return self

    def _fill(self, control: Any, kind: str, value: str) -> None:
        if kind == "select-one":
            control.select_option(value)
        else:
            control.fill(value)

    def answer_page(self, answers: Mapping[str, Any]) -> Self:
        names = self.names()
        typed = as_typed(names, answers)
        self.type_in({name: typed[name] for name in names if name in typed})
        self.press("add" if more_rows(names, answers) else "continue")
        if self.page.locator(".code__value").count():
            self.code = self.page.inner_text(".code__value")
        return self

    def walk(self, answers: Mapping[str, Any], until: str = "/done") -> Self:
        for _ in range(MOST_STEPS):
            if self.path in (until, f"/form/{until}"):
                return self
            self.answer_page(answers)
            errors = self.page.locator(".govuk-error-summary")
            assert errors.count() == 0, f"{self.path}: {errors.inner_text()}"
        raise AssertionError(f"{until} was not reached: {self.path}")

    def resume(self, code: str, date_of_birth: str) -> Self:
        self.open("/resume")
        typed = as_typed(self.names(), {"date_of_birth": date_of_birth})
        return self.type_in({"code": code, **typed}).press()
