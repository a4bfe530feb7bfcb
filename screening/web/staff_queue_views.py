"""What the templates of the queue and the search are given. Builds dicts; decides nothing."""

from datetime import date, datetime
from typing import Any

from flask import g, request, url_for

from .. import wording
from ..storage.messages import Unread
from ..workflows import after, corrections, follow, urgent
from ..workflows import queue as flow
from ..workflows.queue import Asked, Found, Line, QueuePage, Unfinished
from . import staff_forms
from .access import actor
from .current import office
from .dates import day_in_words, moment_in_words
from .staff_views import TONES, alert_view, note_errors, unread_view

Context = dict[str, Any]

FIRST_SHOWN = 8  # messages, check-ins; the others are folded away


def queue_context(page: QueuePage, asked: Asked) -> Context:
    staff = flow.physicians(office())
    return {
        "title": "Queue",
        "states": [_state(name, text, asked) for name, text in flow.STATES.items()],
        "state": asked.state,
        "list_title": _list_title(asked),
        "filters": _filters(asked, staff),
        "narrowed": _narrowed(asked, staff),
        "plain_url": url_for("staff.queue", **_address(Asked(state=asked.state))),
        "lines": [line_view(line) for line in page.lines],
        "count": _count(page, asked),
        "previous": _page_url(asked, before=page.before),
        "following": _page_url(asked, after=page.after),
        "looked_at": page.looked_at,
        "first_url": _page_url(asked) if asked.after or asked.before else None,
        "staff": _choices(staff),
        "me": g.staff.id,
        "here": request.full_path.rstrip("?") if request.method == "GET" else url_for(".queue"),
    }


def above(refused: staff_forms.Acknowledge | None, alert_id: str) -> Context:
    """What stands above the list."""
    shown = urgent.open_alerts(office(), actor())
    unread = [unread_view(message) for message in after.unread(office(), actor())]
    return {
        "alerts": [alert_view(alert, office().now()) for alert in shown],
        "forms": {alert_id: refused} if refused else {},
        "errors": note_errors(refused, alert_id),
        "unread": unread[:FIRST_SHOWN],
        "unread_later": unread[FIRST_SHOWN:],
        "corrections": [_correction(*one) for one in corrections.waiting(office())],
        "drafts": [_draft(one) for one in flow.unfinished(office(), actor())],
        **_check_ins(),
    }


def _correction(asked: Unread, answer_by: date) -> Context:
    shown = {"answer_by": day_in_words(answer_by, "en"), "late": office().today() > answer_by}
    return unread_view(asked) | shown


def _check_ins() -> Context:
    found = follow.due_now(office(), actor())
    return {
        "check_ins": [_check_in(one) for one in found.shown[:FIRST_SHOWN]],
        "check_ins_later": [_check_in(one) for one in found.shown[FIRST_SHOWN:]],
        "check_ins_more": found.more,
    }


def _check_in(one: follow.Due) -> Context:
    return {
        "name": one.name,
        "href": url_for("staff.record", reference=one.reference),
        "late": one.late,
        "begun": one.begun,
        "day": _short(one.day),
    }


def _draft(one: Unfinished) -> Context:
    number = one.open_alerts
    return {
        "name": one.name or "No name yet",
        "href": url_for("staff.record", reference=one.reference),
        "reference": one.reference,
        "saved": moment_in_words(one.saved_at, "en"),
        "alerts": f"{number} open {'alert' if number == 1 else 'alerts'}" if number else "",
    }


# The filters


def _state(name: str, text: str, asked: Asked) -> Context:
    href = url_for("staff.queue", **_address(Asked(state=name)))
    return {"text": text, "href": href, "current": name == asked.state}


def _list_title(asked: Asked) -> str:
    return {
        flow.WAITING: "Waiting for a decision",
        flow.DECIDED: "Decided",
        flow.WITHDRAWN: "Withdrawn by the patient",
        flow.ALL: "All intakes",
    }[asked.state]


def _filters(asked: Asked, staff: dict[int, str]) -> Context:
    people = [(str(number), name) for number, name in staff.items() if number != g.staff.id]
    concerns = flow.concerns(office().questionnaire)
    return {
        "outcomes": [("", "Any"), *_outcomes()],
        "outcome": asked.outcome or "",
        "concerns": [("", "Any"), *concerns.items()],
        "concern": asked.concern or "",
        "people": [("", "Anybody or nobody"), ("me", "Me"), ("nobody", "Nobody"), *people],
        "assigned": _said_member(asked.assigned),
        "since": asked.since.isoformat() if asked.since else "",
        "until": asked.until.isoformat() if asked.until else "",
        "unread": asked.unread,
    }


def _outcomes() -> list[tuple[str, str]]:
    return list(wording.OUTCOMES.items())


def _said_member(number: int | None) -> str:
    if number is None:
        return ""
    return {flow.NOBODY: "nobody", g.staff.id: "me"}.get(number, str(number))


