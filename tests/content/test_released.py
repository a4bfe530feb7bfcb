"""The released content is clean, and the schemas beside it are those of the definition."""

import json
from pathlib import Path

import pytest

from screening.questionnaire.lint import check
from screening.questionnaire.loader import RELEASED, check_in, current, load
from screening.questionnaire.schema import FOLDER, as_text, schemas


@pytest.mark.parametrize("folder", RELEASED, ids=lambda folder: folder.name)
def test_nothing_is_wrong_with_the_released_content(folder: Path):
    released = load(folder)
    assert check(released) == []
    assert released.version == folder.name


def test_what_a_check_in_asks_again_is_asked_in_the_same_way():
    """The same id is the same variable: kind, options and unit never differ."""
    changed = [
        name
        for name, question in check_in().questions.items()
        if (same := current().questions.get(name))
        and (same.kind, same.options, same.unit, same.columns)
        != (question.kind, question.options, question.unit, question.columns)
    ]
    assert changed == []


def test_an_instrument_is_word_for_word_the_same_in_a_check_in():
    for shared in check_in().instruments:
        assert shared == current().instrument[shared.id]
        for item in (q for q in check_in().questions.values() if q.instrument == shared.id):
            there = current().questions[item.id]
            assert (item.text, item.options) == (there.text, there.options)


def test_the_committed_schemas_are_current():
    committed = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    assert committed == {name: as_text(schema) for name, schema in schemas().items()}


def test_every_schema_holds_what_it_refers_to():
    for schema in schemas().values():
        text = json.dumps(schema)
        for name in schema["$defs"]:
            assert f'"#/$defs/{name}"' in text
        references = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
        assert references <= set(schema["$defs"])


def test_a_schema_leaves_out_what_the_loader_fills_in():
    question = schemas()["section.json"]["$defs"]["Question"]["properties"]
    assert "instrument" not in question
    assert {"type": "string", "description": "The name of an option set"} in (
        question["options"]["anyOf"]
    )
