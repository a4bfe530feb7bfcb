"""Every way in which content can be broken, one tiny definition each, and the line it gives."""

from datetime import date

import pytest
import wtforms

from screening.assessment.facts import DERIVED_NAMES, DERIVED_OWNERS, Facts
from screening.questionnaire import lint_conditions
from screening.questionnaire.conditions import parse
from screening.questionnaire.definition import Page, Rule
from screening.questionnaire.lint import FORM_NAMES, check
from screening.questionnaire.lint_names import DERIVED, known_names
from screening.questionnaire.loader import check_in
from tests.builders import (
    both,
    contact,
    instrument,
    medicine,
    options,
    page,
    panel,
    person,
    question,
    rule,
    section,
    tiny,
)

ILLS = options("gout", "none", "unsure")


def asked(when, **fields):
    """A tiny questionnaire of every kind of question, and one more that is asked `when`."""
    return tiny(
        question("smokes", options=options("yes", "no", "unsure")),
        question("agreed", "agree"),
        question("ills", "choices", options=ILLS),
        question("pain", "scale"),
        question("months", "integer", min=0, max=1200),
        question("name", "text"),
        question("more", ask_if=when),
        **fields,
    )


def test_nothing_is_wrong_with_what_is_right():
    assert check(tiny()) == []
    assert check(asked("smokes == 'yes' and 'gout' in ills and agreed and months > 6")) == []


def test_the_order_is_always_the_same():
    broken = asked("x == 1 and y == 2", rules=(rule("b", "z"), rule("a", "z")))
    assert check(broken) == check(broken)
    assert [line.split(": ")[1] for line in check(broken)] == ["more", "more", "b", "a"]


# Names and types in conditions


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("shoes == 'yes'", "unknown name shoes"),
        ("phq8.total > 1", "unknown name phq8.total"),
        ("phq9.level > 1", "unknown name phq9.level"),
        ("trials.maudsley == 1", "unknown name trials.maudsley"),
        ("text.poem", "unknown name text.poem"),
        ("meds.antigravity", "no medicine carries the flag 'antigravity'"),
        ("answered(shoes)", "unknown name shoes"),
        ("answered(age)", "answered(age): only a question can be answered"),
        ("smokes", "smokes stands alone but is not yes or no: compare it with something"),
        ("not ills", "ills stands alone but is not yes or no: compare it with something"),
        ("'yes'", "'yes' stands alone: compare something with it"),
        ("1 == 1", "1 == 1 compares nothing with an answer"),
        ("smokes == 'maybe'", "smokes has no option 'maybe'"),
        ("'maybe' != smokes", "smokes has no option 'maybe'"),
        ("smokes in ('yes', 'maybe')", "smokes has no option 'maybe'"),
        (
            "smokes == 'unsure'",
            "smokes has no option 'unsure': a condition reads it as unknown",
        ),
        ("'flu' in ills", "ills has no option 'flu'"),
        ("'yes' in smokes", "in smokes: it does not hold several answers"),
        ("'yes' in name", "in name: it does not hold several answers"),
        ("months in ills", "months in ills: only a choice can be looked for"),
        ("ills in ('gout', 'none')", "ills holds several answers: write 'option' in ills"),
        ("smokes in 'yes'", "in 'yes': the right side must be a list of answers or (a, b)"),
        ("ills == 'gout'", "a list of answers cannot be compared with ==: use in"),
        ("smokes > 'no'", "> compares numbers only"),
        ("date_of_birth < '2000-01-01'", "< compares numbers only"),
        ("months > '6'", "> compares numbers only"),
        ("smokes == 1", "smokes is never 1: it is of another kind"),
        ("months == 'six'", "months is never 'six': it is of another kind"),
        ("agreed == 'yes'", "agreed is never 'yes': it is of another kind"),
        ("smokes == months", "smokes and months are of different kinds"),
        ("smokes = 'yes'", "condition \"smokes = 'yes'\" cannot be read: invalid syntax"),
        ("len(ills) > 1", "condition 'len(ills) > 1' 'len(ills)' is not part of the grammar"),
        ("trials.trd == 'no'", "trials.trd has no option 'no'"),
        ("bmi > 40", "bmi is worked out from weight_lb, which does not exist"),
    ],
)
def test_conditions_that_read_what_is_not_there(when, reason):
    lines = check(asked(when))
    assert any(line.startswith(f"more.toml: more: {reason}") for line in lines), lines


