"""Five hundred people as FHIR: every resource is valid, and its answers are those of the record."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from fhir.resources.R4B.consent import Consent
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from screening.outputs.deidentified import deidentified
from screening.outputs.fhir.bundle import submission, write
from screening.outputs.fhir.enabling import UntranslatableError, enabled
from screening.outputs.fhir.fhirpath import names_with
from screening.outputs.fhir.questionnaire import questionnaire_resource
from screening.outputs.fhir.response import response_resource
from screening.outputs.formats_known import FORMATS
from screening.questionnaire.loader import check_in, current
from screening.questionnaire.medicines import tokens
from tests.builders import TODAY, person, question, tiny
from tests.outputs.crowd import Crowd, crowd, sent_of
from tests.outputs.fhir_checks import items_of, out_of_place, wrong
from tests.outputs.fhir_truth import holds, holds_for
from tests.site import Site
from tests.web.desk import ADMIN, PHYSICIAN, desk

MODELS = {
    model.__name__: model
    for model in (Consent, Observation, Patient, Questionnaire, QuestionnaireResponse)
}
Json = dict[str, Any]
BOTH = (current(), check_in())


def read(source: Any) -> list[Json]:
    """The entries of the file, numbers as they are written."""
    file = BytesIO()
    write(source, file)
    bundle = json.loads(file.getvalue(), parse_float=Decimal)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    return list(bundle.get("entry", []))


@pytest.fixture(scope="module")
def entries() -> list[Json]:
    return read(crowd())


@pytest.fixture(scope="module")
def resources(entries: list[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for entry in entries:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return found


# All of them


@pytest.mark.slow
def test_another_library_reads_every_resource_and_the_answers_are_those_of_the_record(resources):
    parsed = {
        kind: [MODELS[kind].model_validate(resource) for resource in found]
        for kind, found in resources.items()
    }
    forms = {form.version: form for form in parsed["Questionnaire"]}
    assert set(forms) == {questionnaire.version for questionnaire in BOTH}
    readers = {version: Reader(form) for version, form in forms.items()}
    for sent, response in zip(crowd(), parsed["QuestionnaireResponse"], strict=True):
        assert response.questionnaire.endswith("|" + sent.questionnaire.version)
        found, totals = readers[sent.questionnaire.version].answers(response)
        assert found == {name: in_order(answer) for name, answer in sent.answers.items()}
        scores = {s["instrument"]: s["total"] for s in sent.assessment["scores"]}
        assert totals == {name: total for name, total in scores.items() if total is not None}


def in_order(answer: Any) -> Any:
    """As a response can say it: rows without any cell stand behind the others."""
    rows = isinstance(answer, list) and answer and isinstance(answer[0], dict)
    return sorted(answer, key=lambda row: not row) if rows else answer


class Reader:
    """Answers by what the Questionnaire says of its items; of us it knows the options' order."""

    def __init__(self, form: Questionnaire) -> None:
        ours = next(each for each in BOTH if each.version == form.version)
        self.options: dict[tuple[str, str, str], str] = {}
        self.ours = ours.questions
        for item in all_items(form):
            name, _, column = item.linkId.partition(".")
            options = self._options(name, column)
            for coding, option in zip(item.answerOption or [], options, strict=False):
                found = coding.valueCoding
                self.options[item.linkId, found.system, found.code] = option

    def _options(self, name: str, column: str) -> list[str]:
        question = self.ours.get(name)
        if question is None:
            return []
        if column:
            options = next((c.options for c in question.columns if c.id == column), ())
            return [option.id for option in options]
        return [*question.option_ids, *(["discuss"] if question.sensitive else [])]

    def answers(self, response: QuestionnaireResponse) -> tuple[Json, dict[str, float]]:
        found: Json = {}
        totals: dict[str, float] = {}
        for item in all_items(response, inside_rows=False, rows=self.ours):
            name, _, rest = item.linkId.partition(".")
            if rest == "total":
                totals[name] = float(self._values(item)[0])
            elif rest == "none":
                found[name] = []
            elif name in self.ours:
                self._question(found, item)
        return found, totals

    def _question(self, found: Json, item: Any) -> None:
        kind = self.ours[item.linkId].kind
        if kind == "group":
            found.setdefault(item.linkId, []).append(self._row(item))
            return
        if item.extension and not item.answer:
            assert item.extension[0].valueCode == "asked-unknown"
            found[item.linkId] = "unsure"
            return
        values = self._values(item)
        if item.extension:
            assert item.extension[0].valueCode == "asked-declined"
            assert values == ["discuss"]
            found[item.linkId] = "discuss"
        elif kind == "choices":
            found[item.linkId] = values
        else:
            found[item.linkId] = int(values[0]) if kind == "scale" else values[0]

    def _row(self, item: Any) -> Json:
        return {c.linkId.partition(".")[2]: self._values(c)[0] for c in item.item or []}

    def _values(self, item: Any) -> list[Any]:
        return [self._value(item.linkId, answer) for answer in item.answer]

    def _value(self, link_id: str, answer: Any) -> Any:
        if answer.valueCoding:
            return self.options[link_id, answer.valueCoding.system, answer.valueCoding.code]
        if answer.valueDate:
            return answer.valueDate.isoformat()
        found = (answer.valueBoolean, answer.valueInteger, answer.valueDecimal, answer.valueString)
        (value,) = [each for each in found if each is not None]
        return float(value) if isinstance(value, Decimal) else value


