"""Dates and times in words, in the patient's language and the clinic's time zone."""

from datetime import date, datetime, time

MONTHS_ES = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio",
    "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip


def day_in_words(day: date, language: str) -> str:
    """ "December 23, 2026" or "23 de diciembre de 2026"."""
    if language == "es":
        return f"{day.day} de {MONTHS_ES[day.month - 1]} de {day.year}"
    return f"{day:%B} {day.day}, {day.year}"


def time_in_words(moment: datetime | time, language: str) -> str:
    """ "2:05 PM" or "2:05 p. m."."""
    hour = moment.hour % 12 or 12
    half = ("a. m.", "p. m.") if language == "es" else ("AM", "PM")
    return f"{hour}:{moment.minute:02d} {half[moment.hour >= 12]}"


def moment_in_words(moment: datetime, language: str) -> str:
    joined = " a las " if language == "es" else " at "
    return joined.join((day_in_words(moment.date(), language), time_in_words(moment, language)))
