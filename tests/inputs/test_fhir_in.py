"""Questionnaires and responses of FHIR R4 read as ours: what is supported, and what is named."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from screening.cli_load import load_questionnaire
from screening.inputs import content_files, fhir_response
from screening.inputs.fhir_names import NotSupportedError
from screening.inputs.fhir_questionnaire import Loaded, load
from screening.outputs.fhir import tables
from screening.outputs.fhir.questionnaire import questionnaire_resource
from screening.outputs.fhir.response import response_resource
from screening.questionnaire import loader
from tests.outputs.crowd import crowd

# A short form of the kind that others publish: linkIds that are codes, groups in groups.
SLEEP: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "name": "SleepForm",
    "title": "Sleep",
    "version": "3",
    "status": "active",
    "item": [
        {
            "linkId": "/54321-0",
            "type": "group",
            "text": "Your nights",
            "item": [
                {"linkId": "told", "type": "display", "text": "Think of the last week."},
                {
                    "linkId": "1.1",
                    "type": "choice",
                    "text": "How do you sleep?",
                    "required": True,
                    "answerOption": [
                        {
                            "valueCoding": {
                                "system": "urn:x",
                                "code": "not well",
                                "display": "Badly",
                            }
                        },
                        {"valueCoding": {"system": "urn:x", "code": "well", "display": "Well"}},
                    ],
                },
                {
                    "linkId": "1.2",
                    "type": "integer",
                    "text": "How often do you wake up?",
                    "extension": [
                        {"url": tables.MIN_VALUE, "valueInteger": 0},
                        {"url": tables.MAX_VALUE, "valueInteger": 50},
                    ],
                    "enableWhen": [
                        {
                            "question": "1.1",
                            "operator": "=",
                            "answerCoding": {"code": "not well"},
                        }
                    ],
                    "item": [{"linkId": "1.2.1", "type": "string", "text": "What wakes you up?"}],
                },
                {"linkId": "1.3", "type": "boolean", "text": "Do you snore?"},
                {
                    "linkId": "1.4",
                    "type": "choice",
                    "repeats": True,
                    "text": "What have you tried?",
                    "answerOption": [
                        {"valueString": "Sleep hygiene", "initialSelected": True},
                        {"valueString": "A mask"},
                    ],
                },
                {
                    "linkId": "1.5",
                    "type": "group",
                    "repeats": True,
                    "text": "Medicines for sleep",
                    "item": [
                        {"linkId": "1.5.1", "type": "string", "text": "Name"},
                        {"linkId": "1.5.2", "type": "decimal", "text": "Dose"},
                        {"linkId": "1.5.3", "type": "boolean", "text": "Does it help?"},
                    ],
                },
            ],
        },
        {"linkId": "total", "type": "integer", "text": "Score", "readOnly": True},
    ],
}
ANSWERED = {
    "resourceType": "QuestionnaireResponse",
    "status": "completed",
    "item": [
        {
            "linkId": "/54321-0",
            "item": [
                {"linkId": "1.1", "answer": [{"valueCoding": {"code": "not well"}}]},
                {
                    "linkId": "1.2",
                    "answer": [
                        {
                            "valueInteger": 4,
                            "item": [{"linkId": "1.2.1", "answer": [{"valueString": "The dog"}]}],
                        }
                    ],
                },
                {"linkId": "1.3", "answer": [{"valueBoolean": False}]},
                {
                    "linkId": "1.4",
                    "answer": [{"valueString": "A mask"}, {"valueString": "Sleep hygiene"}],
                },
                {
                    "linkId": "1.5",
                    "item": [
                        {"linkId": "1.5.1", "answer": [{"valueString": "Melatonin"}]},
                        {"linkId": "1.5.2", "answer": [{"valueDecimal": 2.5}]},
                        {"linkId": "1.5.3", "answer": [{"valueBoolean": True}]},
                    ],
                },
            ],
        }
    ],
}


def with_item(**item: Any) -> dict[str, Any]:
    """A form whose one item is this."""
    asked = {"linkId": "a", "text": "A?", "type": "string"} | item
    return SLEEP | {"item": [asked]}


@pytest.fixture(scope="module")
def sleep() -> Loaded:
    return load(SLEEP)


# Questionnaires of others


def test_a_form_of_others_is_asked_as_it_says(sleep: Loaded) -> None:
    form = sleep.questionnaire
    found = {
        name: (q.kind, q.ask_if, q.required, q.option_ids) for name, q in form.questions.items()
    }
    assert found == {
        "q_1_1": ("choice", None, True, ("not-well", "well")),
        "q_1_2": ("integer", "q_1_1 == 'not-well'", False, ()),
        "q_1_2_1": ("text", "(q_1_1 == 'not-well') and (answered(q_1_2))", False, ()),
        "q_1_3": ("choice", None, False, ("yes", "no")),
        "q_1_4": ("choices", None, False, ("Sleep-hygiene", "A-mask")),
        "q_1_5": ("group", None, False, ()),
    }
    rows = form.questions["q_1_5"]
    assert [(c.id, c.kind) for c in rows.columns] == [
        ("q_1", "text"),
        ("q_2", "decimal"),
        ("q_3", "choice"),
    ]
    assert [len(page.questions) for page in form.pages.values()] == [5, 1]
    assert (form.questions["q_1_2"].min, form.questions["q_1_2"].max) == (0, 50)


def test_what_changes_nothing_that_is_asked_is_left_out_and_named(sleep: Loaded) -> None:
    assert sleep.notes == (
        "1.4: an initial answer: left out, nothing is answered beforehand",
        "total: computed or fixed by the form: left out",
    )


def test_its_answers_are_read_under_our_names(sleep: Loaded) -> None:
    assert fhir_response.answers_of(ANSWERED, sleep) == {
        "q_1_1": "not-well",
        "q_1_2": 4,
        "q_1_2_1": "The dog",
        "q_1_3": "no",
        "q_1_4": ["A-mask", "Sleep-hygiene"],
        "q_1_5": [{"q_1": "Melatonin", "q_2": 2.5, "q_3": "yes"}],
    }


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"type": "attachment"}, "a file"),
        ({"type": "open-choice"}, "an answer of one's own"),
        ({"type": "quantity"}, "a number with a unit"),
        ({"type": "dateTime"}, "a date with a time"),
        ({"type": "choice", "answerValueSet": "urn:set"}, "a value set that is elsewhere"),
        ({"type": "choice"}, "a choice without options"),
        ({"repeats": True}, "more than one answer"),
        ({"modifierExtension": [{"url": "urn:m"}], "type": "time"}, "a modifierExtension"),
        ({"extension": [{"url": tables.REGEX, "valueString": "[A-Z]+"}]}, "a pattern"),
        (
            {"extension": [{"url": tables.ENABLE_WHEN, "valueExpression": {}}]},
            "an enableWhenExpression",
        ),
        (
            {"enableWhen": [{"question": "b", "operator": "exists", "answerBoolean": True}]},
            "an enableWhen on 'b', no question here",
        ),
        (
            {"type": "group", "repeats": True, "item": [{"linkId": "d", "type": "date"}]},
            "the type 'date' in a row",
        ),
    ],
)
def test_what_we_cannot_do_is_refused_by_name(item: dict[str, Any], told: str) -> None:
    with pytest.raises(NotSupportedError) as refused:
        load(with_item(**item))
    assert any(line.startswith("a") and told in line for line in refused.value.lines)


def test_all_that_we_cannot_do_is_named_at_once() -> None:
    form = SLEEP | {
        "item": [
            {"linkId": "a", "type": "url", "text": "A"},
            {"linkId": "b", "type": "time", "text": "B"},
        ]
    }
    with pytest.raises(NotSupportedError) as refused:
        load(form)
    assert [line[:2] for line in refused.value.lines] == ["a:", "b:"]


@pytest.mark.parametrize("other", [{"resourceType": "Patient"}, SLEEP | {"language": "de"}])
def test_what_is_no_english_questionnaire_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(NotSupportedError):
        load(other)


# Our own, read back


@pytest.mark.parametrize("form", [loader.current(), loader.check_in()], ids=lambda f: f.kind)
def test_our_own_form_comes_back_as_it_went(form: Any) -> None:
    read = load(json.loads(json.dumps(questionnaire_resource(form)))).questionnaire
    assert list(read.questions) == list(form.questions)
    plain = {"email": "text", "phone": "text"}  # the standard has no type for these
    for name, question in form.questions.items():
        same = read.questions[name]
        for part in ("ask_if", "text", "hint", "option_ids", "min", "max", "unit", "audience"):
            # What the ends of an instrument's scale mean is ours to draw; others read it as help.
            if part != "hint" or question.instrument is None:
                assert getattr(same, part) == getattr(question, part), (name, part)
        assert same.kind == plain.get(question.kind, question.kind), name
        assert [c.id for c in same.columns] == [c.id for c in question.columns], name


def test_the_answers_of_our_own_responses_are_the_record_again() -> None:
    for sent in list(crowd(500))[::10]:
        response = json.loads(json.dumps(response_resource(sent)))
        read = fhir_response.of_ours(response, sent.questionnaire)
        assert _told(read) == _told(sent.answers)


def _told(answers: Any) -> dict[str, Any]:
    """Answers without blank cells; rows in an order of their own."""
    return {
        name: sorted(
            ({k: v for k, v in row.items() if v not in (None, "")} for row in answer), key=str
        )
        if isinstance(answer, list) and answer and isinstance(answer[0], dict)
        else list(answer)
        if isinstance(answer, tuple)
        else answer
        for name, answer in answers.items()
        if answer is not None
    }


def response_of(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    form = loader.current()
    named = f"{tables.QUESTIONNAIRE_URL.format(kind='intake')}|{form.version}"
    return {"resourceType": "QuestionnaireResponse", "questionnaire": named, "item": items} | more


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (response_of(questionnaire="urn:other|1"), "it answers urn:other|1"),
        (response_of({"linkId": "nobody", "answer": [{"valueInteger": 1}]}), "no question"),
        (
            response_of({"linkId": "pregnant", "answer": [{"valueCoding": {"code": "maybe"}}]}),
            "has no such option: 'maybe'",
        ),
        (
            response_of({"linkId": "height_in", "answer": [{"valueDecimal": n} for n in (1, 2)]}),
            "has more than one answer",
        ),
    ],
)
def test_what_does_not_fit_our_form_is_named(response: dict[str, Any], told: str) -> None:
    with pytest.raises(NotSupportedError, match=told):
        fhir_response.of_ours(response, loader.current())


def test_an_answer_that_says_why_it_is_not_there_is_not_no() -> None:
    form = loader.current()
    sensitive = next(q for q in form.questions.values() if q.sensitive and q.kind == "choice")
    declined = {"linkId": sensitive.id, "extension": [absent("asked-declined")]}
    assert fhir_response.of_ours(response_of(declined), form) == {sensitive.id: "discuss"}
    unknown = {"linkId": "heart_event_months_ago", "extension": [absent("asked-unknown")]}
    assert fhir_response.of_ours(response_of(unknown), form) == {"heart_event_months_ago": "unsure"}
    empty = {"linkId": sensitive.id}
    assert fhir_response.of_ours(response_of(empty), form) == {}


def absent(why: str) -> dict[str, str]:
    return {"url": tables.ABSENT, "valueCode": why}


# From the command line


def test_a_loaded_form_is_written_as_content_that_loads(sleep: Loaded, tmp_path: Any) -> None:
    folder = tmp_path / "content"
    content_files.write(sleep.questionnaire, folder)
    again = loader.load(folder)
    assert again.sections == sleep.questionnaire.sections
    with pytest.raises(FileExistsError):
        content_files.write(sleep.questionnaire, folder)


def test_the_command_tells_what_was_read_and_what_is_not_supported(tmp_path: Any) -> None:
    file = tmp_path / "form.json"
    file.write_text(json.dumps(SLEEP))
    done = CliRunner().invoke(load_questionnaire, [str(file), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert done.stdout == "3: 6 questions on 2 pages, 6 without Spanish\n"
    assert "total: computed" in done.stderr
    file.write_text(json.dumps(with_item(type="attachment")))
    done = CliRunner().invoke(load_questionnaire, [str(file)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "a: a file (type attachment)\n"
    file.write_text("no")
    assert CliRunner().invoke(load_questionnaire, [str(file)]).exit_code == 1
