"""Height and weight in two ways of measuring, kept in inches and pounds."""

import pytest
from werkzeug.datastructures import MultiDict

from screening.questionnaire import loader
from screening.web import measures
from tests.builders import person

BODY = loader.current().pages["body"]
HEIGHT, WEIGHT = BODY.questions[:2]


def read(question, **typed):
    """By the part of the box's name; `own` is the one without a part."""
    names = {f"{question.id}-{part}".removesuffix("-own"): v for part, v in typed.items()}
    return measures.read(question, MultiDict(names))


@pytest.mark.parametrize(
    ("typed", "inches"),
    [
        ({"own": "66"}, 66),
        ({"ft": "5", "own": "6"}, 66),
        ({"ft": "5"}, 60),
        ({"ft": "5 ft", "own": "6 in"}, 66),
        ({"ft": "5", "own": "6,5"}, 66.5),
        ({"ft": "5'6\""}, 66),
        ({"own": "5 ft 6 in"}, 66),
        ({"own": "168 cm"}, 66.14),
        ({"ft": "5", "own": "66"}, 66),
        ({"cm": "168"}, 66.14),
        ({"cm": "168,5"}, 66.34),
        ({"cm": "1,68"}, 66.14),
        ({"cm": "1.68 m"}, 66.14),
        ({"cm": "5'6"}, 66),
        ({"ft": "5", "own": "6", "cm": "168"}, 66),
        ({}, None),
    ],
)
def test_a_height(typed, inches):
    found = read(HEIGHT, **typed)
    assert (found.data, found.problems) == (inches, [])


@pytest.mark.parametrize(
    ("typed", "pounds"),
    [
        ({"own": "150"}, 150),
        ({"own": "68,5 kg"}, 151.02),
        ({"kg": "68.5"}, 151.02),
        ({"kg": "68,5 kg"}, 151.02),
        ({"kg": "150 lb"}, 150),
        ({"own": "150", "kg": "68"}, 150),
        ({}, None),
    ],
)
def test_a_weight(typed, pounds):
    found = read(WEIGHT, **typed)
    assert (found.data, found.problems) == (pounds, [])


@pytest.mark.parametrize(
    ("question", "typed", "code", "part"),
    [
        (HEIGHT, {"ft": "five", "own": "6"}, "feet", "ft"),
        (HEIGHT, {"ft": "5.5"}, "feet", "ft"),
        (HEIGHT, {"ft": "5", "own": "six"}, "inches", measures.BARE),
        (HEIGHT, {"ft": "5", "own": "14"}, "inches", measures.BARE),
        (HEIGHT, {"ft": "5", "own": "6", "cm": "180"}, "two_units_in", measures.ALL),
        (HEIGHT, {"own": "tall", "cm": "180"}, "two_units_in", measures.ALL),
        (WEIGHT, {"own": "150", "kg": "150"}, "two_units_lb", measures.ALL),
    ],
)
def test_what_cannot_be_read_names_its_box(question, typed, code, part):
    (problem,) = read(question, **typed).problems
    assert (problem.code, problem.part) == (code, part)


@pytest.mark.parametrize("question", [HEIGHT, WEIGHT])
@pytest.mark.parametrize("tenths", range(0, 10, 5))
def test_what_is_shown_again_is_read_as_the_same(question, tenths):
    way = measures.WAYS[question.unit]
    for whole in range(int(question.min), int(question.max)):
        for value in (whole + tenths / 10, round((whole + tenths / 10) * way.size, 2)):
            boxes = measures.boxes(question, value)
            again = {part or "own": typed for part, typed in boxes.items() if typed}
            assert read(question, **again).data == value, boxes


def test_metric_comes_back_as_metric():
    """But for the few that are half inches or whole pounds too, and stand alone."""
    heights = {cm: measures.boxes(HEIGHT, read(HEIGHT, cm=str(cm)).data) for cm in range(92, 244)}
    assert [cm for cm, boxes in heights.items() if boxes["cm"] != str(cm)] == [127, 174, 207]
    weights = {kg: measures.boxes(WEIGHT, read(WEIGHT, kg=str(kg)).data) for kg in range(23, 240)}
    assert [kg for kg, boxes in weights.items() if boxes["kg"] != str(kg)] == [44]
    assert measures.boxes(WEIGHT, 97, metric=True) == {"": "", "kg": "44"}
    assert measures.boxes(HEIGHT, 66.5, metric=True) == {"ft": "5", "": "6.5", "cm": ""}


