"""Every rule and threshold beside its sources, as one page of Markdown for a physician to confirm.

Made of the content and of what stands in code (`assessment.basis`), so that it cannot drift.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from .. import wording
from ..assessment import basis
from ..assessment.basis import POLICY, UNVERIFIED, Basis
from ..assessment.facts import Facts
from ..questionnaire import conditions
from ..questionnaire.conditions import Compare, Constant, Name, Node
from ..questionnaire.definition import (
    RULE_KINDS,
    Instrument,
    Medicine,
    Questionnaire,
    Rule,
    RuleKind,
)
from ..questionnaire.lint_names import Known, known_names, names_in, sources
from ..questionnaire.loader import MARKS

KINDS: dict[RuleKind, str] = {
    "urgent": "same-day action",
    "exclude": "not without a physician's written reason",
    "clear": "to be cleared first",
    "caution": "to be seen",
}
SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "==": "=", "!=": "≠"}
TURNED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}
ABOUT_THE_PATIENT = ("about-you", "reason")  # age, sex, what for: read by rules of every subject
ONE = 2520  # the weight of a name, so that it can be divided evenly among sections
LEAST_SHARE = 0.35  # of what a rule reads, for it to belong to a section
MOST_NAMES = 25  # medicines that are named beside a rule
UNSURE_WORDS = re.compile(r"general knowledge|not verified|common practice|\bours\b", re.IGNORECASE)


HEAD = """\
# The rules beside the literature

Made from the content of {versions}; a test holds it to the content. Change the content, never this
page, then make it anew: `flask --app wsgi literature --out docs/literature.md`.

The rules sort a patient's answers for a physician, who decides. Each stands here with its condition
as it is written, its figures, its reason and its sources in full. A number in brackets is that of a
source; all are listed at the end, with a word where only an abstract or a summary was read. What
would settle a matter is the clinic's proposal throughout.
**To confirm** marks what a physician has to confirm before it is relied on:

