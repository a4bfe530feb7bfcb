"""A letter after a decision: its words are prepared, the physician edits them, a PDF is made."""

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask import url_for as url
from werkzeug.wrappers import Response

from ..outputs.pdf import other_alphabet
from ..workflows import decisions, letters
from ..workflows.decisions import NotSent
from ..workflows.letters import PATIENT, RECIPIENTS, Desk, Draft, Kept, NotPossible, Superseded
from ..workflows.signing import NotAPhysician
from . import auth, letter_sheet
from .access import actor
from .current import office, queue, settings
from .dates import day_in_words
from .staff_views import Context
from .waiting import pdf_or_wait

blueprint = Blueprint("letter", __name__, url_prefix="/staff/intakes/<reference>/letters")
auth.answer_errors(blueprint)

LANGUAGES = {"en": "English", "es": "Spanish"}
CONTACT = "may_contact_care_team"
NONE_YET = "A letter follows a signed decision. Sign the decision first."
WITHDRAWN = "The patient has withdrawn this form and does not want it to be used."
BOXES = " Look at the file: letters of other alphabets may be drawn as boxes."
NEWER = "Another decision was signed since you opened this page. Check what you wrote against it."


@blueprint.route("/<to>", methods=["GET", "POST"])
def write(reference: str, to: str) -> Response:
    if to not in RECIPIENTS:
        abort(404)
    try:
        desk = letters.open_desk(office(), actor(), reference) or abort(404)
        if request.method == "GET":
            return _page(desk, _prepared(desk, to))
        return _made(desk, _typed(desk, to))
    except NotSent:
        return auth.message("There is no letter to write yet", NONE_YET, 409)
    except NotPossible as why:
        text = WITHDRAWN if str(why) == decisions.WITHDRAWN else NONE_YET
        return auth.message("There is no letter to write", text, 409)


def _made(desk: Desk, draft: Draft) -> Response:
    wrong = _faults(desk, draft)
    if wrong:
        return _page(desk, draft, wrong, 400)
    try:
        kept = letters.keep(office(), actor(), desk.record.reference, draft)
    except NotAPhysician:
        abort(403)
    except Superseded:
        again = letters.open_desk(office(), actor(), desk.record.reference) or abort(404)
        return _page(again, draft, {"text": NEWER}, 409)
    queue().enqueue("make-letter", desk.record.reference, str(kept.number))
    boxes = other_alphabet((draft.subject, draft.addressee, draft.text, *draft.medicines))
    flash(f"The letter to {RECIPIENTS[draft.to]} is made.{BOXES if boxes else ''}")
    return redirect(url("staff.record", reference=desk.record.reference) + "#decision", 303)


@blueprint.get("/<int:number>.pdf")
def file(reference: str, number: int) -> Response:
    """The letter as a file, or while it is made a page that looks again by itself."""
    found = letters.file(office(), actor(), reference, number) or abort(404)
    return pdf_or_wait(
        found.content,
        f"letter-{found.reference}-{number}",
        job=("make-letter", found.reference, str(number)),
        again=("letter.file", {"reference": reference, "number": str(number)}),
        back_url=url("staff.record", reference=reference),
    )


# What was typed


def _prepared(desk: Desk, to: str) -> Draft:
    language = _language(desk, to, request.args.get("language"))
    return Draft(
        to=to,
        language=language,
        decision=desk.decision.number,
        subject=letter_sheet.subject(desk, to, language),
        addressee=letter_sheet.addressee(desk, to),
        text=letter_sheet.first_words(desk, to, language, settings().clinic),
    )


def _typed(desk: Desk, to: str) -> Draft:
    language = _language(desk, to, request.form.get("language"))
    number = request.form.get("decision", "")
    clinic = settings().clinic
    listed = "medicines" in request.form and to != PATIENT
    return Draft(
        to=to,
        language=language,
        decision=int(number) if number.isascii() and number.isdecimal() and len(number) < 7 else 0,
        subject=letter_sheet.subject(desk, to, language),
        addressee=_text("addressee"),
        text=_text("text"),
        medicines=letters.medicines(desk.record) if listed else (),
        in_person="in_person" in request.form,
        head={
            "clinic": clinic.name,
            "address": clinic.address,
            "phone": clinic.phone or "",
        },
    )


def _language(desk: Desk, to: str, asked: str | None) -> str:
    """Colleagues are written to in English."""
    wanted = (asked or desk.record.language) if to == PATIENT else "en"
    return wanted if wanted in LANGUAGES else "en"


def _text(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _faults(desk: Desk, draft: Draft) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for name, most in letters.LONGEST.items():
        if len(getattr(draft, name)) > most:
            wrong[name] = f"Use {most:,} characters or fewer."
    if not draft.text:
        wrong["text"] = "Write the letter."
    if desk.unsafe and draft.to == PATIENT and not draft.in_person:
        wrong["in_person"] = "Say that the letter is handed over in person."
    return wrong


# What is drawn


def _page(
    desk: Desk, draft: Draft, wrong: dict[str, str] | None = None, status: int = 200
) -> Response:
    reference = desk.record.reference
    other = next(code for code in LANGUAGES if code != draft.language)
    drawn = {
        "title": f"Letter to {RECIPIENTS[draft.to]}",
        "back_url": url("staff.record", reference=reference),
        "record": desk.record,
        "draft": draft,
        "decided": desk.decision,
        "to_patient": draft.to == PATIENT,
        "unsafe": desk.unsafe and draft.to == PATIENT,
        "may_contact": _may_contact(desk),
        "left_out": 0 if draft.to == PATIENT else letter_sheet.left_out(desk),
        "listed": letters.medicines(desk.record),
        "other_language": (
            LANGUAGES[other],
            url("letter.write", reference=reference, to=draft.to, language=other),
        ),
        "language_name": LANGUAGES[draft.language],
        "wrong": wrong or {},
        "errors": [{"text": text, "href": f"#{name}"} for name, text in (wrong or {}).items()],
    }
    return make_response(render_template("physician/letter.html", **drawn), status)


def _may_contact(desk: Desk) -> str:
    """What the patient said about talking with their care team; "" when it was not asked."""
    rows = (row for section in desk.record.sections for row in section.rows)
    return next((row.text for row in rows if row.question == CONTACT), "")


def links(reference: str, kept: tuple[Kept, ...]) -> Context:
    """The letters of a record, and where another is begun."""
    return {
        "letters": [
            {
                "text": _name(one),
                "href": url("letter.file", reference=reference, number=one.number),
            }
            for one in kept
        ],
        "letters_urls": [
            (f"Write to {name}", url("letter.write", reference=reference, to=to))
            for to, name in RECIPIENTS.items()
        ],
    }


def _name(one: Kept) -> str:
    language = f", {LANGUAGES[one.body['language']]}" if one.body["language"] != "en" else ""
    day = day_in_words(one.at.date(), "en")
    how = ", to hand over in person" if one.body["in_person"] else ""
    return f"Letter to {RECIPIENTS[one.body['to']]}, {day}{language}{how} (PDF)"
