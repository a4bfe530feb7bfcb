"""A new version of the content: what it would change for open intakes, and that it changes none."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from screening import cli_rules, create_app, tasks
from screening.outputs.pdf import summary_html
from screening.questionnaire.lint import check
from screening.questionnaire.loader import CURRENT, check_in, current, load
from screening.settings import Settings
from screening.storage import intakes, submissions
from screening.storage.intakes import AUDIT
from screening.storage.models import Base
from screening.workflows import after, chart
from screening.workflows.act import acting
from screening.workflows.definitions import definition_of
from screening.workflows.intake import submit_answers
from screening.workflows.office import Office
from screening.workflows.reassess import Different, Reassessed, Told, reassess
from screening.workflows.review import record_now
from tests.builders import person, returning, trial_row
from tests.outputs.test_pdf import needs_pango, text
from tests.site import Site

ELEVATED = {"bp_systolic": 150, "bp_diastolic": 84}
SAID = {rule.id: rule.says for rule in current().rules}
WORDS = "What a patient typed themselves"

NEW_QUESTION = """
[[pages.questions]]
id = "blood_thinner_dose"
kind = "choice"
required = false
text.en = "Has your blood thinner dose changed in the last month?"
text.es = "¿Cambió la dosis de su anticoagulante en el último mes?"
thing.en = "if your blood thinner dose changed"
thing.es = "si cambió la dosis de su anticoagulante"
label = "Blood thinner changed"
options = "yes_no"
"""
NEW_RULE = """
[[rules]]
id = "thinner-changed"
kind = "clear"
when = "blood_thinner_dose == 'yes'"
says = "Reported a changed dose of a blood thinner."
why = "The dose should be steady first."
sources = ["GK"]
"""

Edit = Callable[[Path], None]


def swap(file: str, old: str, new: str) -> Edit:
    """Put other words into one place of a file."""

    def edit(folder: Path) -> None:
        path = folder / file
        content = path.read_text("utf-8")
        assert content.count(old) == 1, old
        path.write_text(content.replace(old, new), "utf-8")

    return edit


ELEVATED_IF = "systolic > 140 or diastolic > 90"
STRICTER = swap("rules.toml", ELEVATED_IF, "systolic > 150 or diastolic > 90")
ESCORT = 'id = "escort-none"\nkind = '
EXCLUDES = swap("rules.toml", f'{ESCORT}"clear"', f'{ESCORT}"exclude"')


def add(file: str, more: str) -> Edit:
    def edit(folder: Path) -> None:
        path = folder / file
        path.write_text(path.read_text("utf-8") + more, "utf-8")

    return edit


@pytest.fixture
def newer(tmp_path: Path) -> Callable[..., Path]:
    """The folder of a later version: today's content with some edits."""

    def make(*edits: Edit) -> Path:
        folder = tmp_path / "2026-9"
        shutil.copytree(CURRENT, folder)
        version = f'version = "{current().version}"'
        for edit in (swap("questionnaire.toml", version, 'version = "2026-9"'), *edits):
            edit(folder)
        assert check(load(folder)) == []
        return folder

    return make


def office_with(site: Site, folder: Path) -> Office:
    """The same store, after the clinic has moved to this version."""
    return replace(site.office, questionnaire=load(folder))


def send(site: Site, **changes: Any) -> str:
    return submit_answers(site.office, person(**changes)).reference


def only(found: Reassessed) -> Different:
    (different,) = found.different
    return different


def test_by_the_same_content_nothing_comes_out_otherwise(site: Site) -> None:
    send(site, **ELEVATED)
    send(site, antidepressant_trials=[trial_row("sertraline", 100, 12)])
    found = reassess(site.office, "cli")
    assert (found.read, found.different) == (2, ())
    assert found.intake.content_hash == current().content_hash


def test_a_finding_that_goes_takes_the_outcome_with_it(site: Site, newer: Any) -> None:
    reference = send(site, **ELEVATED)
    send(site)
    found = reassess(office_with(site, newer(STRICTER)), "cli")
    different = only(found)
    assert found.read == 2
    assert different.reference == reference
    assert (different.outcome_before, different.outcome_now) == ("clearance", "candidate")
    gone = Told("bp-elevated", "clear", "met", SAID["bp-elevated"])
    assert (different.appears, different.disappears, different.changes) == ((), (gone,), ())
    assert (different.before.version, different.now.version) == (current().version, "2026-9")
    assert different.before.content_hash == current().content_hash != different.now.content_hash


