"""The patient's copy of what was sent, in a language that is given; needs no request."""

from collections.abc import Iterator

from ..assessment.facts import Facts
from ..outputs.copy import Copy, CopyRow, CopySection
from ..questionnaire.definition import Language, Page, Question
from ..workflows.after import Sent
from .answer_words import answer_lines, in_language, whole_question
from .dates import moment_in_words
from .i18n import text

# Whoever the patient fears may read the copy: nothing in it of safety at home, nor of pressure.
KEPT_OUT = "dv"
KEPT_OUT_TOO = ("feels_pushed",)


def copy_of(sent: Sent, language: Language, clinic: str) -> Copy:
    """Every question that was asked with its answer: no score, no finding, no outcome."""

    def say(key: str) -> str:
        return text(f"answers.{key}", language)

    return Copy(
        language=language,
        title=say("title"),
        clinic=clinic,
        reference=sent.reference,
        facts=(
            (say("reference"), sent.reference),
            (say("sent"), moment_in_words(sent.sent_at, language)),
        ),
        # Said to everybody, so that it tells nothing of anybody.
        notes=(say("lead"), say("left_out")),
        boxes_note=say("boxes"),
        sections=tuple(_sections(sent.facts, language)),
        sources_title=say("sources"),
        attributions=tuple(_attributions(sent.facts)),
    )


def _sections(facts: Facts, language: Language) -> Iterator[CopySection]:
    questionnaire = facts.questionnaire
    pages: dict[str, list[Page]] = {}
    for page in questionnaire.pages.values():
        pages.setdefault(questionnaire.section_of_page[page.id].id, []).append(page)
    for section in questionnaire.sections:
        asked = [q for page in pages.get(section.id, ()) for q in page.questions if _told(q, facts)]
        rows = tuple(_row(question, facts, language) for question in asked)
        if rows:
            yield CopySection(in_language(section.title, language), rows)


def _told(question: Question, facts: Facts) -> bool:
    left_out = question.privacy == KEPT_OUT or question.id in ("language", *KEPT_OUT_TOO)
    return not left_out and facts.asked(question.id) is True


def _row(question: Question, facts: Facts, language: Language) -> CopyRow:
    answer = facts.answers.get(question.id)
    not_answered = [text("check.not_answered", language)]
    return CopyRow(
        question=whole_question(facts.questionnaire, question, language),
        lines=tuple(not_answered if answer is None else answer_lines(question, answer, language)),
        lang=None if language in question.languages else question.languages[0],
    )


def _attributions(facts: Facts) -> Iterator[str]:
    for instrument in facts.questionnaire.instruments:
        if any(facts.asked(item) for item in instrument.items):
            yield instrument.attribution
