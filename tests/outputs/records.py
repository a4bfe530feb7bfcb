"""Records built by hand, of people who do not exist, for the tests of the outputs."""

# ruff: noqa: E501  a finding or a trial a line

from dataclasses import replace
from datetime import UTC, date, datetime

from screening.assessment.results import Assessment, Finding, Maudsley, Treatment, Trial
from screening.history import TrialRow
from screening.questionnaire.definition import Questionnaire
from screening.record import (
    Cell,
    FindingRow,
    IndicationRow,
    Record,
    Row,
    ScoreRow,
    SectionRows,
)

SUBMITTED = datetime(2026, 11, 12, 9, 41, tzinfo=UTC)

QUESTIONNAIRE = Questionnaire.model_construct(
    version="2026-1", sections=(), content_hash="0123456789abcdef"
)

NO_TREATMENT = Treatment(0, 0, 0, 0, 0, 0, 0, 0, None, ())


def row(question: str, label: str, text: str = "", **values) -> Row:
    """One row; answered when it has a text, otherwise in the state that is given."""
    state = values.pop("state", "answered")
    kind = values.pop("kind", "choice")
    return Row(question, label, kind, state, values.pop("value", text or None), text, **values)


def cells(*pairs: tuple[str, str]) -> tuple[Cell, ...]:
    return tuple(Cell(label.lower().replace(" ", "_"), label, text) for label, text in pairs)


def finding(kind: str, rule: str, says: str, *read: tuple[str, str], status: str = "met"):
    """A finding of a kind with a sentence, the answers it read, and one source."""
    return FindingRow(
        Finding(rule, kind, status, dict(read)),
        kind,
        says,
        f"Why {rule} matters, in one sentence.",
        f"a letter about {rule}" if kind == "clear" else "",
        read,
        (f"Source of {rule}. Journal of Examples 2024;12:34-56.",),
    )


def tiny() -> Record:
    """Three sections, one row of each state, no findings, no scores, no trials."""
    about = (
        row("first_name", "First name", "Ana María", kind="text", own_words=True),
        row("height_in", "Height", "64 in", kind="decimal"),
        row("access_needs", "Access needs", state="not-answered", kind="text"),
    )
    story = (
        row(
            "story",
            "In their own words",
            "I can't sleep.\nMi niña me dice: «descansa» 🙂",
            kind="longtext",
            own_words=True,
        ),
        row("trauma_detail", "What happened", state="discuss", kind="longtext"),
        row(
            "episode_months",
            "Length of this episode",
            "Not sure",
            state="unsure",
            kind="integer",
        ),
    )
    drinking = (
        row("drinks", "Drinks in a week", "0 drinks", kind="integer", privacy="part2"),
        row("last_drink", "Last drink", state="not-asked", privacy="part2"),
        row(
            "medications",
            "Current medicines",
            "1 medicine",
            kind="group",
            cells=(cells(("Medicine", "sertraline"), ("Dose", "100 mg"), ("Taken", "")),),
        ),
    )
    sections = (
        SectionRows("about", "About the patient", about),
        SectionRows("story", "The story", story),
        SectionRows("use", "Substances and medicines", drinking),
    )
    return Record(
        reference="KQ7F-3M2P",
        submitted_at=SUBMITTED,
        name="Ana María O'Neill",
        preferred_name="Ani",
        date_of_birth=date(1985, 3, 4),
        age=41,
        language="es",
        main_concern="Depression",
        filled_in_by="",
        answers={},
        assessment=Assessment("candidate", (), (), {"depression": "met"}, None, "2026-1"),
        questionnaire=QUESTIONNAIRE,
        sections=sections,
        findings=(),
        unknowns=(),
        scores=(),
        trials=(),
        outcome="Candidate for review",
        indications=(IndicationRow("Depression", "met", (("PHQ-9 total", "17"),)),),
    )


def with_findings(record: Record, outcome: str, words: str, *rows: FindingRow) -> Record:
    """The record with these findings; unknown ones are grouped by the first label they read."""
    met = tuple(r for r in rows if r.finding.status == "met")
    groups: dict[str, list[FindingRow]] = {}
    for item in rows:
        if item.finding.status == "unknown":
            groups.setdefault(item.read[0][0], []).append(item)
    assessment = replace(
        record.assessment, outcome=outcome, findings=tuple(r.finding for r in rows)
    )
    return replace(
        record,
        outcome=words,
        assessment=assessment,
        findings=met,
        unknowns=tuple((label, tuple(items)) for label, items in groups.items()),
    )


def score(name: str, total: str, highest: str, band: str, cut: float | None = None) -> ScoreRow:
    fraction = float(total) / float(highest) if total else None
    status = "complete" if total else "incomplete"
    attribution = f"{name}: reproduced with the permission of its authors."
    return ScoreRow(name.lower(), name, total, highest, band, status, fraction, cut, attribution)


