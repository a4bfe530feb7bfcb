"""Who edits only TOML adds a question, an option and a rule: they are wherever they belong."""

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from screening import create_app
from screening.outputs.dictionary import dictionary
from screening.outputs.pdf import summary_html
from screening.questionnaire import lint, loader
from screening.settings import Settings
from screening.workflows import intake, review
from tests.builders import person
from tests.site import Clock, Site
from tests.web.desk import PHYSICIAN, desk

QUESTION = """
[[pages.questions]]
id = "night_work"
kind = "choice"
text.en = "Do you work at night?"
text.es = "¿Trabaja de noche?"
thing.en = "whether you work at night"
thing.es = "si trabaja de noche"
label = "Works at night"
options = "yes_no"
"""
OPTION = """
  {id = "radio", en = "I heard you on the radio", es = "Por la radio", label = "Radio"},"""
RULE = """
[[rules]]
id = "night-work-radio"
kind = "caution"
when = "night_work == 'yes' and referral_source == 'radio'"
says = "Works at night and came by the radio."
why = "Short sleep may blunt the effect."
sources = ["1"]
"""
ANSWERS = person(night_work="yes", referral_source="radio")


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """The released content with three additions, made with a text editor."""
    folder = tmp_path / "2026-2"
    shutil.copytree(loader.CURRENT, folder)
    support = folder / "sections" / "support.toml"
    support.write_text(support.read_text("utf-8") + QUESTION, "utf-8")
    care_team = folder / "sections" / "care-team.toml"
    text = care_team.read_text("utf-8")
    start = text.index("options = [", text.index('id = "referral_source"')) + len("options = [")
    care_team.write_text(text[:start] + OPTION + text[start:], "utf-8")
    rules = folder / "rules.toml"
    rules.write_text(rules.read_text("utf-8") + RULE, "utf-8")
    return folder


@pytest.fixture
def site(settings: Settings, content: Path) -> Any:
    app = create_app(Settings(instance=settings.instance, testing=True, content=content))
    yield Site(app, Clock(app.extensions["office"]))
    app.extensions["office"].database.close()


def test_the_edited_content_is_found_right(content: Path) -> None:
    assert lint.check(loader.load(content)) == []


def test_the_form_asks_and_shows_what_was_added(site: Site) -> None:
    walker = site.walker().walk(ANSWERS, until="care-team")
    assert "I heard you on the radio" in walker.text
    walker.walk(ANSWERS, until="support")
    assert "Do you work at night?" in walker.text
    without = {name: answer for name, answer in ANSWERS.items() if name != "night_work"}
    assert list(walker.answer_page(without).errors) == ["night_work"]
    walker.press("language")
    assert "¿Trabaja de noche?" in walker.text
    walker.press("language").walk(ANSWERS, until="/check")
    assert "Do you work at night?" in walker.text
    assert "I heard you on the radio" in walker.text
    walker.walk(ANSWERS)
    (sent,) = site.submissions()
    assert sent.document["answers"]["night_work"] == "yes"
    assert "night-work-radio" in rules_found(sent.document)


def rules_found(document: dict[str, Any]) -> list[str]:
    return [found["rule"] for found in document["assessment"]["findings"]]


def test_the_rule_stays_silent_without_its_answers(site: Site) -> None:
    intake.submit_answers(site.office, ANSWERS | {"night_work": "no"})
    (sent,) = site.submissions()
    assert "night-work-radio" not in rules_found(sent.document)


def test_the_physician_reads_what_was_added(site: Site) -> None:
    receipt = intake.submit_answers(site.office, ANSWERS)
    (sent,) = site.submissions()
    with site.office.database.read() as conn:
        record = review.record_now(conn, site.office, sent)
    html = summary_html(record, paper="letter", clinic="A clinic", made_at=site.clock.moment)
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{receipt.reference}").text
    for words in ("Works at night", "Radio", "Works at night and came by the radio."):
        assert words in html
        assert words in page


def test_the_export_and_its_dictionary_have_what_was_added(site: Site) -> None:
    intake.submit_answers(site.office, ANSWERS)
    (row,) = site.exported_rows()
    assert (row["night_work"], row["referral_source"]) == ("yes", "radio")
    assert "night-work-radio" in row["findings"]
    described = {line["variable"]: line for line in rows(dictionary(site.questionnaire))}
    assert described["night_work"]["label"] == "Works at night"
    assert "radio" in described["referral_source"]["options"]


def rows(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def test_what_was_answered_before_the_edit_is_read_as_it_was_asked(
    settings: Settings, content: Path
) -> None:
    before = create_app(settings)
    receipt = intake.submit_answers(before.extensions["office"], person())
    before.extensions["office"].database.close()
    after = create_app(Settings(instance=settings.instance, testing=True, content=content))
    site = Site(after, Clock(after.extensions["office"]))
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{receipt.reference}")
    assert "Works at night" not in page.text
    assert "night_work" not in site.exported_rows()[0]
    intake.submit_answers(site.office, ANSWERS)
    assert [row["night_work"] for row in site.exported_rows()] == ["", "yes"]
    after.extensions["office"].database.close()


@pytest.fixture
def begun(settings: Settings) -> tuple[str, str]:
    """A form begun before the edit, up to the page that was edited: its code and date of birth."""
    before = create_app(settings)
    office = before.extensions["office"]
    intake_id = Site(before, Clock(office)).start(person(phq9_9=1), until="safety")
    code = intake.new_code_for(office, intake_id)
    office.database.close()
    return code, person()["date_of_birth"]


def test_a_form_begun_before_the_edit_is_finished_and_read_as_it_was_begun(
    begun: tuple[str, str], site: Site
) -> None:
    answers = ANSWERS | {"phq9_9": 1, "firearm_or_means_access": "no"}
    walker = site.walker().resume(*begun).walk(answers, until="support")
    assert "Do you work at night?" not in walker.text
    walker.walk(answers)
    (sent,) = site.submissions()
    assert "night_work" not in sent.document["answers"]
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{sent.reference}")
    assert page.status == 200
    assert "Works at night" not in page.text


def test_a_form_begun_before_the_edit_is_watched_over_all_the_same(
    begun: tuple[str, str], site: Site
) -> None:
    site.clock.wait(minutes=11)
    intake.sweep(site.office)
    assert site.alerted() == [["suicide-unknown"]]