def test_a_group_is_compared_with_nothing():
    def rules(when):
        return check(tiny(rules=(rule("r", when),)))

    assert rules("antidepressant_trials == 'x'") == [
        "rules.toml: r: a list of answers cannot be compared with ==: use in"
    ]
    assert rules("answered(antidepressant_trials)") == []


@pytest.mark.parametrize(
    "when",
    [
        "meds.opioid",
        "meds.unrecognised",
        "indications.any",
        "not text.crisis",
        "trials.rows == 0 or trials.trd == 'met'",
        "age >= 18 and phq9.total > 1 and phq9.answered_sum > 0",
        "smokes == main_concern",
        "main_concern in seeking_help_for",
        "pain == 2 or pain in (1, 3)",
        "name == 'Ann'",
        "agreed == True",
        "6 < months <= 12",
        "not answered(smokes)",
    ],
)
def test_conditions_that_are_right(when):
    drugs = (medicine("oxycodone", flags=frozenset({"opioid"})),)
    meds = question("medications", "group")
    extra = (section("meds", page("meds", meds)),)
    questionnaire = asked(when, medicines=drugs)
    sections = (*extra, *questionnaire.sections[1:])
    assert check(tiny(sections=sections, medicines=drugs)) == []


def test_conditions_of_rules_rungs_and_indications_are_read_too():
    ladder = {"method": "ladder", "bands": (), "range": None}
    rungs = ({"level": "high", "label": "High", "when": "phq9_1 == 'yes'"},)
    questionnaire = tiny(
        question("x_1", "scale", instrument="x"),
        instruments=(
            instrument("phq9", "phq9_1"),
            instrument("x", "x_1", rungs=rungs, **ladder),
        ),
        indications={"depression": "smell > 2"},
        rules=(rule("r", "x.total > 1"),),
    )
    assert check(questionnaire) == [
        "x.toml: high: phq9_1 is never 'yes': it is of another kind",
        "questionnaire.toml: depression: unknown name smell",
        "rules.toml: r: unknown name x.total",
    ]


# Order, cycles and dead ends of conditions


def test_an_ask_if_that_reads_itself():
    questionnaire = tiny(
        question("a", ask_if="b == 'yes'"),
        question("b", ask_if="c == 'yes' or a == 'no'"),
        question("c"),
    )
    assert check(questionnaire) == [
        "more.toml: a: its ask_if reads itself: a <- b <- a",
        "more.toml: b: its ask_if reads itself: b <- a <- b",
    ]


def test_an_ask_if_that_reads_itself_through_a_derived_name():
    item = question("x_1", "scale", instrument="x", ask_if="x.answered_sum > 1")
    both_instruments = (instrument("phq9", "phq9_1"), instrument("x", "x_1"))
    assert check(tiny(item, instruments=both_instruments)) == [
        "x.toml: x_1: its ask_if reads itself: x_1 <- x_1"
    ]
    trials = question("age_first_ill", "integer", min=0, max=99, ask_if="trials.rows > 0")
    assert check(tiny(trials)) == []


def test_an_ask_if_that_reads_a_later_page():
    sections = (
        section("one", page("p", question("a", ask_if="b == 'yes'"))),
        section("two", page("q", question("b"))),
    )
    assert check(tiny(sections=sections)) == [
        "one.toml: a: its ask_if reads b, asked on a later page"
    ]


