"""What is drawn around the pages of questions: check, resume, code, help, two tabs."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from werkzeug.datastructures import MultiDict

from ..assessment.facts import Facts
from ..questionnaire.answers import Answers
from ..questionnaire.definition import Contact, Page, Panel, Question
from ..storage.intakes import StoredIntake
from ..workflows.progress import Progress
from . import fields
from .answer_words import whole_question
from .current import office, settings
from .dates import day_in_words
from .i18n import filled, t
from .patient_session import Visit
from .said import CHECK, Context, answer_lines, in_language, language, page_url


def check_page(visit: Visit) -> Context:
    """Every answer by section, each with a way back to its question."""
    facts, progress = visit.facts, visit.progress
    asked = [page for page in progress.asked if page.id != progress.last.id]
    still_open = next((page for page in asked if progress.state(page) != "done"), None)
    open_here = [q for page in asked for q in progress.unanswered(page)]
    sections: dict[str, Context] = {}
    for page in asked:
        section = facts.questionnaire.section_of_page[page.id]
        rows = sections.setdefault(section.id, {"title": in_language(section.title), "rows": []})[
            "rows"
        ]
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
        "key": whole_question(facts.questionnaire, question, language()),
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
    return [code, birth_view(typed)]


def birth_view(typed: MultiDict[str, str]) -> fields.View:
    """The date of birth, asked for once more."""
    born = fields.view(
        office().questionnaire, birth_question(), language(), typed=typed if typed else None
    )
    return born | {"text": t("resume.birth")}


def kept_until(since: datetime | None = None) -> str:
    """The day, in words, until which an unfinished form is kept."""
    desk = office()
    moment = (since or desk.now()).astimezone(desk.zone) + timedelta(days=settings().draft_days)
    return day_in_words(moment.date(), language())


def address() -> str:
    """The start page's address as people type it."""
    return settings().public_url.partition("://")[2].rstrip("/")


def may_come_back(intake: StoredIntake | None) -> bool:
    """A code opens a form only together with the date of birth."""
    return intake is not None and birth_question().id in intake.merged


def crisis_page(panels: Sequence[Panel]) -> Context:
    """One page for all that fired: the first panel's title, every lead, each contact once."""
    clinic = settings().clinic
    contacts = dict.fromkeys(name for panel in panels for name in panel.contacts)
    steps = dict.fromkeys(in_language(step) for panel in panels for step in panel.steps)
    return {
        "title": in_language(panels[0].title),
        "panel": {
            "leads": [in_language(panel.lead) for panel in panels],
            "danger": panels[0].danger,
            "steps": list(steps),
            "told": told(panels[0]),
            "phone": clinic.phone,
            "phone_href": clinic.phone_href,
        },
        "contacts": [contact_view(office().questionnaire.contact[name]) for name in contacts],
        "call_me": None,
        "called": None,
        "seen": " ".join(panel.id for panel in panels),
        "revision": 0,
    }


def told(panel: Panel) -> str:
    """Who knows of it and when they look."""
    return with_clinic(in_language(panel.told))


def with_clinic(text: str) -> str:
    """A text with the clinic's words in it, without those sentences for which it gave none."""
    clinic = settings().clinic
    words = {
        "clinic": clinic.name,
        "phone": clinic.phone,
        "hours": clinic.hours.get(language()),
        "urgent_reply": clinic.urgent_reply.get(language()),
        "closed": clinic.after_hours.get(language()) or t("crisis.closed"),
        "mailed": t("crisis.mailed") if office().post.reaches_staff else None,
    }
    if not words["hours"]:
        text = text.replace(" ({hours})", "")
    absent = [f"{{{name}}}" for name, value in words.items() if not value]
    # {mailed} and {closed} stand for sentences of their own.
    sentences = re.split(r"(?<=\.) |(?<={mailed}) |(?<={closed}) ", text)
    told_of = [one for one in sentences if not any(hole in one for hole in absent)]
    return filled(" ".join(told_of), words)


def contact_view(contact: Contact) -> Context:
    return {
        "id": contact.id,
        "text": in_language(contact.text),
        "call": in_language(contact.call),
        "href": in_language(contact.href),
    }


def differences(page: Page, mine: Answers, stored: Answers) -> list[Context]:
    """The answers of a page that two tabs gave differently, in words."""
    return [
        {
            "question": in_language(question.text),
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


def care_after(before: Page | None, visit: Visit) -> Context | None:
    """The help above a page, when the page before it held an answer that asks for it."""
    panel = visit.progress.support_after(before) if before else None
    return crisis_page([panel]) if panel else None


def care_on(page: Page, facts: Facts) -> Context | None:
    """The same above the page itself, while it lacks other answers."""
    panel = Progress(facts, ()).support_after(page)
    return crisis_page([panel]) if panel else None
