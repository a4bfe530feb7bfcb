"""Checks a loaded questionnaire for what its files cannot show one by one.

`check` answers lines "FILE: ID: REASON", in the order of the content; [] when all is well. The
loader has already refused files that cannot be understood.
"""

from collections.abc import Callable, Iterable, Iterator

from . import lint_conditions as conditions
from .answers import DISCUSS
from .definition import Column, Instrument, Page, Question, Questionnaire, Rule
from .lint_checks import checks
from .lint_names import DERIVED, TREATMENT_READS, Known, known_names
from .lint_texts import CRISIS, MAIN, MEDICINES, RULES, Line, file_of, questions, texts
from .medicines import Tokens, tokens

# A question is a field of a WTForms form, where these names mean something else.
FORM_NAMES = frozenset(
    {
        "data",
        "errors",
        "form_errors",
        "meta",
        "populate_obj",
        "post_process",
        "process",
        "validate",
        "csrf_token",
    }
)
# These are read by name, whatever the rules say: by the assessment; of a check-in by whoever looks
# for the patient.
NEEDED = {
    "intake": tuple(name for name in TREATMENT_READS if "." not in name),
    "check-in": ("date_of_birth", "first_name", "last_name"),
}
WITH_OPTIONS = ("choice", "choices", "scale")
SETTLED = ("exclude", "clear")  # the kinds of rule that a letter, a test or time may settle
ROLES = ("antidepressant", "augmenter", "other")


def check(questionnaire: Questionnaire) -> list[str]:
    """Everything that is wrong, one line each, always in the same order."""
    found = (line for part in CHECKS for line in part(questionnaire))
    return [": ".join(line) for line in dict.fromkeys(found)]


# Ids


def _ids(questionnaire: Questionnaire) -> Iterator[Line]:
    q = questionnaire
    pages = [page for section in q.sections for page in section.pages]
    yield from _repeats(MAIN, "section", (section.id for section in q.sections))
    yield from _repeats(MAIN, "page", (page.id for page in pages))
    yield from _repeats(MAIN, "instrument", (i.id for i in q.instruments))
    yield from _repeats(RULES, "rule", (rule.id for rule in q.rules))
    yield from _repeats(CRISIS, "contact", (contact.id for contact in q.contacts))
    yield from _repeats(CRISIS, "panel", (panel.id for panel in q.panels))
    seen: set[str] = set()
    taken = {*DERIVED, *(instrument.id for instrument in q.instruments)}
    for file, question in questions(q):
        if question.id in seen:
            yield file, question.id, "another question has this id"
        seen.add(question.id)
        yield from _usable_ids(file, question, taken)


def _repeats(file: str, what: str, ids: Iterable[str]) -> Iterator[Line]:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            yield file, name, f"another {what} has this id"
        seen.add(name)


def _usable_ids(file: str, question: Question, taken: set[str]) -> Iterator[Line]:
    for name in (question.id, *(column.id for column in question.columns)):
        if name in FORM_NAMES:
            yield file, name, "a form already has something of this name"
        if "-" in name:
            yield file, name, "a condition cannot read an id with - in it: use _"
    if question.id in taken:
        yield file, question.id, "a derived name or an instrument has this id"


def _needed(questionnaire: Questionnaire) -> Iterator[Line]:
    for name in NEEDED[questionnaire.kind]:
        if name not in questionnaire.questions:
            yield MAIN, name, "the assessment reads this question, which does not exist"
    sections = {section.id for section in questionnaire.sections if section.audience == "patient"}
    for name in questionnaire.carried:
        if name not in sections:
            yield MAIN, name, "carried names this section, which the patient does not have"
    if "phq9" not in questionnaire.instrument:
        yield MAIN, "phq9", "the assessment reads this instrument, which does not exist"
    yield from _repeats(MAIN, "column of the export", questionnaire.export_order)
    for name in questionnaire.export_order:
        if name not in questionnaire.questions:
            yield MAIN, name, "export_order names this question, which does not exist"
    sought = questionnaire.questions.get("seeking_help_for")
    for option in questionnaire.indications:
        if sought and option not in sought.option_ids:
            yield MAIN, option, "an indication that seeking_help_for does not offer"


# Questions


