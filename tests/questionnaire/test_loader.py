"""What cannot be understood is refused with file, id and reason, never with a traceback."""

import shutil

import pytest

from screening.questionnaire.loader import CHECK_IN, CURRENT, ContentError, content_hash, load


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(CURRENT, tmp_path / "content")


def refusal(folder):
    with pytest.raises(ContentError) as caught:
        load(folder)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def change(folder, name, old, new):
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "questionnaire.toml",
        "rules.toml",
        "sources.toml",
        "crisis.toml",
        "medications.csv",
        "sections/heart.toml",
    ],
)
def test_a_file_that_is_missing(folder, name):
    (folder / name).unlink()
    assert refusal(folder) == [f"{name.split('/')[-1]}: -: the file is missing"]


def test_a_file_that_is_not_toml(folder):
    (folder / "rules.toml").write_text("[[rules]\n")
    assert refusal(folder)[0].startswith("rules.toml: -: not valid TOML: ")


def test_a_file_that_is_not_utf_8(folder):
    (folder / "sections" / "heart.toml").write_bytes(b'id = "\xff"\n')
    assert refusal(folder)[0].startswith("heart.toml: -: not valid TOML: ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rules.toml", ""),
        ("rules.toml", "rules = 3"),
        ("rules.toml", "[rules]\nid = 'x'"),
        ("sources.toml", ""),
        ("crisis.toml", "[[contacts]]\n"),
        ("sections/heart.toml", "[pages]\nid = 'x'"),
        ("sections/heart.toml", "[[pages]]\nquestions = ['x']"),
        ("instruments/peg.toml", "[[items]]\nid = 'x'"),
        ("medications.csv", "generic,brands\nx,y\n"),
        ("medications.csv", ""),
    ],
)
def test_a_file_of_another_layout(folder, name, text):
    (folder / name).write_text(text)
    if name == "medications.csv" and not text:
        assert load(folder).medicines == ()
        return
    found = refusal(folder)
    assert all(line.startswith(f"{name.split('/')[-1]}: ") for line in found)


def test_a_word_where_a_number_stands(folder):
    path = folder / "medications.csv"
    header = path.read_text("utf-8").split("\n", 1)[0]
    cells = {"generic": "x", "min_adequate_daily_dose_mg": "much"}
    path.write_text(header + "\n" + ",".join(cells.get(n, "") for n in header.split(",")) + "\n")
    assert refusal(folder)[0].startswith("medications.csv: -: not laid out as such a file")


def test_a_field_that_does_not_exist_names_the_id(folder):
    change(folder, "rules.toml", 'id = "age-under-18"', 'id = "age-under-18"\ncolour = "red"')
    assert refusal(folder) == ["rules.toml: age-under-18: colour: Extra inputs are not permitted"]


def test_an_option_set_that_does_not_exist_names_the_question(folder):
    change(folder, "sections/heart.toml", 'options = "yes_no"', 'options = "yes_no_maybe"')
    assert refusal(folder) == ["heart.toml: bp_known: no option set 'yes_no_maybe'"]


def test_an_instrument_that_does_not_exist(folder):
    change(folder, "sections/mood.toml", 'instrument = "phq9"', 'instrument = "phq8"')
    assert refusal(folder) == ["mood.toml: phq8: no such instrument"]


def test_the_hash_changes_with_any_byte_and_any_name(folder):
    before = content_hash(folder)
    assert load(folder).content_hash == before
    change(folder, "rules.toml", "Age under 18", "Age under 19")
    changed = content_hash(folder)
    (folder / "sources.toml").rename(folder / "source.toml")
    assert len({before, changed, content_hash(folder)}) == 3


# A folder that shares another's content


@pytest.fixture
def sharing(tmp_path):
    shutil.copytree(CURRENT, tmp_path / CURRENT.name)
    return shutil.copytree(CHECK_IN, tmp_path / "check-in")


def test_what_is_shared_is_the_same_but_for_what_is_given_anew(sharing):
    own, shared = load(sharing), load(sharing.parent / CURRENT.name)
    assert own.questions["escort"] == shared.questions["escort"]
    assert own.questions["substances_last_month"].ask_if is None  # taken away by ""
    assert own.rule["suicide-high"] == shared.rule["suicide-high"]
    assert own.rule["capacity-uncertain"].when == "capacity == 'uncertain'"
    assert own.rule["capacity-uncertain"].why == shared.rule["capacity-uncertain"].why
    assert own.page_of["phq9_9"] == shared.page_of["phq9_9"]  # a section without a file
    assert own.medicines == shared.medicines
    assert {panel.id for panel in own.panels} > {panel.id for panel in shared.panels}
    assert [i.id for i in own.instruments] == [
        "audit_c",
        "cssrs_screener",
        "gad7",
        "pcl5",
        "peg",
        "phq9",
    ]


def test_the_hash_of_what_is_shared_counts(sharing):
    before = load(sharing).content_hash
    change(sharing.parent / CURRENT.name, "medications.csv", "\n", "\n\n")
    assert load(sharing).content_hash != before


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("rules.toml", '"age-under-18"', '"age-under-8"', "age-under-8: no such rule is shared"),
        ("sections/visit.toml", '"escort"', '"guide"', "guide: no such question is shared"),
        ("questionnaire.toml", '"2026-2"', '"2026-0"', "-: the file is missing"),
    ],
)
def test_what_is_not_there_cannot_be_shared(sharing, name, old, new, said):
    change(sharing, name, old, new)
    assert refusal(sharing) == [f"{name.split('/')[-1]}: {said}"]