def test_a_finding_that_comes_or_changes_is_told_with_its_sentence(site: Site, newer: Any) -> None:
    send(site, escort="no", bp_systolic=140)
    lower = swap("rules.toml", ELEVATED_IF, "systolic >= 140 or diastolic > 90")
    words = swap("rules.toml", SAID["escort-none"], "Nobody takes the patient home.")
    different = only(reassess(office_with(site, newer(EXCLUDES, lower, words)), "cli"))
    assert (different.outcome_before, different.outcome_now) == ("clearance", "excluded")
    assert [told.rule for told in different.appears] == ["bp-elevated"]
    (change,) = different.changes
    assert change.before == Told("escort-none", "clear", "met", SAID["escort-none"])
    assert change.now == Told("escort-none", "exclude", "met", "Nobody takes the patient home.")


def test_words_alone_are_no_difference(site: Site, newer: Any) -> None:
    send(site, escort="no")
    words = swap("rules.toml", SAID["escort-none"], "Nobody takes the patient home.")
    assert reassess(office_with(site, newer(words)), "cli").different == ()


def test_a_result_that_differs_is_told(site: Site, newer: Any) -> None:
    """A dose that is now too low to count: the trials come out otherwise."""
    send(site, antidepressant_trials=[trial_row("escitalopram", 10, 12)])

    def dearer(folder: Path) -> None:
        path = folder / "medications.csv"
        lines = path.read_text("utf-8").splitlines(keepends=True)
        changed = [
            line.replace(",antidepressant,,10,", ",antidepressant,,20,")
            if line.startswith("escitalopram,")
            else line
            for line in lines
        ]
        assert changed != lines
        path.write_text("".join(changed), "utf-8")

    different = only(reassess(office_with(site, newer(dearer)), "cli"))
    told = {result.what: (result.before, result.now) for result in different.results}
    assert told["treatment.strict_failed"] == (1, 0)
    assert told["treatment.verdicts"] == (["failed"], ["dose-low"])


def test_what_was_not_asked_then_is_unknown_and_never_no(site: Site, newer: Any) -> None:
    """The new question may even be left empty; here nobody had the chance to."""
    send(site)
    asks = newer(add("rules.toml", NEW_RULE), _asked_on_a_page)
    different = only(reassess(office_with(site, asks), "cli"))
    assert (different.outcome_before, different.outcome_now) == ("candidate", "clearance")
    (told,) = different.appears
    assert (told.rule, told.kind, told.status) == ("thinner-changed", "clear", "unknown")
    assert [named.question for named in different.asked_anew] == ["blood_thinner_dose"]
    assert different.asked_anew[0].label == "Blood thinner changed"


def _asked_on_a_page(folder: Path) -> None:
    """A page of its own at the end of a section."""
    page = '\n[[pages]]\nid = "thinner"\ntitle.en = "Blood thinner"\ntitle.es = "Anticoagulante"\n'
    add("sections/medications.toml", page + NEW_QUESTION)(folder)


def test_an_answer_that_no_longer_fits_is_unknown(site: Site, newer: Any) -> None:
    send(site, bp_systolic=150)
    narrower = newer(_narrower)
    different = only(reassess(office_with(site, narrower), "cli"))
    assert [named.question for named in different.not_taken] == ["bp_systolic"]
    assert ("bp-elevated", "unknown") in [(c.now.rule, c.now.status) for c in different.changes]


def _narrower(folder: Path) -> None:
    path = folder / "sections" / "heart.toml"
    content = path.read_text("utf-8")
    start = content.index('id = "bp_systolic"')
    place = content.index("max = ", start)
    end = content.index("\n", place)
    path.write_text(f"{content[:place]}max = 149{content[end:]}", "utf-8")


# Which intakes