def _questions_fit(questionnaire: Questionnaire) -> Iterator[Line]:
    for section in questionnaire.sections:
        for page in section.pages:
            yield from _page(file_of(section), page)
    for file, question in questions(questionnaire):
        yield from _options(file, question.id, question)
        yield from _group(file, question)
        if question.min is not None and question.max is not None and question.min > question.max:
            yield file, question.id, "min is above max"
        yield from _beside(file, question, questionnaire)


def _page(file: str, page: Page) -> Iterator[Line]:
    if not page.questions:
        yield file, page.id, "the page asks nothing"
    groups = [question for question in page.questions if question.kind == "group"]
    if groups and len(page.questions) > 1:
        yield file, page.id, f"{groups[0].id} is a group and must stand alone on its page"


def _options(file: str, owner: str, of: Question | Column) -> Iterator[Line]:
    ids = [option.id for option in of.options]
    if of.kind not in WITH_OPTIONS:
        if ids:
            yield file, owner, f"a {of.kind} has no options"
        return
    if len(ids) < 2:
        yield file, owner, f"a {of.kind} needs two options or more"
    for repeated in sorted({name for name in ids if ids.count(name) > 1}):
        yield file, owner, f"two options are called {repeated}"
    if DISCUSS in ids:
        yield file, owner, f"no option may be called {DISCUSS}: `sensitive` offers it"
    if of.kind == "scale" and not all(name.isdecimal() for name in ids):
        yield file, owner, "the options of a scale are whole numbers"


def _group(file: str, question: Question) -> Iterator[Line]:
    if question.kind != "group":
        if question.columns:
            yield file, question.id, f"a {question.kind} has no columns"
        return
    if not question.columns:
        yield file, question.id, "a group needs columns"
    if not 0 <= question.min_rows <= question.max_rows or not question.max_rows:
        yield file, question.id, "min_rows and max_rows do not fit"
    yield from _repeats(file, "column", (column.id for column in question.columns))
    for column in question.columns:
        yield from _options(file, f"{question.id}.{column.id}", column)


def _beside(file: str, question: Question, questionnaire: Questionnaire) -> Iterator[Line]:
    """`below` and `one_of` name another question of a kind that fits."""
    for name, other, kinds in (
        ("below", question.below, ("integer", "decimal")),
        ("one_of", question.one_of, ("choices",)),
    ):
        target = questionnaire.questions.get(other or "")
        if other and target is None:
            yield file, question.id, f"{name} names {other}, which does not exist"
        elif target and target.kind not in kinds:
            yield file, question.id, f"{name} names {other}, which is a {target.kind}"


# Instruments


def _scoring(questionnaire: Questionnaire) -> Iterator[Line]:
    for instrument in questionnaire.instruments:
        file, scoring = f"{instrument.id}.toml", instrument.scoring
        for name in dict.fromkeys((*instrument.items, *instrument.anchors)):
            item = questionnaire.questions.get(name)
            if item is None or item.instrument != instrument.id:
                yield file, name, "an item that is scored is on no page"
        gate = scoring.gate
        gate_item = questionnaire.questions.get(gate.item) if gate else None
        if gate and gate_item and gate.stop not in gate_item.option_ids:
            yield file, gate.item, f"the gate has no option {gate.stop!r}"
        if scoring.method == "ladder":
            yield from _repeats(file, "level", (rung.level for rung in scoring.rungs))
            if not scoring.rungs:
                yield file, instrument.id, "a ladder needs rungs"
        else:
            yield from _bands(file, instrument, men=False)
            yield from _bands(file, instrument, men=True)


def _bands(file: str, instrument: Instrument, *, men: bool) -> Iterator[Line]:
    """Bands cover the range from end to end, each total once."""
    scoring = instrument.scoring
    if scoring.range is None or not scoring.bands:
        yield file, instrument.id, "scoring needs a range and bands"
        return
    step = 10**-scoring.decimals
    next_low = scoring.range[0]
    for band in scoring.bands:
        low, high = band.men if men and band.men else (band.min, band.max)
        if low > next_low:
            yield file, band.id, f"the bands leave a gap before {low:g}"
        elif low < next_low or high < low:
            yield file, band.id, f"the bands overlap at {low:g}"
        next_low = round(high + step, 1)
    if round(next_low - step, 1) != scoring.range[1]:
        yield file, instrument.id, f"the bands do not end at {scoring.range[1]:g}"


# Rules, panels, medicines


