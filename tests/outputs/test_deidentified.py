"""A de-identified export: nothing that was planted in any field leaves, in any format."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import count
from typing import Any

import pyarrow.parquet
import pytest

from screening.assessment.facts import Facts
from screening.outputs.deidentified import SmallCell, deidentified, random_id, small_cells
from screening.outputs.deidentified_form import deidentified_form
from screening.outputs.dictionary import dictionary
from screening.outputs.formats import Format, OfKind, Sent
from screening.outputs.formats_known import FORMATS
from screening.outputs.zip3 import coarse_zip
from screening.questionnaire.conditions import names, parse
from screening.questionnaire.definition import Questionnaire
from screening.questionnaire.loader import RELEASED, check_in, current, load
from tests.builders import TODAY, page, person, question, returning, section, tiny
from tests.outputs.crowd import crowd, sent_of

PLANT = "Zqxj"  # begins everything that must not leave; no word of any language has it
ZIP, PHONE, SENT, AS_OF, DECIDED = "94107", "900-555", "2019-02-23", "2019-02-24", "2019-03-28"
FORMS = pytest.mark.parametrize("form", [load(folder) for folder in RELEASED], ids=lambda q: q.kind)
DAY = re.compile(r"\d{4}-?\d\d-?\d\d|\d\d/\d\d/\d{4}")


# Five hundred people with something planted wherever there is room


def planted(sent: Sent, number: int) -> Sent:
    answers = dict(sent.answers)
    for asked in sent.questionnaire.questions.values():
        answers[asked.id] = _planted(asked, number, answers.get(asked.id))
    answers = {name: answer for name, answer in answers.items() if answer is not None}
    assessment = json.loads(json.dumps(sent.assessment))
    for finding in assessment["findings"]:
        finding["reads"] |= {"date_of_birth": _born(number), "notes": f"{PLANT}{number}"}
    for trial in (assessment["treatment"] or {}).get("trials", []):
        trial |= {"typed": f"{PLANT} Zoloft", "drug": f"{PLANT}drug"}
    return replace(
        sent,
        reference=f"{PLANT[:4]}-{number:04}".upper(),
        sent_at=f"{SENT}T21:37:0{number % 10}-08:00",
        as_of=AS_OF,
        decided_at=f"{DECIDED}T08:14:00-08:00" if sent.decision else None,
        answers=answers | {"ssn": f"{PLANT}{number}", "photo": f"{PLANT}.jpg"},
        assessment=assessment
        | {"reason": f"{PLANT} moved to Fresno", "decided_by": f"Dr. {PLANT}"},
    )


def _planted(asked: Any, number: int, answer: Any) -> Any:
    told = f"{PLANT}{number} of {asked.id}, 12 Elm Street"
    by_kind = {
        "text": told,
        "longtext": told + "\nTake my own life. Call me.",
        "email": f"{PLANT}{number}@example.org",
        "phone": f"+1 {PHONE}-{number:04}",
        "zip": f"{ZIP}-{number:04}",
        "date": _born(number),
        "group": [
            {c.id: _cell(c, told, place) for c in asked.columns} for place in range(1 + number % 3)
        ],
    }
    if asked.kind in by_kind:
        return by_kind[asked.kind]
    wrong = {7: told, 8: [told], 9: {"note": told}}  # what no form lets in
    return wrong.get((number + len(asked.id)) % 40, answer)


def _cell(column: Any, told: str, place: int) -> Any:
    if column.kind == "text":
        return ("Zoloft for ", "", "my ")[place] + told
    return told if place else (column.options[0].id if column.options else 2)


def _born(number: int) -> str:
    return date(1924 + number % 80, 1 + number % 12, 1 + number % 28).isoformat()


@dataclass(frozen=True)
class Few:
    """A source of people who were made before."""

    people: tuple[Sent, ...]

    @cached_property
    def questionnaires(self) -> list[Questionnaire]:
        return list({id(sent.questionnaire): sent.questionnaire for sent in self.people}.values())

    @property
    def widths(self) -> dict[str, int]:
        return dict.fromkeys(("antidepressant_trials", "medications", "allergies"), 3)

    def __iter__(self) -> Iterator[Sent]:
        return iter(self.people)


@pytest.fixture(scope="module")
def full() -> Few:
    return Few(tuple(planted(sent, number) for number, sent in enumerate(crowd())))


@pytest.fixture(scope="module")
def source(full: Few) -> Few:
    """De-identified once for all formats."""
    numbers = count(1)
    return Few(tuple(deidentified(full, today=TODAY, ids=lambda: f"row{next(numbers):06}")))


def texts(file: bytes) -> Iterator[str]:
    """All that can be read in a file, whatever it is packed in."""
    if file.startswith(b"PAR1"):
        yield json.dumps(pyarrow.parquet.read_table(io.BytesIO(file)).to_pylist())
    if not file.startswith(b"PK"):
        yield file.decode("utf-8", "replace")
        return
    with zipfile.ZipFile(io.BytesIO(file)) as packed:
        for member in packed.infolist():
            yield member.filename
            yield from texts(packed.read(member))


def written(format_: Format, source: Any) -> Iterator[bytes]:
    """The files of an export: one a kind where that is how the format is written."""
    kinds = [OfKind(source, kind) for kind in ("intake", "check-in")]
    for part in kinds if format_.one_kind else [source]:
        out = io.BytesIO()
        format_.write(part, out)
        yield out.getvalue()


@pytest.mark.parametrize("id_", sorted(FORMATS))
def test_nothing_that_was_planted_is_in_any_format(id_: str, full: Few, source: Any) -> None:
    text = "\n".join(text for file in written(FORMATS[id_], source) for text in texts(file))
    lower = text.lower()
    kept_out = [PLANT, ZIP, PHONE, "Elm Street", "Fresno", "Take my own"]
    assert [word for word in kept_out if word.lower() in lower] == []
    days = {SENT, AS_OF, DECIDED, *(_born(number) for number in range(500))}
    compact = {day.replace("-", "") for day in days}
    american = {"{1}/{2}/{0}".format(*day.split("-")) for day in days}
    assert not (days | compact | american) & set(DAY.findall(text))
    # And it is a file with people in it.
    people = re.findall(r"row\d{6}", text) or re.findall(
        '"QuestionnaireResponse","id":"([^"]+)"', text
    )
    assert len(set(people)) == len(full.people)
    assert "sertraline" in text
    assert "941" in text


def test_the_dictionary_tells_what_is_there(source: Any) -> None:
    text = dictionary(*source.questionnaires).decode()
    assert "age_group" in text
    for told in ("empty where it would tell", "000 where 20,000", "generic name, or other"):
        assert told in text
    assert "a random id" in text
    assert "first_name" not in text
    assert "medications_n_dose" not in text


# The form that is left


@FORMS
def test_only_what_is_listed_counted_or_coarse_is_left(form: Questionnaire) -> None:
    left = deidentified_form(form)
    kinds = {q.id: q.kind for q in left.questions.values() if q.kind in ("text", "longtext", "zip")}
    assert kinds == {"zip_code": "text"}
    assert left.questions["date_of_birth"].kind == "integer"
    marked = {q.id for q in left.questions.values() if q.safe_harbor}
    assert marked - {"date_of_birth", "last_infusion"} == {"zip_code", "age_group"}
    cells = {(q.id, c.id) for q in left.questions.values() for c in q.columns if c.kind == "text"}
    typed = {("medications", "medicine")}
    if form.kind == "intake":
        trials = {("antidepressant_trials", "drug"), ("antidepressant_trials", "added_to")}
        typed |= trials | {("allergies", "allergen")}
    assert cells == typed


@FORMS
def test_what_is_left_speaks_of_nothing_that_is_gone(form: Questionnaire) -> None:
    left = deidentified_form(form)
    assert all(page.questions for page in left.pages.values())
    assert all(section.pages for section in left.sections)
    assert set(left.export_order) <= left.questions.keys()
    assert all({*i.items} <= left.questions.keys() for i in left.instruments)
    assert len(left.instruments) == len(form.instruments)
    for asked in left.questions.values():
        read = names(parse(asked.ask_if)) if asked.ask_if else ()
        owners = {name.partition(".")[0] for name in read} - {"age", "meds", "trials"}
        assert owners <= left.questions.keys() | left.instrument.keys()
        assert {asked.below, asked.one_of} - {None} <= left.questions.keys()


@FORMS
def test_nothing_of_the_whole_form_is_remembered(form: Questionnaire) -> None:
    assert {"first_name", "city"} <= form.questions.keys()  # worked out, and kept in the object
    left = deidentified_form(form)
    assert not {"first_name", "city", "treatment_goals"} & left.questions.keys()
    assert left.free_texts == ("zip_code",)
    assert left.content_hash != form.content_hash
    assert left.version == f"{form.version}-deidentified"


def test_a_question_with_a_mark_goes_whatever_its_kind() -> None:
    marked = (question("county", safe_harbor="geo"), question("badge", safe_harbor="name"))
    rest = (question("sleeps"), question("tired", ask_if="county == 'yes'"))
    left = deidentified_form(
        tiny(sections=(section("more", page("who", *marked), page("rest", *rest)),))
    )
    assert {"county", "badge"}.isdisjoint(left.questions)
    assert list(left.pages) == ["base", "rest"]
    assert left.questions["tired"].ask_if is None


# Rows


def row_of(today: date = TODAY, **changes: Any) -> Sent:
    """The row of the candidate with these answers."""
    few = Few((sent_of(current(), person(**changes)),))
    return next(iter(deidentified(few, today=today)))


@pytest.mark.parametrize(
    ("zip_code", "told"),
    [("10001", "100"), ("10001-0042", "100"), ("100010042", "100"), ("03601", "000"),
     ("03601-1234", "000"), ("00601", "006"), ("00907", "009"), ("05901", "000"),
     ("20500", "000"), ("36901", "000"), ("89002", "000"), ("09012", "000"), ("96910", "000"),
     ("00801", "000"), ("1000", None), ("100011", None), ("Zqxj", None), ("١٠٠٠١", None)],
)  # fmt: skip
def test_a_zip_code_keeps_three_digits_where_many_live(zip_code: str, told: str | None) -> None:
    assert coarse_zip(zip_code) == told
    assert row_of(zip_code=zip_code).answers.get("zip_code") == told


def test_no_prefix_of_the_two_lists_is_told() -> None:
    census_2000 = (
        "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878",
        "879", "884", "890", "893",
    )  # fmt: skip
    more_in_2020 = ("202", "204", "205", "369", "753", "772")
    assert {coarse_zip(f"{prefix}01") for prefix in (*census_2000, *more_in_2020)} == {"000"}


@pytest.mark.parametrize(
    ("born", "year", "group"),
    [("1937-01-01", 1937, "under-90"), ("1937-11-23", 1937, "under-90"),
     ("1936-11-23", None, "90-or-older"), ("1936-02-29", None, "90-or-older"),
     ("1936-12-31", None, "90-or-older"), ("1924-05-05", None, "90-or-older"),
     ("1988-02-29", 1988, "under-90")],
)  # fmt: skip
def test_who_reaches_90_this_year_has_no_year_of_birth(
    born: str, year: int | None, group: str
) -> None:
    answers = row_of(date_of_birth=born).answers
    assert (answers.get("date_of_birth"), answers["age_group"]) == (year, group)


def test_the_age_is_that_of_the_export_not_of_the_form() -> None:
    told = row_of(today=date(2034, 1, 1), date_of_birth="1944-06-01").answers
    assert "date_of_birth" not in told
    assert told["age_group"] == "90-or-older"


def test_no_number_counts_a_life_longer_than_89_years() -> None:
    at_most = {"head_injury_months_ago": 89 * 12, "clot_months_ago": 89 * 12 + 1}
    told = row_of(**at_most).answers
    assert told["head_injury_months_ago"] == 89 * 12
    assert "clot_months_ago" not in told


def test_days_become_years_and_staff_stay_unnamed() -> None:
    sent = sent_of(check_in(), returning(), decision="candidate", changed=("city", "phq9_1"))
    told = next(iter(deidentified(Few((sent,)), today=TODAY)))
    assert (told.sent_at, told.as_of, told.decided_at) == ("2026", "2026", "2026")
    assert told.answers["last_infusion"] == 2026
    assert (told.decision, told.changed) == ("candidate", ("phq9_1",))


def test_medicines_stay_by_the_name_of_our_table() -> None:
    typed = ["Zoloft from Dr. Smith", "oxycodone/acetaminophen", "my sister Ana's drops", ""]
    rows = [{"medicine": name, "dose": "at 12 Elm Street", "last_taken": "today"} for name in typed]
    told = row_of(takes_medications="yes", medications=rows).answers["medications"]
    found = ["sertraline", "oxycodone + acetaminophen", "other", None]
    assert [row.get("medicine") for row in told] == found
    assert all(row.keys() <= {"medicine", "last_taken"} for row in told)


def test_scores_and_findings_stay_without_what_they_read() -> None:
    sent = sent_of(current(), person(date_of_birth="1950-01-01", bp_systolic=148))
    told = next(iter(deidentified(Few((sent,)), today=TODAY))).assessment
    full = sent.assessment
    assert told["outcome"] == full["outcome"]
    assert told["scores"] == full["scores"]
    met = [(f["rule"], f["status"]) for f in told["findings"]]
    assert met == [(f["rule"], f["status"]) for f in full["findings"]]
    assert ("bp-elevated", "met") in met
    assert {"reads": {}}.items() <= told["findings"][0].items()
    assert told["treatment"]["rows"] == full["treatment"]["rows"]


def test_nothing_that_depends_on_the_age_is_told_of_the_oldest() -> None:
    of_age = {"age-75-plus", "memory-worse"}
    for born, told in (("1945-01-01", of_age), ("1936-01-01", set())):
        sent = sent_of(current(), person(date_of_birth=born, memory_worse="yes"))
        row = next(iter(deidentified(Few((sent,)), today=TODAY)))
        assert {f["rule"] for f in sent.assessment["findings"]} >= of_age
        assert {f["rule"] for f in row.assessment["findings"]} & of_age == told
        assert row.answers.get("memory_worse") == ("yes" if told else None)  # asked from 60 on


def test_an_older_form_does_not_tell_the_age_of_the_oldest_now() -> None:
    # Asked under 60, a follow-up of it, and 80 years that were 89 and more at the export.
    told_then = {"pregnant": "no", "trying_to_conceive": "no", "head_injury_months_ago": 80 * 12}
    sent = sent_of(current(), person(date_of_birth="1950-01-01"))
    sent = replace(sent, answers={**sent.answers, **told_then}, as_of="2005-06-01")
    few = Few((replace(sent, unanswered=frozenset({"breastfeeding", "tobacco"})),))
    row = next(iter(deidentified(few, today=date(2030, 1, 1))))
    assert row.answers["pregnant"] == "no"
    assert row.unanswered == {"breastfeeding", "tobacco"}
    row = next(iter(deidentified(few, today=date(2040, 1, 1))))
    assert row.answers["age_group"] == "90-or-older"
    assert not told_then.keys() & row.answers.keys()
    assert row.unanswered == {"tobacco"}


def test_what_was_not_answered_is_told_of_the_questions_that_are_left() -> None:
    answers = person(date_of_birth=None, treatment_goals=None, tobacco=None)
    sent = sent_of(current(), answers)
    told = next(iter(deidentified(Few((sent,)), today=TODAY)))
    assert {"date_of_birth", "age_group", "tobacco"} <= told.unanswered
    assert told.unanswered <= told.questionnaire.questions.keys()


def test_the_de_identified_answers_can_still_be_read_by_conditions() -> None:
    told = row_of()
    facts = Facts(told.questionnaire, told.answers, TODAY)
    for name in told.questionnaire.questions:
        facts.asked(name)


# Record ids


def test_the_same_row_has_the_same_id_in_every_walk_and_another_in_every_export(
    full: Few,
) -> None:
    one, two = (deidentified(full, today=TODAY) for _ in range(2))
    walks = [[sent.reference for sent in source] for source in (one, one, two)]
    assert walks[0] == walks[1]
    assert len({*walks[0], *walks[2]}) == 2 * len(full.people)
    assert all(re.fullmatch("[0-9a-f]{16}", id_) for id_ in walks[0])


def test_the_order_of_rows_is_not_that_of_sending(full: Few) -> None:
    drawn: list[str] = []

    def draw() -> str:
        drawn.append(random_id())
        return drawn[-1]

    rows = [sent.reference for sent in deidentified(full, today=TODAY, ids=draw)]
    assert rows != drawn
    assert sorted(rows) == sorted(drawn)


def test_rows_of_one_patient_can_be_joined_only_when_asked() -> None:
    first = sent_of(current(), person(), reference="AAAA-AAAA")
    later = sent_of(check_in(), returning(), reference="BBBB-BBBB")
    few = Few((first, later))
    apart = {sent.reference.split("-")[0] for sent in deidentified(few, today=TODAY)}
    joined = deidentified(few, today=TODAY, series=lambda reference: "AAAA-AAAA", ids=lambda: "id")
    assert len(apart) == 2
    assert [[sent.reference for sent in joined] for _ in range(2)] == [["id-1", "id-2"]] * 2


# Rare combinations


def test_combinations_of_fewer_than_five_are_told() -> None:
    common = [sent_of(current(), person(state="CA", date_of_birth="1985-03-04"))] * 5
    rare = [sent_of(current(), person(state="AK", date_of_birth="1931-03-04"))]
    people = tuple(replace(sent, reference=f"{n}") for n, sent in enumerate(common + rare))
    by = ("state", "birth_decade")
    cells = small_cells(deidentified(Few(people), today=TODAY), by)
    assert cells == [SmallCell(("AK", "90-or-older"), 1)]
    assert small_cells(Few(people[:4]), by) == [SmallCell(("CA", "1980s"), 4)]
    assert small_cells(deidentified(Few(people[:5]), today=TODAY)) == []
