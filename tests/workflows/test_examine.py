"""What a physician adds to a sent intake: kept beside what was sent, and assessed again."""

from typing import Any

import pytest

from screening.storage import members, submissions
from screening.storage.accounts import PHYSICIAN
from screening.tasks import make_copy, make_pdf
from screening.workflows import chart, examine, review
from screening.workflows import intake as intake_flow
from screening.workflows.chart import AMENDED, MEASURED, NOTE, RAISED
from screening.workflows.examine import Assessed, Case, Correction, Refused, Stale, Unchanged
from tests.builders import person
from tests.site import Site

HIGH = {"bp_known": "yes", "bp_systolic": 148, "bp_diastolic": 84}
PRESSURE = {"measured_systolic": 190, "measured_diastolic": 125}
PHONE = "The patient, on the phone"


@pytest.fixture
def robin(site: Site) -> str:
    with site.office.database.write() as conn:
        by = members.add_member(conn, email="r@example.org", name="Robin Okafor", roles=[PHYSICIAN])
    return f"user:{by}"


def sent(site: Site, **changes: Any) -> str:
    return intake_flow.submit_answers(site.office, person(**changes)).reference


def case_of(site: Site, reference: str) -> Case:
    with site.office.database.read() as conn:
        found = examine.case_in(conn, site.office, reference)
    assert found
    return found


def measure(site: Site, by: str, reference: str, **answers: Any) -> Assessed:
    done = examine.measure(site.office, by, reference, answers)
    assert done
    return done


def amend(site: Site, by: str, reference: str, question: str, answer: Any) -> Assessed:
    seen = case_of(site, reference).number
    correction = Correction(question, answer, PHONE)
    done = examine.amend(site.office, by, reference, correction, seen=seen)
    assert done
    return done


def kinds(site: Site, reference: str) -> list[str]:
    return [entry.kind for entry in case_of(site, reference).entries]


# Measured


def test_a_measured_pressure_is_assessed_and_both_assessments_stay(site: Site, robin: str) -> None:
    reference = sent(site, **HIGH)
    before = site.submissions()[0].document_json
    done = measure(site, robin, reference, **PRESSURE)
    assert (done.before.outcome, done.after.outcome) == ("clearance", "urgent")
    opened = review.open_record(site.office, robin, reference)
    assert opened
    record = opened.record
    assert record.outcome == "Urgent: act today"
    assert record.sent
    assert record.sent.outcome == "Clearance needed"
    assert [f.rule for f, _ in record.sent.appeared] == ["bp-crisis-asymptomatic"]
    assert [f.rule for f, _ in record.sent.gone] == ["bp-elevated"]
    assert site.submissions()[0].document_json == before
    assert site.alerts() == []  # the patient told of no danger


def test_who_measured_stands_beside_it_and_the_patients_own_reading_too(
    site: Site, robin: str
) -> None:
    reference = sent(site, **HIGH)
    measure(site, robin, reference, **PRESSURE)
    opened = review.open_record(site.office, robin, reference)
    assert opened
    rows = {row.question: row for part in opened.record.sections for row in part.rows}
    assert (rows["measured_systolic"].text, rows["measured_systolic"].by) == (
        "190 mmHg",
        "Robin Okafor",
    )
    assert rows["measured_systolic"].at == site.clock.moment
    assert (rows["bp_systolic"].text, rows["bp_systolic"].by) == ("148 mmHg", "")


def test_one_number_alone_takes_no_other_from_an_earlier_reading(site: Site, robin: str) -> None:
    reference = sent(site, **HIGH)
    measure(site, robin, reference, **PRESSURE)
    measure(site, robin, reference, measured_systolic=130)
    facts = case_of(site, reference).facts
    assert (facts.value("systolic"), facts.value("diastolic")) == (148, 84)
    assert "bp-unknown" in [f.rule for f in case_of(site, reference).known.assessment.findings]


@pytest.mark.parametrize(
    "answers",
    [{"measured_systolic": 400}, {"spo2": "95"}, {"bp_systolic": 120}, {"capacity": "maybe"}],
)
def test_what_the_engine_refuses_is_refused(
    site: Site, robin: str, answers: dict[str, Any]
) -> None:
    reference = sent(site)
    with pytest.raises(Refused):
        examine.measure(site.office, robin, reference, answers)
    assert kinds(site, reference) == []


# Corrected


def test_a_correction_keeps_what_was_sent_who_corrected_it_and_why(site: Site, robin: str) -> None:
    reference = sent(site, feels_pushed="yes")
    done = amend(site, robin, reference, "feels_pushed", "no")
    assert (done.before.outcome, done.after.outcome) == ("clearance", "candidate")
    opened = review.open_record(site.office, robin, reference)
    assert opened
    (row,) = (
        row for p in opened.record.sections for row in p.rows if row.question == "feels_pushed"
    )
    assert (row.text, row.was, row.by, row.reason) == ("No", "Yes", "Robin Okafor", PHONE)
    assert [change.lines for change in opened.record.changes] == [
        (("Feels pressured into treatment", "Yes", "No"),)
    ]
    assert site.submissions()[0].document["answers"]["feels_pushed"] == "yes"


def test_an_answer_to_what_is_no_longer_asked_is_not_used(site: Site, robin: str) -> None:
    reference = sent(site, **HIGH)
    amend(site, robin, reference, "bp_known", "no")
    case = case_of(site, reference)
    assert "bp_systolic" not in examine.correctable(case)
    rules = [finding.rule for finding in case.known.assessment.findings]
    assert "bp-elevated" not in rules
    assert "bp-unknown" in rules
    opened = review.open_record(site.office, robin, reference)
    assert opened
    (row,) = (
        row for p in opened.record.sections for row in p.rows if row.question == "bp_systolic"
    )
    assert (row.state, row.was, row.by) == ("not-asked", "148 mmHg", "")


