"""The visits of a plan as a calendar file (iCalendar, RFC 5545).

Calendars are shared and synchronised: nothing in the file tells what the visits are for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event


@dataclass(frozen=True)
class Entry:
    """One visit: its name in the calendar, and an id that stays when its day is moved."""

    id: str
    name: str
    day: date


def calendar(
    visits: Sequence[Entry],
    *,
    at: time | None,
    zone: ZoneInfo,
    minutes: int,
    place: str,
    version: int,
    made_at: datetime,
) -> bytes:
    """The file. `at`: the time of day, None for the whole day; `version` grows with each plan, so
    that a calendar that holds an earlier one moves its visits."""
    found = Calendar()
    found.add("prodid", "-//screening//visits//EN")
    found.add("version", "2.0")
    for visit in visits:
        event = Event()
        event.add("uid", visit.id)
        event.add("summary", visit.name)
        event.add("dtstamp", made_at.astimezone(UTC))
        event.add("sequence", version)
        event.add("location", place)
        event.add("class", "PRIVATE")
        if at is None:
            event.add("dtstart", visit.day)
        else:
            starts = datetime.combine(visit.day, at, zone)
            event.add("dtstart", starts)
            event.add("dtend", starts + timedelta(minutes=minutes))
        found.add_component(event)
    found.add_missing_timezones()
    return found.to_ical()
