"""What the templates of a physician's own entries are given. Builds dicts; decides nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import url_for

from .. import wording
from ..assessment.origins import origin
from ..changes import exits, wants_to_talk
from ..outputs import pdf, pdf_parts
from ..questionnaire.answers import DISCUSS
from ..questionnaire.definition import Question
from ..questionnaire.validation import Problem
from ..record import Record, Row
from ..storage.chart import Entry
from ..workflows import examine
from ..workflows.chart import NOTE
from ..workflows.examine import Case
from ..workflows.review import Opened
from . import asking_back, fields, measures, staff_forms
from .current import office
from .dates import day_in_words, moment_in_words
from .judging import Sent
from .staff_entries import Typed, clinician_pages, row_typed, rows_of

Context = dict[str, Any]
TALKED = "Talked about in person."
NOTHING = "not answered"


# The record


def review_context(opened: Opened) -> Context:
    """What record.html is given beside staff_views.record_context."""
    case, record = opened.case, opened.record
    at_hand = {
        "glance": pdf_parts.glance(record),
        "figures": pdf_parts.figures(record),
        "of_staff": pdf_parts.labels_of_staff(record),
    }
    if case is None:
        blank = at_hand | dict.fromkeys(("compared", "measure_form", "note_form"))
        return blank | _by_rule(record, None) | {"talk": [], "corrections": {}}
    reference = record.reference
    measured = examine.to_measure(case.questionnaire)
    return {
        "reference": reference,
        "compared": _compared(opened),
        "measure_form": _measure_form(case) if measured else None,
        "corrections": {
            name: url_for("review.correct", reference=reference, question_id=name)
            for name in examine.correctable(case)
        },
        "talk": [_talk(row, case) for row in _rows(record) if wants_to_talk(row)],
        "notes": [_signed(case, e) for e in reversed(case.entries) if e.kind == NOTE],
        "note_url": url_for("review.note", reference=reference),
        "note_form": staff_forms.Note(),
        "ask_back": None,
        "confirmed": [],
        **at_hand,
        **_by_rule(record, case),
    }


def _rows(record: Record) -> Iterator[Row]:
    return (row for part in record.sections for row in part.rows)


def _compared(opened: Opened) -> Context | None:
    record, case = opened.record, opened.case
    if record.sent is None or case is None:
        return None
    return {
        "then": record.sent.outcome,
        "then_kind": record.sent.assessment.outcome,
        "sent": day_in_words(record.submitted_at.date(), "en"),
        "now": day_in_words(case.known.as_of, "en"),
        "appeared": [_found(finding, says) for finding, says in record.sent.appeared],
        "gone": [_found(finding, says) for finding, says in record.sent.gone],
        "changes": [
            {"change": change, "at": moment_in_words(change.at, "en")}
            for change in reversed(record.changes)
        ],
    }


def _found(finding: Any, says: str) -> Context:
    unknown = finding.status == "unknown"
    return {
        "rule": finding.rule,
        "says": says,
        "kind": finding.kind,
        "tag": "Unknown" if unknown else pdf.KINDS[finding.kind],
        "tone": "missing" if unknown else finding.kind,
    }


def _by_rule(record: Record, case: Case | None) -> Context:
    """By finding: what would change it, and where its answers stand; by question: who read it."""
    labels: dict[str, str] = {}
    used: dict[str, list[Context]] = {}
    outs: dict[str, list[Context]] = {}
    if case:
        facts, drawn = case.facts, _drawn(record)
        for finding in record.assessment.findings:
            outs[finding.rule] = [
                {"says": list(one.says), "then": list(one.then)} for one in exits(finding, facts)
            ]
            rule = record.questionnaire.rule[finding.rule]
            origins = {name: origin(name, facts) for name in finding.reads}
            for name, question in origins.items():
                if question in drawn:
                    labels[wording.name_label(facts, name)] = question
            for question in dict.fromkeys(origins.values()):
                used.setdefault(question, []).append(_found(finding, rule.says))
    return {"exits": outs, "answer_of": labels, "used_in": used}


def _drawn(record: Record) -> set[str]:
    """The questions that stand on the page: a section of which nothing was asked does not."""
    parts = (part.rows for part in record.sections)
    return {row.question for rows in parts if any(map(_asked, rows)) for row in rows}


def _asked(row: Row) -> bool:
    return row.state != "not-asked"


def _talk(row: Row, case: Case) -> Context:
    done = examine.raised(case.entries).get(row.question)
    correctable = row.question in examine.correctable(case)
    reference = case.submission.reference
    answered = row.state in ("answered", "unsure")
    return {
        "label": row.label,
        "id": row.question,
        "done": _signed(case, done) if done else None,
        "answer": row.text if answered else None,
        "tick_url": url_for("review.talk", reference=reference, question_id=row.question),
        "answer_url": url_for("review.correct", reference=reference, question_id=row.question)
        if correctable
        else None,
    }


def _signed(case: Case, entry: Entry) -> Context:
    one = examine.signed(office(), case, entry)
    return {"by": one.by, "at": moment_in_words(one.at, "en"), "text": one.text}


# Forms


def _frame(case: Case, title: str, part: str) -> Context:
    answers = case.known.answers
    name = f"{answers.get('first_name', '')} {answers.get('last_name', '')}".strip()
    return {
        "title": title,
        "part": part,
        "name": name or f"Intake {case.submission.reference}",
        "reference": case.submission.reference,
        "back_url": url_for("staff.record", reference=case.submission.reference),
        "ask_back": None,
        "confirmed": [],
    }


def _measure_form(case: Case, typed: Typed | None = None, read: Sent | None = None) -> Context:
    faults = {problem.question: problem for problem in reversed(read.problems if read else [])}
    return {
        "url": url_for("review.measure", reference=case.submission.reference),
        "fields": [
            _field(case, q, typed, faults.get(q.id), blank=True) | _known_now(case, q)
            for q in examine.to_measure(case.questionnaire)
        ],
    }


def _known_now(case: Case, question: Question) -> Context:
    entry = case.known.by_question.get(question.id)
    answer = case.known.answers.get(question.id)
    if entry is None or answer is None:
        return {"now": None, "optional": False}
    signed = _signed(case, entry)
    now = f"{wording.in_words(question, answer)}, {signed['by']}, {signed['at']}"
    return {"now": now, "optional": False}


def measure_context(case: Case, typed: Typed | None = None, read: Sent | None = None) -> Context:
    found = _frame(case, "Measured or found in person", "_measure.html")
    if read and typed is not None:
        found |= _slips(clinician_pages(case.questionnaire)[0], read, typed)
        found["errors"] = fields.error_links(case.questionnaire, read.problems, "en")
    return found | {"measure_form": _measure_form(case, typed, read)}


def correct_context(
    case: Case,
    question: Question,
    row: int | None,
    *,
    typed: Typed | None = None,
    read: Sent | None = None,
    form: staff_forms.Reason | None = None,
    stale: bool = False,
) -> Context:
    found = _frame(case, f"Correct: {question.label}", "_amend.html")
    problems = read.problems if read else []
    talking = is_to_talk(case, question)
    form = form or staff_forms.Reason(data={"reason": TALKED if talking else ""})
    if read and typed is not None:
        page = case.questionnaire.page_of.get(question.id)
        found |= _slips(page, read, typed) if page else {}
        found["errors"] = [
            *fields.error_links(case.questionnaire, problems, "en"),
            *staff_forms.errors(form),
        ]
    return found | {
        "url": url_for(
            "review.correct",
            reference=case.submission.reference,
            question_id=question.id,
            row=row,
        ),
        "question": question,
        "fields": list(_correct_fields(case, question, row, typed, problems)),
        "row": row,
        "reason": form,
        "seen": case.number,
        "stale": stale,
        "talking": talking,
        "history": list(_history(case, question)),
        "stored": question.id in case.known.answers,
        "none": _none_tick(case, question, typed),
    }


def is_to_talk(case: Case, question: Question) -> bool:
    """Does the patient wait to be asked this in person?"""
    return case.known.answers.get(question.id) == DISCUSS


def _slips(page: Any, read: Sent, typed: Typed) -> Context:
    found = read.unconfirmed
    view = asking_back.view(page, found, typed)
    for item in view["items"] if view else ():
        item["links"] = [link | {"text": "Change it"} for link in item["links"][:1]]
    return {"ask_back": view, "confirmed": asking_back.confirmed(found, typed)}


def _none_tick(case: Case, question: Question, typed: Typed | None) -> Context | None:
    if question.none_text is None or rows_of(case, question):
        return None
    ticked = bool(typed and typed.get(f"{question.id}-none"))
    return {"text": question.none_text["en"], "checked": ticked}


def _correct_fields(
    case: Case,
    question: Question,
    row: int | None,
    typed: Typed | None,
    problems: Sequence[Problem],
) -> Iterator[Context]:
    faults = {(p.question, p.part if question.kind == "group" else ""): p for p in problems}
    if question.kind != "group":
        others = (p for p in problems if p.question != question.id)
        yield _field(case, question, typed, faults.get((question.id, "")) or next(others, None))
        return
    rows = rows_of(case, question)
    number = len(rows) if row is None else row
    saved: Mapping[str, Any] = rows[number] if number < len(rows) else {}
    shown = saved if typed is None else row_typed(question, typed)
    for column in question.columns:
        fault = faults.get((question.id, f"{number}-{column.id}"))
        yield fields.cell_view(
            question,
            column,
            "en",
            number,
            value=shown.get(column.id),
            error=fields.words(case.questionnaire, question, fault, "en") if fault else None,
        )


def _field(
    case: Case,
    question: Question,
    typed: Typed | None,
    fault: Problem | None,
    *,
    blank: bool = False,
) -> Context:
    """A question as patients see it, without what is only for them."""
    questionnaire, answer = case.questionnaire, case.known.answers.get(question.id)
    answer = None if blank or answer == DISCUSS else answer
    asked = questionnaire.questions[fault.question] if fault else question
    error = fields.words(questionnaire, asked, fault, "en") if fault else None
    part = fault.part if fault else ""
    if question.unit in measures.WAYS:
        boxes = (
            measures.boxes(question, answer)
            if typed is None
            else measures.typed_boxes(question, typed)
        )
        drawn = fields.measure_view(
            questionnaire, question, "en", boxes, error=error, bad_part=part
        )
    else:
        drawn = fields.view(
            questionnaire, question, "en", answer=answer, typed=typed, error=error, bad_part=part
        )
    instrument = questionnaire.instrument.get(question.instrument or "")
    lead = instrument.stem["en"] if instrument else None
    hidden = {"discuss": None, "optional": False, "lead_again": False, "autocomplete": None}
    return drawn | hidden | {"lead": lead, "described_by": "stem" if lead else None}


def _history(case: Case, question: Question) -> Iterator[Context]:
    """What was answered, the newest first, down to what the patient sent."""
    for entry in reversed(case.entries):
        if question.id in entry.body.get("answers", {}):
            answer = entry.body["answers"][question.id]
            yield _signed(case, entry) | {"answer": _in_words(question, answer)}
    sent = case.submission.document["answers"].get(question.id)
    at = case.submission.submitted_at.astimezone(office().zone)
    if question.audience == "patient":
        told = {"by": "The patient", "at": moment_in_words(at, "en"), "text": ""}
        yield told | {"answer": _in_words(question, sent)}


def _in_words(question: Question, answer: object) -> str:
    return NOTHING if answer is None else wording.in_words(question, answer)


def note_context(case: Case, form: staff_forms.Note) -> Context:
    found = _frame(case, "Internal note", "_notes.html")
    return found | {
        "errors": staff_forms.errors(form),
        "notes": [],
        "note_url": url_for("review.note", reference=case.submission.reference),
        "note_form": form,
    }
