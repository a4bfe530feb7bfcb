"""The page that sets every rule beside its sources says what the content says, and all of it."""

import re
from pathlib import Path

import pytest
from flask import Flask

from screening.assessment import basis
from screening.outputs.literature import literature
from screening.questionnaire.definition import Questionnaire, Rule
from screening.questionnaire.loader import MARKS, check_in, current
from tests.builders import instrument, medicine, rule, tiny

DOCUMENT = Path(__file__).parents[2] / "docs" / "literature.md"
PAGE = literature(current(), check_in())
HEADING = re.compile(r"(?m)^(?=##+ )")
IN_THE_INTAKE, AT_A_CHECK_IN = PAGE.split("\n## Check-ins", 1)
JUDGMENTS = (*basis.TRIALS, *basis.MAUDSLEY, *basis.OVER_TIME)


def own() -> list[Rule]:
    """The rules that a check-in words anew or adds."""
    return [rule for rule in check_in().rules if rule not in current().rules]


def block(rule: Rule) -> str:
    part = IN_THE_INTAKE if rule in current().rules else AT_A_CHECK_IN
    (found,) = (b for b in HEADING.split(part) if b.startswith(f"### `{rule.id}`: "))
    return found


def test_the_committed_page_is_the_one_that_is_made_now() -> None:
    again = "run: .venv/bin/flask --app wsgi literature --out docs/literature.md"
    assert DOCUMENT.read_text("utf-8") == PAGE, again


def test_every_rule_stands_there_with_its_sources_in_full() -> None:
    for one in [*current().rules, *own()]:
        text = block(one)
        assert f"`{one.id}`: {one.kind}" in text
        assert f"\n{one.says}\n" in text
        assert f"- Condition: `{one.when}`" in text
        assert (f"- What would settle it: {one.settles}\n" in text) == bool(one.settles)
        for key in one.sources:
            assert current().sources[key] in text, (one.id, key)


def test_what_a_physician_must_confirm_is_marked() -> None:
    for one in [*current().rules, *own()]:
        heading = block(one).partition("\n")[0]
        for key, mark in MARKS.items():
            assert (mark in heading) == (key in one.sources), one.id
        assert ("see below" in heading) == bool(one.confirm), one.id
        if one.confirm:
            assert f"**To confirm:** {one.confirm}" in block(one)


def test_a_rule_that_rests_on_a_source_in_part_says_on_which() -> None:
    """Where a published source stands beside a mark, words tell what the source does not say."""
    mixed = [r for r in [*current().rules, *own()] if set(MARKS) & set(r.sources) < set(r.sources)]
    silent = [r.id for r in mixed if set(MARKS) & set(r.sources) and not r.confirm]
    assert silent == []


def test_numbers_in_brackets_are_those_of_sources() -> None:
    cited = set(re.findall(r"\[(\d+)\]", PAGE))
    assert cited <= set(current().sources)
    assert {key for judged in JUDGMENTS for key in judged.sources} <= set(current().sources)


@pytest.mark.parametrize(
    ("rule_id", "figures"),
    [
        ("bp-low", "Systolic pressure < 90"),
        ("age-65-74", "Age ≥ 65; Age < 75"),
        ("dissociation-high", "DES-T total ≥ 30"),
        ("spo2-borderline", "SpO2 on room air ≥ 93; SpO2 on room air ≤ 94"),
    ],
)
def test_figures_are_told_apart_from_the_condition(rule_id: str, figures: str) -> None:
    text = block(current().rule[rule_id])
    assert f"- Figures: {figures}" in text


def test_the_counts_are_those_of_the_content() -> None:
    rules = current().rules
    policy = sum("POLICY" in rule.sources for rule in rules)
    unverified = sum("GK" in rule.sources for rule in rules)
    assert f"| all |  | {len(rules)} | {policy} | {unverified} |" in PAGE


def test_instruments_doses_and_judgments_stand_there_too() -> None:
    for one in current().instruments:
        assert f"### {one.short_name}: {one.name}" in PAGE
        for source in one.sources:
            assert f"  - {source}" in PAGE
    for medicine_of in current().medicines:
        dose = medicine_of.min_adequate_daily_dose_mg
        if dose is not None:
            assert re.search(rf"\| {re.escape(medicine_of.generic)} \|.*\| {dose:g} \|", PAGE)
    for judged in JUDGMENTS:
        assert f"### {judged.name}" in PAGE
        assert judged.says in PAGE


def small(**parts: object) -> Questionnaire:
    sources = {"1": "A paper", "GK": "From memory", "POLICY": "Ours"}
    listed = {key: f"Paper {key}" for judged in JUDGMENTS for key in judged.sources}
    return tiny(sources=listed | sources, **parts)


def test_a_change_of_the_content_changes_the_page() -> None:
    before = rule("old", "phq9.total >= 2", sources=("1", "GK"), confirm="The cut of 2.")
    after = before.model_copy(update={"when": "phq9.total >= 1", "confirm": None})
    pages = [literature(small(rules=(one,)), small()) for one in (before, after)]
    assert "phq9 total ≥ 2" in pages[0]
    assert "phq9 total ≥ 1" in pages[1]
    assert "- **To confirm:** The cut of 2." in pages[0]
    assert "The cut of 2." not in pages[1]


def test_a_source_that_nobody_knows_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        literature(small(rules=(rule("r", "phq9.total >= 2", sources=("999",)),)), small())


def test_a_dose_and_a_cut_that_are_not_verified_say_so() -> None:
    pill = medicine("pill", min_adequate_daily_dose_mg=10, source="[1]; dose GK", drug_class="SSRI")
    scale = instrument("scale", "phq9_1").model_copy(
        update={"sources": ("Cut: general knowledge",)}
    )
    page = literature(small(medicines=(pill,), instruments=(scale,)), small())
    assert "| pill | SSRI |  | 10 | [1]; dose GK | not verified |" in page
    assert "- **To confirm:** Cut: general knowledge" in page


def test_the_command_writes_it(app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner()
    written = run.invoke(args=["literature", "--out", str(tmp_path / "page.md")])
    assert (written.exit_code, (tmp_path / "page.md").read_text("utf-8")) == (0, PAGE)
    failed = run.invoke(args=["literature", "--out", str(tmp_path / "no" / "page.md")])
    assert failed.exit_code == 1
    assert "cannot be written: No such file" in failed.output