def test_an_ask_if_that_reads_a_later_page_through_a_derived_name():
    meds = page("q", question("medications", "group"))
    sections = (section("one", page("p", question("a", ask_if="meds.unrecognised")), meds),)
    assert check(tiny(sections=sections)) == [
        "one.toml: a: its ask_if reads medications, asked on a later page"
    ]


def test_a_page_that_can_never_be_reached():
    first, second = question("a", ask_if="pain > 3"), question("b", ask_if="pain < 0")
    sections = (section("s", page("p", question("pain", "scale")), page("q", first, second)),)
    assert check(tiny(sections=sections)) == [
        "s.toml: a: can never be true: pain > 3",
        "s.toml: b: can never be true: pain < 0",
        "s.toml: q: the page can never be reached",
    ]


NEVER = [
    "months < 6 and months > 12",
    "months > 1200",
    "months > 5 and months < 6",
    "smokes == 'yes' and smokes == 'no'",
    "smokes == 'yes' and smokes in ('no',)",
    "'gout' in ills and 'none' in ills",
    "agreed and not agreed",
    "answered(months) and not answered(months)",
    "months > 6 and not answered(months)",
    "phq9.total > 3",
    "age > 130",
    "trials.strict_failed < 0",
    "months != 6 and months >= 6 and months <= 6",
    "False",
]


@pytest.mark.parametrize("when", NEVER)
def test_a_rule_that_can_never_fire(when):
    lines = check(asked("smokes == 'yes'", rules=(rule("r", when),)))
    assert lines == [f"rules.toml: r: can never be true: {when}"]


SOMETIMES = [
    "months > 6 and months <= 7",
    "months >= 1200",
    "bmi_like > 16.5 and bmi_like < 16.6",
    "not (months == 6)",
    "not answered(months)",
    "'gout' in ills and 'unsure' in ills",
    "'none' in ills",
    "not ('none' in ills) and not ('gout' in ills)",
    "months < phq9_1",
    "phq9.total == 3",
    "name == 'Ann' or name != 'Ann'",
    " and ".join(f"months != {n}" for n in range(40)),
]


@pytest.mark.parametrize("when", SOMETIMES)
def test_a_rule_that_may_fire_is_left_alone(when):
    decimal = question("bmi_like", "decimal", min=0)
    questionnaire = asked("smokes == 'yes'")
    pages = (page("d", decimal), *questionnaire.sections[1].pages)
    sections = (section("more", *pages),)
    assert check(tiny(sections=sections, rules=(rule("r", when),))) == []


def test_a_search_that_grows_too_long_reports_nothing(monkeypatch):
    monkeypatch.setattr(lint_conditions, "STEPS", 3)
    known = known_names(asked("smokes == 'yes'"))
    assert lint_conditions.can_be_true("months < 6 and months > 12", known)


# Ids


def test_ids_that_stand_twice():
    twice = section("more", page("p", question("a")), page("p", question("a")))
    questionnaire = tiny(
        sections=(twice, section("more", page("z", question("z")))),
        rules=(rule("r", "a == 'yes'"), rule("r", "a == 'no'")),
        contacts=(contact(), contact()),
        panels=(panel(), panel()),
        instruments=(instrument("phq9", "phq9_1"), instrument("phq9", "phq9_1")),
    )
    assert check(questionnaire) == [
        "questionnaire.toml: more: another section has this id",
        "questionnaire.toml: p: another page has this id",
        "questionnaire.toml: phq9: another instrument has this id",
        "rules.toml: r: another rule has this id",
        "crisis.toml: line: another contact has this id",
        "crisis.toml: crisis: another panel has this id",
        "more.toml: a: another question has this id",
    ]