- *clinic policy*: proposed, without a published source;
- *not verified*: general clinical knowledge that was not held against a source;
- *see below*: what exactly is open, or where the sources differ, in words."""
SOUGHT = (
    "What makes a condition that the patient seeks help for an indication. **To confirm:** the "
    "choice of these cuts is the clinic's; each cut is that of the instrument below."
)


def literature(intake: Questionnaire, check_in: Questionnaire) -> str:
    """The page. Raises KeyError when a source is cited that the content does not have."""
    own = [rule for rule in check_in.rules if rule not in intake.rules]
    parts = [
        _head(intake, check_in),
        _counts(intake.rules, own),
        _without_source([*intake.rules, *own]),
        *_by_subject(intake),
        _heading("Check-ins: what differs from the intake, or is asked there alone"),
        *(_rule(rule, check_in) for rule in own),
        _heading("Conditions sought"),
        _indications(intake),
        _heading("Instruments"),
        *(_instrument(instrument, intake) for instrument in intake.instruments),
        _heading("Treatment history"),
        *_judgments(basis.TRIALS, intake),
        _heading("Maudsley stage"),
        *_judgments(basis.MAUDSLEY, intake),
        _heading("Change of scores over time"),
        *_judgments(basis.OVER_TIME, intake),
        _heading("Least adequate daily doses"),
        _doses(intake),
        _heading("Sources"),
        _all_sources(intake),
    ]
    return "\n\n".join(parts) + "\n"


def _heading(text: str) -> str:
    return f"## {text}"


# The top


def _head(intake: Questionnaire, check_in: Questionnaire) -> str:
    return HEAD.format(versions=f"{intake.version} and {check_in.version}")


def _counts(intake: Sequence[Rule], own: Sequence[Rule]) -> str:
    head = (
        "kind", "means", "rules of the intake", "clinic policy in part or whole",
        "not verified in part or whole", "no published source", "to confirm", "more at a check-in",
    )  # fmt: skip
    rows = []
    for kind in RULE_KINDS:
        rules = [rule for rule in intake if rule.kind == kind]
        more = sum(rule.kind == kind for rule in own)
        rows.append((kind, KINDS[kind], *_numbers(rules), str(more)))
    rows.append(("all", "", *_numbers(intake), str(len(own))))
    return f"## Counts\n\n{_table(head, rows)}"


def _numbers(rules: Sequence[Rule]) -> tuple[str, ...]:
    counted = (
        len(rules),
        sum(POLICY in rule.sources for rule in rules),
        sum(UNVERIFIED in rule.sources for rule in rules),
        sum(not _published(rule.sources) for rule in rules),
        sum(bool(_open(rule.sources, rule.confirm)) for rule in rules),
    )
    return tuple(map(str, counted))


def _without_source(rules: Iterable[Rule]) -> str:
    alone = [rule for rule in rules if not _published(rule.sources)]
    lines = ["## Rules without any published source", ""]
    for kind in RULE_KINDS:
        ids = dict.fromkeys(f"`{rule.id}`" for rule in alone if rule.kind == kind)
        lines.append(f"- {kind}: {', '.join(ids) or 'none'}")
    return "\n".join(lines)


# Rules


def _by_subject(questionnaire: Questionnaire) -> Iterator[str]:
    """The rules under the section of the form that they read most."""
    labels = {section.id: section.label for section in questionnaire.sections}
    known = known_names(questionnaire)
    subjects = {rule.id: _subject(rule, questionnaire, known) for rule in questionnaire.rules}
    for section_id, label in {**labels, "": "Across the form"}.items():
        rules = [rule for rule in questionnaire.rules if subjects[rule.id] == section_id]
        if rules:
            yield _heading(f"{label}: {len(rules)} {'rule' if len(rules) == 1 else 'rules'}")
            yield from (_rule(rule, questionnaire) for rule in rules)


def _subject(rule: Rule, questionnaire: Questionnaire, known: Known) -> str:
    """The section that most of its names are from; "" when no section has enough of them."""
    section_of = {q.id: s for s in questionnaire.sections for q in s.questions}
    share: Counter[str] = Counter()
    for name in dict.fromkeys(names_in(rule.when)):
        found = [section_of[source] for source in sources(name, known) if source in section_of]
        asked = [section.id for section in found if section.audience == "patient"]
        read = dict.fromkeys(asked or [section.id for section in found])
        share.update(dict.fromkeys(read, ONE // len(read)))
    subjects = [name for name in share if name not in ABOUT_THE_PATIENT] or list(share)
    most = max(subjects, key=lambda name: share[name])  # of equals the one that is read first
    enough = LEAST_SHARE * sum(share[name] for name in subjects)
    return most if share[most] >= enough else ""


def _rule(rule: Rule, questionnaire: Questionnaire) -> str:
    facts = Facts(questionnaire, {}, date.min)
    lines = [
        f"### `{rule.id}`: {rule.kind}{_marked(rule.sources, rule.confirm)}",
        "",
        rule.says,
        "",
        f"- Condition: `{rule.when}`",
    ]
    figures = list(dict.fromkeys(_figures(conditions.parse(rule.when), facts)))
    if figures:
        lines.append(f"- Figures: {'; '.join(figures)}")
    lines += [f"- Medicines: {text}" for text in _medicines(rule, questionnaire)]
    lines.append(f"- Why: {rule.why}")
    if rule.settles:
        lines.append(f"- What would settle it: {rule.settles}")
    return "\n".join([*lines, *_based_on(rule.sources, rule.confirm, questionnaire)])


def _figures(node: Node, facts: Facts) -> Iterator[str]:
    """Each comparison with a number: "Systolic pressure ≥ 160"."""
    if isinstance(node, Compare):
        left, op, right = node.left, node.op, node.right
        if isinstance(left, Constant):
            left, op, right = right, TURNED.get(op, op), left
        if isinstance(left, Name) and isinstance(right, Constant) and _is_number(right.value):
            yield f"{wording.name_label(facts, left.name)} {SIGNS[op]} {right.value}"
    elif isinstance(node, conditions.Not):
        yield from _figures(node.of, facts)
    elif isinstance(node, conditions.All | conditions.Some):
        for part in node.of:
            yield from _figures(part, facts)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _medicines(rule: Rule, questionnaire: Questionnaire) -> Iterator[str]:
    """What a flag stands for, where a rule reads one."""
    for name in dict.fromkeys(names_in(rule.when)):
        owner, _, flag = name.partition(".")
        carry = sorted(m.generic for m in questionnaire.medicines if flag in m.flags)
        if owner == "meds" and len(carry) > MOST_NAMES:
            yield f"`{flag}`: {len(carry)} of the table of medicines"
        elif owner == "meds" and carry:
            yield f"`{flag}`: {', '.join(carry)}"


# What something rests on


def _published(keys: Iterable[str]) -> bool:
    return any(key not in MARKS for key in keys)


def _open(keys: Sequence[str], confirm: str | None) -> list[str]:
    """The marks of what a physician has to confirm."""
    marks = [mark for key, mark in MARKS.items() if key in keys]
    return [*marks, *(["see below"] if confirm else [])]


def _marked(keys: Sequence[str], confirm: str | None) -> str:
    marks = _open(keys, confirm)
    return f" (to confirm: {', '.join(marks)})" if marks else ""


def _based_on(
    keys: Sequence[str], confirm: str | None, questionnaire: Questionnaire
) -> Iterator[str]:
    yield "- Sources:"
    for key in keys:
        said = questionnaire.sources[key]
        yield f"  - {said}" if key in MARKS else f"  - [{key}] {said}"
    if confirm:
        yield f"- **To confirm:** {confirm}"


def _judgments(judged: Iterable[Basis], questionnaire: Questionnaire) -> Iterator[str]:
    for one in judged:
        head = [f"### {one.name}{_marked(one.sources, one.confirm)}", "", one.says, ""]
        yield "\n".join([*head, *_based_on(one.sources, one.confirm, questionnaire)])


# Instruments, conditions sought, doses


def _indications(questionnaire: Questionnaire) -> str:
    asked = questionnaire.questions.get("seeking_help_for")
    options = asked.options if asked else ()
    rows = [
        (
            option.label or option.en,
            f"`{questionnaire.indications[option.id]}`"
            if option.id in questionnaire.indications
            else "never by itself",
        )
        for option in options
    ]
    return f"{SOUGHT}\n\n{_table(('condition', 'an indication if'), rows)}"


def _instrument(instrument: Instrument, questionnaire: Questionnaire) -> str:
    scoring = instrument.scoring
    unsure = [source for source in instrument.sources if UNSURE_WORDS.search(source)]
    marked = _marked((), "; ".join(unsure))
    lines = [
        f"### {instrument.short_name}: {instrument.name}{marked}",
        "",
        _table(("result", "from", "to", "men"), _bands(instrument))
        if scoring.bands
        else _table(("level", "if"), [(r.label, f"`{r.when}`") for r in scoring.rungs]),
        "",
    ]
    if scoring.positive is not None:
        lines.append(f"- Cut shown: {scoring.positive:g} or more")
    if scoring.max_missing:
        lines.append(f"- Items that may be left to talk about in person: {scoring.max_missing}")
    lines += [f"- Attribution: {instrument.attribution}", "- Sources:"]
    lines += [f"  - {source}" for source in instrument.sources]
    lines += [f"- **To confirm:** {source}" for source in unsure]
    return "\n".join(lines)


def _bands(instrument: Instrument) -> list[tuple[str, ...]]:
    return [
        (
            band.label,
            f"{band.min:g}",
            f"{band.max:g}",
            f"{band.men[0]:g} to {band.men[1]:g}" if band.men else "",
        )
        for band in instrument.scoring.bands
    ]


def _doses(questionnaire: Questionnaire) -> str:
    counted = [m for m in questionnaire.medicines if m.min_adequate_daily_dose_mg is not None]
    sure = sum(not _dose_mark(medicine) for medicine in counted)
    intro = (
        f"Of {len(questionnaire.medicines)} medicines {len(counted)} have a least adequate dose, "
        f"in mg a day; {len(counted) - sure} of them rest in part on what is not verified. All "
        "doses of [74] await a check against the licensed form."
    )
    head = ("medicine", "class", "counts as", "mg a day", "source", "to confirm")
    rows = [
        (
            medicine.generic,
            medicine.drug_class,
            medicine.counts_as,
            f"{medicine.min_adequate_daily_dose_mg:g}",
            medicine.source,
            _dose_mark(medicine),
        )
        for medicine in counted
    ]
    return f"{intro}\n\n{_table(head, rows)}"


def _dose_mark(medicine: Medicine) -> str:
    words = re.findall(r"\w+", medicine.source)
    return ", ".join(mark for key, mark in MARKS.items() if key in words)


def _all_sources(questionnaire: Questionnaire) -> str:
    return "\n".join(
        f"- [{key}] {said}" for key, said in questionnaire.sources.items() if key not in MARKS
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
