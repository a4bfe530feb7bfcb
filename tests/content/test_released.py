"""The released content is clean, and the schemas beside it are those of the definition."""

import json

from screening.questionnaire.lint import check
from screening.questionnaire.loader import CURRENT, current
from screening.questionnaire.schema import FOLDER, as_text, schemas


def test_nothing_is_wrong_with_the_released_content():
    assert check(current()) == []


def test_the_folder_is_named_after_the_version():
    assert current().version == CURRENT.name


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