def test_ids_that_a_form_or_a_condition_uses_for_something_else():
    columns = [{"id": "data", "kind": "text", "text": both("x"), "label": "x"}]
    questionnaire = tiny(question("errors"), question("phq9"), question("age"), question("a-b"))
    assert check(questionnaire) == [
        "more.toml: errors: a form already has something of this name",
        "more.toml: phq9: a derived name or an instrument has this id",
        "more.toml: age: a derived name or an instrument has this id",
        "more.toml: a-b: a condition cannot read an id with - in it: use _",
    ]
    assert check(tiny(question("drugs", "group", columns=columns))) == [
        "more.toml: data: a form already has something of this name"
    ]


def test_the_forbidden_ids_are_those_of_a_form():
    of_a_form = {name for name in dir(wtforms.Form()) if name.islower() and name[0] != "_"}
    assert of_a_form <= FORM_NAMES


def test_questions_that_the_assessment_reads_by_name():
    questionnaire = tiny()
    pages = [
        Page(id=p.id, title=p.title, questions=[q for q in p.questions if q.id != "main_concern"])
        for p in questionnaire.sections[0].pages
    ]
    without = questionnaire.model_copy(
        update={"sections": (section("base", *pages),), "instruments": ()}
    )
    assert "questionnaire.toml: main_concern: the assessment reads this question, which does " in (
        "\n".join(check(without))
    )
    assert "questionnaire.toml: phq9: the assessment reads this instrument" in (
        "\n".join(check(without))
    )


def test_an_order_of_columns_that_names_no_question_or_one_twice():
    order = ("psychosis_now", "shoes", "psychosis_now")
    assert check(tiny(export_order=order)) == [
        "questionnaire.toml: psychosis_now: another column of the export has this id",
        "questionnaire.toml: shoes: export_order names this question, which does not exist",
    ]


def test_an_indication_of_a_condition_that_is_not_offered():
    assert check(tiny(indications={"gout": "phq9.total > 1"})) == [
        "questionnaire.toml: gout: an indication that seeking_help_for does not offer"
    ]


# Texts


ONE = {"en": "Only English"}
BLANK = {"en": "x", "es": "  "}


@pytest.mark.parametrize("field", ["text", "hint", "thing", "row_text", "none_text"])
@pytest.mark.parametrize("text", [ONE, BLANK])
def test_a_question_without_a_translation(field, text):
    assert check(tiny(question("q", "group", **{field: text}))) == [
        f"more.toml: q: {field} is missing in es"
    ]


def test_options_and_columns_without_a_translation():
    lame = [{"id": "yes", "en": "Yes"}, {"id": "no", "en": "No", "es": "No"}]
    cell = {"kind": "choice", "text": both("x"), "label": "x", "options": lame}
    assert check(tiny(question("q", options=lame))) == ["more.toml: q: option yes is missing in es"]
    columns = [{"id": "c", "hint": ONE} | cell]
    assert check(tiny(question("q", "group", columns=columns))) == [
        "more.toml: q.c: hint is missing in es",
        "more.toml: q.c: option yes is missing in es",
    ]


def test_titles_and_panels_without_a_translation():
    bare = Page(id="p", title=ONE, intro=ONE, why=ONE, questions=(question("q"),))
    sections = (section("s", bare).model_copy(update={"title": ONE}),)
    call = contact().model_copy(update={"call": ONE})
    told = panel(steps=({"es": "Respire"},)).model_copy(update={"told": {}})
    assert check(tiny(sections=sections, contacts=(call,), panels=(told,), title=ONE)) == [
        "questionnaire.toml: title: title is missing in es",
        "s.toml: s: title is missing in es",
        "s.toml: p: title is missing in es",
        "s.toml: p: intro is missing in es",
        "s.toml: p: why is missing in es",
        "crisis.toml: line: call is missing in es",
        "crisis.toml: crisis: told is missing in en",
        "crisis.toml: crisis: told is missing in es",
        "crisis.toml: crisis: step 1 is missing in en",
    ]


