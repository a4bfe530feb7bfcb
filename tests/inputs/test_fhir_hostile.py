"""Files of FHIR made badly, or to do harm: each is refused in words, and nothing is guessed."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from screening.cli_load import load_questionnaire
from screening.inputs import fhir_response, fhir_shape
from screening.inputs.fhir_names import NotSupportedError
from screening.inputs.fhir_questionnaire import load
from screening.outputs.fhir import tables
from screening.questionnaire import loader

from .test_fhir_in import ANSWERED, SLEEP, response_of, with_item

JUNK = (None, True, 1.5, float("inf"), "", "\ud800", "((", [], [[]], ["x"], {}, {"a": [1]})
YES_NO = [{"valueCoding": {"system": "urn:a", "code": code}} for code in ("yes", "no")]


def places(element: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts: Any = element.items() if isinstance(element, dict) else ()
    for key, part in enumerate(element) if isinstance(element, list) else parts:
        yield (*above, key)
        yield from places(part, (*above, key))


def spoilt(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The resource, with something else in the place of each of its parts."""
    for number, (*above, last) in enumerate(places(resource)):
        for junk in JUNK[number % 2 :: 2]:
            made = copy.deepcopy(resource)
            part: Any = made
            for key in above:
                part = part[key]
            part[last] = junk
            yield made


def test_whatever_a_file_holds_it_is_read_or_refused_in_words() -> None:
    sleep = load(SLEEP)
    for made in spoilt(SLEEP):
        refused_or(lambda made=made: load(made))  # type: ignore[misc]
    for made in spoilt(ANSWERED):
        refused_or(lambda made=made: fhir_response.answers_of(made, sleep))  # type: ignore[misc]


def refused_or(read: Any) -> str:
    try:
        read()
    except NotSupportedError as error:
        return str(error)
    return ""


def test_a_file_that_is_too_deep_or_too_long_is_refused() -> None:
    deep: dict[str, Any] = {"linkId": "a", "type": "string", "text": "A"}
    for _ in range(500):
        deep = {"linkId": f"g{id(deep)}", "type": "group", "text": "G", "item": [deep]}
    assert "deep" in refused_or(lambda: load(SLEEP | {"item": [deep]}))
    alike = [{"linkId": "é" * n, "type": "string"} for n in range(fhir_shape.MOST_ITEMS + 1)]
    assert "more than 2000 items" in refused_or(lambda: load(SLEEP | {"item": alike}))


@pytest.mark.parametrize(
    "condition",
    ["__import__('os').system('id')", "((", "a\0", "not " * 400 + "a" * 900, "a.b.c", "[a][0]"],
)
def test_a_condition_of_no_grammar_of_ours_is_refused(condition: str) -> None:
    asked_if = {"url": tables.ASKED_IF, "valueString": condition}
    assert "(asked-if)" in refused_or(lambda: load(with_item(extension=[asked_if])))


@pytest.mark.parametrize("word", ["in", "and", "not", "answered"])
def test_a_link_id_that_is_a_word_of_conditions_is_no_name(word: str) -> None:
    asked = {"linkId": word, "text": "A?", "type": "boolean"}
    when = {"question": word, "operator": "=", "answerBoolean": True}
    under = {"linkId": "b", "text": "B?", "type": "string", "enableWhen": [when]}
    found = load(SLEEP | {"item": [asked, under]}).questionnaire.questions
    assert found["b"].ask_if == f"{word}_2 == 'yes'"


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ([{"type": "string", "modifierExtension": [{"url": "urn:m"}]}], "urn:m"),
        ([{"type": "string"}, {"type": "string"}], "two items have this linkId"),
        (
            [{"type": "choice", "answerOption": [{"valueCoding": {"code": "1"}}] * 2}],
            "two options with the code",
        ),
    ],
)
def test_what_could_be_taken_for_something_else_is_refused(items: Any, told: str) -> None:
    form = SLEEP | {"item": [{"linkId": "a", "text": "A?"} | item for item in items]}
    assert told in refused_or(lambda: load(form))


def row(group: str, *cells: tuple[str, str]) -> dict[str, Any]:
    found = [{"linkId": f"{group}.{c}", "answer": [{"valueString": v}]} for c, v in cells]
    return {"linkId": group, "item": found}


NO = {"valueCoding": {"code": "no"}}
NEGATED = [{"url": "urn:negated"}]


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (response_of(status="entered-in-error"), "entered in error"),
        (response_of(modifierExtension=NEGATED), "modifierExtension"),
        (
            response_of({"linkId": "pregnant", "modifierExtension": NEGATED, "answer": [NO]}),
            "modifierExtension",
        ),
        (
            response_of({"linkId": "pregnant", "answer": [NO | {"valueString": "yes"}]}),
            "two values",
        ),
        (
            response_of(
                {
                    "linkId": "pregnant",
                    "answer": [{"valueCoding": {"system": "urn:other", "code": "no"}}],
                }
            ),
            "has no such option",
        ),
        (
            response_of(row("medications", ("medicine", "Lithium"), ("medicine", "Zinc"))),
            "more than one answer in a row",
        ),
        (
            response_of({"linkId": "medications", "answer": [{"valueString": "Lithium"}]}),
            "beside its rows",
        ),
        (
            response_of({"linkId": "medications.medicine", "answer": [{"valueString": "Lithium"}]}),
            "beside its rows",
        ),
        (
            response_of(
                {"linkId": "allergies.none", "answer": [{"valueBoolean": True}]},
                row("allergies", ("allergen", "Penicillin")),
            ),
            "says that there are none",
        ),
        (
            response_of(
                row("allergies", ("allergen", "Penicillin")),
                {"linkId": "allergies.none", "answer": [{"valueBoolean": True}]},
            ),
            "says that there are none",
        ),
    ],
)
def test_no_answer_is_lost_and_none_is_turned_round(response: Any, told: str) -> None:
    assert told in refused_or(lambda: fhir_response.of_ours(response, loader.current()))


def test_the_command_says_on_plain_lines_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "form.json"
    file.write_text(json.dumps(with_item(linkId="a\n\x1b[2J", type="url")))
    said = CliRunner().invoke(load_questionnaire, [str(file)])
    assert (said.exit_code, said.stderr) == (1, "a\\n\\x1b[2J: an address (type url)\n")
    file.write_text('{"item":' * 5000)
    said = CliRunner().invoke(load_questionnaire, [str(file)])
    assert said.exit_code == 1
    assert "is not JSON" in said.stderr