def all_items(of: Any, *, inside_rows: bool = True, rows: Any = ()) -> Iterator[Any]:
    for item in of.item or []:
        yield item
        if inside_rows or item.linkId not in rows:
            yield from all_items(item, inside_rows=inside_rows, rows=rows)


def test_codes_that_must_be_of_a_list_are_and_nothing_is_empty(resources):
    problems = Counter(
        text for found in resources.values() for resource in found for text in wrong(resource)
    )
    assert problems == {}


def test_every_answer_has_its_place_in_the_form(resources):
    forms = {f"{form['url']}|{form['version']}": form for form in resources["Questionnaire"]}
    for response in resources["QuestionnaireResponse"]:
        assert out_of_place(response, forms[response["questionnaire"]]) == []


def test_every_reference_leads_to_an_entry_and_every_address_is_one_only(entries):
    addresses = [entry["fullUrl"] for entry in entries]
    assert len(addresses) == len(set(addresses))
    known = set(addresses)
    text = json.dumps([entry["resource"] for entry in entries], default=str)
    pointed = {part.split('"')[0] for part in text.split('"reference": "')[1:]}
    assert pointed <= known
    ids = [(e["resource"]["resourceType"], e["resource"].get("id")) for e in entries]
    assert all(f"urn:uuid:{i}" == u for (k, i), u in zip(ids, addresses, strict=True)
               if k != "Questionnaire")  # fmt: skip


def test_a_later_export_has_the_same_addresses():
    again = crowd().people[3]
    assert list(submission(again)) == list(submission(again))
    other = sent_of(current(), person(), reference="AAAA-BBBB")
    urls = {entry["fullUrl"] for entry in submission(other)}
    assert urls.isdisjoint(entry["fullUrl"] for entry in submission(again))


# When questions are asked


@pytest.mark.parametrize("form", BOTH, ids=lambda form: form.kind)
def test_what_a_form_asks_follows_from_the_answers_as_in_ours(form):
    conditions = {q.ask_if for q in form.questions.values() if q.ask_if}
    formulas = {ask_if: enabled(form, ask_if) for ask_if in conditions}
    seen = Counter()
    for sent in (sent for sent in crowd() if sent.questionnaire is form):
        facts = holds_for(sent)
        for ask_if, formula in formulas.items():
            truth = facts.holds(ask_if) is True
            assert holds(formula, facts) is truth, (ask_if, sent.reference)
            seen[ask_if, truth] += 1
    never = {ask_if for ask_if in conditions if (ask_if, True) not in seen}
    assert not never, "nobody is asked by these"


def test_unknown_is_not_asked_and_not_the_same_as_no():
    """`not 'a' in x`: asked once x is answered without a, never while x is open or to talk about;
    of an optional x also when it is left empty."""
    ticks = [{"id": name, "en": name, "es": name} for name in ("a", "b", "none")]
    parts = {"options": ticks, "sensitive": True}
    form = tiny(
        question("x", "choices", **parts),
        question("y", "choices", **parts, required=False),
        question("after_x", ask_if="not 'a' in x"),
        question("after_y", ask_if="not 'a' in y"),
        question("after_no", ask_if="x_no != 'yes' and answered(x)"),
        question("x_no"),
    )
    for answers, asked in (
        ({}, {"after_y"}),
        ({"x": ["b"], "y": ["b"]}, {"after_x", "after_y"}),
        ({"x": ["a", "b"], "y": ["a"]}, set()),
        ({"x": "discuss", "y": "discuss"}, set()),
        ({"x": ["none"], "x_no": "no"}, {"after_x", "after_y", "after_no"}),
        ({"x": ["none"]}, {"after_x", "after_y"}),
    ):
        facts = holds_for(sent_of(form, answers))
        for name in ("after_x", "after_y", "after_no"):
            ask_if = form.questions[name].ask_if
            assert holds(enabled(form, ask_if), facts) is (name in asked), (name, answers)
            assert (facts.holds(ask_if) is True) is (name in asked), (name, answers)


