"""What people type, read as numbers and dates."""

import pytest
from werkzeug.datastructures import MultiDict

from screening.web.forms import coerce
from screening.web.numbers import read_number
from tests.builders import question

BIRTH = question("born", "date")


@pytest.mark.parametrize(
    ("typed", "unit", "number"),
    [
        ("65", "in", 65),
        (" 66.5 ", "in", 66.5),
        ("65 inches", "in", 65),
        ("5 ft 6 in", "in", 66),
        ("5ft6", "in", 66),
        ("5 feet", "in", 60),
        ("5'6\"", "in", 66),
        ("5’ 6.5”", "in", 66.5),
        ("5 pies 6 pulgadas", "in", 66),
        ("168 cm", "in", 66.14),
        ("150 lbs.", "lb", 150),
        ("68 kg", "lb", 149.91),
        ("68,5 kg", "lb", 151.02),
        ("1,68 m", "in", 66.14),
        ("1.68 metros", "in", 66.14),
        ("2,5 mg", "mg", 2.5),
        ("1,200", None, 1200),
        ("1,200.5 mg", "mg", 1200.5),
        ("20mg", "mg", 20),
        ("-3", None, -3),
    ],
)
def test_a_number_as_it_is_typed(typed, unit, number):
    assert read_number(typed, unit) == number


@pytest.mark.parametrize(
    ("typed", "unit"),
    [
        ("tall", "in"),
        ("5 ft 6 in 3", "in"),
        ("1.2.3", None),
        ("12,34", None),
        ("20 stone", "lb"),
        ("168 cm", "lb"),
        ("20 mcg", "mg"),
        ("one", None),
        ("1e5", None),
        ("9" * 400 + " ft", "in"),
        ("9" * 5000, None),
        ("nan", None),
        ("infinity", None),
        ("0x10", None),
    ],
)
def test_what_is_no_number_stays_as_it_was_typed(typed, unit):
    assert read_number(typed, unit) == typed


def typed_date(month, day, year):
    return coerce(BIRTH, MultiDict({"born-month": month, "born-day": day, "born-year": year}))


@pytest.mark.parametrize(
    "month",
    ["3", "03", "March", "march", "MARCH", "Mar", "mar.", "marzo", "Marzo", "MARZO", "marz"],
)
def test_a_month_by_name_or_number(month):
    assert typed_date(month, "9", "1984") == ("1984-03-09", [])


@pytest.mark.parametrize(
    ("month", "number"),
    [
        ("Sept", 9),
        ("sept.", 9),
        ("septiembre", 9),
        ("ene", 1),
        ("dic", 12),
        ("ago", 8),
        ("mayo", 5),
        ("Setiembre", 9),
        ("de marzo", 3),
        ("Márzo", 3),
        ("AGO.", 8),
        ("Dec", 12),
    ],
)
def test_months_in_two_languages(month, number):
    assert typed_date(month, "2", "1990") == (f"1990-{number:02d}-02", [])


@pytest.mark.parametrize("day", ["3", "03", "3rd", "3RD", "3.", "3º", "3.º", "3ro"])
def test_a_day_as_it_is_said(day):
    assert typed_date("3", day, "1984") == ("1984-03-03", [])


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        (("ma", "9", "1984"), "month"),
        (("13", "9", "1984"), "month"),
        (("0", "9", "1984"), "month"),
        (("ju", "9", "1984"), "month"),
        (("", "9", "1984"), "month"),
        (("2", "30", "1984"), "day"),
        (("2", "29", "1983"), "day"),
        (("3", "first", "1984"), "day"),
        (("3", "", "1984"), "day"),
        (("3", "9", "84"), "year"),
        (("3", "9", "year"), "year"),
        (("3", "9", "99999999999"), "year"),
        (("3", "9", "9" * 5000), "year"),
        (("9" * 5000, "9", "1984"), "month"),
        (("²", "9", "1984"), "month"),
        (("3", "²", "1984"), "day"),
        (("3", "9", ""), "year"),
    ],
)
def test_a_date_that_is_none_names_its_faulty_part(typed, part):
    answer, (problem,) = typed_date(*typed)
    assert answer == ""
    assert problem.part == part


def test_an_empty_date_is_no_answer():
    assert typed_date("", " ", "") == (None, [])
