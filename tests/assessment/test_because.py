"""A finding rests on the answers that decide its rule, and on no others."""

import pytest

from screening.assessment.because import deciding
from screening.assessment.facts import Facts
from tests.builders import TODAY, options, question, tiny

ASKED = tiny(
    *(question(name) for name in ("a", "b", "c")),
    question("d", options=options("yes", "no", "unsure")),
)


def decides(when: str, **answers: str) -> dict[str, bool]:
    return deciding(when, Facts(ASKED, answers, TODAY))


YES_NO = {"a": "yes", "b": "no", "c": "yes", "d": "no"}


@pytest.mark.parametrize(
    ("when", "names"),
    [
        ("a == 'yes'", ["a"]),
        ("a == 'yes' or b == 'yes'", ["a"]),
        ("a == 'yes' or c == 'yes'", ["a", "c"]),
        ("a == 'yes' and b == 'no'", ["a", "b"]),
        ("(a == 'yes' or b == 'yes') and d == 'no'", ["a", "d"]),
        ("a == 'yes' and (b == 'yes' or c == 'yes')", ["a", "c"]),
        ("a == 'yes' and b == 'yes' and d == 'yes'", ["b", "d"]),
        ("b == 'yes' or d == 'yes'", ["b", "d"]),
        ("not (b == 'yes' or d == 'yes')", ["b", "d"]),
        ("not (a == 'yes' and b == 'yes')", ["b"]),
    ],
)
def test_of_an_or_those_that_are_so(when: str, names: list[str]) -> None:
    assert list(decides(when, **YES_NO)) == names


def test_what_is_unknown_rests_on_what_is_not_known() -> None:
    unknown = {"a": "yes", "b": "no", "d": "unsure"}
    assert list(decides("b == 'yes' or d == 'yes'", **unknown)) == ["d"]
    assert list(decides("a == 'yes' and d == 'yes'", **unknown)) == ["a", "d"]
    assert list(decides("a == 'yes' and (b == 'yes' or c == 'yes')", **unknown)) == ["a", "c"]


def test_what_is_asked_for_is_told_apart_from_what_only_stands_in_no_way() -> None:
    assert decides("b == 'no' and not (d == 'yes')", **YES_NO) == {"b": True, "d": False}
    assert decides("not (not (a == 'yes'))", **YES_NO) == {"a": True}
    assert decides("not (b == 'yes') and b == 'no'", **YES_NO) == {"b": True}
