"""The counts of the clinic for an administrator: bars by month, and the same as a table."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, render_template

from ..workflows import insight as flow
from ..workflows.insight import LEAST, Cell, Insight, Line, Stops
from .access import actor
from .auth import answer_errors
from .current import office, queue
from .dates import moment_in_words

Context = dict[str, Any]

blueprint = Blueprint("insight", __name__, url_prefix="/staff/insight")
answer_errors(blueprint)

# Units of a drawing.
WIDTH, HEIGHT, TOP, BOTTOM = 480, 120, 30, 96
GAP = 6
ROW = 320  # the longest bar of a page

NAMES = {
    flow.STARTED: "Forms started",
    flow.SENT: "Forms sent",
    flow.DECIDED: "Decided for the first time",
    flow.CHECK_INS_STARTED: "Check-ins opened",
    flow.CHECK_INS_SENT: "Check-ins sent",
    flow.HOURS: "Median hours from sent to the first decision",
    flow.ALERTS: "Alerts raised",
    flow.MINUTES: "Median minutes until an alert was acknowledged",
}
FEW = "hidden"  # under five, or what would give such a count away


@blueprint.get("")
def show() -> str:
    found = flow.insight(office(), actor())
    if found.as_of is None:
        queue().ask("count-now")  # a new installation does not wait for the hour
    return render_template("admin/insight.html", **_context(found))


def _context(found: Insight) -> Context:
    drawn: Context = {"title": "Insight", "as_of": "", "parts": [], "stops": []}
    if found.as_of is None:
        return drawn
    none = Line("", ())
    activity = [*found.activity, found.hours or none]
    alerts = [found.alerts or none, found.minutes or none]
    return drawn | {
        "as_of": moment_in_words(found.as_of, "en"),
        "parts": [
            _part("activity", "From started to decided", activity, found.months),
            _part("outcomes", "Outcomes of what was sent", found.outcomes, found.whole),
            _part("concerns", "Main concerns of what was sent", found.concerns, found.whole),
            _part("alerts", "Alerts", alerts, found.months),
        ],
        "stops": [
            _stops("stopped", "Where people stopped, over the last 12 whole months", found.stopped),
            _stops("idle", "Unfinished now, not touched for a day", found.idle),
        ],
    }


def _part(name: str, title: str, lines: Sequence[Line], months: Sequence[date]) -> Context:
    return {
        "id": name,
        "title": title,
        "charts": [
            _chart(f"{name}-{n}", line, months)
            for n, line in enumerate(lines)
            if set(line.cells) != {0}
        ],
        "months": [f"{month:%b %Y}" for month in months],
        "rows": [(_name(line), [_cell(line, cell) for cell in line.cells]) for line in lines],
    }


def _name(line: Line) -> str:
    return NAMES.get(line.name, line.name)


def _is_median(line: Line) -> bool:
    return line.name in (flow.HOURS, flow.MINUTES)


def _cell(line: Line, cell: Cell) -> str:
    if cell is None:
        return "–" if _is_median(line) else FEW
    return f"{cell:,}"


def _chart(name: str, line: Line, months: Sequence[date]) -> Context:
    highest = max((cell for cell in line.cells if cell), default=1)
    step = WIDTH / len(months)
    bars = []
    for number, (month, cell) in enumerate(zip(months, line.cells, strict=True)):
        height = round((cell or 0) / highest * (BOTTOM - TOP), 1)
        x = round(number * step + GAP / 2, 1)
        bars.append(
            {
                "x": x,
                "middle": round(x + (step - GAP) / 2, 1),
                "width": round(step - GAP, 1),
                "y": BOTTOM - height,
                "height": height,
                "hidden": cell is None and not _is_median(line),
                "text": "" if cell is None else f"{cell:,}",
                "month": f"{month:%b}",
                "year": f"{month:%Y}" if number == 0 or month.month == 1 else "",
            }
        )
    told = zip(months, line.cells, strict=True)
    return {
        "id": f"chart-{name}",
        "title": _name(line),
        "told": "; ".join(f"{month:%B %Y}: {_cell(line, cell)}" for month, cell in told),
        "width": WIDTH,
        "height": HEIGHT,
        "bottom": BOTTOM,
        "bars": bars,
    }


def _stops(name: str, title: str, found: Stops) -> Context:
    highest = max((stop.count for stop in found.shown), default=1)
    rows = [
        {"page": stop.page, "count": stop.count, "width": round(stop.count / highest * ROW, 1)}
        for stop in found.shown
    ]
    pages = "page" if found.others == 1 else "pages"
    others = f"On {found.others} {'further ' if rows else ''}{pages}: under {LEAST} each."
    return {
        "id": name,
        "title": title,
        "rows": rows,
        "others": others if found.others else "",
        "longest": ROW,
    }
