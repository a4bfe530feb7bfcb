"""Our macros against the kit's own fixtures, and what every template promises."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, NavigableString, Tag
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from screening.web.i18n import texts

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "screening" / "web" / "static"
FIXTURES = json.loads((ROOT / "tests/fixtures/kit/fixtures.json").read_text())


TEXTS = texts()


@pytest.fixture(scope="module")
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    made.globals["t"] = lambda key, **values: TEXTS[key]["en"].format(**values)
    made.globals["csrf_token"] = lambda: "token"
    return made


def draw(environment: Environment, macro: str, *arguments: object, **named: object) -> str:
    file = "field" if macro == "field" else "kit"
    return str(getattr(environment.get_template(f"components/{file}.html").module, macro)(
        *arguments, **named
    ))  # fmt: skip


def view(**known: object) -> dict[str, object]:
    """A field view with every key, as components/field.html describes it."""
    empty: dict[str, object] = dict.fromkeys(
        [
            "hint",
            "hint_lang",
            "lang",
            "lead",
            "error",
            "discuss",
            "unsure",
            "unit",
            "autocomplete",
            "inputmode",
            "width",
            "spellcheck",
            "suggestions",
            "ask_if",
            "low",
            "high",
            "max_length",
        ]
    )
    empty |= {"id": "q", "kind": "text", "name": "q", "text": "Question", "value": ""}
    return empty | {"optional": False, "hidden": False, "options": [], "parts": []} | known


def option(value: str, text: str, *, checked: bool = False, exclusive: bool = False) -> dict:
    return {"value": value, "text": text, "checked": checked, "exclusive": exclusive}


# What counts as the same: elements, the kit's classes, names, values, roles, and which element an
# id, a `for` or an aria-describedby leads to. What an id is called is ours.

KEPT = [
    "type",
    "name",
    "value",
    "checked",
    "role",
    "href",
    "autocomplete",
    "inputmode",
    "spellcheck",
    "rows",
    "data-prevent-double-click",
    "draggable",
]
OURS = re.compile(r"^govuk-(label|fieldset__legend)--m$|^govuk-tag--|^(?!govuk-)")
DESCRIBING = ("govuk-hint", "govuk-error-message", "govuk-task-list__status")


def essential(html: str) -> list[object]:
    soup = BeautifulSoup(html, "html.parser")
    return [part for child in soup.children for part in shape(child, soup)]


def shape(node: object, soup: BeautifulSoup) -> list[object]:
    if isinstance(node, NavigableString):
        words = " ".join(node.split()).casefold()
        return [words] if words else []
    assert isinstance(node, Tag)
    inner = [part for child in node.children for part in shape(child, soup)]
    classes = sorted(name for name in node.get("class", []) if not OURS.search(name))
    if node.name in ("span", "p", "nav") and not classes:
        return inner
    attributes = {key: node[key] for key in KEPT if node.get(key) not in (None, "")}
    attributes["for"] = [targets(soup, node.get("for"))]
    described = [targets(soup, name) for name in node.get("aria-describedby", "").split()]
    attributes["described"] = [target for target in described if target and target[0] in DESCRIBING]
    return [(node.name, classes, attributes, inner)]


def targets(soup: BeautifulSoup, id_: str | None) -> tuple[str, int] | None:
    """Which element an id leads to: its first class, and which one of that class."""
    if not id_:
        return None
    element = soup.find(id=id_)
    assert element is not None, f"nothing has the id {id_}"
    kind = element["class"][0]
    return kind, next(n for n, other in enumerate(soup.select(f".{kind}")) if other is element)


def fixture(component: str, name: str) -> tuple[dict[str, Any], str]:
    found = next(item for item in FIXTURES[component] if item["name"] == name)
    return found["options"], found["html"]


def from_options(given: dict[str, Any], kind: str) -> dict[str, object]:
    """The view of a question that a fixture's options ask for."""
    question = given.get("label") or given["fieldset"]["legend"]
    return view(
        id=given.get("name", given.get("id")),
        name=given.get("name", given.get("id")),
        kind=kind,
        text=question["text"],
        hint=given.get("hint", {}).get("text"),
        error=given.get("errorMessage", {}).get("text"),
        value=given.get("value", ""),
        unit=given.get("suffix", {}).get("text"),
        spellcheck=given.get("spellcheck"),
        autocomplete=given.get("autocomplete"),
        options=[
            option(item["value"], item["text"], exclusive="behaviour" in item)
            for item in given.get("items", [])
            if "divider" not in item
        ],
    )