SCORES = (
    score("PHQ-9", "17", "27", "Moderately severe", 10 / 27),
    score("GAD-7", "11", "21", "Moderate", 10 / 21),
    score("PCL-5", "", "80", "Not enough answers", 31 / 80),
    score("AUDIT-C", "2", "12", "Below the cut-off", 3 / 12),
)

TAKEN = ("still taken",)
FAILED = ("failed", "adequate trial, under 50 % better")
TRIAL_ROWS = tuple(
    TrialRow(drug, counted, dose, weeks, improvement, episode, added_to, *verdict, "50 mg", TAKEN)
    for drug, counted, dose, weeks, improvement, episode, added_to, *verdict in (
        ("Zoloft", "sertraline (SSRI)", "150 mg", "12", "None (0 to 24%)", "Yes", "", *FAILED),
        ("venlafaxine", "venlafaxine (SNRI)", "225 mg", "10", "Some (25 to 49%)", "Yes", "", *FAILED),
        ("Abilify", "aripiprazole", "5 mg", "6", "None (0 to 24%)", "Yes", "venlafaxine", *FAILED),
        ("bupropion", "bupropion (NDRI)", "not given", "5", "Not sure", "Not sure", "", "unknown", "dose, time, benefit or regular use not known: records needed"),
        ("Lexapro", "escitalopram (SSRI)", "20 mg", "2", "None (0 to 24%)", "No", "", "intolerant", "stopped early for side effects"),
        ("mirtazapine", "mirtazapine (NaSSA)", "7.5 mg", "30", "Some (25 to 49%)", "No", "", "dose-low", "highest dose under the adequate minimum"),
    )
)  # fmt: skip


def with_trials(record: Record, count: int, trd: str) -> Record:
    """The record with scores and the first trials of the list above."""
    trials = tuple(
        Trial(r.drug, r.counted_as, None, r.verdict, bool(r.added_to), r.episode == "Yes")
        for r in TRIAL_ROWS[:count]
    )
    parts = {"duration": 2, "severity": 3, "failed": 1, "augmentation": 1, "ect": 0}
    stage = Maudsley(7, "moderate", parts)
    treatment = Treatment(count, 2, 2, 1, 3, 1, 1, 2, trd, trials, stage)
    assessment = replace(record.assessment, treatment=treatment)
    return replace(record, assessment=assessment, trials=TRIAL_ROWS[:count], scores=SCORES)


TOPICS = (
    "Welcome and consent", "Right now", "About the patient", "Reason for coming", "Mood",
    "Anxiety", "Trauma", "Pain", "Safety", "Psychiatric history", "Prior treatments",
    "Medicines", "Heart", "Brain and eyes", "Lungs and airway", "Body", "Pregnancy", "Substances",
    "Support", "Care team",
)  # fmt: skip
SUBJECTS = (
    "Chest pain in the last 24 hours", "Systolic blood pressure", "Heart failure",
    "Stroke, mini-stroke or bleeding in the brain", "Feeling down, depressed or hopeless",
    "Snoring, seen to stop breathing, or tired by day", "Seizure in the last 12 months",
    "Who makes the patient's medical decisions", "Drinks containing alcohol on a typical day",
    "A responsible adult to take the patient home", "Prior ketamine or esketamine",
)  # fmt: skip
REPLIES = (
    "No", "Yes", "No, not that the patient knows of", "148 mmHg", "More than half the days",
    "Depression, anxiety, chronic pain", "Not at all", "About 8 months", "Once a month or less",
)  # fmt: skip
OWN_WORDS = (
    "It started after my father died. I can't get out of bed most mornings, and I don't answer "
    "the phone.\nMy sister says I'm not the same person.\n\nQuiero estar bien para mi hija."
)


def _filler(number: int, topic: str) -> Row:
    label = SUBJECTS[number % len(SUBJECTS)]
    if number % 31 == 7:
        return row(f"q{number}", label, state="discuss")
    if number % 23 == 5:
        return row(f"q{number}", label, state="not-answered")
    if number % 10 in (3, 6, 9):
        return row(f"q{number}", label, state="not-asked")
    if number % 29 == 4:
        return row(f"q{number}", label, "Not sure", state="unsure")
    if number % 40 == 17:
        return row(
            f"q{number}",
            "In their own words",
            OWN_WORDS,
            kind="longtext",
            own_words=True,
        )
    privacy = "part2" if topic == "Substances" else None
    return row(f"q{number}", label, REPLIES[number % len(REPLIES)], privacy=privacy)


