"""What the templates of question pages are given. Builds dicts; decides nothing."""

from collections.abc import Mapping, Sequence
from typing import cast

from flask import url_for
from werkzeug.datastructures import MultiDict

from ..assessment.facts import Facts
from ..questionnaire.definition import Page, Question, Questionnaire
from ..questionnaire.validation import Problem
from . import drawing, fields
from .around import care_after
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
        "fields": [_field(q, page, facts, typed, faults.get(q.id)) for q in page.questions],
        "datalists": [],
        "language_answer": language() if "language" in {q.id for q in page.questions} else None,
    }


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
    return _frame(page, visit, problems) | {
        "group": {
            "id": group.id,
            "text": in_language(group.text),
            "hint": in_language(group.hint) if group.hint else None,
            "error": fields.words(facts.questionnaire, group, whole, language()) if whole else None,
            "rows": [_card(group, page, at, saved) for at, saved in enumerate(rows) if at != row],
            "none": _none_tick(group, facts, typed) if not rows else None,
            "row": _row_form(group, facts, number, typed, problems)
            if number < group.max_rows
            else None,
        },
        "datalists": [{"id": fields.SUGGESTIONS, "names": facts.questionnaire.medicine_names}]
        if any(column.suggest for column in group.columns)
        else [],
    }


def _frame(page: Page, visit: Visit, problems: Sequence[Problem]) -> Context:
    questionnaire, progress = visit.facts.questionnaire, visit.progress
    before, is_last = progress.before(page), page.id == progress.last.id
    return {
        "title": in_language(page.title),
        "step": {
            "number": next((n for n, p in enumerate(progress.asked, 1) if p.id == page.id), 1),
            "count": len(progress.asked),
            "section": in_language(questionnaire.section_of_page[page.id].title),
        },
        "intro": in_language(page.intro) if page.intro else None,
        "why": in_language(page.why) if page.why else None,
        "revision": visit.intake.revisions.get(page.id, 0) if visit.intake else 0,
        "continue_text": t("page.send") if is_last else t("page.continue"),
        "return_to": returning(),
        "errors": fields.error_links(questionnaire, problems, language()),
        "back_url": _back_url(before, is_last=is_last),
        "care": care_after(before, visit),
    }


def _back_url(before: Page | None, *, is_last: bool) -> str:
    if returning() or is_last:
        return url_for("patient.check")
    return page_url(before) if before else url_for("patient.start")


def _field(
    question: Question,
    page: Page,
    facts: Facts,
    typed: MultiDict[str, str] | None,
    problem: Problem | None,
) -> str:
    """A question's HTML; "" when it is not asked whatever is answered on this page."""
    drawn, ask_if, hidden = fields.followup(question, page, facts)
    # The language is set by the language switch and posted as a hidden input.
    if not drawn or question.id == "language":
        return ""
    if typed is None and question.kind in drawing.FEW_ANSWERS:
        key = drawing.Key(question, language(), facts.answers.get(question.id), ask_if, hidden)
        return drawing.known(key, facts.questionnaire)
    view = fields.view(
        facts.questionnaire,
        question,
        language(),
        answer=facts.answers.get(question.id),
        typed=typed,
        error=fields.words(facts.questionnaire, question, problem, language()) if problem else None,
        bad_part=problem.part if problem else "",
    )
    return drawing.draw(view | {"ask_if": ask_if, "hidden": hidden})


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
        "remove_url": url_for("patient.remove", page_id=page.id, number=number),
    }