@pytest.mark.parametrize(
    ("component", "name", "kind"),
    [
        ("radios", "with hint and error message", "choice"),
        ("checkboxes", "with error message and hint", "choices"),
        ("checkboxes", "with divider and None", "choices"),
        ("input", "with error and hint", "text"),
        ("input", "with suffix", "text"),
        ("input", "with spellcheck disabled", "text"),
        ("input", "with autocomplete attribute", "text"),
        ("textarea", "with hint and error message", "longtext"),
        ("textarea", "with default value", "longtext"),
    ],
)
def test_field_is_built_as_in_the_kit(
    environment: Environment, component: str, name: str, kind: str
) -> None:
    given, html = fixture(component, name)
    assert essential(draw(environment, "field", from_options(given, kind))) == essential(html)


def test_radios_with_a_divider_are_as_in_the_kit(environment: Environment) -> None:
    given, html = fixture("radios", "with a divider")
    question = from_options(given, "choice")
    last = question["options"].pop()  # type: ignore[attr-defined]
    question["discuss"] = {"text": last["text"], "checked": False}
    html = html.replace('value="create-account"', 'value="discuss"')
    assert essential(draw(environment, "field", question)) == essential(html)


@pytest.mark.parametrize(
    "name", ["with error on year input", "with autocomplete values", "with values"]
)
def test_date_is_built_as_in_the_kit(environment: Environment, name: str) -> None:
    given, html = fixture("date-input", name)
    question = from_options({**given, "name": given["id"], "items": []}, "date")
    question["parts"] = [date_part(given, part) for part in ("day", "month", "year")]
    soup = BeautifulSoup(html, "html.parser")
    for control in soup.find_all("input"):
        control["name"] = control["id"]
    assert essential(draw(environment, "field", question)) == essential(str(soup))


def date_part(given: dict[str, Any], part: str) -> dict[str, object]:
    return {
        "name": f"{given['id']}-{part}",
        "text": part.title(),
        "value": given.get("values", {}).get(part, ""),
        "width": 4 if part == "year" else 2,
        "autocomplete": f"bday-{part}" if "autocomplete" in given["id"] else None,
        "error": given.get(part, {}).get("error", False),
    }


def test_select_is_built_as_in_the_kit(environment: Environment) -> None:
    given, html = fixture("select", "with hint text and error message")
    given["items"] = [{"value": str(n), "text": f"State {n}"} for n in range(20)]
    ours, theirs = (
        BeautifulSoup(text, "html.parser")
        for text in (draw(environment, "field", from_options(given, "choice")), html)
    )
    assert len(ours.find_all("option")) == 21
    for soup in (ours, theirs):
        soup.select_one("select").clear()  # type: ignore[union-attr]
    assert essential(str(ours)) == essential(str(theirs))


def test_error_summary_button_and_back_link_are_as_in_the_kit(environment: Environment) -> None:
    given, html = fixture("error-summary", "default")
    assert essential(draw(environment, "error_summary", given["errorList"])) == essential(html)
    _, html = fixture("button", "prevent double click")
    assert essential(draw(environment, "button", "Submit")) == essential(html)
    given, html = fixture("button", "link")
    assert essential(draw(environment, "button", given["text"], href="/")) == essential(html)
    _, html = fixture("back-link", "default")
    assert essential(draw(environment, "back_link", "#")) == essential(html)


def test_summary_list_row_is_as_in_the_kit(environment: Environment) -> None:
    _, html = fixture("summary-list", "with actions")
    theirs = BeautifulSoup(html, "html.parser").select(".govuk-summary-list__row")[1]
    row = {"key": "Date of birth", "lines": ["13/08/1980"], "lang": None, "missing": False}
    drawn = draw(environment, "summary_list", [row | {"change_url": "#"}])
    ours = BeautifulSoup(drawn, "html.parser").select_one(".govuk-summary-list__row")
    assert essential(str(ours)) == essential(str(theirs))


def test_summary_card_is_as_in_the_kit(environment: Environment) -> None:
    given, html = fixture("summary-list", "as a summary card with actions")
    lines = [{"label": r["key"]["text"], "value": r["value"]["text"]} for r in given["rows"]]
    title = given["card"]["title"]["text"]
    actions = given["card"]["actions"]["items"]
    drawn = draw(environment, "summary_card", title, lines, actions, level=2)
    assert essential(drawn) == essential(html.replace(f"({title})", title))


def test_task_list_is_as_in_the_kit(environment: Environment) -> None:
    given, html = fixture("task-list", "default")
    states = ["done", "todo", "todo"]
    tasks = [
        {"id": str(n), "title": item["title"]["text"], "status": state, "href": "#"}
        for n, (item, state) in enumerate(zip(given["items"], states, strict=True))
    ]
    html = html.replace("Completed", "Finished").replace("Incomplete", "Not started")
    assert essential(draw(environment, "task_list", tasks)) == essential(html)


# What a field promises beyond the kit


