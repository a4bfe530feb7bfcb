"""Numbers as people type them."""

import re
from typing import Any

FEET = re.compile(
    r"""(\d+)\s*(?:'|’|ft|feet|foot|pies?)[\s,.]*(?:(\d+(?:\.\d+)?)\s*(?:"|”|''|in(?:ches)?|pulg\w*)?)?"""
)
NUMBER = re.compile(r"(-?\d{1,3}(?:,\d{3})+|-?\d+)(\.\d+)?\s*([^\d\s].*)?")
COMMA = re.compile(r"(\d+),(\d{1,2})(?=[^\d,.]|$)")  # "68,5": as decimals are written in Spanish
LONGEST = 40  # characters; thousands of digits would be no number that Python can hold
CM, KG = 1 / 2.54, 1 / 0.45359237  # in inches, in pounds
METRIC = {
    "in": dict.fromkeys(("cm", "cms", "centimeters", "centímetros", "centimetros"), CM)
    | dict.fromkeys(("m", "mts", "meters", "metros"), 100 * CM),
    "lb": dict.fromkeys(("kg", "kgs", "kilos", "kilograms", "kilogramos"), KG),
}
UNIT_WORDS = {
    "in": {"in", "inch", "inches", "pulgadas", '"', "”", "''"},
    "lb": {"lb", "lbs", "pound", "pounds", "libras"},
    "mg": {"mg"},
    "mm[Hg]": {"mmhg", "mm hg"},
    "%": {"%"},
}


def read_number(typed: str, unit: str | None) -> Any:
    """A number as people type it ("1,200", "20 mg", "5 ft 6 in", "1.68 m"), else the text."""
    text = typed.casefold().strip()
    if len(text) > LONGEST:
        return typed
    feet = FEET.fullmatch(text) if unit == "in" else None
    if feet:
        return whole(int(feet[1]) * 12 + float(feet[2] or 0))
    match = NUMBER.fullmatch(COMMA.sub(r"\1.\2", text, count=1) if unit else text)
    if not match:
        return typed
    number = float(match[1].replace(",", "") + (match[2] or ""))
    suffix = (match[3] or "").strip(" .")
    factor = METRIC.get(unit or "", {}).get(suffix)
    if factor:
        return round(number * factor, 2)
    return whole(number) if not suffix or suffix in UNIT_WORDS.get(unit or "", ()) else typed


def whole(number: float) -> int | float:
    """150.0 and 150 are one number."""
    return int(number) if number.is_integer() else number
