"""What the parts of the physician's summary show, drawn from a Record. Pure; decides nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from math import ceil
from re import escape, search, split

from .. import wording
from ..history import MedicineRow, TrialRow
from ..record import FindingRow, Record, Row, ScoreRow, SectionRows

CM_PER_INCH = 2.54
STATES = {
    "discuss": "Wants to talk in person",
    "unsure": "Not sure",
    "not-answered": "Not answered",
    "not-asked": "Not asked",
}
COUNTED = {
    "urgent": ("urgent finding", "urgent findings"),
    "exclude": ("that excludes", "that exclude"),
    "clear": ("to clear", "to clear"),
    "caution": ("caution", "cautions"),
}
REASONS = {
    "urgent": "An answer needs a person today",
    "excluded": "An answer speaks against treatment",
    "clearance": "Nothing reported excludes treatment, and something is to be cleared first",
    "candidate": "Nothing reported excludes treatment or is to be cleared first",
}
INDICATIONS = {"met": "criterion met", "not-met": "criterion not met", "unknown": "unknown"}
STRIP = (
    ("Urgent", "urgent"),
    ("Excludes", "exclude"),
    ("To clear", "clear"),
    ("Cautions", "caution"),
)
MAUDSLEY = {"failed": "failed trials", "ect": "ECT"}
# What a physician wants in hand before reading on, beside the medicines.
GLANCE = ("allergies", "height_in", "weight_lb")
PRESSURES = (
    ("Blood pressure, measured", "measured_systolic", "measured_diastolic"),
    ("Blood pressure, reported", "bp_systolic", "bp_diastolic"),
)
AT_A_GLANCE = 8
RED = ("urgent", "exclude")
WOULD = ("would be urgent", "would exclude")
NAMED, ANSWERS_NAMED = 6, 3  # in the box of the outcome: in all, of one finding
LINES, LETTERS = 58, 105  # of page one, of a line
SHORTENED = 60  # letters of what was typed, where it only reminds of the whole
# The figures that dosing is decided by (never a dose), after weight, height and BMI.
FOR_DOSING = (
    "sex_at_birth", "heart_rate", "spo2", "asa_class", "liver_conditions", "liver_tests_over_3x",
    "child_pugh", "kidney_bladder_conditions", "pregnant", "breastfeeding", "glp1_symptoms",
    "benzodiazepine_high", "opioid_mme", "ketamine_doses", "ketamine_response",
)  # fmt: skip
# What no rule reads, or not every patient is asked, and a visit has to be planned by.
FOR_THE_VISIT = (
    "allergies", "rescue_drug_allergy", "implants", "motion_sickness", "needle_fainting",
    "hard_to_cannulate", "access_needs", "interpreter_language", "escort", "can_fast",
    "can_attend_schedule", "firearm_or_means_access", "has_therapist", "in_therapy_or_willing",
)  # fmt: skip
HISTORY = "prior-treatments"  # the section beside whose trials the other treatments stand


def rows_of(record: Record) -> Iterator[Row]:
    return (row for section in record.sections for row in section.rows)


# Page one


def outcome_reason(record: Record) -> str:
    """Why the outcome is what it is, in one line: a sentence and the findings counted by kind."""
    met = Counter[str](finding.finding.kind for finding in record.findings)
    open_questions = len(record.unknowns)
    if record.assessment.outcome == "clearance" and not met["clear"]:
        questions = _counted(open_questions, "question is", "questions are")
        return f"Nothing reported excludes treatment, but {questions} open."
    counts = [_counted(met[kind], *COUNTED[kind]) for kind in COUNTED if met[kind]]
    if open_questions:
        counts.append(_counted(open_questions, "question open", "questions open"))
    if record.assessment.outcome == "candidate" and counts:
        return f"{REASONS['candidate']}; {', '.join(counts)} to weigh."
    return REASONS[record.assessment.outcome] + (f": {', '.join(counts)}." if counts else ".")


def answers_that(record: Record, *kinds: str) -> list[str]:
    """What was answered that is urgent, excludes or is to be cleared, in a few words each; the
    first of many."""
    found = (f for f in record.findings if f.finding.kind in kinds)
    told = [
        f"{label}: {_without_notes(words, record)}" if words else label
        for f in found
        for label, words in (f.read[:ANSWERS_NAMED] or [(f.says, "")])
    ]
    return _first_of(list(dict.fromkeys(told)))


def _without_notes(answer: str, record: Record) -> str:
    return "".join(words for words, noted in notes_apart(answer, record) if not noted)


def possibly_red(record: Record) -> list[str]:
    """The open questions that would be urgent or exclude, gravest first; the first of many."""
    found = [
        (min(RED.index(f.kind) for f in group if f.kind in RED), label)
        for label, group in record.unknowns
        if any(f.kind in RED for f in group)
    ]
    gravest = sorted(found, key=lambda one: one[0])
    return _first_of([f"{label} ({WOULD[rank]})" for rank, label in gravest])


def _first_of(told: list[str]) -> list[str]:
    more = len(told) - NAMED
    return [*told[:NAMED], f"and {more} more, below"] if more > 0 else told


def items_told(record: Record, score: ScoreRow) -> str:
    """Each item of an instrument without a total, by its own number: "1 yes, 6a not asked"."""
    rows = {row.question: row for row in rows_of(record)}
    items = [rows[q] for q in record.questionnaire.instrument[score.instrument].items if q in rows]
    told = ((row.question.rpartition("_")[2], STATES.get(row.state, row.text)) for row in items)
    return ", ".join(f"{number}\u00a0{words.lower()}" for number, words in told)  # kept on a line


def phone(record: Record) -> str:
    return next((row.text for row in rows_of(record) if row.question == "phone"), "")


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def room_on_page_one(record: Record) -> tuple[bool, bool]:
    """Is there room on page one to say why each finding was raised, and then for the sources?

    Counts lines roughly and errs on the short side; what has no room stands on page two.
    """
    findings = [*record.findings, *(f for _, group in record.unknowns for f in group)]
    lines = 22 + len(record.indications) + 1.3 * len(record.scores)
    lines += sum(_lines(f.says, f.settles, *(words for pair in f.read for words in pair))
                 for f in findings)  # fmt: skip
    lines += sum(2 + _lines(*f.sources) for f in record.findings if f.finding.kind in RED)
    lines += _lines(*in_person(record), medicines_in_one_line(record)) + _lines(*record.denied)
    lines += _lines(trials_in_one_line(record))
    lines += _lines(*answers_that(record, *RED)) + _lines(*possibly_red(record))
    lines += _lines(*answers_that(record, "clear"))
    with_why = lines + sum(_lines(f.why) for f in record.findings)
    with_sources = with_why + 2 + len(numbered_sources(record))
    return with_why <= LINES, with_sources <= LINES


def _lines(*texts: str) -> float:
    return 0.3 + ceil(sum(len(text) + 3 for text in texts) / LETTERS)


def strip(record: Record) -> list[tuple[str, str, str]]:
    """How much there is of each kind: (name, number, how many more are not decided).

    A kind of which nothing is met is "none" only where nothing is unknown of it.
    """
    met = Counter[str](finding.finding.kind for finding in record.findings)
    open_rules = Counter[str](f.kind for _, group in record.unknowns for f in group)
    kinds = [
        (
            name,
            str(met[kind] or ("0" if open_rules[kind] else "none")),
            f"and {open_rules[kind]} not decided" if open_rules[kind] else "",
        )
        for name, kind in STRIP
    ]
    questions = len(record.unknowns)
    return [*kinds, ("Unknown", str(questions or "none"), "questions" if questions > 1 else "")]


def trials_counted(record: Record) -> str:
    """The failed adequate trials by both counts, in words; "" where the form asks for none."""
    treatment = record.assessment.treatment
    if treatment is None:
        unknown = "unknown: the question about past medicines has no answer"
        return "" if record.is_check_in else unknown
    return (
        f"{treatment.strict_failed} by the strict count (6 weeks or more), "
        f"{treatment.lenient_failed} by the lenient count (4 weeks or more)"
    )


def who_says_so(record: Record) -> str:
    """Whose answers these are and when they were given: one statement for all that staff did not
    enter."""
    said = f"{wording.long_date(record.submitted_at)}, {clock_time(record)}"
    who = f"{record.filled_in_by}, for the patient," if record.filled_in_by else "the patient"
    entered = any(row.by for row in rows_of(record))
    staff = (
        "What staff entered is marked with who and when."
        if entered
        else "Staff had entered nothing when this was made."
    )
    return f"Every answer is what {who} said on {said}; nothing has been verified. {staff}"


def clock_time(record: Record) -> str:
    return f"{record.submitted_at.hour % 12 or 12}:{record.submitted_at:%M %p}"


def labels_of_staff(record: Record) -> set[str]:
    """What findings read of staff and not of the patient, by its label."""
    given = {row.question: row for row in rows_of(record) if row.by or row.of_staff}
    entered = {name: row for name, row in given.items() if row.state != "not-answered"}
    labels = {row.label for row in entered.values() if row.state != "not-asked"}
    if {"measured_systolic", "measured_diastolic"} <= entered.keys():
        labels |= {wording.DERIVED["systolic"], wording.DERIVED["diastolic"]}
    return labels


def notes_apart(answer: str, record: Record) -> list[tuple[str, bool]]:
    """An answer in pieces: (words, are they what the table notes of a medicine?).

    The notes are long, and beside them the names of the medicines are to stand out.
    """
    notes = dict.fromkeys(note for medicine in record.medicines for note in medicine.notes)
    if not notes:
        return [(answer, False)]
    pieces = split(f"( \\((?:{'|'.join(escape(note) for note in notes)})\\))", answer)
    return [(words, number % 2 == 1) for number, words in enumerate(pieces) if words]


def unknown_groups(record: Record) -> list[tuple[str, str, tuple[FindingRow, ...]]]:
    """(question, what was answered to it, the rules that it leaves open)."""
    return [(label, _answer_of(label, group), group) for label, group in record.unknowns]


def _answer_of(label: str, findings: tuple[FindingRow, ...]) -> str:
    """What was answered to the question of this label, as the findings read it."""
    return next((text for finding in findings for name, text in finding.read if name == label), "")


def in_person(record: Record) -> list[str]:
    """What the patient wants to talk about and no open finding names already."""
    named = {label for label, _ in record.unknowns}
    asked = (row.label for row in rows_of(record) if row.state == "discuss")
    return [label for label in dict.fromkeys(asked) if label not in named]


def glance(record: Record) -> list[tuple[str, str]]:
    rows = {row.question: row for row in rows_of(record)}
    found = [("Medicines", medicines_in_one_line(record))] if "medications" in rows else []
    asked = (rows[name] for name in GLANCE if name in rows and tells(rows[name]))
    found += [(row.label, in_one_line(row)) for row in asked]
    if record.bmi is not None:
        found.append(("BMI", wording.one_decimal(record.bmi)))
    return [*found, *pressures(rows)]


def pressures(rows: Mapping[str, Row]) -> list[tuple[str, str]]:
    """The blood pressure measured and the one reported, each in one; else whether one is known."""
    found = []
    for name, *halves in PRESSURES:
        pair = [rows[half] for half in halves if half in rows and tells(rows[half])]
        if pair:
            told = dict.fromkeys(in_one_line(row).split(" mmHg")[0] for row in pair)
            found.append((name, "/".join(told)))
    known = rows.get("bp_known")
    return found or ([(known.label, in_one_line(known))] if known and tells(known) else [])


def medicines_in_one_line(record: Record) -> str:
    row = next((row for row in rows_of(record) if row.question == "medications"), None)
    taken = [medicine for medicine in record.medicines if medicine.current]
    if row is None or not taken:
        return in_one_line(row) if row and row.state in ("discuss", "not-answered") else "none now"
    return _some([_named_with_dose(medicine) for medicine in taken])


def _named_with_dose(medicine: MedicineRow) -> str:
    """What is taken; that a dose is missing is said, unless the name may hold it."""
    if not medicine.listed:
        return f"{medicine.name} (still taken)"
    if medicine.dose:
        told = search(rf"(?<![\d.,]){escape(medicine.dose)}", medicine.name)
        return medicine.name if told else f"{medicine.name} {medicine.dose}"
    in_name = any(letter.isdigit() for letter in medicine.name)
    return medicine.name if in_name else f"{medicine.name or 'no name given'} (dose not given)"


def trials_in_one_line(record: Record) -> str:
    """The antidepressant trials, each verdict first; only a long name is cut short."""
    return _some([_verdict_first(trial) for trial in record.trials], longest=3 * SHORTENED)


def _verdict_first(trial: TrialRow) -> str:
    dose = trial.dose if trial.dose != wording.NOT_GIVEN else "dose not given"
    weeks = "weeks not given" if trial.weeks == wording.NOT_GIVEN else f"{trial.weeks} weeks"
    told = [f"{trial.verdict.replace('-', ' ')}: {_cut(trial.drug, SHORTENED // 2)} {dose}", weeks]
    if trial.episode != "Yes":
        told.append(f"this episode: {trial.episode}")
    if trial.added_to:
        told.append(f"added to {_cut(trial.added_to, SHORTENED // 2)}")
    return ", ".join(told)


def in_one_line(row: Row) -> str:
    if row.state in ("discuss", "not-answered"):
        return STATES[row.state].lower()
    if not row.cells:
        return row.text
    return _some([" ".join(c.text for c in cells[:2] if c.text) for cells in row.cells])


def _some(entries: list[str], longest: int = SHORTENED) -> str:
    """The first of a list, each cut short; how many there are beside them."""
    more = len(entries) - AT_A_GLANCE
    named = "; ".join(_cut(entry, longest) for entry in entries[:AT_A_GLANCE])
    return named + (f"; and {more} more" if more > 0 else "")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest].rstrip()}…"


# Behind page one


def other_treatments(record: Record) -> list[Row]:
    """What else was tried: the rows of the history that say something, but the list of trials."""
    rows = (row for section in record.sections if section.id == HISTORY for row in section.rows)
    return [row for row in rows if not row.cells and tells(row)]


def rows_named(record: Record, questions: Iterable[str]) -> list[Row]:
    """These questions' rows that say something, in this order."""
    rows = {row.question: row for row in rows_of(record)}
    return [rows[name] for name in questions if name in rows and tells(rows[name])]