def test_error_link_lands_on_the_first_control(environment: Environment) -> None:
    question = view(kind="choices", options=[option("a", "A"), option("b", "B")])
    controls = BeautifulSoup(draw(environment, "field", question), "html.parser")("input")
    assert [control["id"] for control in controls] == ["q", "q-b"]


def test_number_names_its_unit_and_takes_not_sure(environment: Environment) -> None:
    unsure = {"text": "I’m not sure", "checked": True}
    question = view(kind="integer", unit="lb", unsure=unsure)
    soup = BeautifulSoup(draw(environment, "field", question), "html.parser")
    number, tick = soup("input")
    assert (number["type"], number["inputmode"]) == ("text", "numeric")
    assert soup.find(id=number["aria-describedby"]).text == "lb"
    assert (tick["name"], tick["value"], tick.has_attr("checked")) == ("q", "unsure", True)


def test_english_words_on_a_spanish_page_are_marked_and_ours_are_not(
    environment: Environment,
) -> None:
    discuss = {"text": "Prefiero hablar de esto en persona", "checked": False}
    question = view(
        kind="scale", lang="en", options=[option("0", "Never")], low="a", high="b", discuss=discuss
    )
    soup = BeautifulSoup(draw(environment, "field", question), "html.parser")
    assert [mark.get_text(" ", strip=True) for mark in soup.find_all(lang="en")] == [
        "Question", "Never a Never b", "Never",
    ]  # fmt: skip


def test_what_a_patient_typed_is_text(environment: Environment) -> None:
    typed = '"><script>alert(1)</script>'
    for kind in ("text", "longtext", "integer"):
        drawn = draw(environment, "field", view(kind=kind, value=typed, ask_if='["=","a","b"]'))
        soup = BeautifulSoup(drawn, "html.parser")
        assert soup.script is None
        assert json.loads(soup.select_one(".followup")["data-ask-if"]) == ["=", "a", "b"]


# What every template promises

ALL_TEMPLATES = sorted(TEMPLATES.rglob("*.html"))
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
FORBIDDEN = {
    "unescaped text": r"\|\s*safe\b|\bMarkup\b|autoescape",
    "inline style": r"\sstyle\s*=|<style\b",
    "inline script": r"<script(?![^>]*\ssrc=)|\son\w+\s*=|javascript:",
    "another origin": r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//",
    "HTML validation": r"<(?:input|select|textarea)[^>]*\srequired\b",
}


@pytest.mark.parametrize("path", ALL_TEMPLATES, ids=lambda path: path.name)
def test_template_holds_nothing_forbidden(path: Path) -> None:
    source = COMMENT.sub("", path.read_text())
    found = [what for what, pattern in FORBIDDEN.items() if re.search(pattern, source)]
    if TEMPLATES / "pdf" in path.parents:  # rendered apart, without a browser
        found = [what for what in found if what != "inline style"]
    assert found == []


def test_every_page_of_the_flow_has_one_form_that_can_be_sent() -> None:
    for path in (TEMPLATES / "patient").glob("*.html"):
        all_forms = re.findall(r"<form.*?>(?=\n)", path.read_text())
        forms = [form for form in all_forms if 'id="page"' in form]
        if forms:
            assert len(forms) == 1, path.name
            assert re.fullmatch(r'<form id="page" method="post".* novalidate>', forms[0])
            # That page sends again what waits in it, token and revision included.
            if path.name != "not_saved.html":
                assert re.search(r"{{ hidden_inputs\((revision)?\) }}", path.read_text()), path.name


def test_every_text_a_template_asks_for_exists_in_both_languages() -> None:
    asked = {
        key
        for path in ALL_TEMPLATES
        for key in re.findall(r"\bt\(\s*\"([a-z0-9_.]+)\"[,)]", path.read_text())
    }
    assert asked - TEXTS.keys() == set()


@pytest.mark.parametrize("key", TEXTS)
def test_interface_text_is_whole(key: str) -> None:
    assert TEXTS[key].keys() == {"en", "es"}
    names = {lang: set(re.findall(r"\{(\w+)\}", text)) for lang, text in TEXTS[key].items()}
    assert names["en"] == names["es"]
    assert not re.search(r"\b(please|sorry|invalid|forgot)\b", TEXTS[key]["en"], re.IGNORECASE)
    assert not re.search(r"\b(por favor|lo siento|inválid\w+)\b", TEXTS[key]["es"], re.IGNORECASE)


def test_built_files_ask_nothing_of_another_origin() -> None:
    css = (STATIC / "screening.css").read_text()
    assert not re.search(r"@import|@font-face|url\(", css)
    for module in ("screening.js", "staff.js"):
        assert not re.search(
            r"\beval\(|new Function|fetch\([\"'`](?!/)|XMLHttp", (STATIC / module).read_text()
        )
    assert "Crown Copyright" in (STATIC / "LICENSE-govuk-frontend.txt").read_text()
