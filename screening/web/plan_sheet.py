"""The patient's sheet of a plan, in a language that is given; needs no request."""

from datetime import date, time

from ..outputs.sheet import Sheet
from ..questionnaire.definition import Language
from ..workflows.plans import Dates, Planning
from .dates import day_in_words, time_in_words
from .i18n import text

WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}


def sheet_of(planning: Planning, language: Language, *, clinic: str, phone: str) -> Sheet:
    """When to come and what to do that day; no score, no drug, no diagnosis. Raises ValueError
    without a plan."""
    if planning.plan is None:
        raise ValueError("nothing is planned")

    def say(key: str, **values: object) -> str:
        return text(f"sheet.{key}", language, **values)

    return Sheet(
        language=language,
        title=say("title"),
        clinic=clinic,
        reference=planning.reference,
        lead=say("lead"),
        visits_title=say("visits_title"),
        visits=tuple(_visits(planning.plan.dates, language)),
        day_title=say("day_title"),
        instructions=planning.instructions(language),
        call=say("call", clinic=clinic, phone=phone),
        help_title=say("help_title"),
        help_lines=(say("help_danger"), say("help_talk")),
    )


def _visits(dates: Dates, language: Language) -> list[tuple[str, str]]:
    """All of the plan, (name, day in words)."""
    named = [
        (text("sheet.visit", language, number=number), day)
        for number, day in enumerate(dates.induction, start=1)
    ]
    named += [(text("sheet.later", language), day) for day in sorted(dates.boosters)]
    return [(name, _day(day, dates.at, language)) for name, day in named]


def _day(day: date, at: time | None, language: Language) -> str:
    told = f"{WEEKDAYS[language][day.weekday()]}, {day_in_words(day, language)}"
    return f"{told}, {time_in_words(at, language)}" if at else told
