"""What is sent: a whole record, checked once more, assessed and frozen."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter

from ..assessment.facts import Facts
from ..assessment.outcome import assess_facts
from ..assessment.results import Assessment
from ..questionnaire.answers import Answers
from ..questionnaire.validation import Problem, missing, problems_in
from ..record import full_name
from ..storage import half_pages
from ..storage.intakes import StoredIntake
from ..storage.submissions import Receipt
from ..storage.submissions import submit as freeze
from .act import Act
from .alerts import raise_for
from .office import Office
from .progress import Progress

ASSESSMENT = TypeAdapter(Assessment)


class Rejected(Exception):  # noqa: N818 - an outcome that callers answer
    """The answers cannot be sent as they are; `problems` says why. Nothing was stored."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(sorted({problem.question for problem in problems})))
        self.problems = problems


def kept_answers(facts: Facts, question_ids: Iterable[str]) -> dict[str, Any]:
    """The answers that are stored: only those to questions that are asked."""
    return {
        question_id: facts.answers[question_id]
        for question_id in question_ids
        if question_id in facts.answers and facts.asked(question_id) is True
    }


def freeze_whole(act: Act, intake: StoredIntake) -> Receipt:
    """Check a draft's whole record, assess it and store it as sent. Raises Rejected."""
    office = act.office
    everything = Facts(office.questionnaire, intake.merged, office.today())
    answers = kept_answers(everything, (q.id for q in office.questionnaire.patient_questions()))
    facts = Facts(office.questionnaire, answers, office.today())
    found = _faults(office, facts)
    if found:
        raise Rejected(found)
    assessment = assess_facts(facts)
    urgent = [f for f in assessment.findings if f.kind == "urgent" and f.status == "met"]
    raise_for(act, intake, urgent, "sent")
    receipt = freeze(
        act.conn,
        office.vault,
        intake,
        document=_document(office, answers, assessment),
        card=card_of(facts, assessment),
        now=office.now(),
    )
    half_pages.drop_all(act.conn, intake.id)
    act.note("intake.sent", intake.id)
    return receipt


def _faults(office: Office, facts: Facts) -> list[Problem]:
    found = problems_in(office.questionnaire, facts.answers, office.today(), {"patient"})
    draft = Progress(facts, ())
    for page in draft.asked:
        found += [missing(question) for question in draft.unanswered(page)]
    return found


def _document(office: Office, answers: Answers, assessment: Assessment) -> dict[str, Any]:
    return {
        "answers": dict(answers),
        "as_of": office.today().isoformat(),
        "assessment": ASSESSMENT.dump_python(assessment, mode="json"),
    }


def card_of(facts: Facts, assessment: Assessment) -> dict[str, Any]:
    """What a line of the queue shows."""
    met = [finding.kind for finding in assessment.findings if finding.status == "met"]
    return {
        "name": full_name(facts.answers),
        "check_in": facts.questionnaire.kind == "check-in",
        "age": facts.value("age"),
        "outcome": assessment.outcome,
        "main_concern": facts.answers.get("main_concern"),
        "language": facts.answers.get("language"),
        "counts": {kind: met.count(kind) for kind in ("urgent", "exclude", "clear", "caution")},
        "unknown": sum(finding.status == "unknown" for finding in assessment.findings),
    }
