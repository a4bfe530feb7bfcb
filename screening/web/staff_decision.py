"""A physician's decision on a sent intake: the page it is made on, and how it is shown.

Each signature asks for the password on the very page that is signed: an open screen signs nothing.
"""

from flask import Blueprint, abort, flash, g, make_response, redirect, render_template, request
from flask import url_for as url
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from ..outputs import pdf
from ..workflows import decisions, signing
from ..workflows.decisions import CANDIDATE, CLEARANCE, DECISIONS, REFER, Decision, Ground
from ..workflows.letters import letters_in
from ..workflows.signing import Blocked, Fault, Incomplete, NotAPhysician, Stale, Wanted
from . import auth, passwords, staff_letters
from .access import actor
from .account import WRONG
from .current import office
from .dates import day_in_words, moment_in_words
from .staff_views import TONES, Context

blueprint = Blueprint("decision", __name__, url_prefix="/staff")
auth.answer_errors(blueprint)

OVERRIDE = "override-"  # and the rule: the name of a reason's input
KINDS = {"measured": "Measured", "amended": "Amended", "decision": "Decided"}
MARKS = {
    CANDIDATE: "done",
    CLEARANCE: "clear",
    REFER: "started",
    "not-now": "caution",
    "not-a-candidate": "exclude",
}


@blueprint.route("/intakes/<reference>/decision", methods=["GET", "POST"])
def decide(reference: str) -> Response:
    try:
        found = decisions.ground(office(), actor(), reference) or abort(404)
        if request.method == "GET":
            return _opened(found)
        return _signed(found, reference)
    except decisions.NotSent:
        text = "The patient has not sent this intake. A decision is signed on a sent intake only."
        return auth.message("There is nothing to decide on yet", text, 409)


def _opened(found: Ground) -> Response:
    """`read` in the address: the entry up to which the record was read that led here."""
    seen = _number(request.args.get("read", ""))
    since = seen if seen >= 0 and signing.is_stale(found, seen) else None
    status = 409 if found.blocked else 200
    return _page(found, read=found.number, status=status, changed_since=since)


def _signed(found: Ground, reference: str) -> Response:
    """Everything is judged before the password, and once more inside the signature."""
    wanted, read = _wanted(found), _number(request.form.get("read", ""))
    if found.blocked:
        return _page(found, wanted, read=read, status=409)
    if signing.is_stale(found, read):
        return _stale(found, wanted, read)
    wrong = signing.faults(found, wanted)
    typed = request.form.get("password", "")
    if not typed:
        wrong = (*wrong, Fault("password", "Enter your password."))
    if wrong:
        return _page(found, wanted, wrong, read=read, status=400)
    return _refused(found, wanted, read, typed) or _sign(found, reference, wanted, read)


def _refused(found: Ground, wanted: Wanted, read: int, typed: str) -> Response | None:
    """The page again with all that was typed on it, but the password."""
    if len(typed) > passwords.LONGEST:
        return _page(found, wanted, (Fault("password", WRONG),), read=read, status=401)
    wait, right = auth.judge_password(g.staff, g.staff.email, typed)
    if right:
        return None
    text = f"Too many tries. {auth.wait_in_words(wait)}, then sign." if wait else WRONG
    wrong = (Fault("password", text),)
    answer = _page(found, wanted, wrong, read=read, status=429 if wait else 401)
    if wait:
        answer.headers["Retry-After"] = str(wait * 60)
    return answer


def _sign(found: Ground, reference: str, wanted: Wanted, read: int) -> Response:
    try:
        made = signing.sign(office(), actor(), reference, wanted, read) or abort(404)
    except NotAPhysician:
        abort(403)
    except (Stale, Blocked, Incomplete):
        # Somebody was faster between the two looks at it.
        again = decisions.ground(office(), actor(), reference) or abort(404)
        return _stale(again, wanted, read)
    flash(f"Signed: {made.words}.")
    return redirect(url("staff.record", reference=found.record.reference) + "#decision", 303)


def _stale(found: Ground, wanted: Wanted, read: int) -> Response:
    """What changed, and the form again on the record of now."""
    return _page(found, wanted, read=found.number, status=409, changed_since=read)


# What was typed


