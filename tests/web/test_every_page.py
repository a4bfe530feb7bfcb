"""What holds on each page that a patient is shown, in both languages, by reading its HTML."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from screening import create_app
from screening.settings import Settings
from tests import databases
from tests.builders import person
from tests.site import Clock, Site

# By autocomplete token; the code is a secret that no browser keeps.
KNOWN = {
    "given-name", "family-name", "nickname", "bday-month", "bday-day", "bday-year", "email", "tel",
    "street-address", "address-level2", "address-level1", "postal-code", "name", "off",
}  # fmt: skip
INSTRUMENTS = ("phq9", "gad7", "cssrs", "pcl5", "pcptsd5", "auditc", "peg", "dest")
PLACEHOLDERS = re.compile(r"placeholder=|<input[^>]*\srequired|type=\"range\"|type=\"number\"")


@pytest.fixture(scope="module")
def walked(
    made_installation: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, dict[str, BeautifulSoup]]]:
    instance = tmp_path_factory.mktemp("every") / "instance"
    shutil.copytree(made_installation, instance)
    with databases.copied() as url:
        app = create_app(Settings(instance=instance, database_url=url, testing=True))
        site = Site(app, Clock(app.extensions["office"]))
        yield {language: walk(site, language) for language in ("en", "es")}
        site.office.database.close()


@pytest.fixture(params=["en", "es"])
def pages(
    request: pytest.FixtureRequest, walked: dict[str, dict[str, BeautifulSoup]]
) -> dict[str, BeautifulSoup]:
    return walked[request.param]


def walk(site: Site, language: str) -> dict[str, BeautifulSoup]:
    """Every page on the way of one person, as it is first shown."""
    answers = person(language=language)
    walker = site.walker(speaks=language)
    found = {"/": walker.soup}
    while walker.path != "/done":
        if walker.path == "/":
            walker.press()
        else:
            walker.answer_page(answers)
        found.setdefault(walker.path, walker.soup)
    return found


def forms(pages: dict[str, BeautifulSoup]) -> Iterator[tuple[str, Tag]]:
    """The pages of questions as they were first shown, blank."""
    for path, soup in pages.items():
        if path.startswith("/form/"):
            form = soup.find("form", id="page")
            assert form is not None, path
            yield path, form


def inputs(form: Tag) -> list[Tag]:
    found = form.find_all(["input", "select", "textarea"])
    return [control for control in found if control.get("type") != "hidden"]


def test_a_page_has_one_heading_and_it_is_its_title(pages: dict[str, BeautifulSoup]) -> None:
    assert len(pages) > 25
    for path, soup in pages.items():
        (heading,) = soup.find_all("h1")
        assert soup.title is not None
        assert heading.get_text(" ", strip=True) in soup.title.get_text(), path


def test_a_way_back_stands_above_the_page(pages: dict[str, BeautifulSoup]) -> None:
    for path, _ in forms(pages):
        back = pages[path].find(class_="govuk-back-link")
        assert back is not None, path
        assert back.name == "a", path
        assert back.find_parent("main") is None, path


def test_one_button_is_the_way_on(pages: dict[str, BeautifulSoup]) -> None:
    for path, form in forms(pages):
        buttons = form.find_all("button")
        primary = [b for b in buttons if "govuk-button--secondary" not in b.get("class", [])]
        named = [b["value"] for b in primary if "govuk-button" in b.get("class", [])]
        assert named == ["continue"], path


def test_what_is_optional_says_so_and_nothing_has_an_asterisk(site: Site) -> None:
    asked = site.walker_at("contact").open("/form/contact").soup
    for question in site.questionnaire.pages["contact"].questions:
        control = asked.find(attrs={"name": question.id})
        if control is not None and not question.required:
            around = control.find_parent(class_="govuk-form-group")
            assert around is not None
            assert "(optional)" in around.get_text(), question.id
    assert "*" not in (asked.main.get_text() if asked.main else "")


def test_a_hint_is_short_and_holds_no_link(pages: dict[str, BeautifulSoup]) -> None:
    for path, form in forms(pages):
        for hint in form.find_all(class_="govuk-hint"):
            assert hint.find("a") is None, path
            quoted = hint["id"].startswith(INSTRUMENTS)
            assert quoted or len(hint.get_text()) < 260, (path, hint.get_text())


def test_nothing_is_chosen_or_hinted_inside_a_field(pages: dict[str, BeautifulSoup]) -> None:
    for path, form in forms(pages):
        assert not PLACEHOLDERS.search(str(form)), path
        chosen = [c.get("name") for c in inputs(form) if c.has_attr("checked")]
        assert chosen == [], path
        assert form.select("option[selected]:not([value=''])") == [], path


def test_the_browser_leaves_judging_to_the_server(pages: dict[str, BeautifulSoup]) -> None:
    for path, form in forms(pages):
        assert form.has_attr("novalidate"), path


def test_the_browser_may_fill_in_what_it_knows_of_the_patient(
    pages: dict[str, BeautifulSoup],
) -> None:
    tokens = {
        str(control["autocomplete"])
        for _, form in forms(pages)
        for control in inputs(form)
        if control.has_attr("autocomplete")
    }
    assert tokens <= KNOWN
    assert {"given-name", "family-name", "bday-year", "email", "tel", "postal-code"} <= tokens
    name = pages["/form/contact"].find(attrs={"name": "first_name"})
    assert name is None or name.get("spellcheck") == "false"


def test_each_control_has_a_name_to_be_called_by(pages: dict[str, BeautifulSoup]) -> None:
    for path, form in forms(pages):
        for control in inputs(form):
            label = form.find("label", attrs={"for": control.get("id")})
            named = label or control.get("aria-label") or control.get("aria-labelledby")
            assert named, (path, control)


def test_what_describes_a_control_is_there_once(pages: dict[str, BeautifulSoup]) -> None:
    for path, soup in pages.items():
        ids = [str(tag["id"]) for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), path
        named = [str(tag["aria-describedby"]) for tag in soup.find_all(attrs=DESCRIBED)]
        assert {one for names in named for one in names.split()} <= set(ids), path


DESCRIBED: dict[str, Any] = {"aria-describedby": True}


def test_help_stands_in_the_same_place(pages: dict[str, BeautifulSoup]) -> None:
    for path, soup in pages.items():
        line, foot = soup.find(class_="helpline"), soup.find("footer")
        assert line is not None, path
        assert foot is not None, path
        for part in (line, foot):
            assert part.find("a", href="tel:911"), path
            assert part.find("a", href="tel:988"), path


def test_the_page_says_its_language(pages: dict[str, BeautifulSoup]) -> None:
    languages = {str(soup.html["lang"]) for soup in pages.values() if soup.html}
    assert len(languages) == 1