def english_only(**changes):
    fields = {"languages": ("en",), "stem": ONE, **changes}
    one = instrument("phq9", "phq9_1").model_copy(update=fields)
    questionnaire = tiny(instruments=(one,))
    item = questionnaire.questions["phq9_1"].model_copy(
        update={"text": ONE, "languages": ("en",), "options": question("x", options=[
            {"id": "0", "en": "Never"}, {"id": "1", "en": "Often"},
            {"id": "2", "en": "Mostly"}, {"id": "3", "en": "Always"},
        ]).options}
    )  # fmt: skip
    base = questionnaire.sections[0]
    first = [item if q.id == "phq9_1" else q for q in base.pages[0].questions]
    pages = (page("base", *first), base.pages[1])
    return questionnaire.model_copy(update={"sections": (section("base", *pages),)})


def test_an_instrument_without_a_language_says_why_in_that_language():
    assert check(english_only(why_english={"es": "En inglés"})) == []
    line = "phq9.toml: phq9: has no es: why_english must say so in es"
    assert check(english_only()) == [line]
    assert check(english_only(why_english={"en": "In English"})) == [line]


def test_an_instrument_with_a_language_has_all_its_texts_in_it():
    one = instrument("phq9", "phq9_1").model_copy(
        update={"stem": ONE, "recall": ONE, "anchors": {"phq9_1": (ONE, both("x"))}}
    )
    assert check(tiny(instruments=(one,))) == [
        "phq9.toml: phq9: stem is missing in es",
        "phq9.toml: phq9: recall is missing in es",
        "phq9.toml: phq9_1: low anchor is missing in es",
    ]


def test_a_part_of_an_instrument_without_a_verified_translation_may_stay_english():
    item = question("x_1", "scale", instrument="x", hint=ONE)
    instruments = (instrument("phq9", "phq9_1"), instrument("x", "x_1"))
    assert check(tiny(item, instruments=instruments)) == []


def test_texts_that_only_staff_read_must_not_be_empty():
    bare = question("q").model_copy(update={"label": " "})
    assert check(tiny(bare)) == ["more.toml: q: the label is empty"]
    assert check(tiny(rules=(rule("r", "psychosis_now == 'yes'", says=""),))) == [
        "rules.toml: r: says and why must not be empty"
    ]


def test_only_what_speaks_against_or_is_to_be_cleared_can_be_settled():
    settled = {"settles": "repeat blood pressure"}
    for kind, lines in (
        ("clear", []),
        ("caution", ["rules.toml: r: settles belongs to rules of kind exclude or clear"]),
    ):
        found = rule("r", "psychosis_now == 'yes'", kind=kind, **settled)
        assert check(tiny(rules=(found,))) == lines


# Questions


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (question("q", options=()), "a choice needs two options or more"),
        (question("q", "choices", options=options("a")), "a choices needs two options or more"),
        (question("q", options=options("a", "b", "a")), "two options are called a"),
        (question("q", options=options("a", "discuss")), "no option may be called discuss"),
        (question("q", "scale", options=options("0", "low")), "the options of a scale are whole"),
        (question("q", "text", options=options("a", "b")), "a text has no options"),
        (question("q", "group", columns=()), "a group needs columns"),
        (question("q", "group", max_rows=0), "min_rows and max_rows do not fit"),
        (question("q", "group", min_rows=6), "min_rows and max_rows do not fit"),
        (question("q", "integer", min=5, max=4), "min is above max"),
        (question("q", "integer", below="shoes"), "below names shoes, which does not exist"),
        (question("q", below="psychosis_now"), "below names psychosis_now, which is a choice"),
        (question("q", one_of="shoes"), "one_of names shoes, which does not exist"),
        (question("q", one_of="main_concern"), "one_of names main_concern, which is a choice"),
    ],
)
def test_questions_that_do_not_fit_their_kind(broken, reason):
    lines = check(tiny(broken))
    assert any(line.startswith(f"more.toml: q: {reason}") for line in lines), lines


def test_two_options_that_read_the_same():
    same = [{"id": "a", "en": "Yes", "es": "Sí"}, {"id": "b", "en": "Yes", "es": "Claro"}]
    assert check(tiny(question("q", options=same))) == [
        "more.toml: q: two options read 'Yes' in en"
    ]