def _rules(questionnaire: Questionnaire) -> Iterator[Line]:
    for rule in questionnaire.rules:
        yield from _rule(rule, questionnaire)
    support = questionnaire.support
    if support and support.panel not in questionnaire.panel:
        yield MAIN, "support", f"no panel is called {support.panel}"
    for panel in questionnaire.panels:
        for contact in panel.contacts:
            if contact not in questionnaire.contact:
                yield CRISIS, panel.id, f"no contact is called {contact}"


def _rule(rule: Rule, questionnaire: Questionnaire) -> Iterator[Line]:
    if rule.kind == "urgent" and rule.panel is None:
        yield RULES, rule.id, "an urgent rule needs a panel"
    if rule.panel is not None and rule.panel not in questionnaire.panel:
        yield RULES, rule.id, f"no panel is called {rule.panel}"
    if not rule.sources:
        yield RULES, rule.id, "a rule needs a source"
    for source in rule.sources:
        if source not in questionnaire.sources:
            yield RULES, rule.id, f"no source is called {source}"
    if not rule.says.strip() or not rule.why.strip():
        yield RULES, rule.id, "says and why must not be empty"
    if rule.settles and rule.kind not in SETTLED:
        yield RULES, rule.id, f"settles belongs to rules of kind {' or '.join(SETTLED)}"


def _medicines(questionnaire: Questionnaire) -> Iterator[Line]:
    owners: dict[Tokens, str] = {}
    for medicine in questionnaire.medicines:
        for name in medicine.names:
            words = tokens(name)
            if not words:
                yield MEDICINES, medicine.generic, f"{name!r} holds no word"
            elif words in owners:
                reason = f"{name!r} already stands for {owners[words]}"
                yield MEDICINES, medicine.generic, reason
            owners.setdefault(words, medicine.generic)
        if medicine.role not in ROLES:
            yield MEDICINES, medicine.generic, f"role is none of {', '.join(ROLES)}"


# Conditions


def _conditions(questionnaire: Questionnaire) -> Iterator[Line]:
    known = known_names(questionnaire)
    sound: dict[str, bool] = {}
    for file, owner, text in _all_conditions(questionnaire):
        wrong = conditions.faults(text, known)
        yield from ((file, owner, reason) for reason in wrong)
        sound[text] = not wrong
        if sound[text] and not conditions.can_be_true(text, known):
            sound[text] = False
            yield file, owner, f"can never be true: {text}"
    yield from _unreachable(questionnaire, sound)
    yield from _order(questionnaire, known)


def _all_conditions(questionnaire: Questionnaire) -> Iterator[Line]:
    for file, question in questions(questionnaire):
        if question.ask_if is not None:
            yield file, question.id, question.ask_if
    for instrument in questionnaire.instruments:
        for rung in instrument.scoring.rungs:
            yield f"{instrument.id}.toml", rung.level, rung.when
    for option, when in questionnaire.indications.items():
        yield MAIN, option, when
    if questionnaire.support:
        yield MAIN, "support", questionnaire.support.when
    for rule in questionnaire.rules:
        yield RULES, rule.id, rule.when


def _unreachable(questionnaire: Questionnaire, sound: dict[str, bool]) -> Iterator[Line]:
    for section in questionnaire.sections:
        for page in section.pages:
            asked = [q.ask_if is None or sound.get(q.ask_if, True) for q in page.questions]
            if asked and not any(asked):
                yield file_of(section), page.id, "the page can never be reached"


def _order(questionnaire: Questionnaire, known: Known) -> Iterator[Line]:
    """An ask_if reads its own page or an earlier one, and never, by any way round, itself."""
    places = {
        question.id: place
        for place, page in enumerate(p for s in questionnaire.sections for p in s.pages)
        for question in page.questions
    }
    for file, question in questions(questionnaire):
        for read in conditions.reads(question, known):
            if places.get(read, 0) > places[question.id]:
                yield file, question.id, f"its ask_if reads {read}, asked on a later page"
    files = {question.id: file for file, question in questions(questionnaire)}
    for question, way in conditions.cycles(questionnaire, known):
        yield files[question.id], question.id, f"its ask_if reads itself: {' <- '.join(way)}"


CHECKS: tuple[Callable[[Questionnaire], Iterator[Line]], ...] = (
    _ids,
    _needed,
    texts,
    _questions_fit,
    _scoring,
    _rules,
    _medicines,
    _conditions,
    checks,
)
