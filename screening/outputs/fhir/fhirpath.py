"""Formulas as enableWhen or FHIRPath, and the totals of instruments as FHIRPath.

Every expression has a plain yes or no: an empty collection, FHIRPath's unknown, never reaches an
operator. Points are counted by the codes of the answers, so no renderer needs to know weights.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from ...questionnaire.answers import DISCUSS
from ...questionnaire.definition import Instrument, Medicine, Question, Questionnaire
from ...questionnaire.medicines import MedicineTable, tokens
from . import tables
from .codes import Json, answer_coding, cell_coding
from .enabling import (
    TAKEN,
    Age,
    And,
    Formula,
    Given,
    Has,
    Lacks,
    Number,
    Or,
    Plain,
    Points,
    Rows,
    Takes,
    hidden,
)
from .layout import layout

MOST_CLAUSES = 30  # of enableWhen; a longer list is told as one expression
OPS = {"==": "="}  # of ours that FHIR writes in another way


# enableWhen


def enable_when(questionnaire: Questionnaire, formula: Formula) -> Json | None:
    """`enableWhen` and `enableBehavior`, where these say exactly what the formula says."""
    parts = formula.of if isinstance(formula, And | Or) else (formula,)
    clauses = [_clause(questionnaire, part) for part in parts]
    found = [clause for clause in clauses if clause]
    if not found or len(found) < len(clauses) or len(found) > MOST_CLAUSES:
        return None
    if len(found) == 1:
        return {"enableWhen": found}
    return {"enableWhen": found, "enableBehavior": "all" if isinstance(formula, And) else "any"}


def _clause(questionnaire: Questionnaire, part: Formula) -> Json | None:
    """One clause; None for what renderers read in more than one way, as "!=" without an answer."""
    match part:
        case Has(link_id, bool(ticked)):
            return {"question": link_id, "operator": "=", "answerBoolean": ticked}
        case Has(question, str(option)):
            chosen = answer_coding(questionnaire.questions[question], option)
            return {"question": question, "operator": "=", "answerCoding": chosen}
        case Number(question, op, than) if op != "!=":
            kind = tables.VALUES[tables.TYPES[questionnaire.questions[question].kind]]
            value = int(than) if kind == "Integer" and than == int(than) else than
            return {"question": question, "operator": _op(op), f"answer{kind}": value}
        case Given(link_id, there) if not there:
            return {"question": link_id, "operator": "exists", "answerBoolean": there}
    return None


# FHIRPath


def expression(questionnaire: Questionnaire, formula: Formula) -> str:
    """The formula as FHIRPath over the response."""
    if isinstance(formula, And | Or):
        word = "and" if isinstance(formula, And) else "or"
        parts = [expression(questionnaire, part) for part in formula.of]
        return f"({f' {word} '.join(parts)})" if parts else str(word == "and").lower()
    return _of_answers(questionnaire, formula) or _of_others(questionnaire, formula)


def _of_answers(questionnaire: Questionnaire, atom: Formula) -> str:
    """What is told by the value of an answer; "" for anything else."""
    match atom:
        case Has(link_id, bool(ticked)):
            return f"{values(questionnaire, link_id)}.where($this = {str(ticked).lower()}).exists()"
        case Has(question, str(option)):
            return f"{_chosen(questionnaire, question, option)}.exists()"
        case Plain(question):
            return f"{values(questionnaire, question)}.where(code!='{DISCUSS}').exists()"
        case Lacks(question, option):
            return f"{_chosen(questionnaire, question, option)}.empty()"
        case Number(question, op, than):
            return f"{values(questionnaire, question)}.where($this {_op(op)} {than:g}).exists()"
    return ""


def _of_others(questionnaire: Questionnaire, atom: Formula) -> str:
    match atom:
        case Given(link_id, there):
            return f"{values(questionnaire, link_id)}.{'exists' if there else 'empty'}()"
        case Age(question, op, than):
            return _age(values(questionnaire, question), op, int(than))
        case Points(instrument, op, than):
            counted = points(questionnaire, questionnaire.instrument[instrument])
            return f"({counted} {_op(op)} {than:g})"
        case Rows(group, op, than):
            return f"({path(questionnaire, group)}.count() {_op(op)} {than:g})"
        case Takes(flag, some):
            return _takes(questionnaire, flag) + ("" if some else ".not()")
    raise TypeError(atom)


def path(questionnaire: Questionnaire, link_id: str) -> str:
    """Where its items are: the whole way, for a search through all would be slow."""
    steps = layout(questionnaire).above[link_id]
    return "%resource" + "".join(f".item.where(linkId='{step}')" for step in steps)


def values(questionnaire: Questionnaire, link_id: str) -> str:
    return f"{path(questionnaire, link_id)}.answer.value"


def _chosen(questionnaire: Questionnaire, question: str, option: str) -> str:
    code = answer_coding(questionnaire.questions[question], option)["code"]
    return f"{values(questionnaire, question)}.where(code='{code}')"


def _op(op: str) -> str:
    return OPS.get(op, op)


def _age(born: str, op: str, years: int) -> str:
    """Somebody is `years` old from the day that is so many years after the birth."""

    def at_least(age: int) -> str:
        return f"{born}.where($this <= today() - {age} years).exists()"

    def under(age: int) -> str:
        return f"{born}.where($this > today() - {age} years).exists()"

    return {
        ">=": at_least(years),
        ">": at_least(years + 1),
        "<": under(years),
        "<=": under(years + 1),
        "==": f"({at_least(years)} and {under(years + 1)})",
        "!=": f"({under(years)} or {at_least(years + 1)})",
    }[op]


# Points and totals


def points(questionnaire: Questionnaire, instrument: Instrument) -> str:
    """The points of the items answered so far, as a whole number."""
    return _points(questionnaire, instrument, _answers(questionnaire, instrument.scoring.items))


def _points(questionnaire: Questionnaire, instrument: Instrument, answers: str) -> str:
    found = _by_code(questionnaire, instrument)
    counts = [(value, f"{answers}.where(code='{code}').count()") for code, value in found.items()]
    terms = [count if value == 1 else f"{value} * {count}" for value, count in counts if value]
    return f"({' + '.join(terms)})"


def _by_code(questionnaire: Questionnaire, instrument: Instrument) -> dict[str, int]:
    """What each code counts. Raises ValueError where it counts differently for two items."""
    found: dict[str, int] = {}
    for item in instrument.scoring.items:
        question = questionnaire.questions[item]
        for option in question.options:
            code = answer_coding(question, option.id)["code"]
            value = option_points(question, option.id)
            if found.setdefault(code, value) != value:
                raise ValueError(f"{code} counts {value} and {found[code]} in {instrument.id}")
    return found


def option_points(question: Question, option_id: str) -> int:
    """What a score counts for it: its number, 1 for a yes (assessment.scoring)."""
    return int(option_id) if question.kind == "scale" else int(option_id == "yes")


def _answers(questionnaire: Questionnaire, items: Iterable[str]) -> str:
    """The answers of questions that stand side by side."""
    named = list(items)
    above = layout(questionnaire).above[named[0]][:-1]
    steps = "".join(f".item.where(linkId='{step}')" for step in above)
    which = " or ".join(f"linkId='{item}'" for item in named)
    return f"%resource{steps}.item.where({which}).answer.value"


def total(questionnaire: Questionnaire, instrument: Instrument) -> tuple[dict[str, str], str]:
    """The instrument's total as we count it, empty where there is no valid one; and before it the
    variables that it reads, in order.

    Of the items some are known: answered, or not asked (0 points). The others want to be talked
    about, at most `max_missing`, and are taken as the mean of the known. Halves round up: worked
    out in whole numbers, which no renderer rounds in its own way.
    """
    scoring, items = instrument.scoring, instrument.scoring.items
    unasked = [part for part in (_unasked(questionnaire, item) for item in items) if part]
    variables = {
        "answers": _answers(questionnaire, items),
        "talk": f"%answers.where(code='{DISCUSS}').count()",
        "known": " + ".join(["%answers.count() - %talk", *unasked]),
        "points": _points(questionnaire, instrument, "%answers"),
    }
    factor = (10 if scoring.decimals else 1) * (1 if scoring.method == "mean" else len(items))
    value = f"(2 * {factor} * %points + %known) div (2 * %known)"
    if scoring.decimals:
        value = f"({value}) / 10"
    valid = f"%known > 0 and %talk <= {scoring.max_missing} and %known + %talk = {len(items)}"
    found = f"iif({valid}, {value})"
    if scoring.gate:
        stopped = _chosen(questionnaire, scoring.gate.item, scoring.gate.stop)
        found = f"iif({stopped}.exists(), 0, {found})"
    return variables, found


def _unasked(questionnaire: Questionnaire, item: str) -> str:
    """1 where the item is known not to be asked; "" where its instrument comes and goes whole."""
    ask_if = questionnaire.questions[item].ask_if
    instrument = questionnaire.questions[item].instrument
    others = (q.ask_if for q in questionnaire.questions.values() if q.instrument == instrument)
    if ask_if is None or set(others) == {ask_if}:
        return ""
    return f"iif({expression(questionnaire, hidden(questionnaire, ask_if))}, 1, 0)"


# Medicines


def _takes(questionnaire: Questionnaire, flag: str) -> str:
    """Does a name that is taken hold, as whole words, a medicine with the flag? A longer name that
    holds such a name and stands for something else is taken out first."""
    flagged, others = names_with(questionnaire, flag)
    names = " | ".join(_taken(questionnaire))
    plain = f"({names}).select(' ' & {_plain_words('$this')} & ' ')"
    if others:
        plain += f".select(replaceMatches(' ({'|'.join(others)})(?= )', ' #'))"
    return f"{plain}.where(matches(' ({'|'.join(flagged)}) ')).exists()"


def _taken(questionnaire: Questionnaire) -> list[str]:
    """The names of medicines that are taken now, of all lists of the form."""
    found = []
    for group, (name, taken) in TAKEN.items():
        if group not in questionnaire.questions:
            continue
        column = next(c for c in questionnaire.questions[group].columns if c.id == taken)
        stopped = group == "medications"
        code = cell_coding(group, column, "longer" if stopped else "yes")["code"]
        test = f"item.where(linkId='{group}.{taken}').answer.value.where(code='{code}')"
        rows = f"{path(questionnaire, group)}.where({test}.{'empty' if stopped else 'exists'}())"
        found.append(f"{rows}.item.where(linkId='{group}.{name}').answer.value")
    return found


_ACCENTS = (("[áàâäã]", "a"), ("[éèêë]", "e"), ("[íìîï]", "i"), ("[óòôöõ]", "o"), ("[úùûü]", "u"))
_LETTERS = (*_ACCENTS, ("ñ", "n"), ("ç", "c"), ("[\\'’‘`´ʼ′]", ""), ("[^a-z0-9]+", " "))


def _plain_words(text: str) -> str:
    """As `medicines.tokens`: case, accents, apostrophes and punctuation ignored."""
    steps = "".join(f".replaceMatches('{what}', '{by}')" for what, by in _LETTERS)
    return f"{text}.lower(){steps}"


def names_with(questionnaire: Questionnaire, flag: str) -> tuple[list[str], list[str]]:
    """The names that carry the flag; and the longer ones that hold such a name and do not."""
    known = _flags(questionnaire.medicine_table, questionnaire.medicines)
    flagged = [name for name, flags in known.items() if flag in flags]
    some = re.compile(rf" ({'|'.join(flagged)}) ")
    others = [name for name in known.keys() - set(flagged) if some.search(f" {name} ")]
    return flagged, sorted(others, key=_longest_first)


@lru_cache(maxsize=8)
def _flags(table: MedicineTable, medicines: tuple[Medicine, ...]) -> dict[str, set[str]]:
    """Every name of the table, the longest first, with the flags of what it stands for."""
    named = {" ".join(tokens(name)) for medicine in medicines for name in medicine.names}
    return {
        name: {flag for medicine in table.find(name) for flag in medicine.flags}
        for name in sorted(named, key=_longest_first)
    }


def _longest_first(name: str) -> tuple[int, str]:
    return -len(name), name
