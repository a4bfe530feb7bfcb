"""The audit for an auditor: pages, filters, a file, the check of its chain. Nothing of a patient
but the reference of an intake, which names nobody."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ..workflows import audit_log as flow
from ..workflows.audit_log import Asked, Checked, LogPage, Told
from ..workflows.audit_words import GROUP_OF, GROUPS, SENTENCES
from .access import actor
from .auth import answer_errors
from .current import office
from .dates import moment_in_words

Context = dict[str, Any]

blueprint = Blueprint("audit", __name__, url_prefix="/staff/audit")
answer_errors(blueprint)

LONGEST = 40  # characters of a reference or an actor in an address
DIGITS = 12
KEPT = ("since", "until", "actor", "group", "action", "reference")


@blueprint.get("")
def show() -> Response:
    asked = what_is_asked(request.args)
    page = flow.page(office(), actor(), asked)
    return make_response(render_template("admin/audit.html", **_context(asked, page)))


@blueprint.post("/check")
def check() -> Response:
    """Walk the whole chain now; what was found stands on the page."""
    found = flow.check(office(), actor())
    if found.good:
        flash(f"Checked just now: every row is right up to row {found.row:,}.")
    return redirect(url_for("audit.show"), 303)


@blueprint.post("/export")
def export() -> Response:
    """The rows that the filters let through, as CSV."""
    asked = what_is_asked(request.form)
    response = Response(
        flow.export(office(), actor(), asked), content_type="text/csv; charset=utf-8"
    )
    name = f"audit-{office().today()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def what_is_asked(said: Mapping[str, str]) -> Asked:
    """What was asked for, as far as it can be asked for."""
    group, action = said.get("group", ""), said.get("action", "")
    return Asked(
        since=_day(said.get("since", "")),
        until=_day(said.get("until", "")),
        actor=said.get("actor", "")[:LONGEST] or None,
        group=group if group in GROUPS else None,
        action=action if action in GROUP_OF else None,
        reference=said.get("reference", "").strip()[:LONGEST],
        before=_number(said.get("before", "")),
        after=_number(said.get("after", "")),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS else None


def _context(asked: Asked, page: LogPage) -> Context:
    filters = {name: _text(getattr(asked, name)) for name in KEPT}
    address: dict[str, Any] = {name: text for name, text in filters.items() if text}
    return {
        "title": "Audit",
        "filters": filters,
        "narrowed": bool(address),
        "plain_url": url_for("audit.show"),
        "actors": [("", "Anybody"), *page.actors.items()],
        "groups": [("", "Anything"), *GROUPS.items()],
        "actions": [("", "Any"), *((name, name) for name in _actions(asked.group))],
        "rows": [_row(row) for row in page.rows],
        "newer": url_for("audit.show", **address, after=page.after) if page.after else None,
        "older": url_for("audit.show", **address, before=page.before) if page.before else None,
        "checked": _checked(page.checked),
        "broken": page.checked is not None and not page.checked.good,
        "head": page.head,
        "here": request.full_path.rstrip("?"),
    }


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _actions(group: str | None) -> list[str]:
    return sorted(SENTENCES[group]) if group else sorted(GROUP_OF)


def _row(row: Told) -> Context:
    named = row.reference or row.intake_id
    return {
        "row": row,
        "day": f"{row.at:%b} {row.at.day}, {row.at.year}",
        "time": f"{row.at:%H:%M:%S}",
        "href": url_for("audit.show", reference=named) if named else None,
    }


def _checked(found: Checked | None) -> str:
    if found is None:
        return "Not checked yet."
    when = moment_in_words(found.at, "en")
    if found.good:
        return f"Checked to row {found.row:,} on {when} by {found.by}: every row is right."
    return f"Row {found.row:,} was changed, removed or put in. Found on {when} by {found.by}."
