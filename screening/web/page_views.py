"""What the templates of question pages are given. Builds dicts; decides nothing."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from ..assessment.facts import Facts
from ..questionnaire.answers import DISCUSS, UNSURE, Answers
from ..questionnaire.definition import (
    Column,
    Contact,
    Language,
    Page,
    Panel,
    Question,
    Questionnaire,
)
from ..questionnaire.validation import Problem
from . import drawing, fields
from .current import office, settings
from .dates import day_in_words
from .i18n import current_language, t
from .patient_session import Visit

Context = dict[str, Any]
CHECK = "check"


def language() -> Language:
    return cast(Language, current_language())


def page_url(page: Page, **values: Any) -> str:
    return url_for("patient.page", page_id=page.id, **values)


def returning() -> str | None:
    """ "check" when the patient came from the check page and goes back there."""
    return CHECK if request.values.get("return_to") == CHECK else None


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
            "text": _in(group.text),
            "hint": _in(group.hint) if group.hint else None,
            "error": fields.words(facts.questionnaire, group, whole, language()) if whole else None,
            "rows": [_card(group, page, at, saved) for at, saved in enumerate(rows) if at != row],
            "none": _none_tick(group, facts, typed) if not rows else None,
            "row": _row_form(group, facts, number, rows, typed, problems)
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
        "title": _in(page.title),
        "step": {
            "number": next((n for n, p in enumerate(progress.asked, 1) if p.id == page.id), 1),
            "count": len(progress.asked),
            "section": _in(questionnaire.section_of_page[page.id].title),
        },
        "intro": _in(page.intro) if page.intro else None,
        "why": _in(page.why) if page.why else None,
        "revision": visit.intake.revisions.get(page.id, 0) if visit.intake else 0,
        "continue_text": t("page.send") if is_last else t("page.continue"),
        "return_to": returning(),
        "errors": fields.error_links(questionnaire, problems, language()),
        "back_url": _back_url(before, is_last=is_last),
        "care": care_after(before, visit),
    }


def care_after(before: Page | None, visit: Visit) -> Context | None:
    """The help above a page, when the page before it held an answer that asks for it."""
    panel = visit.progress.support_after(before) if before else None
    return crisis_page([panel]) if panel else None


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
    return {
        "stem": _in(instrument.stem),
        "help": _in(instrument.help) if instrument.help else None,
        "recall": _in(instrument.recall) if instrument.recall else None,
        "attribution": instrument.attribution,
        "why_english": _in(instrument.why_english)
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
    return {"text": _in(group.none_text), "checked": ticked}


def _row_form(
    group: Question,
    facts: Facts,
    number: int,
    rows: Sequence[Mapping[str, object]],
    typed: Mapping[str, str] | None,
    problems: Sequence[Problem],
) -> Context:
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
    name = _in(group.row_text) if group.row_text else ""
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


def row_card(group: Question, row: Mapping[str, object]) -> Context:
    """A saved row as the patient sees it: its first cell as title, the others as lines."""
    first, *others = group.columns
    return {
        "title": cell_words(first, row.get(first.id)) or "–",
        "lines": [
            {"label": _in(column.text), "value": words}
            for column in others
            if (words := cell_words(column, row.get(column.id)))
        ],
    }


def cell_words(column: Column, cell: object) -> str:
    """A cell in the patient's language."""
    option = next((o for o in column.options if o.id == cell), None)
    if option:
        return option.text(language())
    return "" if cell is None else f"{cell} {column.unit or ''}".strip()


# Answers in the patient's language


def answer_lines(question: Question, answer: object) -> list[str]:
    """An answer as the patient gave it, one line a tick or row."""
    if answer == DISCUSS and question.sensitive:
        return [t("page.discuss")]
    if answer == UNSURE and question.may_be_unsure:
        return [t("page.unsure")]
    if question.kind == "agree":
        return [t("check.agreed")]
    if question.kind == "group":
        return _row_lines(question, cast(Sequence[Mapping[str, object]], answer))
    if question.kind in ("choice", "choices", "scale"):
        ticks = answer if isinstance(answer, list) else [answer]
        return [question.option(tick).text(language()) for tick in ticks]
    if question.kind == "date":
        return [day_in_words(date.fromisoformat(str(answer)), language())]
    unit = fields.UNITS.get(question.unit or "", question.unit) or ""
    return f"{answer} {unit}".strip().split("\n")


def _row_lines(group: Question, rows: Sequence[Mapping[str, object]]) -> list[str]:
    if not rows:
        return [_in(group.none_text) if group.none_text else t("check.none")]
    cards = [row_card(group, row) for row in rows]
    return [
        " · ".join([card["title"], *(line["value"] for line in card["lines"])]) for card in cards
    ]