def test_what_no_answer_tells_is_left_as_a_note():
    form = tiny(question("x", ask_if="bmi > 30"), question("y", ask_if="gone == 'yes'"))
    for name in ("x", "y"):
        with pytest.raises(UntranslatableError):
            enabled(form, form.questions[name].ask_if)
    items = {item["linkId"]: item for item in items_of(questionnaire_resource(form))}
    notes = [extension.get("valueMarkdown") for extension in items["x"]["extension"]]
    assert "Asked only if: bmi > 30" in notes
    assert "enableWhen" not in items["x"]


@pytest.mark.parametrize("flag", ["benzodiazepine", "opioid", "glp1", "ergot", "antihypertensive"])
def test_names_of_medicines_are_found_as_in_our_table(flag):
    """Every name of the table, alone and beside others, by the two patterns of the expression."""
    table = current().medicine_table
    names = sorted({" ".join(tokens(name)) for m in current().medicines for name in m.names})
    flagged, others = names_with(current(), flag)
    typed = [*names, *(f"Generic {name.title()}, 5 mg" for name in names[::3])]
    typed += [f"{one}/{other}" for one in names[::59] for other in names[::61]]
    for text in typed:
        ours = any(flag in medicine.flags for medicine in table.find(text))
        assert fhirpath_finds(text, flagged, others) is ours, text


def fhirpath_finds(typed: str, flagged: list[str], others: list[str]) -> bool:
    plain = f" {' '.join(tokens(typed))} "
    if others:
        plain = re.sub(rf" ({'|'.join(others)})(?= )", " #", plain)
    return bool(re.search(rf" ({'|'.join(flagged)}) ", plain))


# One by one


def one(**answers: Any) -> dict[str, Json]:
    """The items of a response by link id."""
    response = response_resource(sent_of(current(), person(**answers)))
    return {item["linkId"]: item for item in items_of(response)}


def absent(item: Json) -> str:
    (extension,) = item["extension"]
    return str(extension["valueCode"])


def test_missing_talk_unsure_and_no_are_four_things():
    said = one(pregnant=None, phq9_9="discuss", bp_known="yes", bp_systolic="unsure")
    assert "pregnant" not in said
    assert absent(said["phq9_9"]) == "asked-declined"
    assert said["phq9_9"]["answer"][0]["valueCoding"]["code"] == "discuss"
    assert absent(said["bp_systolic"]) == "asked-unknown"
    assert "answer" not in said["bp_systolic"]
    assert "extension" not in said["cssrs_1"]
    assert said["cssrs_1"]["answer"][0]["valueCoding"]["code"] == "LA32-8"


def test_none_of_them_is_an_answer_and_an_empty_list_is_not_missing():
    assert one(antidepressant_trials=[])["antidepressant_trials.none"]["answer"] == [
        {"valueBoolean": True}
    ]
    said = one(antidepressant_trials=None)
    assert not [name for name in said if name.startswith("antidepressant_trials")]


def scores_of(**answers: Any) -> dict[str, Json]:
    found = [entry["resource"] for entry in submission(sent_of(current(), person(**answers)))]
    return {
        resource["code"]["text"]: resource
        for resource in found
        if resource["resourceType"] == "Observation"
    }


def test_a_score_says_its_total_its_band_and_that_it_was_prorated():
    phq9 = scores_of(phq9_1=3, phq9_2="discuss")["PHQ-9 total"]
    assert phq9["code"]["coding"] == [{"system": "http://loinc.org", "code": "44261-6"}]
    assert phq9["status"] == "final"
    assert phq9["note"][0]["text"].startswith("Prorated")
    assert phq9["interpretation"][0]["text"]
    assert phq9["valueQuantity"]["code"] == "{score}"


def test_a_score_that_is_not_valid_has_no_value_and_says_so():
    phq9 = scores_of(**{f"phq9_{n}": "discuss" for n in range(1, 5)})["PHQ-9 total"]
    assert phq9["status"] == "cancelled"
    assert "valueQuantity" not in phq9
    assert phq9["dataAbsentReason"]["coding"][0]["code"] == "unknown"


def test_what_staff_changed_is_amended():
    sent = sent_of(current(), person(), changed=("phq9_3", "measured_systolic"))
    found = [entry["resource"] for entry in submission(sent)]
    statuses = {r.get("code", {}).get("text", r["resourceType"]): r.get("status") for r in found}
    assert statuses["QuestionnaireResponse"] == statuses["PHQ-9 total"] == "amended"
    assert statuses["GAD-7 total"] == "final"


