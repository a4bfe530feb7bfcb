"""A date somewhere in what was typed: 5/4/1980, 1980-05-04, 5.4.80, May 4 1980, 4 May 1980."""

import re
from datetime import date

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<name>{'|'.join(MONTHS)})[a-z]*\.?"
FORMS = (
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
    r"(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[-/.](?P<year>\d{4}|\d{2})",
    rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})",
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+(?P<year>\d{{4}})",
)
PATTERNS = tuple(re.compile(rf"(?<!\w){form}(?!\w)", re.IGNORECASE) for form in FORMS)


def take_date(typed: str, today: date) -> tuple[date | None, str]:
    """The first date in a text, and the text without it. Month before day, as in the US, unless
    only the other order is a date. A year of two digits lies in the past hundred years."""
    for pattern in PATTERNS:
        found = pattern.search(typed)
        day = found and _day(found.groupdict(), today)
        if found and day:
            return day, f"{typed[: found.start()]} {typed[found.end() :]}".strip()
    return None, typed


def _day(parts: dict[str, str | None], today: date) -> date | None:
    year, day = int(parts["year"] or 0), int(parts["day"] or 0)
    name = parts.get("name")
    month = MONTHS.index(name.lower()) + 1 if name else int(parts.get("month") or 0)
    if year < 100:
        century = today.year // 100 * 100
        year += century if century + year <= today.year else century - 100
    return _date(year, month, day) or (None if name else _date(year, day, month))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
