"""Which medicines a typed name stands for, and which rows are read as current."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.questionnaire.loader import current
from screening.questionnaire.medicines import (
    SHARED,
    MedicineTable,
    current_names,
    packed,
    still_taken,
    tokens,
    typing_errors,
)
from tests.builders import medicine

TABLE = MedicineTable(
    [
        medicine("oxycodone", "OxyContin"),
        medicine("acetaminophen", "Tylenol", also=("paracetamol",)),
        medicine("oxycodone-naloxone", "Targiniq ER"),
        medicine("lorazepam", "Ativan"),
        medicine("ketamine", "Ketalar", also=("ketamine troche",)),
        medicine("St. John's wort", also=("hierba de San Juan",)),
        medicine("lithium", "Lithobid", also=("litio",)),
        medicine("lithium orotate"),
        medicine("bupropion", "Wellbutrin XL", "Wellbutrin"),
    ]
)


@pytest.mark.parametrize(
    ("typed", "generics"),
    [
        ("lorazepam", ["lorazepam"]),
        ("ATIVAN", ["lorazepam"]),
        ("lorazepam (Ativan)", ["lorazepam", "lorazepam"]),
        ("  Ativan  1 mg at night", ["lorazepam"]),
        ("oxycodone/acetaminophen", ["oxycodone", "acetaminophen"]),
        ("acetaminophen with oxycodone 5-325", ["acetaminophen", "oxycodone"]),
        ("oxycodone-naloxone", ["oxycodone-naloxone"]),
        ("oxycodone naloxone 10 mg", ["oxycodone-naloxone"]),
        ("ketamine troche", ["ketamine"]),
        ("compounded ketamine troche 200 mg", ["ketamine"]),
        ("St Johns Wort", ["St. John's wort"]),
        ("st. john’s wort", ["St. John's wort"]),
        ("ST JOHN`S WORT 300", ["St. John's wort"]),
        ("St John´s wort", ["St. John's wort"]),
        ("St Johnʼs wort", ["St. John's wort"]),
        ("Ativan™ 1 mg", ["lorazepam"]),
        ("Hierba de san Juán", ["St. John's wort"]),
        ("lithium", ["lithium"]),
        ("Lithium orotate 5 mg", ["lithium orotate"]),
        ("Wellbutrin XL 300 mg", ["bupropion"]),
        ("wellbutrin_xl", ["bupropion"]),
        ("Bupropion-XL", ["bupropion"]),
        ("acetaminophenol", []),
        ("ketamines", []),
        ("vitamin Q", []),
        ("", []),
        ("...", []),
    ],
)
def test_what_a_name_stands_for(typed, generics):
    assert [found.generic for found in TABLE.find(typed)] == generics


def test_a_combination_in_another_order_hides_no_part_of_the_next():
    found = current().medicine_table.find("fluoxetine, olanzapine-samidorphan")
    assert any("opioid_antagonist" in medicine.flags for medicine in found)


def test_the_longest_name_wins_then_the_leftmost_without_overlap():
    table = MedicineTable([medicine("a b"), medicine("b c"), medicine("c"), medicine("a b c d")])
    assert [m.generic for m in table.find("x a b c")] == ["a b", "c"]
    assert [m.generic for m in table.find("a b c d e")] == ["a b c d"]


def test_case_accents_apostrophes_and_punctuation_are_ignored():
    assert tokens("Ácido Fólico") == tokens("acido  folico")
    assert tokens("John's") == tokens("JOHN’S") == ("johns",)
    assert tokens("Theo-24") == ("theo", "24")


@pytest.mark.parametrize("when", ["today", "this-week", "2-weeks", "month", None, ""])
def test_a_medicine_is_current_unless_it_was_taken_longer_ago(when):
    rows = [{"medicine": "x", "last_taken": when}, {"medicine": "y", "last_taken": "longer"}]
    assert current_names(rows) == ["x"]


def test_a_row_without_a_name_is_passed_over():
    assert current_names([{"medicine": " "}, {"medicine": None}, {}, {"dose": "5 mg"}]) == []


def test_only_a_trial_that_is_still_taken_is_current():
    rows = [{"drug": "x", "still_taking": "yes"}, {"drug": "y", "still_taking": "no"}]
    rows += [{"drug": "z"}, {"drug": "", "still_taking": "yes"}]
    assert still_taken(rows) == ["x"]


@pytest.mark.parametrize(
    ("typed", "flag"),
    [
        ("Theo-24 300 mg", "theophylline"),
        ("Klonopin", "benzodiazepine"),
        ("lorazepam (Ativan)", "benzodiazepine"),
        ("oxycodone/acetaminophen", "opioid"),
        ("Percocet", "opioid"),
        ("Lamictal", "mood_stabiliser"),
        ("Ozempic", "glp1"),
        ("lisinopril", "antihypertensive"),
        ("Adderall XR", "stimulant"),
        ("Nardil", "maoi"),
        ("naltrexone", "opioid_antagonist"),
        ("gabapentina", "gabapentinoid"),
        ("zolpidem", "z_drug"),
        ("Xyrem", "oxybate"),
        ("warfarina", "anticoagulant"),
    ],
)
def test_the_released_table_flags_common_names(released, typed, flag):
    assert any(flag in found.flags for found in released.medicine_table.find(typed))


@pytest.mark.parametrize("typed", ["vitamin Q", "Blue pill", "some pills", "300 mg"])
def test_the_released_table_does_not_know_everything(released, typed):
    assert released.medicine_table.find(typed) == ()


# Names that are close to one


CLOSE = MedicineTable(
    [
        medicine("sertraline", "Zoloft"),
        medicine("bupropion", "Wellbutrin XL"),
        medicine("vitamin D"),
        medicine("lithium"),
        medicine("hydroxyzine"),
        medicine("hydralazine"),
        medicine("St John's wort", also=("hierba de san juan",)),
    ]
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sertralin", ("sertraline",)),
        ("Sertarline", ("sertraline",)),
        ("setralnie", ("sertraline",)),
        ("zolofd", ("Zoloft",)),
        ("Zooloft", ("Zoloft",)),
        ("sertralin 50mg", ("sertraline 50mg",)),
        ("generic sertralín, 1 pill", ("generic sertraline, 1 pill",)),
        ("Welbutrin XL", ("Wellbutrin XL",)),
        ("st johns wart", ("St John's wort",)),
        ("hydralyzine", ("hydralazine", "hydroxyzine")[:1]),
        ("sertraline", ()),
        ("hierba de san juan", ()),
        ("Zolpft", ("Zoloft",)),
        ("Zofoltt", ()),
        ("vitamin Q", ()),
        ("lit", ()),
        ("litioum", ("lithium",)),
        ("something for sleep", ()),
        ("", ()),
    ],
)
def test_what_a_name_that_stands_for_nothing_may_mean(typed, meant):
    assert CLOSE.close(typed) == meant


def test_a_close_name_still_stands_for_nothing():
    assert CLOSE.close("sertralin")
    assert CLOSE.find("sertralin") == ()


@given(st.text(max_size=30))
def test_looking_for_close_names_never_fails(typed):
    assert len(CLOSE.close(typed)) <= 3


def errors_at_most(most, typed, name):
    """By the definition: is `name` reached from `typed` by so many errors?"""
    letters = set(typed + name)
    reached = {typed}
    for _ in range(most):
        reached |= {changed for word in reached for changed in one_error(word, letters)}
    return name in reached


def one_error(word, letters):
    for i in range(len(word) + 1):
        yield from (word[:i] + letter + word[i:] for letter in letters)
        if i < len(word):
            yield word[:i] + word[i + 1 :]
            yield from (word[:i] + letter + word[i + 1 :] for letter in letters)
        if i + 1 < len(word):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_one_typing_error_is_one_letter_more_less_other_or_two_changed_over(typed, name):
    assert (typing_errors(typed, name) <= 1) == errors_at_most(1, typed, name)


def test_the_names_for_the_browser_can_be_unpacked():
    wanted, names, before = sorted(current().medicine_names), [], ""
    text = packed(wanted)
    for sign, rest in re.findall(rf"([{re.escape(SHARED)}])([^{re.escape(SHARED)}]*)", text):
        before = before[: SHARED.index(sign)] + rest
        names.append(before)
    assert names == wanted
    assert len(text) < len("\n".join(names))