@pytest.mark.parametrize(
    ("identity", "sex", "gender", "birth_sex"),
    [
        ("woman", "male", "female", "M"),
        ("nonbinary", "female", "other", "F"),
        ("prefer-not-to-say", "male", "unknown", "M"),
        (None, "intersex", "other", "OTH"),
        (None, "prefer-not-to-say", "unknown", "ASKU"),
    ],
)
def test_gender_is_as_described_and_sex_at_birth_stands_beside(identity, sex, gender, birth_sex):
    sent = sent_of(current(), person(gender_identity=identity, sex_at_birth=sex))
    patient = next(submission(sent))["resource"]
    assert patient["gender"] == gender
    assert patient["extension"][0]["valueCode"] == birth_sex


def test_consent_is_what_was_agreed_to_or_refused():
    sent = sent_of(current(), person(has_primary_care="yes", may_contact_care_team="no"))
    consents = [e["resource"] for e in submission(sent) if "Consent" in e["resource"].values()]
    said = {
        consent["policyRule"]["text"][:24]: consent["provision"]["type"] for consent in consents
    }
    assert said.pop("May we talk with these p") == "deny"
    assert set(said.values()) == {"permit"}
    assert len(said) == 3


def test_the_form_says_whose_the_instruments_are_and_marks_what_is_the_clinics(resources):
    form = resources["Questionnaire"][0]
    for instrument in current().instruments:
        assert instrument.attribution in form["copyright"]
    items = {item["linkId"]: item for item in items_of(form)}
    assert set(items) >= set(current().questions)
    marks = {e["url"].rsplit(":", 1)[-1] for e in items["section.clinician"]["extension"]}
    assert "audience" in marks
    assert items["instrument.phq9"]["code"][0]["code"] == "44249-1"
    spanish = items["phq9_1"]["_text"]["extension"][0]["extension"][1]["valueString"]
    assert spanish == current().questions["phq9_1"].text["es"]


# De-identified


def test_a_de_identified_source_has_no_patient_no_consent_and_no_day():
    few = Crowd(crowd().people[:30], crowd().questionnaires)
    found = [e["resource"] for e in read(deidentified(few, today=TODAY))]
    kinds = Counter(resource["resourceType"] for resource in found)
    assert set(kinds) == {"Questionnaire", "QuestionnaireResponse", "Observation"}
    assert kinds["QuestionnaireResponse"] == 30
    forms = {f"{r['url']}|{r['version']}": r for r in found if "url" in r}
    for resource in found:
        MODELS[resource["resourceType"]].model_validate(resource)
        assert wrong(resource) == []
        assert not set(resource) & {"subject", "patient"}
        when = resource.get("authored") or resource.get("effectiveDateTime") or "2026"
        assert date(int(when), 1, 1).year >= 2020
        if "questionnaire" in resource:
            assert out_of_place(resource, forms[resource["questionnaire"]]) == []


# As a file


def test_each_submission_is_written_before_the_next_is_asked_for():
    file, sizes = BytesIO(), []

    class Slow(Crowd):
        def __iter__(self) -> Iterator[Any]:
            for sent in super().__iter__():
                sizes.append(file.tell())
                yield sent

    write(Slow(crowd().people[:4], ()), file)
    steps = [after - before for before, after in pairwise(sizes)]
    assert len(steps) == 3
    assert min(steps) > 10_000


def test_nobody_at_all_is_a_bundle_without_entries():
    assert read(Crowd((), ())) == []


def test_it_is_one_of_the_formats():
    known = FORMATS["fhir"]
    assert (known.extension, known.media_type) == ("json", "application/fhir+json")
    file = BytesIO()
    known.write(Crowd((), ()), file)
    assert file.getvalue().startswith(b'{"resourceType":"Bundle"')


# The form by itself


@pytest.mark.parametrize("form", BOTH, ids=lambda form: form.kind)
def test_an_administrator_downloads_the_form(site: Site, form):
    page = desk(site, ADMIN)
    page.open(f"/staff/export/questionnaire-{form.kind}.json")
    assert page.answer.headers["Content-Type"] == "application/fhir+json"
    name = {"intake": "intake-2026-2", "check-in": "check-in-2026-1"}[form.kind]
    assert page.answer.headers["Content-Disposition"] == (
        f'attachment; filename="questionnaire-{name}.json"'
    )
    assert json.loads(page.answer.data) == questionnaire_resource(form)


def test_a_physician_does_not(site: Site):
    page = desk(site, PHYSICIAN)
    assert page.open("/staff/export/questionnaire-intake.json").status == 403


@pytest.mark.parametrize("form", BOTH, ids=lambda form: form.kind)
def test_the_command_line_writes_it_too(site: Site, tmp_path, form):
    out = tmp_path / "form.json"
    run = site.app.test_cli_runner().invoke
    done = run(args=["fhir-questionnaire", "--kind", form.kind, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert json.loads(out.read_text("utf-8"))["version"] == form.version
    refused = run(args=["fhir-questionnaire", "--out", str(tmp_path / "no" / "form.json")])
    assert refused.exit_code == 1
    assert "cannot be written" in refused.output
