"""What the parts of the physician's summary say, on the page before it is a PDF."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import Tag

from screening.assessment.outcome import assess
from screening.outputs.pdf import summary_html
from screening.outputs.pdf_parts import strip, trials_counted, who_says_so
from screening.questionnaire.loader import check_in
from screening.record import Record, build_record
from tests.builders import TODAY, medicine_row, person, returning, trial_row
from tests.outputs import patients, records
from tests.outputs.patients import record_of

MADE = datetime(2026, 11, 12, 10, 5, tzinfo=UTC)


def page(record: Record) -> BeautifulSoup:
    html = summary_html(record, paper="letter", clinic="Riverside Clinic", made_at=MADE)
    return BeautifulSoup(html, "html.parser")


def words(tag: Tag) -> str:
    return " ".join(tag.get_text(" ", strip=True).split())


def under(soup: BeautifulSoup, title: str) -> str:
    """What stands under the first heading of this text, up to the next heading."""
    heading = next(h for h in soup.select("h1, h2") if words(h) == title)
    found = []
    for tag in heading.find_next_siblings():
        if tag.name in ("h1", "h2"):
            break
        found.append(words(tag))
    return " ".join(found)


def titles(soup: BeautifulSoup) -> list[str]:
    return [words(heading) for heading in soup.select("h2")]


# Page one


def test_what_is_to_be_cleared_says_what_would_settle_it() -> None:
    listed = under(page(record_of(person(bp_systolic=148, bp_diastolic=84))), "To clear first")
    assert "Systolic pressure: 148" in listed
    assert (
        "Settled by repeat blood pressure, seated and at rest, at or below 140/90 mm Hg" in listed
    )


def test_an_excluding_answer_stands_with_threshold_reason_source_and_what_settles_it() -> None:
    flag = under(page(record_of(person(bp_systolic=164))), "Urgent and excluding answers")
    for part in (
        "Excludes", "160 systolic or 100 diastolic", "Excludes Systolic pressure: 164",
        "Settled by repeat blood pressure on another day", "Late-life IV ketamine trial protocol",
    ):  # fmt: skip
        assert part in flag


def test_nothing_met_is_never_said_without_what_is_not_decided() -> None:
    record = record_of(person(violence_now="discuss", glaucoma="unsure"))
    told = {name: (number, more) for name, number, more in strip(record)}
    assert told["Urgent"] == ("0", "and 1 not decided")
    assert told["Excludes"] == ("0", "and 1 not decided")
    assert told["Unknown"] == ("2", "questions")


def test_the_unknown_that_would_be_gravest_stands_first() -> None:
    record = record_of(
        person(
            glaucoma="unsure",
            hard_to_cannulate="unsure",
            psychosis_now="discuss",
            pcptsd5_gate="discuss",
        )
    )
    unknown = under(page(record), "Unknown, not ruled out")
    order = ("would be urgent", "would exclude", "caution", "Wants to talk in person")
    places = [unknown.index(part) for part in order]
    assert places == sorted(places)


def test_the_failed_trials_are_counted_both_ways_and_unknown_is_said() -> None:
    four_weeks = trial_row("sertraline", 100, 5)
    record = record_of(person(antidepressant_trials=[four_weeks, trial_row("bupropion", 300, 8)]))
    assert trials_counted(record) == (
        "1 by the strict count (6 weeks or more), 2 by the lenient count (4 weeks or more)"
    )
    assert "possible, records needed" in words(page(record).select_one(".outcome"))
    open_question = record_of(person(antidepressant_trials=None))
    assert trials_counted(open_question).startswith("unknown")


def test_resistance_is_not_computed_for_bipolar_depression() -> None:
    box = page(patients.example_record("bipolar-depression")).select_one(".outcome")
    assert "not computed; bipolar depression, physician to judge" in words(box)
    assert "Maudsley" not in words(box)


def test_what_speaks_for_treatment_names_its_score() -> None:
    box = words(page(record_of(person())).select_one(".outcome"))
    assert "Speaks for treatment: Depression, criterion met (PHQ-9 total: 17)" in box
    low = record_of(person(**{f"phq9_{item}": 0 for item in range(1, 10)}))
    assert "Sought: Depression, criterion not met" in words(page(low).select_one(".outcome"))


def test_whose_answers_these_are_is_said_once() -> None:
    patient, proxy = records.tiny(), replace(records.tiny(), filled_in_by="Pat, parent")
    assert "what the patient said on November 12, 2026, 9:41 AM" in who_says_so(patient)
    assert "what Pat, parent, for the patient, said" in who_says_so(proxy)
    assert "Staff had entered nothing" in who_says_so(patient)


def test_what_staff_entered_is_marked_with_who_and_when() -> None:
    record = record_of(person())
    clinician = record.sections[-1]
    at = datetime(2026, 11, 13, 14, 5, tzinfo=UTC)
    rate = next(row for row in clinician.rows if row.question == "heart_rate")
    entered = replace(rate, state="answered", value=72, text="72 per minute", by="Dr. Vale", at=at)
    rows = tuple(entered if row is rate else row for row in clinician.rows)
    record = replace(record, sections=(*record.sections[:-1], replace(clinician, rows=rows)))
    assert "Staff: Dr. Vale, November 13, 2026, 2:05 PM" in under(page(record), clinician.label)
    assert "What staff entered is marked" in who_says_so(record)
    assert "Heart rate" not in under(page(record_of(person())), clinician.label).split(":")[0]


def test_a_finding_that_rests_on_staff_says_so() -> None:
    measured = {"measured_systolic": 164, "measured_diastolic": 88}
    flag = under(page(record_of(person(**measured))), "Urgent and excluding answers")
    assert "Systolic pressure (staff): 164" in flag
    one = under(
        page(record_of(person(bp_systolic=164, measured_systolic=150))),
        "Urgent and excluding answers",
    )
    assert "Systolic pressure: 164" in one


def test_a_long_list_is_cut_on_page_one_only() -> None:
    soup = page(patients.longest())
    at_hand = words(soup.select_one(".glance"))
    assert "and 32 more" in at_hand
    assert "and 12 more" in at_hand
    assert len(at_hand) < 2000
    assert len(soup.select(".medicines tbody tr")) == 40


def test_page_one_says_what_each_trial_came_to_and_why_a_count_is_low() -> None:
    rows = [
        trial_row("sertraline", 25, 9),
        trial_row("Zoloft", 100, None, this_episode="no"),
        trial_row("quetiapine", None, 9),
        trial_row("fluoxetine", 40, 9, this_episode="unsure", added_to="lithium"),
        trial_row("something for sleep, the blue one, I forget", 5, None, this_episode="no"),
    ]
    record = record_of(person(antidepressant_trials=rows))
    trials = words(page(record).select(".glance")[1])
    assert "dose low: sertraline 25 mg, 9 weeks;" in trials
    assert "unknown: Zoloft 100 mg, weeks not given, this episode: No;" in trials
    assert "fluoxetine 40 mg, 9 weeks, this episode: I’m not sure, added to lithium;" in trials
    assert "not antidepressant: quetiapine dose not given, 9 weeks;" in trials
    assert "something for sleep, the blue… 5 mg, weeks not given, this episode: No" in trials
    assert len(page(record_of(person(antidepressant_trials=[]))).select(".glance")) == 1


def test_page_one_says_that_a_dose_is_missing() -> None:
    typed = [
        medicine_row("Klonopin"),
        medicine_row("Bupropion XL 300 mg"),
        medicine_row("sertraline") | {"dose": "50 mg"},
    ]
    at_hand = words(page(record_of(person(medications=typed))).select_one(".glance"))
    assert "Klonopin (dose not given); Bupropion XL 300 mg; sertraline 50 mg" in at_hand
    assert at_hand.count("not given") == 1


def test_page_one_takes_no_dose_for_another() -> None:
    typed = [medicine_row("Lamotrigine 150 mg") | {"dose": "50 mg"}]
    still = [trial_row("sertraline", 200, 9, still_taking="yes")]
    record = record_of(person(medications=typed, antidepressant_trials=still))
    at_hand = words(page(record).select_one(".glance"))
    assert "Lamotrigine 150 mg 50 mg; sertraline (still taken)" in at_hand


def test_the_reasons_move_to_page_two_when_page_one_is_full() -> None:
    assert "Why each finding was raised" not in titles(page(record_of(person(bp_systolic=148))))
    assert "Why each finding was raised" in titles(page(patients.full_of_unknowns()))


def test_a_bar_says_its_score_and_cut_off_aloud() -> None:
    soup = page(record_of(person()))
    said = [bar.title.get_text() for bar in soup.select("svg")]
    assert "PHQ-9 score 17 of 27: moderately severe, at or above the cut-off of 10" in said
    assert "GAD-7 score 7 of 21: mild, below the cut-off of 10" in said


# Behind page one


def trials_told(*rows: dict[str, Any]) -> list[str]:
    soup = page(record_of(person(antidepressant_trials=list(rows))))
    return [words(row) for row in soup.select(".trials tbody tr")]


def test_a_trial_shows_the_dose_beside_the_adequate_one_and_what_bears_on_it() -> None:
    low, added = trials_told(
        trial_row("sertraline", 25, 9, most_days="no", stopped_for_side_effects="yes"),
        trial_row("aripiprazole", 5, 6, added_to="sertraline"),
    )
    assert "25 mg from 50 mg 9" in low
    assert "not taken on most days; stopped for side effects" in low
    assert "Dose low" in low
    assert "5 mg 6" in added  # the dose of an augmentation is not judged


def test_a_table_of_one_has_no_row_to_tell_apart() -> None:
    soup = page(record_of(person(antidepressant_trials=[trial_row("sertraline", 50, 9)])))
    assert not soup.select(".trials tbody th")
    assert all(head["scope"] in ("col", "row") for head in soup.select("th"))


def medicines_told(**changes: Any) -> list[str]:
    soup = page(record_of(person(takes_medications="yes", **changes)))
    return [words(row) for row in soup.select(".medicines tbody tr")]


def test_a_medicine_shows_its_flags_and_note_in_words() -> None:
    opioid, unknown, past = medicines_told(
        medications=[
            medicine_row("Percocet") | {"dose": "5 mg", "frequency": "at night"},
            medicine_row("vitamin Q"),
            medicine_row("lorazepam", "longer"),
        ],
        antidepressant_trials=[],
    )
    assert opioid.startswith("Percocet 5 mg; at night last taken: today")
    assert "Caution. Opioid." in opioid
    assert "not in the table Look it up: nothing is known of it here." in unknown
    assert "not current: no rule reads it" in past


def test_what_the_table_notes_of_a_medicine_stands_back_behind_its_name() -> None:
    taken = [medicine_row("Percocet"), medicine_row("pregabalin")]
    shown = page(record_of(person(medications=taken)))
    box = words(shown.select_one(".outcome"))
    assert "Takes: opioid: Percocet; Takes: gabapentinoid: pregabalin" in box
    cautions = shown.find("h2", string="Cautions").find_next_sibling("ul")
    named, *_ = [item for item in cautions.select("i") if "Percocet" in item.get_text()]
    note = named.find("small")
    assert note.get_text().startswith(" (Profound sedation")
    assert note.get_text() not in "".join(named.find_all(string=True, recursive=False))


def test_a_trial_drug_still_taken_is_among_the_medicines_once() -> None:
    rows = [
        trial_row("Zoloft", 100, 9, still_taking="yes"),
        trial_row("lithium", 900, 9, still_taking="yes", added_to="Zoloft"),
    ]
    told = medicines_told(medications=[medicine_row("sertraline")], antidepressant_trials=rows)
    assert [line.split()[0] for line in told] == ["sertraline", "lithium"]
    assert "still taken, named among past treatments" in told[1]


def test_the_figures_are_in_both_systems_and_there_is_never_a_dose() -> None:
    record = record_of(person(weight_lb=150, height_in=65, bp_systolic=118, bp_diastolic=76))
    figures = under(page(record), "Figures that dosing needs")
    for figure in ("150 lb (68.0 kg)", "65 in (165 cm)", "BMI 24.9", "118/76"):
        assert figure in figures
    assert "Not yet measured or entered by staff: Systolic blood pressure, measured" in figures
    assert "mg/kg" not in page(record).get_text()


def test_a_check_in_is_drawn_without_a_history() -> None:
    answers = returning(bp_systolic=148)
    record = build_record(
        check_in(),
        answers,
        assess(check_in(), answers, date(2026, 11, 23)),
        as_of=TODAY,
        reference="KQ7F-3M2P",
        submitted_at=records.SUBMITTED,
    )
    soup = page(record)
    assert "Antidepressant trials" not in titles(soup)
    assert "Settled by repeat blood pressure" in under(soup, "To clear first")
    assert "trials failed" not in words(soup.select_one(".outcome"))


def test_the_patients_own_answer_leads_and_the_sentence_of_the_rule_follows() -> None:
    shown = page(record_of(person(vessel_conditions=["aneurysm"])))
    flag = words(shown.select_one(".flag h3"))
    assert flag == "Excludes Blood vessel conditions: Aneurysm"
    assert "Reported: Blood vessel conditions: Aneurysm" in words(shown.select_one(".outcome"))


def test_what_may_be_grave_stands_in_the_box_of_the_outcome_until_it_is_asked() -> None:
    box = words(page(record_of(person(psychosis_now="discuss"))).select_one(".outcome"))
    assert "Psychotic symptoms in the last 7 days (would be urgent)" in box
    assert "Nothing reported excludes treatment, but 3 questions are open." in box


def test_what_was_asked_and_denied_is_told_and_nothing_else() -> None:
    plain = record_of(person())
    assert "Glaucoma" in plain.denied
    assert "Psychotic symptoms in the last 7 days" in plain.denied
    for answer in ("unsure", "treated"):
        assert "Glaucoma" not in record_of(person(glaucoma=answer)).denied
    nothing = record_of({})
    assert nothing.denied == ()


def test_what_is_to_be_cleared_and_each_item_of_the_risk_screen_are_named() -> None:
    shown = page(record_of(person(bp_systolic=148, bp_diastolic=84)))
    assert "To clear first: Systolic pressure: 148; Diastolic pressure: 84" in words(
        shown.select_one(".outcome")
    )
    scores = words(shown.select_one("table.scores"))
    assert "1 no, 2 no, 3 not asked, 4 not asked, 5 not asked, 6 no, 6a not asked" in scores