def _narrowed(asked: Asked, staff: dict[int, str]) -> list[str]:
    """The filters that are set, in words."""
    who = {flow.NOBODY: "assigned to nobody", g.staff.id: "assigned to you"}
    concern = flow.concerns(office().questionnaire).get(asked.concern or "")
    found = [
        dict(_outcomes()).get(asked.outcome or ""),
        f"main concern {concern}" if concern else None,
        "not read" if asked.unread else None,
        None
        if asked.assigned is None
        else who.get(asked.assigned, f"assigned to {staff.get(asked.assigned, 'somebody else')}"),
        f"sent {_short(asked.since)} or later" if asked.since else None,
        f"sent {_short(asked.until)} or before" if asked.until else None,
    ]
    return [text for text in found if text]


def _address(asked: Asked) -> dict[str, Any]:
    """The query of a list: ids of options and days, nothing of a person."""
    said = {
        "state": asked.state if asked.state != flow.WAITING else "",
        "outcome": asked.outcome or "",
        "concern": asked.concern or "",
        "unread": "yes" if asked.unread else "",
        "assigned": _said_member(asked.assigned),
        "since": asked.since.isoformat() if asked.since else "",
        "until": asked.until.isoformat() if asked.until else "",
    }
    return {name: text for name, text in said.items() if text}


def _page_url(asked: Asked, **mark: str | None) -> str | None:
    """None where there is no such page."""
    if mark and not any(mark.values()):
        return None
    return url_for("staff.queue", **{**_address(asked), **mark})


def _count(page: QueuePage, asked: Asked) -> str:
    """How many lines there are here, in words; what comes after them is not counted."""
    number = len(page.lines)
    order = "the most urgent first, of each the oldest" if page.by_urgency else "the newest first"
    if asked.state == flow.DECIDED:
        order = "the last decision first"
    text = "1 intake" if number == 1 else f"{number} intakes"
    text = "No intake" if not number else text
    if number > 1:
        text = f"{text}, {order}"
    if page.looked_at is not None and page.after:
        return f"{text}. {page.looked_at} were looked through; there are more."
    return f"{text}. There are more." if page.after else f"{text}."


# A line


def line_view(line: Line) -> Context:
    holder = line.assigned_to
    view: Context = {
        "line": line,
        "href": url_for("staff.record", reference=line.reference),
        "tone": TONES[line.outcome or ""],
        "flags": _flags(line),
        "about": [text for text in (line.main_concern, _age(line)) if text],
        "sent": _short(line.submitted_at.date()),
        "ago": _ago(line.submitted_at),
        "decided": _short(line.decided_at.date()) if line.decided_at else None,
        "mine": holder is not None and holder == g.staff.id,
        "holder": None if holder is None else line.assignee or "somebody who left",
    }
    return view


def _flags(line: Line) -> list[str]:
    red = line.counts["urgent"] + line.counts["exclude"]
    counted = (
        (red, "red flag", "red flags"),
        (line.counts["clear"], "to clear", "to clear"),
        (line.counts["unknown"], "unknown", "unknown"),
    )
    return [f"{number} {one if number == 1 else many}" for number, one, many in counted if number]


def _age(line: Line) -> str:
    return "" if line.age is None else f"{line.age} y"


def _short(day: date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


def _ago(moment: datetime) -> str:
    days = (office().today() - moment.date()).days
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


# Search


def search_context(
    result: Found | None = None, *, typed: str = "", day: date | None = None
) -> Context:
    """Without a result: nothing was looked for yet."""
    lines = [line_view(line) for line in result.lines] if result else []
    return {
        "title": "Search",
        "back_url": url_for("staff.queue"),
        "typed": typed,
        "problem": None,
        "searched": result is not None,
        "lines": lines,
        "count": _found_words(len(lines)) if result else "",
        "born": day_in_words(day, "en") if day else None,
        "more": result is not None and result.more,
        "most": flow.MOST_FOUND,
        "incomplete": result is not None and not result.complete,
    }


def nothing_typed() -> Context:
    problem = "Enter a name, a date of birth or a reference."
    return search_context() | {
        "problem": problem,
        "errors": [{"text": problem, "href": "#sought"}],
    }


def _found_words(number: int) -> str:
    if not number:
        return "Nothing was found."
    return "1 intake was found." if number == 1 else f"{number} intakes were found, newest first."


# On the record


def holding(reference: str) -> Context:
    """Who has an intake, and the form that changes it."""
    staff = flow.physicians(office())
    holder = flow.holder_of(office(), reference)
    return {
        "action_url": url_for("staff.assign_one", reference=reference),
        "back": url_for("staff.record", reference=reference),
        "holder": None if holder is None else staff.get(holder, "somebody who left"),
        "was": str(holder) if holder else "nobody",
        "staff": _choices(staff),
        "mine": holder == g.staff.id,
    }


def _choices(staff: dict[int, str]) -> list[tuple[str, str]]:
    """Whom an intake can be given to, whoever chooses first."""
    others = [(str(number), name) for number, name in staff.items() if number != g.staff.id]
    return [("me", "Me"), *others, ("nobody", "Nobody")]