def test_what_is_asked_anew_is_unknown_until_it_is_answered(site: Site, robin: str) -> None:
    reference = sent(site, bp_known="no", bp_systolic=None, bp_diastolic=None)
    amend(site, robin, reference, "bp_known", "yes")
    unknown = {f.rule for f in case_of(site, reference).known.assessment.findings}
    assert "bp-elevated" in unknown
    amend(site, robin, reference, "bp_systolic", 118)
    amend(site, robin, reference, "bp_diastolic", 76)
    assert case_of(site, reference).known.assessment.outcome == "candidate"


def test_an_answer_can_be_taken_away_and_is_then_unknown(site: Site, robin: str) -> None:
    reference = sent(site)
    done = amend(site, robin, reference, "escort", None)
    assert ("escort-none", "unknown") in [(f.rule, f.status) for f in done.after.findings]


@pytest.mark.parametrize("name", ["consent_screening", "signature_name", "language", "spo2", "x"])
def test_nobody_corrects_consent_signature_or_what_is_not_there(
    site: Site, robin: str, name: str
) -> None:
    reference = sent(site)
    correction = Correction(name, True, PHONE)
    assert examine.amend(site.office, robin, reference, correction, seen=0) is None
    assert kinds(site, reference) == []


def test_an_answer_that_others_are_bound_to_is_judged_with_them(site: Site, robin: str) -> None:
    reference = sent(site, **HIGH)
    with pytest.raises(Refused) as refused:
        amend(site, robin, reference, "bp_systolic", 80)
    assert [problem.question for problem in refused.value.problems] == ["bp_diastolic"]
    with pytest.raises(Unchanged):
        amend(site, robin, reference, "bp_systolic", 148)


def test_the_second_of_two_corrections_is_refused_and_another_answer_is_not(
    site: Site, robin: str
) -> None:
    reference = sent(site, feels_pushed="yes")
    amend(site, robin, reference, "feels_pushed", "no")
    with pytest.raises(Stale):
        examine.amend(
            site.office, robin, reference, Correction("feels_pushed", None, PHONE), seen=0
        )
    other = Correction("escort", "no", PHONE)
    assert examine.amend(site.office, robin, reference, other, seen=0)
    assert kinds(site, reference) == [AMENDED, AMENDED]


# Talked about, noted


def test_a_question_for_the_visit_is_ticked_off_once(site: Site, robin: str) -> None:
    reference = sent(site, gad7_3="discuss")
    assert examine.talk(site.office, robin, reference, "gad7_3")
    assert examine.talk(site.office, robin, reference, "gad7_3")
    assert not examine.talk(site.office, robin, reference, "gad7_4")
    assert kinds(site, reference) == [RAISED]


def test_what_was_told_in_person_is_an_answer_and_a_tick(site: Site, robin: str) -> None:
    reference = sent(site, gad7_3="discuss")
    correction = Correction("gad7_3", 2, "In person", talked=True)
    assert examine.amend(site.office, robin, reference, correction, seen=0)
    assert kinds(site, reference) == [AMENDED, RAISED]
    assert case_of(site, reference).known.answers["gad7_3"] == 2


def test_every_entry_has_its_audit_row_and_no_words_in_it(site: Site, robin: str) -> None:
    reference = sent(site, gad7_3="discuss", **HIGH)
    measure(site, robin, reference, **PRESSURE)
    amend(site, robin, reference, "escort", "no")
    examine.talk(site.office, robin, reference, "gad7_3")
    examine.note(site.office, robin, reference, "A note with canary words")
    assert [a for a in site.actions() if a.startswith("chart.")] == [
        f"chart.{kind}" for kind in (MEASURED, AMENDED, RAISED, NOTE)
    ]


# The PDF


def test_a_new_summary_is_made_after_a_change_and_the_old_one_stays(
    site: Site, robin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(
        "screening.tasks.pdf.render", lambda html, paper: made.append(html) or html.encode()
    )
    reference = sent(site, **HIGH)
    make_pdf(site.office, reference, "letter")
    examine.note(site.office, robin, reference, "canary in a note")
    make_pdf(site.office, reference, "letter")
    assert len(made) == 1  # a note changes nothing on it
    measure(site, robin, reference, **PRESSURE)
    found = review.pdf(site.office, robin, reference, "letter")
    assert found
    assert found.content is None
    make_pdf(site.office, reference, "letter")
    assert len(made) == 2
    for words in ("190 mmHg", "148 mmHg", "Robin Okafor", "Clearance needed"):
        assert words in made[1], words
    assert "canary" not in made[1]
    (submission,) = site.submissions()
    with site.office.database.read() as conn:
        old = submissions.read_document(
            conn, site.office.vault, submission, kind="pdf", paper="letter"
        )
        key = review.paper_key("letter", chart.entries_of(conn, site.office, submission.intake_id))
    assert old == made[0].encode()
    assert key == "letter-2"


def test_the_patients_copy_stays_as_sent(
    site: Site, robin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(
        "screening.tasks.pdf.render", lambda html, paper: made.append(html) or html.encode()
    )
    reference = sent(site, **HIGH)
    measure(site, robin, reference, **PRESSURE)
    amend(site, robin, reference, "escort", "no")
    examine.note(site.office, robin, reference, "canary in a note")
    make_copy(site.office, reference, "letter", "en")
    assert "148" in made[0]
    for words in ("190", "Robin", "canary", PHONE):
        assert words not in made[0], words
