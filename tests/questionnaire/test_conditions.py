"""The condition grammar: what it refuses, and three-valued logic on every operator."""

from itertools import product

import pytest

from screening.questionnaire.conditions import (
    NOT_APPLICABLE,
    UNKNOWN,
    ConditionError,
    condition,
    names,
    parse,
)

PAIRS = list(product((True, False, None), repeat=2))


class Given:
    """Facts by name; `answers` says which questions are answered."""

    def __init__(self, answers=None, **values):
        self.values, self.answers = values, answers or {}

    def value(self, name):
        return self.values[name]

    def answered(self, name):
        return self.answers[name]


def truth(text, answers=None, **values):
    return condition(text)(Given(answers, **values))


def as_value(truth_value):
    return UNKNOWN if truth_value is None else truth_value


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_and_is_false_with_a_false_part_whatever_is_unknown(a, b):
    expected = False if False in (a, b) else None if None in (a, b) else True
    assert truth("a and b", a=as_value(a), b=as_value(b)) is expected


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_or_is_true_with_a_true_part_whatever_is_unknown(a, b):
    expected = True if True in (a, b) else None if None in (a, b) else False
    assert truth("a or b", a=as_value(a), b=as_value(b)) is expected


@pytest.mark.parametrize(("a", "expected"), [(True, False), (False, True), (None, None)])
def test_not_leaves_unknown_unknown(a, expected):
    assert truth("not a", a=as_value(a)) is expected


def test_a_name_that_does_not_apply_stands_for_false():
    assert truth("a", a=NOT_APPLICABLE) is False
    assert truth("not a", a=NOT_APPLICABLE) is True


COMPARISONS = ["x == 3", "x != 3", "x < 3", "x <= 3", "x > 3", "x >= 3", "x in (1, 3)", "3 in x"]


@pytest.mark.parametrize("text", COMPARISONS)
def test_comparing_an_unknown_is_unknown(text):
    assert truth(text, x=UNKNOWN) is None


@pytest.mark.parametrize("text", COMPARISONS)
def test_every_comparison_is_false_on_what_does_not_apply(text):
    assert truth(text, x=NOT_APPLICABLE) is False
    assert truth(f"not ({text})", x=NOT_APPLICABLE) is True


@pytest.mark.parametrize("operator", ["==", "!=", "<", ">="])
def test_what_does_not_apply_wins_over_what_is_unknown(operator):
    assert truth(f"x {operator} y", x=NOT_APPLICABLE, y=UNKNOWN) is False
    assert truth(f"x {operator} y", x=UNKNOWN, y=NOT_APPLICABLE) is False


@pytest.mark.parametrize(
    ("text", "below", "at", "above"),
    [
        ("x == 3", False, True, False),
        ("x != 3", True, False, True),
        ("x < 3", True, False, False),
        ("x <= 3", True, True, False),
        ("x > 3", False, False, True),
        ("x >= 3", False, True, True),
        ("3 > x", True, False, False),
        ("2 <= x < 4", True, True, False),
        ("x in (2, 3)", True, True, False),
    ],
)
def test_operators_on_numbers(text, below, at, above):
    assert [truth(text, x=x) for x in (2, 3, 4)] == [below, at, above]


def test_membership_in_ticks_and_of_a_choice():
    assert truth("'a' in x", x=("a", "b")) is True
    assert truth("'c' in x", x=("a", "b")) is False
    assert truth("x in ('a', 'b')", x="b") is True
    assert truth("x in ('a', 'b')", x="c") is False


def test_unsure_among_ticks_leaves_the_other_memberships_as_they_are():
    assert truth("'a' in x", x=("a", "unsure")) is True
    assert truth("'b' in x", x=("a", "unsure")) is False


def test_a_chain_of_comparisons_is_the_and_of_its_parts():
    assert truth("65 <= age < 75", age=UNKNOWN) is None
    assert truth("65 <= age < 75", age=NOT_APPLICABLE) is False


def test_answered_is_asked_of_the_facts_and_may_be_unknown():
    assert truth("answered(x)", {"x": True}) is True
    assert truth("not answered(x)", {"x": False}) is True
    assert truth("answered(x) or y", {"x": None}, y=True) is True
    assert truth("answered(x) and y", {"x": None}, y=True) is None


def test_negative_numbers_and_dotted_names():
    assert truth("x > -1", x=0) is True
    facts = Given()
    facts.values["phq9.total"] = 12
    assert condition("phq9.total >= 10")(facts) is True


def test_names_come_in_order_with_repeats():
    text = "b == 1 or answered(a) or not (b > 2 and 'x' in c) or meds.opioid"
    assert list(names(parse(text))) == ["b", "a", "b", "c", "meds.opioid"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a ==",
        "a = 1",
        "a; b",
        "a + 1 > 2",
        "-a > 2",
        "a not in b",
        "a is b",
        "a is not None",
        "a == None",
        "a if b else c",
        "lambda: a",
        "a[0] == 1",
        "a.b.c == 1",
        "a.b() == 1",
        "len(a) > 1",
        "answered('a')",
        "answered(a.b)",
        "answered(a, b)",
        "answered(x=a)",
        "__import__('os')",
        "[a for a in b]",
        "a in [1, 2]",
        "a in (1, b)",
        "a in {1, 2}",
        "f'{a}' == 'x'",
        "a := 1",
        "(a == 1) == True",
        "(a and b) > 1",
        "a == b'x'",
        "a == ...",
        "a & b",
        "~a",
        "await a",
        "*a",
    ],
)
def test_what_is_not_in_the_grammar_is_refused(text):
    with pytest.raises(ConditionError):
        parse(text)


def test_a_refusal_says_what_is_wrong():
    with pytest.raises(ConditionError, match="len"):
        parse("len(a) > 1")