def test_inches_and_pounds_come_back_as_such():
    assert measures.boxes(HEIGHT, 66) == {"ft": "5", "": "6", "cm": ""}
    assert all(measures.boxes(WEIGHT, half / 2)["kg"] == "" for half in range(100, 600))


# On the page


@pytest.mark.parametrize(
    ("typed", "kept", "height", "weight"),
    [
        (
            {"height_in-ft": "5", "height_in": "6", "weight_lb": "150"},
            (66, 150),
            "5 ft 6 in",
            "150 lb",
        ),
        ({"height_in-cm": "168", "weight_lb-kg": "68,5"}, (66.14, 151.02), "168 cm", "68.5 kg"),
        ({"height_in-cm": "158", "weight_lb-kg": "44"}, (62.2, 97), "158 cm", "97 lb"),
        ({"height_in": "72", "weight_lb": "180.5"}, (72, 180.5), "6 ft", "180.5 lb"),
    ],
)
def test_typed_kept_and_shown_again(site, typed, kept, height, weight):
    walker = site.walker_at("body")
    blank = {name: "" for name in walker.names() if name.startswith(("height_in", "weight_lb"))}
    walker.answer_page(person(), **blank | typed)
    assert not walker.errors
    assert (site.answers["height_in"], site.answers["weight_lb"]) == kept
    walker.open("/form/body")
    metric = {name: v.replace(",", ".") for name, v in typed.items() if name.endswith(("cm", "kg"))}
    assert {name: walker.value(name) for name in metric} == metric
    walker.open("/check")
    assert height in walker.text
    assert weight in walker.text


def test_a_height_is_shown_in_spanish_words():
    height = next(question for question in BODY.questions if question.id == "height_in")
    assert measures.in_words(height, 65, "es") == "5 pies 5 pulg."
    assert measures.in_words(height, 66.14, "es") == "168 cm"


def test_other_tools_post_one_bare_number_each(site):
    walker = site.walker_at("body")
    fields = walker.filled()
    for name in [n for n in fields if "-ft" in n or "-cm" in n or "-kg" in n]:
        fields.poplist(name)
    typed = {q.id: person()[q.id] for q in BODY.questions if q.id in person()}
    walker.send(fields.to_dict() | typed | {"height_in": "66", "weight_lb": "150"})
    assert not walker.errors
    assert (site.answers["height_in"], site.answers["weight_lb"]) == (66, 150)


@pytest.mark.parametrize(
    ("typed", "at", "said"),
    [
        ({"height_in-cm": "66"}, "height_in-cm", "92 to 243 centimeters"),
        ({"weight_lb-kg": "15"}, "weight_lb-kg", "23 to 408 kilograms"),
        ({"weight_lb-kg": "a lot"}, "weight_lb-kg", "a number, like 68"),
        ({"weight_lb": "15"}, "weight_lb", "50 to 900 pounds"),
        ({"height_in-ft": "9"}, "height_in", "36 to 96 inches"),
        (
            {"height_in-ft": "5", "height_in": "13"},
            "height_in-inches",
            "inches as a number under 12",
        ),
        ({"height_in": "66", "height_in-cm": "180"}, "height_in", "do not match"),
        ({"weight_lb": "150", "weight_lb-kg": "80"}, "weight_lb", "do not match"),
        ({}, "height_in", "Tell us your height"),
    ],
)
def test_an_error_names_the_box_and_keeps_what_was_typed(site, typed, at, said):
    walker = site.walker_at("body").press(**typed)
    assert said in walker.errors[at]
    assert {name: walker.value(name) for name in typed} == typed
    assert "govuk-input--error" in walker.soup.find(id=at)["class"]


def test_nothing_typed_is_taken_for_the_place_of_another_box(site):
    walker = site.walker_at("body").press(**{"height_in-ft": "[[typed cm]]", "height_in-cm": "<b>"})
    assert walker.value("height_in-ft") == "[[typed cm]]"
    assert walker.value("height_in-cm") == "<b>"
