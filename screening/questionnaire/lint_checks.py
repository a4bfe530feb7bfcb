"""What is wrong with what a page asks back, and with its button "no to all"."""

from collections.abc import Iterator, Mapping
from string import Formatter

from . import lint_conditions as conditions
from .definition import LANGUAGES, TIMES_USUAL_DOSE, Check, Page, Question, Questionnaire
from .lint_names import Known, Type, known_names, names_in, of_kind, sources
from .lint_texts import Line, file_of

FEWEST = 3  # questions that are worth a button of their own


def checks(questionnaire: Questionnaire) -> Iterator[Line]:
    known = known_names(questionnaire)
    urgent = {
        source
        for rule in questionnaire.urgent_rules
        for name in names_in(rule.when)
        for source in sources(name, known)
    }
    seen: set[str] = set()
    places = {
        question.id: number
        for number, page in enumerate(p for s in questionnaire.sections for p in s.pages)
        for question in page.questions
    }
    for section in questionnaire.sections:
        for page in section.pages:
            file = file_of(section)
            yield from _no_to_all(file, page, urgent)
            if len({check.kind for check in page.checks}) > 1:
                yield file, page.id, "its checks are of two kinds: one page says one thing"
            for check in page.checks:
                if check.id in seen:
                    yield file, check.id, "another check has this id"
                seen.add(check.id)
                yield from ((file, check.id, reason) for reason in _faults(page, check, known))
                yield from _too_late(file, page, check, known, places)


def _no_to_all(file: str, page: Page, urgent: set[str]) -> Iterator[Line]:
    if page.no_to_all and len(page.may_be_no) < FEWEST:
        yield file, page.id, f"no_to_all is for {FEWEST} or more questions that may be no"
    for name in page.may_be_no:
        if name in urgent:
            yield file, name, "an urgent rule reads it: it is not answered together with others"


def _faults(page: Page, check: Check, known: Known) -> Iterator[str]:
    readable = names_of_row(page.group) if page.group else known
    wrong = conditions.faults(check.when, readable)
    yield from wrong
    if not wrong and not conditions.can_be_true(check.when, readable):
        yield f"can never be true: {check.when}"
    here = set(names_of_row(page.group)) if page.group else {q.id for q in page.questions}
    if not check.about:
        yield "about must name what may be changed"
    for name in check.about:
        if name not in here - {TIMES_USUAL_DOSE}:
            yield f"about names {name}, which is not on the page"
    for name in _filled_in(check):
        if name not in {*here, *names_in(check.when)}:
            yield f"the text fills in {name}, which it does not know"


def _filled_in(check: Check) -> Iterator[str]:
    for language in LANGUAGES:
        for _, name, _, _ in Formatter().parse(check.text.get(language, "")):
            if name is not None:
                yield name


def _too_late(
    file: str, page: Page, check: Check, known: Known, places: Mapping[str, int]
) -> Iterator[Line]:
    if page.group:
        return
    for name in names_in(check.when):
        for read in sources(name, known) if name in known else ():
            if places.get(read, 0) > places[page.questions[0].id]:
                yield file, check.id, f"it reads {read}, asked on a later page"


def names_of_row(group: Question | None) -> dict[str, Type]:
    """What a check on the page of a group may read."""
    columns = group.columns if group else ()
    doses = {TIMES_USUAL_DOSE: Type("number", least=0)} if any(c.suggest for c in columns) else {}
    return doses | {column.id: of_kind(column) for column in columns}