def test_decided_and_withdrawn_intakes_and_drafts_are_left_alone(site: Site, newer: Any) -> None:
    office = office_with(site, newer(STRICTER))
    decided, withdrawn = (send(site, **ELEVATED) for _ in range(2))
    send(site, **ELEVATED)
    site.start(person(**ELEVATED), until="check")
    by_reference = {s.reference: s.intake_id for s in site.submissions()}
    with acting(site.office, "user:7") as act:
        chart.add(act, by_reference[decided], chart.DECISION, {"decision": "not-now"})
        chart.add(act, by_reference[withdrawn], chart.NOTE, {"text": "Called."})
    after.withdraw(site.office, by_reference[withdrawn], "")
    found = reassess(office, "cli")
    assert found.read == len(found.different) == 1


def test_what_staff_measured_counts_as_it_was_assessed(site: Site, newer: Any) -> None:
    send(site)
    (submission,) = site.submissions()
    known = chart.as_sent(submission)
    measured = {"measured_systolic": 150, "measured_diastolic": 84}
    body = chart.assessed_again(current(), known, measured, site.office.today())
    with acting(site.office, "user:7") as act:
        chart.add(act, submission.intake_id, chart.MEASURED, body)
    different = only(reassess(office_with(site, newer(STRICTER)), "cli"))
    assert (different.outcome_before, different.outcome_now) == ("clearance", "candidate")


def test_the_day_of_the_assessment_stays(site: Site, newer: Any) -> None:
    """A birthday since then is no work of the rules."""
    send(site, date_of_birth="1951-11-24", memory_worse="no")
    site.clock.wait(days=30)
    assert reassess(office_with(site, newer(STRICTER)), "cli").different == ()


def test_a_check_in_is_judged_by_the_check_in(site: Site) -> None:
    submit_answers(site.office.at_check_in(), returning(escort="no"))
    rules = tuple(
        rule.model_copy(update={"kind": "caution"}) if rule.id == "escort-none" else rule
        for rule in check_in().rules
    )
    later = check_in().model_copy(update={"rules": rules, "content_hash": "f" * 64})
    different = only(reassess(replace(site.office, check_in=lambda: later), "cli"))
    assert [change.now.kind for change in different.changes] == ["caution"]
    assert different.now.content_hash == "f" * 64


# Nothing changes


def rows(site: Site) -> dict[str, list[Any]]:
    """All that is stored, but for the audit."""
    with site.office.database.read() as conn:
        tables = [t for t in Base.metadata.sorted_tables if t.name != AUDIT.name]
        return {table.name: sorted(map(repr, conn.execute(select(table)))) for table in tables}


def test_it_writes_nothing_but_its_audit_row_which_has_no_answers(site: Site, newer: Any) -> None:
    send(site, **ELEVATED)
    office, before = office_with(site, newer(STRICTER)), rows(site)
    reassess(office, "user:7")
    assert rows(site) == before
    with office.database.read() as conn:
        row = conn.execute(select(AUDIT).order_by(AUDIT.c.id.desc())).first()
    assert row is not None
    assert (row.actor, row.action, row.intake_id) == ("user:7", "intakes.reassessed", None)
    said = {"read": 1, "different": 1, "content": office.questionnaire.content_hash}
    assert json.loads(row.detail) == said


@needs_pango
def test_a_new_version_leaves_a_stored_record_and_its_pdf_as_they_were(
    site: Site, newer: Any
) -> None:
    reference = send(site, escort="no", treatment_goals=WORDS, **ELEVATED)
    (before,) = site.submissions()
    sheets = {"letter": pdf_of(site.office, reference, "letter")}
    page = summary_of(site.office)
    gone = swap("rules.toml", SAID["bp-elevated"], "Other words of a later version.")
    office = office_with(site, newer(gone, EXCLUDES))
    assert reassess(office, "cli").different

    (now,) = site.submissions()
    assert (now.content_hash, now.document_json) == (before.content_hash, before.document_json)
    with office.database.read() as conn:
        kept = intakes.read_definition(conn, before.content_hash)
        assert definition_of(conn, office, before.content_hash) == current()
    assert kept == site.office.definition_json()
    assert pdf_of(office, reference, "letter") == sheets["letter"]
    assert summary_of(office) == page
    assert SAID["bp-elevated"] in " ".join(page.split())
    assert WORDS in page
    # On other paper it is drawn for the first time under the later version.
    drawn = words(pdf_of(office, reference, "a4"))
    assert SAID["bp-elevated"] in drawn
    assert current().version in drawn
    assert "Other words" not in drawn


