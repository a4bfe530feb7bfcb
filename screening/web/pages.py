"""One page of the form: shown, judged and saved. Every Continue is one committed transaction."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask import abort, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ..assessment.facts import Facts
from ..questionnaire.answers import NO
from ..questionnaire.definition import Page, Panel, Question
from ..storage.half_pages import Elsewhere, Shown
from ..storage.intakes import NotADraft, PageAnswers, StaleRevision, StoredIntake
from ..workflows import half
from ..workflows import intake as intake_flow
from ..workflows.sending import Rejected
from . import (
    around,
    asking_back,
    carried,
    code_page,
    half_views,
    help_pages,
    i18n,
    page_views,
    said,
    spelling,
)
from .current import office
from .forms import posted_rows
from .judging import (
    ADD,
    CONFIRMED,
    CONTINUE,
    HELP_READ,
    LATER,
    Sent,
    judge,
    judge_group,
    number_sent,
    typed_pairs,
)
from .patient_session import Visit, begin, end

STOP, LANGUAGE, STORED, NO_TO_ALL = "stop", "language", "stored", "no-to-all"
UNDO = "undo"  # what was typed and not sent
CONFLICT = "conflict"  # marks what the page of two tabs posts
THEN = "then"  # and on it, that the patient had asked to finish later


def show(page: Page, visit: Visit, **drawn: Any) -> str:
    """The page with what is stored, or with what was typed and its problems."""
    post_to, errors = drawn.pop("post_to", None), drawn.pop("errors", None)
    care, said_no = drawn.pop("care", None), drawn.pop("said_no", None)
    begun = drawn.pop("begun", None)
    doubts = drawn.pop("doubts", ())
    if page.group:
        context = page_views.group_page(page, visit, **drawn)
    else:
        context = page_views.question_page(page, visit, **drawn)
    template = "patient/group.html" if page.group else "patient/page.html"
    context |= {"errors": errors} if errors else {}
    context |= {"care": care} if care else {}
    context |= {"said_no": said_no} if said_no else {}
    context |= {"begun": half_views.begun_box(page, visit, begun)} if begun else {}
    if drawn.get("typed"):
        context["saving"] = half_views.saving(page, visit, drawn["typed"], shown=begun)
        context["ask_back"] = asking_back.view(page, doubts, drawn["typed"])
        context["confirmed"] = asking_back.confirmed(doubts, drawn["typed"])
    # Typed on the page as it was then: what another tab saved since is not overwritten unseen.
    typed_on = number_sent(drawn["typed"].get("revision")) if drawn.get("typed") else None
    context |= {"revision": typed_on} if typed_on is not None else {}
    return render_template(template, **context | {"post_to": post_to})


def show_stored(page: Page, visit: Visit) -> Response | str:
    begun = half.begun(office(), visit.intake, page) if visit.is_draft else None
    if begun:
        return _show_begun(page, visit, begun)
    if page.group:
        return show(page, visit, row=_row_asked(page, visit, {}))
    return page_views.stored_page(page, visit)


def _show_begun(page: Page, visit: Visit, begun: half.Begun) -> Response | str:
    """The page as it was left in the middle; a list at the row that was being written."""
    typed = half_views.form_typed(begun)
    if page.group:
        row = half_views.row_typed(page, visit, begun)
        if row != _row_asked(page, visit, {}):
            return redirect(said.page_url(page, row=row, return_to=said.returning()), 303)
        return show(page, visit, row=row, typed=typed, begun=begun)
    facts = _facts_as_typed(page, visit.intake, Sent(dict(begun.typed.answers), []))
    care = half_views.care_begun(page, visit, begun)
    return show(page, visit, typed=typed, facts=facts, care=care, begun=begun)


def show_typed(
    page: Page, visit: Visit, typed: MultiDict[str, str], *, errors: Any = None, **drawn: Any
) -> str:
    """The page with what was typed. `errors` stand in the error summary as they are."""
    if page.group:
        drawn["row"] = _row_asked(page, visit, typed)
    return show(page, visit, typed=typed, errors=errors, **drawn)


def receive(page: Page, visit: Visit) -> Response | str:
    """Answer a POST of the page."""
    action = request.form.get("action", CONTINUE)
    if "seen" in request.form:  # an interruption (help, resume code) that stands on this address
        return _go_on(page, visit, action)
    if action == LANGUAGE:
        return _in_other_language(page, visit)
    if action == UNDO and visit.intake:
        half.forget(office(), visit.intake.id, page.id, actor=intake_flow.PATIENT)
    leaving = request.form.get(THEN) == LATER
    if action == STORED and visit.intake and leaving:
        return leave(visit.intake)
    if action in (STORED, UNDO):
        return redirect(said.page_url(page, return_to=said.returning()), 303)
    if action == NO_TO_ALL:
        return _no_to_all(page, visit)
    return _take(page, visit, LATER if leaving else action)


def _take(page: Page, visit: Visit, action: str) -> Response | str:
    """Judge what was sent, and store it unless something is wrong or may be a slip."""
    sent = judge_group(page, visit) if page.group else judge(page, visit.intake, request.form)
    if visit.intake and not visit.progress.reached(page):
        return _set_aside(page, visit.intake, sent, action)
    if page.group and action.startswith(spelling.ACTION) and not sent.problems:
        rows = spelling.respelled(page.group, sent.answers.get(page.group.id) or [], action)
        sent, action = Sent({page.group.id: rows}, []), ADD  # the list comes again
    if _help_is_read(page, visit, sent):
        return redirect(_next_url(page, visit), 303)
    if (sent.problems or sent.unconfirmed) and action != LATER:
        if intake_flow.tells_danger(office(), visit.intake, page, sent.answers):
            return _store(page, visit, sent, action)  # help first; the rest is asked for after it
        return _again(page, visit, sent)
    return _store(page, visit, sent, action)


def _help_is_read(page: Page, visit: Visit, sent: Sent) -> bool:
    """A risk answer was stored, the help read, and what may be a slip is now confirmed: the same
    answers do not bring the same help again."""
    here = visit.intake.answers.get(page.id) if visit.intake else None
    read = HELP_READ in request.form.getlist(CONFIRMED)
    return read and bool(sent.confirmed) and not sent.unconfirmed and sent.answers == here


def _store(page: Page, visit: Visit, sent: Sent, action: str) -> Response | str:
    try:
        saved = _save(page, visit.intake, sent)
    except StaleRevision as stale:
        counter = stale.counter if isinstance(stale, half.TypedElsewhere) else 0
        return _conflict(page, sent, stale.answers, stale.revision, counter)
    except NotADraft:  # sent, or sent once more, while this request was on its way
        return redirect(url_for("after.done"), 303) if _is_last(page) else abort(409)
    if (sent.problems or sent.unconfirmed) and saved.panels and action != LATER:
        return help_pages.crisis(saved.panels, saved.intake, page=page)
    return _after(page, saved, action)


def _set_aside(page: Page, intake: StoredIntake, sent: Sent, action: str) -> Response | str:
    """A page that is not open in this form: it was written in one before it, or another tab took
    an earlier answer back. What was typed waits there until it is; help does not wait."""
    visit = Visit(intake)
    typed = half_views.typed_on(page, {} if page.group and sent.problems else sent.answers)
    begun, counter = half.begun(office(), intake, page), number_sent(request.form.get("half"))
    if begun and begun.typed.pairs == typed.pairs:  # a double click
        counter = begun.counter
    shown = Shown(visit.revision(page), counter or 0)
    try:
        kept = half.keep(office(), intake, page, typed, shown, actor=intake_flow.PATIENT)
    except Elsewhere:
        return _conflict_now(page, sent, intake.id)
    if action == LATER:
        return leave(intake, kept.panels)
    if kept.panels:
        return help_pages.crisis(kept.panels, intake)
    return redirect(said.page_url(visit.progress.first_open or page), 303)


# Answers to a POST


def _save(page: Page, intake: StoredIntake | None, sent: Sent) -> intake_flow.Saved:
    answers = sent.answers
    if page.group and sent.problems:  # "later" with a row that cannot be stored
        answers = {}
        if intake and page.id in intake.answers:
            answers = dict(intake.answers[page.id])
    return intake_flow.save_page(
        office(),
        intake.id if intake else None,
        page,
        answers,
        revision=number_sent(request.form.get("revision")),
        seen=intake,
        form=half_views.form_of(page, sent),
    )


def _after(page: Page, saved: intake_flow.Saved, action: str) -> Response | str:
    if saved.child:
        end()
        return redirect(url_for("patient.adults"), 303)
    begin(saved.intake.id)
    carried.take_up(saved.intake)
    code = _code_page(page, saved, leaving=action == LATER)
    if action == LATER and (saved.panels or not code):
        return leave(saved.intake, saved.panels)
    # What the patient must see before the next page.
    help_first = help_pages.crisis(saved.panels, saved.intake) if saved.panels else None
    return help_first or code or _onward(page, saved, action)


def _code_page(page: Page, saved: intake_flow.Saved, *, leaving: bool) -> str | None:
    """The code, right after the date of birth. Sent once more (a double click, Reload, Back), the
    page gives a new one: the first may never have been seen, and nobody can tell it again."""
    birth = around.birth_question().id
    numbers = office().questionnaire.page_number
    is_newest = all(numbers[other] <= numbers[page.id] for other in saved.intake.answers)
    if birth not in page.names or not is_newest or not around.may_come_back(saved.intake):
        return None
    code = saved.code or intake_flow.new_code_for(office(), saved.intake.id)
    return code_page.show(saved.intake, code, replaced=not saved.code, leaving=leaving)


def _onward(page: Page, saved: intake_flow.Saved, action: str) -> Response | str:
    if page.group and (action == ADD or _was_changing(page) or _asks_back(page.group)):
        return redirect(said.page_url(page, return_to=said.returning()), 303)
    visit = Visit(saved.intake, saved.facts)
    if page.id == visit.progress.last.id:
        return _send(page, visit, saved.intake.id)
    return redirect(_next_url(page, visit), 303)


def _send(page: Page, visit: Visit, intake_id: str) -> Response | str:
    if half_views.unsent(visit):  # typed on another page, and never sent
        return redirect(url_for("patient.check"), 303)
    try:
        intake_flow.send(office(), intake_id)
    except Rejected:
        return redirect(url_for("patient.check"), 303)
    support = visit.progress.support_after(page)
    if support is None:
        return redirect(url_for("after.done"), 303)
    return help_pages.crisis([support], visit.intake, sent=True)


def _go_on(page: Page, visit: Visit, action: str) -> Response | str:
    if action == STOP and visit.intake:
        return leave(visit.intake)
    shown_again = code_page.again(visit)
    if shown_again is not None:
        return shown_again
    if action == LANGUAGE:
        return help_pages.in_other_language(visit, page)
    if help_pages.HELD_BACK in request.form and visit.is_draft:
        typed = request.form.copy()
        typed.add(CONFIRMED, HELP_READ)
        return _again(page, visit, judge(page, visit.intake, request.form), typed)
    return redirect(_next_url(page, visit), 303)


def leave(intake: StoredIntake, shown: Sequence[Panel] = ()) -> Response | str:
    """What is saved stays, this browser forgets it; help first, where a risk was left open."""
    panels = intake_flow.leave(office(), intake.id) or shown
    if panels:
        return help_pages.crisis(panels, intake)
    end()
    no_code = None if around.may_come_back(intake) else "yes"
    return redirect(url_for("patient.saved", no_code=no_code), 303)


def _again(
    page: Page, visit: Visit, sent: Sent, typed: MultiDict[str, str] | None = None, **more: Any
) -> str:
    typed = typed or request.form
    drawn = {"problems": sent.problems, "doubts": sent.unconfirmed, **more}
    if page.group:
        return show_typed(page, visit, typed, **drawn)
    facts = _facts_as_typed(page, visit.intake, sent)
    care = around.care_on(page, facts)
    return show_typed(page, visit, typed, facts=facts, care=care, **drawn)


def _no_to_all(page: Page, visit: Visit) -> str:
    """The page again with "no" where an answer was open; nothing is saved before it is read."""
    sent = judge(page, visit.intake, request.form)
    facts = _facts_as_typed(page, visit.intake, sent)
    names = asking_back.answered_no(page, facts, request.form)
    marked = Sent(sent.answers | dict.fromkeys(names, NO), [])
    typed = asking_back.with_no(request.form, names)
    return _again(page, visit, marked, typed, said_no=asking_back.said_no(names))


def _facts_as_typed(page: Page, intake: StoredIntake | None, sent: Sent) -> Facts:
    """What is known if the page were saved as typed: decides which follow-ups are shown."""
    stored = intake.merged if intake else {}
    here = {question.id for question in page.questions}
    merged = {k: v for k, v in stored.items() if k not in here} | sent.answers
    return Facts(office().questionnaire, merged, office().today())


def _in_other_language(page: Page, visit: Visit) -> Response | str:
    if CONFLICT in request.form:
        return _conflict_in_other_language(page, visit)
    typed, before = request.form.copy(), visit.revision(page)
    help_pages.switch_language(visit)
    if visit.intake:
        visit = Visit(intake_flow.read(office(), visit.intake.id))
    if number_sent(typed.get("revision")) == before:
        typed["revision"] = str(visit.revision(page))  # the switch itself may have saved this page
    judged = judge_group(page, visit) if page.group else judge(page, visit.intake, request.form)
    good = {} if page.group else judged.answers
    return _again(page, visit, Sent(good, []), typed, doubts=judged.confirmed)


def _conflict(page: Page, sent: Sent, stored: PageAnswers, revision: int, counter: int) -> Response:
    """`counter`: of what another tab typed, when it is that which differs."""
    rows = around.differences(page, sent.answers, stored)
    posted = [*typed_pairs(CONFLICT), {"name": "half", "value": str(counter)}]
    if request.form.get("action") == LATER:
        posted.append({"name": THEN, "value": LATER})
    drawn = {"rows": rows, "posted": posted, "revision": revision}
    page_html = render_template("patient/conflict.html", title=i18n.t("conflict.title"), **drawn)
    return make_response(page_html, 409)


def _conflict_in_other_language(page: Page, visit: Visit) -> Response | str:
    """The same choice once more, with what is stored now."""
    sent = judge_group(page, visit) if page.group else judge(page, visit.intake, request.form)
    help_pages.switch_language(visit)
    return _conflict_now(page, sent, visit.intake.id if visit.intake else "")


def _conflict_now(page: Page, sent: Sent, intake_id: str) -> Response:
    """The choice between what was sent and what is stored or typed by now."""
    now = intake_flow.read(office(), intake_id)
    begun = half.begun(office(), now, page)
    stored = begun.typed.answers if begun else now.answers.get(page.id, {}) if now else {}
    return _conflict(page, sent, stored, Visit(now).revision(page), begun.counter if begun else 0)


def _next_url(page: Page, visit: Visit) -> str:
    """The next page; back to check for whoever came from there and has nothing left open."""
    returning, progress = said.returning(), visit.progress
    onward = progress.first_open if returning else progress.after(page)
    if onward is None or onward.id == progress.last.id:
        return url_for("patient.check")
    return said.page_url(onward, return_to=returning)


def _row_asked(page: Page, visit: Visit, typed: Mapping[str, str]) -> int | None:
    """The saved row to change: asked for by ?row=, or posted with its number."""
    group = cast(Question, page.group)
    number = number_sent(request.args.get("row") or typed.get(f"{group.id}-row"))
    rows = visit.facts.rows(group.id) or []
    return number if number is not None and number < len(rows) else None


def _is_last(page: Page) -> bool:
    return page.id == list(office().questionnaire.pages)[-1]


def _asks_back(group: Question) -> bool:
    """Once, on the card of the row that was just sent: did you mean another name?"""
    return spelling.in_doubt(group, list(posted_rows(group, request.form).values()))


def _was_changing(page: Page) -> bool:
    return request.args.get("row") is not None