def test_columns_are_questions_too():
    cell = {"kind": "choice", "text": both("x"), "label": "x", "options": options("a")}
    columns = [{"id": "c"} | cell, {"id": "c"} | cell]
    assert check(tiny(question("q", "group", columns=columns))) == [
        "more.toml: c: another column has this id",
        "more.toml: q.c: a choice needs two options or more",
    ]
    assert check(tiny(question("q", columns=columns)))[0] == (
        "more.toml: q: a choice has no columns"
    )


def test_pages_that_ask_nothing_or_mix_a_group_with_questions():
    sections = (section("s", page("p"), page("q", question("a", "group"), question("b"))),)
    assert check(tiny(sections=sections)) == [
        "s.toml: p: the page asks nothing",
        "s.toml: q: a is a group and must stand alone on its page",
    ]


# Instruments


def banded(*bands, **scoring):
    made = [{"id": f"b{n}", "label": "x", "min": b[0], "max": b[1]} for n, b in enumerate(bands)]
    return tiny(instruments=(instrument("phq9", "phq9_1", bands=made, **scoring),))


@pytest.mark.parametrize(
    ("bands", "line"),
    [
        (((0, 1), (3, 3)), "phq9.toml: b1: the bands leave a gap before 3"),
        (((1, 3),), "phq9.toml: b0: the bands leave a gap before 1"),
        (((0, 2), (2, 3)), "phq9.toml: b1: the bands overlap at 2"),
        (((0, 2), (3, 1)), "phq9.toml: b1: the bands overlap at 3"),
        (((0, 2),), "phq9.toml: phq9: the bands do not end at 3"),
        (((0, 4),), "phq9.toml: phq9: the bands do not end at 3"),
        ((), "phq9.toml: phq9: scoring needs a range and bands"),
    ],
)
def test_bands_with_a_gap_or_an_overlap(bands, line):
    assert check(banded(*bands))[0] == line


def test_bands_of_a_mean_meet_at_a_tenth():
    assert check(banded((0, 1.9), (2, 3), decimals=1)) == []
    line = "phq9.toml: b1: the bands leave a gap before 2"
    assert check(banded((0, 1.8), (2, 3), decimals=1)) == [line]


def test_bands_of_men_are_checked_on_their_own():
    bands = [
        {"id": "low", "label": "x", "min": 0, "max": 1, "men": (0, 2)},
        {"id": "high", "label": "x", "min": 2, "max": 3},
    ]
    one = instrument("phq9", "phq9_1", bands=bands)
    assert check(tiny(instruments=(one,))) == ["phq9.toml: high: the bands overlap at 2"]


def test_items_that_are_scored_but_asked_nowhere():
    two = instrument("phq9", "phq9_1", "phq9_2", "psychosis_now")
    assert check(tiny(instruments=(two,), indications={})) == [
        "phq9.toml: phq9_2: an item that is scored is on no page",
        "phq9.toml: psychosis_now: an item that is scored is on no page",
    ]


def test_a_gate_that_cannot_stop_and_a_ladder_without_rungs():
    gate = instrument("phq9", "phq9_1", gate={"item": "phq9_1", "stop": "no"})
    assert check(tiny(instruments=(gate,))) == ["phq9.toml: phq9_1: the gate has no option 'no'"]
    items = (question("x_1", "scale", instrument="x"),)
    ladder = instrument("x", "x_1", method="ladder", bands=(), range=None)
    both_instruments = (instrument("phq9", "phq9_1"), ladder)
    assert check(tiny(*items, instruments=both_instruments)) == ["x.toml: x: a ladder needs rungs"]