def pdf_of(office: Office, reference: str, paper: Any) -> bytes:
    """The stored summary, made when there is none."""
    tasks.make_pdf(office, reference, paper)
    with office.database.read() as conn:
        found = submissions.submission_by_reference(conn, office.vault, reference)
        assert found
        content = submissions.read_document(conn, office.vault, found, kind="pdf", paper=paper)
    assert content
    return content


def words(content: bytes) -> str:
    return " ".join(text(PdfReader(io.BytesIO(content))).split())


def summary_of(office: Office) -> str:
    """The page that the PDF is drawn from."""
    with office.database.read() as conn:
        (submission,) = submissions.all_submissions(conn, office.vault)
        record = record_now(conn, office, submission)
    made_at = office.now().astimezone(office.zone)
    return summary_html(record, paper="letter", clinic=office.clinic, made_at=made_at)


# The command


def run(settings: Settings, folder: Path, *arguments: str) -> Any:
    app = create_app(replace(settings, content=folder))
    try:
        return app.test_cli_runner().invoke(args=["reassess", *arguments])
    finally:
        app.extensions["office"].database.close()


def test_the_command_prints_a_table(site: Site, settings: Settings, newer: Any) -> None:
    reference = send(site, escort="no", treatment_goals=WORDS, **ELEVATED)
    result = run(settings, newer(STRICTER, EXCLUDES, add("rules.toml", NEW_RULE), _asked_on_a_page))
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("1 open intake judged again by 2026-9 (")
    assert lines[1] == "1 would come out otherwise. Every record stays as it was sent."
    assert lines[3].startswith(f"{reference}  sent ")
    assert lines[3].endswith("clearance -> excluded")
    shown = "\n".join(lines[4:])
    assert f"disappears  clear, met: bp-elevated: {SAID['bp-elevated']}" in shown
    assert f"changes     clear, met -> exclude, met: escort-none: {SAID['escort-none']}" in shown
    assert "appears     clear, unknown: thinner-changed: " in shown
    assert "unknown     Blood thinner changed (blood_thinner_dose): was not asked then" in shown
    names_nobody(result.output)


def test_the_command_prints_json(site: Site, settings: Settings, newer: Any) -> None:
    reference = send(site, **ELEVATED)
    result = run(settings, newer(STRICTER), "--json")
    assert result.exit_code == 0
    found = json.loads(result.output)
    assert (found["read"], found["intake"]["version"]) == (1, "2026-9")
    (different,) = found["different"]
    assert different["reference"] == reference
    assert different["sent"].startswith("2026-11-23T")
    assert different["disappears"][0]["says"] == SAID["bp-elevated"]
    names_nobody(result.output)


def test_a_version_can_be_tried_before_it_is_in_use(site: Site, app: Flask, newer: Any) -> None:
    reference = send(site, **ELEVATED)
    folder = newer(STRICTER)
    runner = app.test_cli_runner()
    result = runner.invoke(args=["reassess", "--content", str(folder)])
    assert result.exit_code == 0
    assert reference in result.output
    (folder / "rules.toml").unlink()
    result = runner.invoke(args=["reassess", "--content", str(folder)])
    assert (result.exit_code, result.output) == (1, "rules.toml: -: the file is missing\n")


def names_nobody(printed: str) -> None:
    for name in ("first_name", "last_name", "email", "phone", "date_of_birth"):
        assert person()[name] not in printed
    assert WORDS not in printed


def test_without_intakes_it_says_so(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["reassess"])
    assert result.exit_code == 0
    assert result.output.startswith("0 open intakes judged again by ")


def test_a_store_that_cannot_be_opened_is_told_in_one_line(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shut(*_: object) -> None:
        raise cli_rules.DatabaseUnavailableError("the database is shut")

    monkeypatch.setattr(cli_rules, "reassess", shut)
    result = app.test_cli_runner().invoke(args=["reassess"])
    assert (result.exit_code, result.output) == (1, "Nothing was read: the database is shut.\n")
