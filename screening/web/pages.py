"""One page of the form: shown, judged and saved. Every Continue is one committed transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import abort, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ..assessment.facts import Facts
from ..questionnaire.definition import Page, Panel, Question
from ..questionnaire.validation import Problem, missing, normalise, problems, row_problems
from ..storage.intakes import NotADraft, StaleRevision, StoredIntake
from ..workflows import intake as intake_flow
from . import around, i18n, page_views, said
from .current import office
from .forms import AnswerField, page_form, posted_rows, ticked_none
from .patient_session import Visit, begin, end

CONTINUE, ADD, LATER, STOP = "continue", "add", "later", "stop"
LANGUAGE, STORED = "language", "stored"
HELD_BACK = "held_back"  # the page comes again after the help


@dataclass
class Sent:
    """What was posted for a page: answers that can be stored, and what is wrong with the rest."""

    answers: dict[str, Any]
    problems: list[Problem]


def show(page: Page, visit: Visit, **drawn: Any) -> str:
    """The page with what is stored, or with what was typed and its problems."""
    post_to, errors = drawn.pop("post_to", None), drawn.pop("errors", None)
    care = drawn.pop("care", None)
    if page.group:
        context = page_views.group_page(page, visit, **drawn)
    else:
        context = page_views.question_page(page, visit, **drawn)
    template = "patient/group.html" if page.group else "patient/page.html"
    context |= {"errors": errors} if errors else {}
    context |= {"care": care} if care else {}
    # Typed on the page as it was then: what another tab saved since is not overwritten unseen.
    typed_on = _number(drawn["typed"].get("revision")) if drawn.get("typed") else None
    context |= {"revision": typed_on} if typed_on is not None else {}
    return render_template(template, **context | {"post_to": post_to})


def show_stored(page: Page, visit: Visit) -> str:
    if page.group:
        return show(page, visit, row=_row_asked(page, visit, {}))
    return page_views.stored_page(page, visit)


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
    if action == STORED:
        return redirect(said.page_url(page), 303)
    sent = judge_group(page, visit) if page.group else judge(page, visit.intake, request.form)
    if sent.problems and action != LATER:
        if intake_flow.tells_danger(office(), visit.intake, page, sent.answers):
            return _store(page, visit, sent, action)  # help first; the rest is asked for after it
        return _again(page, visit, sent)
    return _store(page, visit, sent, action)


def _store(page: Page, visit: Visit, sent: Sent, action: str) -> Response | str:
    try:
        saved = _save(page, visit.intake, sent)
    except StaleRevision as stale:
        return _conflict(page, stale, sent)
    except NotADraft:  # sent, or sent once more, while this request was on its way
        return redirect(url_for("patient.done"), 303) if _is_last(page) else abort(409)
    if sent.problems and saved.panels and action != LATER:
        return crisis(saved.panels, saved.intake, page=page)
    return _after(page, saved, action)


def judge(page: Page, intake: StoredIntake | None, form: MultiDict[str, str]) -> Sent:
    """Coerce, judge and sort what was typed. Only questions that are asked can have problems."""
    desk = office()
    today = desk.today()
    bound = {
        field.question.id: field for field in cast(Iterable[AnswerField], page_form(page)(form))
    }
    typed = {name: field.data for name, field in bound.items() if field.data is not None}
    typed = normalise(desk.questionnaire, typed)
    stored = intake.merged if intake else {}
    merged = {k: v for k, v in stored.items() if k not in bound} | typed
    wrong = {
        question.id: [*bound[question.id].problems]
        or problems(question, typed[question.id], merged, today)
        for question in page.questions
        if question.id in typed or bound[question.id].problems
    }
    good = {k: v for k, v in typed.items() if not wrong[k]}
    known = {k: v for k, v in merged.items() if not wrong.get(k)}
    saved_pages = {*(intake.answers if intake else ()), page.id}
    facts = Facts(desk.questionnaire, known, today, saved_pages)
    return Sent(good, list(_faults(page.questions, facts, wrong)))


def _faults(
    questions: Sequence[Question], facts: Facts, wrong: dict[str, list[Problem]]
) -> list[Problem]:
    found: list[Problem] = []
    for question in questions:
        if facts.asked(question.id) is not True:
            continue
        if wrong.get(question.id):
            found.append(wrong[question.id][0])
        elif question.required and question.id not in facts.answers:
            found.append(missing(question))
    return found


def judge_group(page: Page, visit: Visit) -> Sent:
    """The rows that were sent, laid over those that are stored."""
    group = cast(Question, page.group)
    rows = [dict(row) for row in visit.facts.rows(group.id) or []]
    sent = posted_rows(group, request.form)
    found: list[Problem] = []
    for posted, row in sent.items():
        number = min(posted, len(rows))
        if row:
            rows[number : number + 1] = [row]
        if _is_blank_but_wanted(number, row, rows):
            found.append(Problem(group.id, "row_blank", part=f"{number}-{group.columns[0].id}"))
        found += row_problems(group, number, row)
    return _with_none(group, rows, found)


def _is_blank_but_wanted(number: int, row: dict[str, Any], rows: Sequence[object]) -> bool:
    """An emptied saved row, or an empty new one that "add another" was pressed for."""
    return not row and (number < len(rows) or request.form.get("action") == ADD)


def _with_none(group: Question, rows: list[dict[str, Any]], found: list[Problem]) -> Sent:
    nameless = [
        Problem(group.id, "row_blank", part=f"{number}-{group.columns[0].id}")
        for number, row in enumerate(rows)
        if not row.get(group.columns[0].id)
    ]
    parts = {problem.part for problem in found}
    found = found + [problem for problem in nameless if problem.part not in parts]
    none = ticked_none(group, request.form)
    if none and rows:
        found.append(Problem(group.id, "rows_none_with_others"))
    elif len(rows) > group.max_rows:
        found.append(Problem(group.id, "rows_max", {"max": group.max_rows}))
    elif not rows and not none and group.required and not found:
        found.append(missing(group))
    answer: list[Any] | None = rows or ([] if none and group.min_rows == 0 else None)
    tidy = normalise(office().questionnaire, {} if answer is None else {group.id: answer})
    return Sent({} if found and not rows else tidy, found)


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
        revision=_number(request.form.get("revision")),
        seen=intake,
    )


def _after(page: Page, saved: intake_flow.Saved, action: str) -> Response | str:
    if saved.child:
        end()
        return redirect(url_for("patient.adults"), 303)
    begin(saved.intake.id)
    code = _code_page(page, saved, leaving=action == LATER)
    if action == LATER and (saved.panels or not code):
        return leave(saved.intake, saved.panels)
    # What the patient must see before the next page.
    help_first = crisis(saved.panels, saved.intake) if saved.panels else None
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
    drawn = around.code_page(code, replaced=not saved.code, leaving=leaving)
    return render_template("patient/code.html", **drawn)


def _onward(page: Page, saved: intake_flow.Saved, action: str) -> Response | str:
    if page.group and (action == ADD or _was_changing(page)):
        return redirect(said.page_url(page, return_to=said.returning()), 303)
    visit = Visit(saved.intake, saved.facts)
    if page.id == visit.progress.last.id:
        return _send(page, visit, saved.intake.id)
    return redirect(_next_url(page, visit), 303)


def _send(page: Page, visit: Visit, intake_id: str) -> Response | str:
    try:
        intake_flow.send(office(), intake_id)
    except intake_flow.Rejected:
        return redirect(url_for("patient.check"), 303)
    support = visit.progress.support_after(page)
    if support is None:
        return redirect(url_for("patient.done"), 303)
    return crisis([support], visit.intake, sent=True)


def _go_on(page: Page, visit: Visit, action: str) -> Response | str:
    if action == STOP and visit.intake:
        return leave(visit.intake)
    if action == LANGUAGE:
        return help_in_other_language(visit, page)
    if HELD_BACK in request.form and visit.is_draft:
        return _again(page, visit, judge(page, visit.intake, request.form))
    return redirect(_next_url(page, visit), 303)


def help_in_other_language(visit: Visit, page: Page | None = None) -> Response | str:
    """The same help once more: its form tells which it is."""
    switch_language(visit)
    sent = visit.intake is not None and not visit.is_draft
    known = office().questionnaire.panel
    shown = [known[panel] for panel in request.form["seen"].split() if panel in known]
    return (
        crisis(shown, visit.intake, sent=sent, page=page if HELD_BACK in request.form else None)
        if shown
        else redirect(url_for("patient.tasks"), 303)
    )


def leave(intake: StoredIntake, shown: Sequence[Panel] = ()) -> Response | str:
    """What is saved stays, this browser forgets it; help first, where a risk was left open."""
    panels = intake_flow.leave(office(), intake.id) or shown
    if panels:
        return crisis(panels, intake)
    end()
    no_code = None if around.may_come_back(intake) else "yes"
    return redirect(url_for("patient.saved", no_code=no_code), 303)


def _again(page: Page, visit: Visit, sent: Sent, typed: MultiDict[str, str] | None = None) -> str:
    typed = typed or request.form
    if page.group:
        return show_typed(page, visit, typed, problems=sent.problems)
    facts = _facts_as_typed(page, visit.intake, sent)
    care = around.care_on(page, facts)
    return show_typed(page, visit, typed, problems=sent.problems, facts=facts, care=care)


def _facts_as_typed(page: Page, intake: StoredIntake | None, sent: Sent) -> Facts:
    """What is known if the page were saved as typed: decides which follow-ups are shown."""
    stored = intake.merged if intake else {}
    here = {question.id for question in page.questions}
    merged = {k: v for k, v in stored.items() if k not in here} | sent.answers
    return Facts(office().questionnaire, merged, office().today())


def _in_other_language(page: Page, visit: Visit) -> str:
    typed, before = request.form.copy(), visit.revision(page)
    switch_language(visit)
    if visit.intake:
        visit = Visit(intake_flow.read(office(), visit.intake.id))
    if _number(typed.get("revision")) == before:
        typed["revision"] = str(visit.revision(page))  # the switch itself may have saved this page
    good = {} if page.group else judge(page, visit.intake, request.form).answers
    return _again(page, visit, Sent(good, []), typed)


def switch_language(visit: Visit) -> None:
    """The intake's language goes with the page's."""
    i18n.choose_other()
    if visit.intake and visit.is_draft:
        intake_flow.set_language(office(), visit.intake.id, i18n.current_language())


def _conflict(page: Page, stale: StaleRevision, sent: Sent) -> Response:
    posted = [
        {"name": name, "value": value}
        for name, value in request.form.items(multi=True)
        if name not in ("csrf_token", "revision", "action")
    ]
    rows = around.differences(page, sent.answers, stale.answers)
    drawn = {"rows": rows, "posted": posted, "revision": stale.revision}
    page_html = render_template("patient/conflict.html", title=i18n.t("conflict.title"), **drawn)
    return make_response(page_html, 409)


def crisis(
    panels: Sequence[Panel],
    intake: StoredIntake | None,
    *,
    sent: bool = False,
    page: Page | None = None,
) -> str:
    """The help, in the very response to the answer.

    `page`: the page that was sent is not complete; it comes again after the help, as typed.
    """
    kept = "crisis.kept" if around.may_come_back(intake) else "crisis.kept_no_code"
    drawn = around.crisis_page(panels) | {"kept": i18n.t("crisis.sent" if sent else kept)}
    if page and intake:
        drawn |= {"posted": _posted(), "revision": intake.revisions.get(page.id, 0)}
    return render_template("patient/crisis.html", **{"posted": []} | drawn | {"sent": sent})


def _posted() -> list[dict[str, str]]:
    """What was typed, to be sent once more with the page after the help."""
    ours = ("csrf_token", "revision", "action", "seen", HELD_BACK)
    typed = [
        {"name": name, "value": value}
        for name, value in request.form.items(multi=True)
        if name not in ours
    ]
    return [{"name": HELD_BACK, "value": "yes"}, *typed]


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
    number = _number(request.args.get("row") or typed.get(f"{group.id}-row"))
    rows = visit.facts.rows(group.id) or []
    return number if number is not None and number < len(rows) else None


def _number(posted: str | None) -> int | None:
    """A number that the form was given to send back; None when it is not one of ours."""
    return int(posted) if posted and posted.isdecimal() and len(posted) < 10 else None


def _is_last(page: Page) -> bool:
    return page.id == list(office().questionnaire.pages)[-1]


def _was_changing(page: Page) -> bool:
    return request.args.get("row") is not None
