"""What the templates of question pages are given. Builds dicts; decides nothing."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

from flask import render_template, url_for
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from ..assessment.facts import Facts
from ..questionnaire.definition import Page, Question, Questionnaire
from ..questionnaire.validation import Problem
from ..workflows import page_times
from ..workflows.progress import Progress
from . import asking_back, drawing, fields, half_views, measures, spelling
from .around import care_after
from .current import office
from .followups import follow_up
from .i18n import t
from .patient_session import Visit
from .said import Context, in_language, language, page_url, returning, row_card


def question_page(
    page: Page,
    visit: Visit,
    *,
    facts: Facts | None = None,
    typed: MultiDict[str, str] | None = None,
    problems: Sequence[Problem] = (),
) -> Context:
    """The context of patient/page.html: stored answers, or what was typed with what is wrong.

    `facts`: what would be known with what was typed; decides which follow-ups are shown.
    """
    faults = {problem.question: problem for problem in reversed(problems)}
    facts = facts or visit.facts
    return _frame(page, visit, problems) | {
        "instrument": _instrument(page, facts.questionnaire),
        "fields": _fields(page, facts, typed, faults),
        "language_answer": language() if "language" in page.names else None,
        "no_to_all": asking_back.button(page),
        "post_to": None,
    }


def stored_page(page: Page, visit: Visit) -> str:
    """patient/page.html with what is stored."""
    progress, facts = visit.progress, visit.facts
    before = progress.before(page)
    if care_after(before, visit):
        return render_template("patient/page.html", **question_page(page, visit))
    values = {
        "number": progress.place(page),
        "count": len(progress.expected),
        "left": time_left(page, progress),
        "revision": visit.revision(page),
        "back_url": _back_url(before, is_last=page.id == progress.last.id),
        "fields": _fields(page, facts),
        **half_views.last_saved(visit),
    }
    return drawing.page_html(page, language(), returning(), lambda: _marked(page, visit), values)


def _marked(page: Page, visit: Visit) -> Context:
    """The context of a page on which all that differs between patients is marked."""
    context = question_page(page, visit)
    marks = {name: drawing.marked(name) for name in ("revision", "back_url", "fields")}
    step = {name: drawing.marked(name) for name in ("number", "count", "left")}
    saving = half_views.nobodys(page)
    return context | marks | {"step": context["step"] | step, "saving": saving}


def group_page(
    page: Page,
    visit: Visit,
    *,
    row: int | None = None,
    typed: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
) -> Context:
    """The context of patient/group.html. `row` is the saved row that is being changed."""
    group, facts = cast(Question, page.group), visit.facts
    rows = list(facts.rows(group.id) or [])
    number = len(rows) if row is None else row
    whole = next((p for p in problems if not p.part), None)
    frame = _frame(page, visit, problems)
    if row is not None:  # back from a row that is being changed: to the list
        frame["back_url"] = page_url(page, return_to=returning())
    return frame | {
        "group": {
            "id": group.id,
            "text": in_language(group.text),
            "hint": in_language(group.hint) if group.hint else None,
            "error": fields.words(facts.questionnaire, group, whole, language()) if whole else None,
            "rows": [
                _card(group, page, at, saved) | {"close": spelling.offers(group, at, saved)}
                for at, saved in enumerate(rows)
                if at != row
            ],
            "none": _none_tick(group, facts, typed) if not rows else None,
            "row": _row_form(group, facts, number, typed, problems)
            if number < group.max_rows
            else None,
        },
    }


def _frame(page: Page, visit: Visit, problems: Sequence[Problem]) -> Context:
    questionnaire, progress = visit.facts.questionnaire, visit.progress
    before, is_last = progress.before(page), page.id == progress.last.id
    return {
        "title": in_language(page.title),
        "step": {
            "number": progress.place(page),
            "count": len(progress.expected),
            "left": time_left(page, progress),
            "all_url": url_for("patient.tasks") if before else None,
            "section": _section_title(page, questionnaire),
        },
        "intro": in_language(page.intro) if page.intro else None,
        "why": in_language(page.why) if page.why else None,
        "revision": visit.revision(page),
        "continue_text": t("page.send") if is_last else t("page.continue"),
        "return_to": returning(),
        "errors": fields.error_links(questionnaire, problems, language()),
        "back_url": _back_url(before, is_last=is_last),
        "care": care_after(before, visit),
        "saving": half_views.saving(page, visit),
    }


def _section_title(page: Page, questionnaire: Questionnaire) -> str:
    """That of the page's section, unless the page's heading says the same."""
    title = in_language(questionnaire.section_of_page[page.id].title)
    return "" if title == in_language(page.title) else title


def time_left(page: Page, progress: Progress) -> str:
    """ "About 12 minutes left": for this page and what is still open."""
    minutes = page_times.minutes_left(office(), progress, page)
    return t({0: "pace.left_none", 1: "pace.left_one"}.get(minutes, "pace.left"), minutes=minutes)


def _back_url(before: Page | None, *, is_last: bool) -> str:
    if returning() or is_last:
        return url_for("patient.check")
    return page_url(before) if before else url_for("patient.start")


def _fields(
    page: Page,
    facts: Facts,
    typed: MultiDict[str, str] | None = None,
    faults: Mapping[str, Problem] = MappingProxyType({}),
) -> Markup:
    """The questions of a page that are asked, or may be by what is answered on it."""
    spoken, html = language(), []
    for question in page.questions:
        shown = follow_up(question, page, facts)
        # The language is set by the language switch and posted as a hidden input.
        if shown.drawn and question.id != "language":
            as_it_is = drawing.Drawn(facts.questionnaire, question, spoken, shown)
            html.append(_field(as_it_is, facts, typed, faults.get(question.id)))
    return Markup("".join(html))  # noqa: S704 each of them was escaped when it was drawn


def _field(
    drawn: drawing.Drawn,
    facts: Facts,
    typed: MultiDict[str, str] | None,
    problem: Problem | None,
) -> str:
    question, answer = drawn.question, facts.answers.get(drawn.question.id)
    error = (
        fields.words(drawn.questionnaire, question, problem, drawn.language) if problem else None
    )
    if question.kind == "date":
        part = problem.part if problem else ""
        return drawing.date_html(drawn, answer, typed, error=error, bad_part=part)
    if question.unit in measures.WAYS:
        return _measure(drawn, facts, typed, error, problem.part if problem else "")
    if typed is None:
        values = fields.stored_values(question, answer)
    else:
        values = fields.typed_values(question, typed)
    return drawing.question_html(drawn, values, error)


def _measure(
    drawn: drawing.Drawn,
    facts: Facts,
    typed: MultiDict[str, str] | None,
    error: str | None,
    bad_part: str,
) -> str:
    question, answers = drawn.question, facts.answers
    if typed is not None:
        boxes = measures.typed_boxes(question, typed)
    else:
        beside = drawn.questionnaire.page_of[question.id].questions
        metric = measures.leans_metric(beside, answers)
        boxes = measures.boxes(question, answers.get(question.id), metric=metric)
    return drawing.measure_html(drawn, boxes, error, bad_part)


def _instrument(page: Page, questionnaire: Questionnaire) -> Context | None:
    name = next((q.instrument for q in page.questions if q.instrument), None)
    if name is None:
        return None
    instrument = questionnaire.instrument[name]
    verified = language() in instrument.languages
    stem, recall = in_language(instrument.stem), in_language(instrument.recall or {"en": ""})
    gated = instrument.scoring.gate is not None  # then the stem stands under the gate's question
    return {
        "stem": None if gated else stem,
        "help": in_language(instrument.help) if instrument.help else None,
        "recall": recall if recall and recall.casefold() not in stem.casefold() else None,
        "attribution": instrument.attribution,
        "why_english": in_language(instrument.why_english)
        if instrument.why_english and not verified
        else None,
        "lang": None if verified else instrument.languages[0],
    }


# Groups


def _none_tick(group: Question, facts: Facts, typed: Mapping[str, str] | None) -> Context | None:
    if group.none_text is None:
        return None
    stored = facts.answers.get(group.id) == []
    ticked = bool(typed.get(f"{group.id}-none")) if typed is not None else stored
    return {"text": in_language(group.none_text), "checked": ticked}


def _row_form(
    group: Question,
    facts: Facts,
    number: int,
    typed: Mapping[str, str] | None,
    problems: Sequence[Problem],
) -> Context:
    rows = facts.rows(group.id) or []
    saved = rows[number] if number < len(rows) else {}
    faults = {problem.part: problem for problem in reversed(problems) if problem.part}
    views = []
    for column in group.columns:
        part = f"{number}-{column.id}"
        name = f"{group.id}-{part}"
        fault = faults.get(part)
        views.append(
            fields.cell_view(
                group,
                column,
                language(),
                number,
                value=typed.get(name) if typed is not None else saved.get(column.id),
                error=fields.words(facts.questionnaire, group, fault, language())
                if fault
                else None,
            )
        )
    name = in_language(group.row_text) if group.row_text else ""
    return {
        "heading": f"{name[:1].upper()}{name[1:]} {number + 1}",
        "number": number,
        "changing": number < len(rows),
        "fields": views,
    }


def _card(group: Question, page: Page, number: int, row: Mapping[str, object]) -> Context:
    return row_card(group, row) | {
        "change_url": page_url(page, row=number, return_to=returning()),
        "remove_url": url_for(
            "patient.remove", page_id=page.id, number=number, return_to=returning()
        ),
    }
