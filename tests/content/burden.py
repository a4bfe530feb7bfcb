"""How much a patient is asked, and what each answer is for.

Run it to see the figures of docs/burden.md: .venv/bin/python -m tests.content.burden
"""

from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from screening.assessment.facts import Facts
from screening.questionnaire.definition import Question, Questionnaire
from screening.questionnaire.lint_names import (
    TREATMENT_READS,
    Known,
    known_names,
    names_in,
    sources,
)
from screening.questionnaire.loader import current
from screening.workflows.progress import Progress
from tests.builders import FIXTURES, TODAY, example

EXAMPLES = sorted(path.stem for path in (FIXTURES / "examples").glob("*.json"))


class Burden(NamedTuple):
    """`needed`: required questions that are asked; `offered`: those that may be left out."""

    pages: int
    needed: int
    offered: int

    @property
    def row(self) -> str:
        return f"{self.pages} | {self.needed} | {self.offered}"


def burden(name: str) -> Burden:
    """What the patient of a worked example is asked."""
    facts = Facts(current(), example(name)["answers"], TODAY)
    pages = Progress(facts, ()).asked
    asked = [q for page in pages for q in page.questions if facts.asked(q.id) is True]
    asked = [question for question in asked if question.id != "language"]  # the switch answers it
    needed = sum(question.required for question in asked)
    return Burden(len(pages), needed, len(asked) - needed)


def middle() -> tuple[float, float, float]:
    """The median over the examples of pages, needed and offered."""
    found = [burden(name) for name in EXAMPLES]
    return tuple(median(parts) for parts in zip(*found, strict=True))  # type: ignore[return-value]


def readers(questionnaire: Questionnaire) -> dict[str, list[str]]:
    """For each of the patient's questions what reads it: rules, scores, indications, trials, other
    questions. That crisis words are looked for in every free text is left out."""
    known = known_names(questionnaire)
    found: dict[str, list[str]] = {q.id: [] for q in questionnaire.patient_questions()}
    for reader, names in _conditions(questionnaire):
        for source in _sources(names, known):
            if source in found and reader not in found[source]:
                found[source].append(reader)
    return found


def unread() -> list[str]:
    """The patient's questions that nothing reads but people."""
    return [name for name, read_by in readers(current()).items() if not read_by]


def _conditions(questionnaire: Questionnaire) -> Iterator[tuple[str, list[str]]]:
    for rule in questionnaire.rules:
        yield f"rule {rule.id}", [n for n in names_in(rule.when) if n != "text.crisis"]
    for option, when in questionnaire.indications.items():
        yield f"indication {option}", names_in(when)
    for instrument in questionnaire.instruments:
        yield f"score {instrument.id}", list(instrument.items)
    yield "treatment history", list(TREATMENT_READS)
    for question in questionnaire.questions.values():
        yield f"question {question.id}", _beside(question)


def _beside(question: Question) -> list[str]:
    others = (question.below, question.one_of)
    return names_in(question.ask_if or "") + [other for other in others if other]


def _sources(names: list[str], known: Known) -> set[str]:
    return {source for name in names if name in known for source in sources(name, known)}


if __name__ == "__main__":
    for name in EXAMPLES:
        print(f"| {name} | {burden(name).row} |")
    print("median", middle())
    print("\n".join(unread()))
