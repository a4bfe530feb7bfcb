"""The data dictionary says what every column of the export means."""

import csv
import io
import re

from screening.outputs.columns import columns, merged
from screening.outputs.dictionary import HEADER, dictionary
from screening.questionnaire.definition import Questionnaire
from screening.questionnaire.loader import check_in, current
from tests.builders import both, instrument, page, question, section, tiny

Line = dict[str, str]


def read(questionnaire: Questionnaire) -> dict[str, Line]:
    text = dictionary(questionnaire).decode("utf-8-sig")
    return {
        line["variable"]: line
        for line in csv.DictReader(io.StringIO(text, newline=""), strict=True)
    }


def one(*asked, **parts) -> dict[str, Line]:
    given = {"sections": (), "instruments": (), "indications": {}} | parts
    sections = (section("all", page("all", *asked)),)
    return read(tiny(**given).model_copy(update={"sections": sections}))


def test_a_dictionary_is_exactly_this():
    asked = (
        question("ate", "choices", sensitive=True, privacy="part2"),
        question("weight_lb", "decimal", min=50, max=900, unit="lb", ask_if="'yes' in ate"),
    )
    small = tiny(sections=(), instruments=(), indications={}, export_order=("weight_lb",))
    small = small.model_copy(update={"sections": (section("body", page("body", *asked)),)})
    assert (
        dictionary(small)
        .decode()
        .startswith(
            "\ufeffvariable,section,label,question,type,options,required,asked_if,unit,range,sensitive,"
            "privacy,safe_harbor,instrument,loinc,missing\r\n"
            "weight_lb,body,weight_lb,weight_lb,decimal,,yes,'yes' in ate,lb,50 to 900,no,,,,,"
            "empty = not asked | unsure = does not know\r\n"
            "ate___yes,body,ate: yes,ate,choices,1 = ticked | 0 = not ticked,yes,,,,yes,part2,,,,"
            "DISCUSS = wants to talk about it in person\r\n"
            "ate___no,body,ate: no,ate,choices,1 = ticked | 0 = not ticked,yes,,,,yes,part2,,,,"
            "DISCUSS = wants to talk about it in person\r\n"
            "outcome,Results,"
        )
    )


def test_every_column_of_the_export_is_described_in_its_order():
    widths = {"medications": 3, "antidepressant_trials": 2, "allergies": 1}
    groups = "|".join(widths)
    names = [
        re.sub(rf"^({groups})_\d+_", r"\1_n_", column.name) for column in columns(current(), widths)
    ]
    assert list(read(current())) == list(dict.fromkeys(names))


def test_the_columns_that_a_check_in_adds_are_described_where_the_export_has_them():
    both_kinds = [current(), check_in()]
    names = [column.name for column in merged(both_kinds, {})]
    text = dictionary(*both_kinds).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert [line["variable"] for line in lines if "_n_" not in line["variable"]] == names


def test_every_line_has_a_section_a_label_and_a_type():
    for name, line in read(current()).items():
        assert line["section"], name
        assert line["label"], name
        assert line["type"], name
        assert set(line) == set(HEADER)


def test_a_group_says_what_its_cells_hold():
    cells = [
        {"id": "drug", "kind": "text", "text": both("Which?"), "label": "Drug"},
        {"id": "mg", "kind": "decimal", "text": both("mg?"), "label": "Dose", "above": 0,
         "unit": "mg"},
    ]  # fmt: skip
    lines = one(question("meds", "group", columns=cells, max_rows=7, required=False))
    assert lines["meds_n_drug"]["question"] == "Which?"
    assert lines["meds_n_drug"]["range"] == "at most 200 characters"
    assert (lines["meds_n_mg"]["unit"], lines["meds_n_mg"]["range"]) == ("mg", "above 0")
    assert "n is 1 to 7 at most" in lines["meds_n_mg"]["missing"]


def test_what_was_worked_out_is_described_too():
    scored = instrument("mood", "mood_1").model_copy(update={"loinc_total": "44261-6"})
    lines = one(
        question("mood_1", "scale", instrument="mood", loinc="44250-9"), instruments=(scored,)
    )
    assert lines["mood_1"]["loinc"] == "44250-9"
    assert lines["mood_1"]["instrument"] == "mood"
    assert lines["mood_1"]["range"] == "0 to 3"
    assert (lines["mood_total"]["range"], lines["mood_total"]["loinc"]) == ("0 to 3", "44261-6")
    assert lines["mood_band"]["options"] == "any = Any"
    assert lines["mood_band"]["loinc"] == ""
    assert "invalid" in lines["mood_status"]["options"]
    assert "could not be decided" in lines["findings"]["label"]
    assert lines["submitted_at"]["type"] == "datetime"


def test_missing_codes_are_those_that_can_occur():
    lines = one(
        question("always"),
        question("perhaps", required=False),
        question("doctor", audience="clinician", required=False),
    )
    assert lines["always"]["missing"] == ""
    assert lines["perhaps"]["missing"] == "NI = no answer"
    assert lines["doctor"]["missing"] == "empty = not filled in"


def test_labels_cannot_run_as_formulas():
    lines = one(question("sum").model_copy(update={"label": "=1+1", "text": both("-1?")}))
    assert (lines["sum"]["label"], lines["sum"]["question"]) == ("'=1+1", "'-1?")


def test_a_ladder_lists_its_levels():
    line = read(current())["cssrs_screener_level"]
    assert "none = " in line["options"]
    assert line["options"].endswith("undetermined = Not determined")