MEDICINES = row(
    "medications",
    "Current medicines",
    "3 medicines",
    kind="group",
    cells=tuple(
        cells(
            ("Medicine", name),
            ("Dose", dose),
            ("How often", often),
            ("Last taken", "Today"),
        )
        for name, dose, often in (
            ("sertraline", "150 mg", "Every morning"),
            ("lisinopril", "10 mg", "Every morning"),
            ("lorazepam (Ativan)", "0.5 mg", "As needed, about twice a week"),
        )
    ),
)
ALLERGIES = row(
    "allergies",
    "Allergies",
    "1 allergy",
    kind="group",
    cells=(cells(("Allergen", "penicillin"), ("Reaction", "hives")),),
)
VITALS = (
    row("height_in", "Height", "64 in", kind="decimal"),
    row("weight_lb", "Weight", "172 lb", kind="decimal"),
    row("bp_systolic", "Systolic blood pressure", "148 mmHg", kind="integer", value=148),
    row("bp_diastolic", "Diastolic blood pressure", "92 mmHg", kind="integer", value=92),
)


def full(count: int = 215) -> Record:
    """Twenty sections of `count` questions, three in ten not asked, three trials, no findings."""
    each = count // len(TOPICS)
    sections = [
        SectionRows(f"s{n}", topic, tuple(_filler(n * each + i, topic) for i in range(each)))
        for n, topic in enumerate(TOPICS)
    ]
    extra = {"Medicines": (MEDICINES, ALLERGIES), "Body": VITALS}
    sections = [replace(s, rows=s.rows + extra.get(s.label, ())) for s in sections]
    base = replace(tiny(), sections=tuple(sections))
    return with_trials(base, 3, "met")


SYSTOLIC = ("Systolic blood pressure", "148 mmHg")
ORDINARY_FINDINGS = (
    finding("clear", "bp-elevated", "Blood pressure is 140/90 or higher: recheck, and treat first if it stays there.", SYSTOLIC, ("Diastolic blood pressure", "92 mmHg")),
    finding("clear", "sleep-apnea", "Sleep apnea is likely (STOP-BANG ≥ 3): airway plan before sedation.", ("Snoring", "Yes"), ("Seen to stop breathing", "Yes")),
    finding("clear", "med-benzodiazepine", "Takes a benzodiazepine: may blunt the effect; agree on the timing of doses.", ("Current medicines", "lorazepam (Ativan)")),
    finding("caution", "escort", "Nobody yet to take the patient home.", ("A responsible adult", "No")),
    finding("caution", "motion-sickness", "Prone to motion sickness: antiemetic at hand.", ("Motion sickness", "Yes")),
    finding("clear", "aneurysm", "An aneurysm has not been ruled out.", ("Aneurysm or vessel malformation", "Not sure"), status="unknown"),
    finding("caution", "qt", "Long QT has not been ruled out.", ("Heart rhythm", "Not answered"), status="unknown"),
)  # fmt: skip
HEAVY_FINDINGS = (
    finding("urgent", "suicide-plan", "Thoughts of suicide with a plan or intent in the last month: same-day risk assessment.", ("C-SSRS 4, intent to act", "Yes"), ("C-SSRS 5, plan worked out", "Yes")),
    finding("urgent", "chest-pain-now", "Chest pain that is new today: emergency care first.", ("New today", "Yes"), ("Chest pain in the last 24 hours", "Chest pain, breathlessness")),
    finding("exclude", "psychosis-now", "Psychotic symptoms now: ketamine may worsen them.", ("Hearing or seeing what others do not", "Yes")),
    finding("exclude", "bp-crisis", "Blood pressure is 180/120 or higher.", ("Systolic blood pressure", "184 mmHg"), ("Diastolic blood pressure", "121 mmHg")),
    *ORDINARY_FINDINGS[:3],
    finding("clear", "liver", "Liver tests were raised: repeat before treatment, and during a course.", ("Liver conditions", "Raised liver tests")),
    finding("clear", "glaucoma", "Eye pressure: ask the ophthalmologist.", ("Eye conditions", "Angle-closure glaucoma")),
    *ORDINARY_FINDINGS[3:5],
    finding("caution", "age-65-74", "Age 65 to 74: lower starting dose, longer watch.", ("Age", "67")),
    *ORDINARY_FINDINGS[5:],
    finding("clear", "cavernoma", "A vessel malformation has not been ruled out.", ("Aneurysm or vessel malformation", "Not sure"), status="unknown"),
)  # fmt: skip


def ordinary() -> Record:
    """What most physicians see on most days: three things to clear, two cautions, two unknowns."""
    return with_findings(full(), "clearance", "Clearance needed", *ORDINARY_FINDINGS)


def heavy() -> Record:
    """Twelve findings, three unknown ones, six trials, 215 rows."""
    record = with_findings(full(), "urgent", "Urgent: act now", *HEAVY_FINDINGS)
    return with_trials(record, 6, "met")


def calm() -> Record:
    """No finding at all and nothing unknown."""
    return with_trials(full(80), 2, "not-shown")