def tells(row: Row) -> bool:
    """Is there anything to read in it? What is missing is; what was left empty by choice is not."""
    return row.state != "not-asked" and not (row.state == "not-answered" and row.optional)


def figures(record: Record) -> list[tuple[str, str]]:
    """Age, weight and height in both systems, BMI, blood pressure: (name, figure)."""
    rows = {row.question: row for row in rows_of(record)}
    found = [("Age", str(record.age) if record.age is not None else "unknown")]
    if "weight_lb" in rows:
        kilos = f" ({record.weight_kg:.1f} kg)" if record.weight_kg else ""
        found.append(("Weight", (in_one_line(rows["weight_lb"]) or "not given") + kilos))
    if "height_in" in rows:
        height = rows["height_in"]
        inches = height.value if isinstance(height.value, int | float) else None
        metric = f" ({inches * CM_PER_INCH:.0f} cm)" if inches else ""
        found.append(("Height", in_one_line(height) + metric))
    if record.bmi is not None:
        found.append(("BMI", wording.one_decimal(record.bmi)))
    return found + pressures(rows)


def not_measured(record: Record) -> list[str]:
    """What staff are to measure or check and have not entered."""
    return [row.label for row in rows_of(record) if row.of_staff and row.state == "not-answered"]


def numbered_sources(record: Record) -> dict[str, int]:
    """Every source once, numbered in the order in which the findings name them."""
    unknown = [finding for _, group in record.unknowns for finding in group]
    findings: list[FindingRow] = [*record.findings, *unknown]
    named = dict.fromkeys(source for finding in findings for source in finding.sources)
    return {source: number for number, source in enumerate(named, 1)}


# Every answer


def parted(section: SectionRows) -> tuple[SectionRows, list[Row], list[Row], list[Row], list[Row]]:
    """A section with its rows that say something, those left empty, not entered and not asked."""
    empty = [row for row in section.rows if row.state == "not-answered" and row.optional]
    staff = [row for row in section.rows if row.state == "not-answered" and row.of_staff]
    not_asked = [row for row in section.rows if row.state == "not-asked"]
    silent = {row.question for row in (*empty, *staff, *not_asked)}
    told = [row for row in section.rows if row.question not in silent]
    return section, told, [row for row in empty if not row.of_staff], staff, not_asked


def runs(rows: list[Row]) -> list[list[Row]]:
    """Short answers that follow one another, together; a table or a long answer by itself."""

    def alone(row: Row) -> str:
        return row.question if row.cells or row.kind == "longtext" else ""

    return [list(group) for _, group in groupby(rows, key=alone)]