# Rules, panels, medicines


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (rule("r", "agreed", "urgent"), "an urgent rule needs a panel"),
        (rule("r", "agreed", "urgent", panel="x"), "no panel is called x"),
        (rule("r", "agreed", sources=("9",)), "no source is called 9"),
        (rule("r", "agreed", sources=()), "a rule needs a source"),
    ],
)
def test_rules_that_lean_on_nothing(broken: Rule, line: str):
    assert check(asked("agreed", rules=(broken,))) == [f"rules.toml: r: {line}"]


def test_a_panel_without_its_contact_and_a_contact_without_a_number():
    assert check(tiny(panels=(panel(contacts=("nobody",)),))) == [
        "crisis.toml: crisis: no contact is called nobody"
    ]
    odd = contact().model_copy(update={"href": {"en": "988", "es": "tel:988"}})
    assert check(tiny(contacts=(odd,))) == [
        "crisis.toml: line: href '988' is none of tel:, sms:, https://"
    ]


def test_support_after_answers_that_do_not_exist():
    support = {"when": "shoes > 1", "panel": "nowhere"}
    assert check(tiny(support=support)) == [
        "questionnaire.toml: support: no panel is called nowhere",
        "questionnaire.toml: support: unknown name shoes",
    ]


def test_medicines_that_share_a_name():
    drugs = (
        medicine("lorazepam", "Ativan"),
        medicine("oxazepam", "ATIVAN", "Serax®"),
        medicine("serax"),
        medicine("—"),
        medicine("zinc", role="vitamin"),
    )
    assert check(tiny(medicines=drugs)) == [
        "medications.csv: oxazepam: 'ATIVAN' already stands for lorazepam",
        "medications.csv: serax: 'serax' already stands for oxazepam",
        "medications.csv: —: '—' holds no word",
        "medications.csv: zinc: role is none of antidepressant, augmenter, other",
    ]


# What the table of derived names says holds for the assessment


def test_derived_names_are_those_of_the_assessment(released):
    known = {name for name in known_names(released) if name not in released.questions}
    plain = {name for name in known if "." not in name}
    owners = {name.partition(".")[0] for name in known - plain}
    assert plain == DERIVED_NAMES
    assert owners == DERIVED_OWNERS | {
        i.id for i in released.instruments if i.scoring.method != "ladder"
    }


@pytest.mark.parametrize("name", sorted(DERIVED))
def test_derived_names_have_the_kind_of_value_they_promise(released, name):
    # The last infusion is asked about in a check-in alone.
    asks = check_in() if "last_infusion" in DERIVED[name].needs else released
    facts = Facts(asks, person(last_infusion="2026-11-01"), date(2026, 11, 23))
    value = facts.value(name)
    kinds = {"boolean": bool, "number": (int, float), "option": str}
    assert isinstance(value, kinds[DERIVED[name].kind])
    if DERIVED[name].kind == "option":
        assert value in DERIVED[name].options


def test_the_questions_a_derived_name_is_worked_out_from_are_all_it_reads(released):
    """Were one missing in the table, a cycle through it would not be seen."""
    known = known_names(released)
    for name in known:
        read = set()
        if name in released.questions:
            continue
        Recording(released, person(), read).value(name)
        beside = {"sex_at_birth", "takes_medications"}
        allowed = set(lint_conditions.sources(name, known)) | beside
        allowed |= {n for q in allowed & set(released.questions) for n in ask_if_names(released, q)}
        assert read <= allowed, name


class Recording(Facts):
    """Facts that note which questions they are asked about."""

    def __init__(self, questionnaire, answers, read):
        super().__init__(questionnaire, answers, date(2026, 11, 23))
        self.read = read

    def asked(self, name):
        self.read.add(name)
        return super().asked(name)


def ask_if_names(questionnaire, name):
    found, todo = set(), [name]
    while todo:
        ask_if = questionnaire.questions[todo.pop()].ask_if
        for read in lint_conditions.names(parse(ask_if)) if ask_if else ():
            for source in lint_conditions.sources(read, known_names(questionnaire)):
                if source not in found:
                    found.add(source)
                    todo.append(source)
    return found
