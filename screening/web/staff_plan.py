"""The plan of a candidate: propose dates, move them, keep them; the patient's sheet; a calendar."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from ..assessment import schedule
from ..outputs import visits
from ..questionnaire.definition import Language
from ..storage.chart import ChartChanged
from ..storage.vault import normal_code
from ..workflows import plans
from ..workflows.plans import Dates, Planning, Visit
from .access import actor
from .auth import answer_errors
from .current import office, settings
from .dates import day_in_words, moment_in_words
from .waiting import pdf_or_wait

blueprint = Blueprint("plan", __name__, url_prefix="/staff/intakes/<reference>/plan")
answer_errors(blueprint)

Context = dict[str, Any]

MOST_BOOSTERS = 24  # that one form holds
SHEET_LANGUAGES: dict[str, Language] = {"en": "en", "es": "es"}
LANGUAGE_NAMES = {"en": "English", "es": "Spanish"}
AGAINST = "The protocol speaks against some dates. Move them, or write why they stay."
STALE = (
    "Somebody added to this record since you opened the plan. Look at what is new, then keep your "
    "plan again: your dates still stand below."
)


@dataclass
class Typed:
    """A form as it was typed. `wrong`: what is wrong, by input."""

    days: dict[str, str] = field(default_factory=dict)  # input -> what stands in it
    at: str = ""
    reason: str = ""
    wrong: dict[str, str] = field(default_factory=dict)
    induction: list[date] = field(default_factory=list)
    boosters: list[date] = field(default_factory=list)
    hour: time | None = None

    @property
    def dates(self) -> Dates:
        return Dates(tuple(self.induction), tuple(self.boosters), self.hour, self.reason.strip())


@blueprint.route("", methods=["GET", "POST"])
def show(reference: str) -> Response:
    """The plan; with `action` "propose" six dates that are not kept yet, with "save" keeps them."""
    planning = plans.open_planning(office(), actor(), reference) or abort(404)
    if request.method == "GET":
        return _page(planning, _filled(planning.plan.dates if planning.plan else None))
    if request.form.get("action") == "propose":
        return _propose(planning)
    typed = _typed(planning)
    if typed.wrong:
        return _page(planning, typed, status=400)
    return _save(planning, typed)


def _propose(planning: Planning) -> Response:
    typed = Typed(at=request.form.get("at", "").strip())
    first = _day(request.form.get("first", ""))
    if first is None:
        typed.wrong["first"] = "Enter the day of the first infusion."
        return _page(planning, typed, status=400)
    rhythm = request.form.get("rhythm", "")
    if rhythm not in {one.id for one in planning.protocol.induction.rhythms}:
        typed.wrong["rhythm"] = "Choose two days of the week."
        return _page(planning, typed, status=400)
    days = schedule.proposed(planning.protocol, first, rhythm)
    kept = planning.plan.dates.boosters if planning.plan else ()
    proposed = _filled(Dates(days, kept))
    proposed.at = typed.at
    return _page(planning, proposed)


def _save(planning: Planning, typed: Typed) -> Response:
    last = request.form.get("last", "")
    after = int(last) if last.isascii() and last.isdecimal() and len(last) < 9 else -1
    try:
        plans.save(office(), actor(), planning.reference, typed.dates, after=after)
    except plans.NotACandidate:
        abort(409)
    except plans.Doubtful as error:
        refused = [doubt for doubt in error.doubts if doubt.refused]
        for doubt in refused:
            name = _input_of(planning, doubt.visit)
            typed.wrong.setdefault(name, f"{_label(name)}: {doubt.says}")
        if not refused:
            typed.wrong["reason"] = AGAINST
        return _page(planning, typed, status=400)
    except ChartChanged:
        typed.wrong["last"] = STALE
        return _page(planning, typed, status=409)
    flash("The plan is kept.")
    return redirect(url_for("plan.show", reference=planning.reference), 303)


def _input_of(planning: Planning, visit: int) -> str:
    """The input of a visit that a doubt names, counted from 0 through both kinds."""
    count = planning.protocol.induction.infusions
    return f"day-{visit + 1}" if visit < count else f"booster-{visit - count + 1}"


def _label(name: str) -> str:
    return f"Infusion {name[4:]}" if name.startswith("day-") else "Booster"


# What is typed


def _filled(dates: Dates | None) -> Typed:
    if dates is None:
        return Typed()
    days = {f"day-{n}": day.isoformat() for n, day in enumerate(dates.induction, start=1)}
    boosters = {f"booster-{n}": d.isoformat() for n, d in enumerate(sorted(dates.boosters), 1)}
    return Typed(
        days=days | boosters,
        at=dates.at.isoformat("minutes") if dates.at else "",
        reason=dates.reason,
        induction=list(dates.induction),
        boosters=sorted(dates.boosters),
        hour=dates.at,
    )


def _typed(planning: Planning) -> Typed:
    form = request.form
    found = Typed(at=form.get("at", "").strip(), reason=form.get("reason", "")[:2000])
    for number in range(1, planning.protocol.induction.infusions + 1):
        name = f"day-{number}"
        found.days[name] = form.get(name, "").strip()
        day = _day(found.days[name])
        if day is None:
            found.wrong[name] = f"Enter the day of infusion {number}."
        else:
            found.induction.append(day)
    for name in [f"booster-{number}" for number in range(1, MOST_BOOSTERS + 1)]:
        text = form.get(name, "").strip()
        if text:
            found.days[name] = text
            day = _day(text)
            if day is None:
                found.wrong[name] = "Enter the booster's day, or leave it empty."
            else:
                found.boosters.append(day)
    if found.at:
        found.hour = _time(found.at)
        if found.hour is None:
            found.wrong["at"] = "Enter a time like 09:00, or leave it empty."
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


# What is shown


def _page(planning: Planning, typed: Typed, status: int = 200) -> Response:
    found: Context = {
        "title": "Plan",
        "back_url": url_for("staff.record", reference=planning.reference),
        "planning": planning,
        "again_url": url_for("staff.record", reference=planning.again) if planning.again else None,
        "typed": typed,
        "rhythms": [(one.id, one.label) for one in planning.protocol.induction.rhythms],
        "inputs": _inputs(planning, typed),
        "errors": [{"text": text, "href": f"#{name}"} for name, text in typed.wrong.items()],
        "saved": _saved(planning),
        "figures": _figures(planning),
        "sources": _sources(planning),
        "calendar_url": url_for("plan.calendar", reference=planning.reference),
        "sheets": [
            (LANGUAGE_NAMES[code], url_for("plan.sheet", reference=planning.reference, code=code))
            for code in sorted(SHEET_LANGUAGES, key=lambda code: code != planning.language)
        ],
    }
    return make_response(render_template("physician/plan.html", **found), status)


def _is_whole(planning: Planning, typed: Typed) -> bool:
    return len(typed.induction) == planning.protocol.induction.infusions


def _inputs(planning: Planning, typed: Typed) -> list[Context]:
    """One input a visit, and an empty one for the next booster."""
    names = [f"day-{n}" for n in range(1, planning.protocol.induction.infusions + 1)]
    boosters = [name for name in typed.days if name.startswith("booster-")]
    names += boosters
    if len(boosters) < MOST_BOOSTERS:
        names.append(f"booster-{len(boosters) + 1}")
    shown = planning.visits(typed.dates, office().today()) if _is_whole(planning, typed) else ()
    found = []
    for name in names:
        day = _day(typed.days.get(name, ""))
        number = int(name.rpartition("-")[2]) if name.startswith("day-") else None
        fits = [v for v in shown if v.day == day and v.number == number]
        found.append(
            {
                "name": name,
                "label": _label(name),
                "value": typed.days.get(name, ""),
                "weekday": f"{day:%A}, {day_in_words(day, 'en')}" if day else "",
                "error": typed.wrong.get(name),
                "visit": _visit(fits[0]) if fits else None,
            }
        )
    return found


def _visit(visit: Visit) -> Context:
    return {
        "checks": visit.checks,
        "check_in": _short(visit.check_in) if visit.check_in else None,
        "doubts": visit.doubts,
    }


def _short(day: date) -> str:
    return f"{day:%a}, {day:%b} {day.day}, {day.year}"


def _sources(planning: Planning) -> list[tuple[str, str]]:
    """What the numbers in brackets stand for."""
    known, told = planning.facts.questionnaire.sources, planning.protocol
    numbers = re.findall(r"\[(\w+)\]", f"{told.induction.source} {told.booster.source}")
    return [(number, known[number]) for number in dict.fromkeys(numbers) if number in known]


def _figures(planning: Planning) -> list[tuple[str, str]]:
    """What the physician keeps in view for the dose; no dose."""
    weight, bmi = planning.facts.value("weight_kg"), planning.facts.value("bmi")
    return [
        ("Weight", f"{weight:.1f} kg" if isinstance(weight, float) else "not known"),
        ("BMI", f"{bmi:.1f}" if isinstance(bmi, float) else "not known"),
    ]


def part_of_record(reference: str) -> Context | None:
    """What physician/_plan.html is given; None: no such submission."""
    planning = plans.planned(office(), reference)
    if planning is None:
        return None
    visits_of = planning.visits(planning.plan.dates, office().today()) if planning.plan else ()
    return {
        "url": url_for("plan.show", reference=reference),
        "candidate": planning.candidate,
        "since": planning.since,
        "again_url": _elsewhere(reference, planning),
        "visits": [(_name(visit), _short(visit.day)) for visit in visits_of],
        "saved": _saved(planning),
    }


def _elsewhere(reference: str, planning: Planning) -> str | None:
    """Where to decide again, if that is another record than this."""
    again = planning.again
    same = again is None or normal_code(again) == normal_code(reference)
    return None if same else url_for("staff.record", reference=again)


def _name(visit: Visit) -> str:
    return f"Infusion {visit.number}" if visit.number else "Booster"


def _saved(planning: Planning) -> str | None:
    saved = planning.plan
    return f"Kept by {saved.by} on {moment_in_words(saved.at, 'en')}." if saved else None


# Files


@blueprint.get("/visits.ics")
def calendar(reference: str) -> Response:
    """The visits for a calendar; nothing in it tells what they are for."""
    planning = plans.open_planning(office(), actor(), reference) or abort(404)
    plan = planning.plan or abort(404)
    content = visits.calendar(
        _calendar_entries(planning.reference, plan.dates),
        at=plan.dates.at,
        zone=office().zone,
        minutes=planning.protocol.visit_minutes,
        place=settings().clinic.address,
        version=plan.number,
        made_at=office().now(),
    )
    response = Response(content, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="visits.ics"'
    return response


def _calendar_entries(reference: str, dates: Dates) -> Sequence[visits.Entry]:
    count = len(dates.induction)
    found = [
        visits.Entry(f"{reference}-{number}@visits", f"Visit {number} of {count}", day)
        for number, day in enumerate(dates.induction, start=1)
    ]
    later = enumerate(sorted(dates.boosters), start=1)
    return found + [visits.Entry(f"{reference}-b{n}@visits", "Visit", day) for n, day in later]


@blueprint.get("/sheet-<code>.pdf")
def sheet(reference: str, code: str) -> Response:
    """The patient's sheet as a file, or while it is made a page that looks again by itself."""
    language = SHEET_LANGUAGES.get(code) or abort(404)
    found = plans.sheet_file(office(), actor(), reference, language) or abort(404)
    return pdf_or_wait(
        found.content,
        f"visits-{found.reference}",
        job=("make-sheet", found.reference, language),
        again=("plan.sheet", {"reference": reference, "code": code}),
        back_url=url_for("plan.show", reference=reference),
    )