def _wanted(found: Ground) -> Wanted:
    reasons = {
        name.removeprefix(OVERRIDE): _text(name)
        for name in request.form
        if name.startswith(OVERRIDE)
    }
    return Wanted(
        decision=request.form.get("decision", ""),
        reason=_text("reason"),
        clearances=tuple(dict.fromkeys(request.form.getlist("clearances"))),
        clearance_text=_text("clearance_text"),
        refer_to=_text("refer_to"),
        overrides=reasons,
    )


def _text(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _number(text: str) -> int:
    """-1, which nobody has read, for what is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else -1


# What is drawn


def _page(
    found: Ground,
    wanted: Wanted | None = None,
    wrong: tuple[Fault, ...] = (),
    *,
    read: int,
    status: int = 200,
    changed_since: int | None = None,
) -> Response:
    record = found.record
    drawn = {
        "title": f"Decide: {record.name or record.reference}",
        "back_url": url("staff.record", reference=record.reference),
        "record": record,
        "facts": _facts(found),
        "reason": pdf.outcome_reason(record),
        "tone": TONES[record.assessment.outcome],
        "kinds": pdf.KINDS,
        "against": found.against,
        "findings": [item for item in found.items if not item.unknown],
        "unknowns": [item for item in found.items if item.unknown],
        "ways": [(value, text) for value, text in DECISIONS.items()],
        "wanted": wanted or Wanted(),
        "wrong": {fault.field: fault.text for fault in wrong},
        "errors": [{"text": fault.text, "href": f"#{fault.field}"} for fault in wrong],
        "read": read,
        "blocked": found.blocked,
        "changes": _changes(found, changed_since) if changed_since is not None else None,
        "refused": wanted is not None,
        "gone": _gone(found, wanted) if wanted else [],
        "decided": [view(one) for one in found.decisions],
        "show_form": wanted is not None or not found.blocked,
    }
    return make_response(render_template("physician/decision.html", **drawn), status)


def _facts(found: Ground) -> list[tuple[str, str]]:
    record = found.record
    born = day_in_words(record.date_of_birth, "en") if record.date_of_birth else "not given"
    return [
        ("Born", born if record.age is None else f"{born} ({record.age})"),
        ("Main concern", record.main_concern or "not given"),
        ("Sent", moment_in_words(record.submitted_at, "en")),
        ("Reference", record.reference),
    ]


def _changes(found: Ground, since: int) -> list[Context]:
    return [
        {
            "what": KINDS[change.kind],
            "by": change.by,
            "at": moment_in_words(change.at, "en"),
            "told": change.told,
        }
        for change in decisions.changes(office(), found, since)
    ]


def _gone(found: Ground, wanted: Wanted) -> list[tuple[str, str]]:
    """(what it was, what was typed to it): ticked or written before the record changed."""
    rules = found.record.questionnaire.rule
    open_now = {item.id for item in found.items}
    ticked = [
        (rules[rule].says, "")
        for rule in (name.removeprefix("unknown-") for name in set(wanted.clearances) - open_now)
        if rule in rules
    ]
    against = {row.finding.rule for row in found.against}
    written = [
        (rules[rule].says, reason)
        for rule, reason in wanted.overrides.items()
        if rule not in against and rule in rules and reason
    ]
    return [*ticked, *written]


def view(one: Decision) -> Context:
    """A decision for physician/_decision.html."""
    return {
        "decision": one,
        "body": one.body,
        "tone": MARKS[one.body["decision"]],
        "at": moment_in_words(one.at, "en"),
        "digest": one.body["record_sha256"][:16],
    }


def part(reference: str) -> Context:
    """What a record shows of its decisions."""
    entries = decisions.chart_of(office(), reference)
    signed = decisions.decisions_in(office(), entries)
    number = entries[-1].number if entries else 0
    return {
        "decided": [view(one) for one in signed],
        "decide_url": url("decision.decide", reference=reference, read=number),
        **staff_letters.links(reference, letters_in(office(), entries)),
    }


@blueprint.record_once
def _for_templates(state: BlueprintSetupState) -> None:
    """physician/_decision.html asks for what it shows, on whatever page it stands."""
    state.app.jinja_env.globals["decisions_of"] = part