# Check, resume and interruptions


def check_page(visit: Visit) -> Context:
    """Every answer by section, each with a way back to its question."""
    facts, progress = visit.facts, visit.progress
    asked = [page for page in progress.asked if page.id != progress.last.id]
    still_open = next((page for page in asked if progress.state(page) != "done"), None)
    open_here = [q for page in asked for q in progress.unanswered(page)]
    sections: dict[str, Context] = {}
    for page in asked:
        section = facts.questionnaire.section_of_page[page.id]
        rows = sections.setdefault(section.id, {"title": _in(section.title), "rows": []})["rows"]
        rows += [_check_row(q, page, facts) for q in page.questions if _is_checked(q, facts)]
    return {
        "title": t("check.title"),
        "sections": list(sections.values()),
        "missing": len(open_here),
        "first_missing_url": page_url(still_open, return_to=CHECK) if still_open else None,
        "revision": visit.intake.revision if visit.intake else 0,
        "back_url": page_url(asked[-1]),
        "care": care_after(asked[-1], visit),
    }


def _is_checked(question: Question, facts: Facts) -> bool:
    return question.id != "language" and facts.asked(question.id) is True


def _check_row(question: Question, page: Page, facts: Facts) -> Context:
    answer = facts.answers.get(question.id)
    return {
        "key": _in(question.text),
        "lines": [t("check.not_answered")] if answer is None else answer_lines(question, answer),
        "lang": None if language() in question.languages else question.languages[0],
        "missing": answer is None and question.required,
        "change_url": page_url(page, return_to=CHECK) + f"#{fields.first_control(question)}",
    }


def birth_question() -> Question:
    """The question that the resume page asks beside the code."""
    return office().questionnaire.questions["date_of_birth"]


def resume_fields(typed: MultiDict[str, str], wrong: str | None) -> list[fields.View]:
    code = fields.plain_view(
        "code",
        "text",
        t("resume.code"),
        hint=t("resume.code_hint"),
        value=typed.get("code", ""),
        error=wrong,
        width=30,
        spellcheck=False,
        autocomplete="off",
    )
    born = fields.view(
        office().questionnaire, birth_question(), language(), typed=typed if typed else None
    )
    return [code, born | {"text": t("resume.birth")}]


def kept_until(since: datetime | None = None) -> str:
    """The day, in words, until which an unfinished form is kept."""
    desk = office()
    moment = (since or desk.now()).astimezone(desk.zone) + timedelta(days=settings().draft_days)
    return day_in_words(moment.date(), language())


def address() -> str:
    """The start page's address as people type it."""
    return settings().public_url.partition("://")[2].rstrip("/")


def code_page(code: str) -> Context:
    return {
        "title": t("code.title"),
        "code": code.split("-"),
        "kept_until": kept_until(),
        "address": address(),
        "revision": 0,
    }


def crisis_page(panels: Sequence[Panel]) -> Context:
    """One page for all that fired: the first panel's title, every lead, each contact once."""
    clinic = settings().clinic
    values = {
        "clinic": clinic.name,
        "phone": clinic.phone or "",
        "hours": clinic.hours.get(language(), ""),
    }
    contacts = dict.fromkeys(name for panel in panels for name in panel.contacts)
    steps = dict.fromkeys(_in(step) for panel in panels for step in panel.steps)
    return {
        "title": _in(panels[0].title),
        "panel": {
            "leads": [_in(panel.lead) for panel in panels],
            "danger": panels[0].danger,
            "steps": list(steps),
            "told": _in(panels[0].told).format_map(values),
        },
        "contacts": [contact_view(office().questionnaire.contact[name]) for name in contacts],
        "call_me": None,
        "called": None,
        "revision": 0,
    }


def contact_view(contact: Contact) -> Context:
    return {
        "id": contact.id,
        "text": _in(contact.text),
        "call": _in(contact.call),
        "href": _in(contact.href),
    }


def differences(page: Page, mine: Answers, stored: Answers) -> list[Context]:
    """The answers of a page that two tabs gave differently, in words."""
    return [
        {
            "question": _in(question.text),
            "mine": _joined(question, mine.get(question.id)),
            "stored": _joined(question, stored.get(question.id)),
            "lang": None if language() in question.languages else question.languages[0],
        }
        for question in page.questions
        if mine.get(question.id) != stored.get(question.id)
    ]


def _joined(question: Question, answer: object) -> str:
    return (
        "; ".join(answer_lines(question, answer)) if answer is not None else t("check.not_answered")
    )


def _in(text: Mapping[Any, str]) -> str:
    return text.get(language()) or text["en"]
