"""Names of medicines: what is offered while typing, and "did you mean" after it."""

import pytest

from tests.builders import person, trial_row

ROW = "medications-{}-medicine"


@pytest.fixture
def list_(site):
    """On the list of medicines, still empty."""
    return site.walker_at("medications", takes_medications="yes", medications=None)


def offered(walker):
    return {b.get_text(strip=True): b["value"] for b in walker.soup.select(".close-name button")}


def names_kept(site):
    return [row["medicine"] for row in site.answers["medications"]]


def test_a_close_name_is_offered_once_on_its_card_and_changed_on_request(list_, site):
    list_.press(**{ROW.format(0): "sertralinn 50 mg"})
    assert list_.path == "/form/medications"
    assert names_kept(site) == ["sertralinn 50 mg"]
    (action,) = offered(list_).values()
    list_.press(action)
    assert names_kept(site) == ["sertraline 50 mg"]
    assert list_.path == "/form/medications"
    assert not offered(list_)
    assert list_.press().path != "/form/medications"


def test_it_is_never_forced(list_, site):
    list_.press(**{ROW.format(0): "sertralinn"})
    assert offered(list_)
    assert list_.press().path != "/form/medications"
    assert names_kept(site) == ["sertralinn"]


def test_what_is_being_typed_below_is_kept(list_, site):
    list_.press("add", **{ROW.format(0): "sertralinn"})
    (action,) = offered(list_).values()
    list_.press(action, **{ROW.format(1): "ibuprofen", "medications-1-dose": "200 mg"})
    assert site.answers["medications"] == [
        {"medicine": "sertraline"},
        {"medicine": "ibuprofen", "dose": "200 mg"},
    ]


@pytest.mark.parametrize("typed", ["Zoloft", "something for sleep", "vitamin Q"])
def test_a_name_that_is_known_or_like_none_asks_nothing(list_, typed):
    list_.press("add", **{ROW.format(0): typed})
    assert not offered(list_)


def test_every_column_that_names_a_medicine_is_looked_at(site):
    walker = site.walker_at("antidepressant-trials", antidepressant_trials=None)
    row = trial_row("Abilify", 5, 8, added_to="sertralinn")
    walker.press("add", **{f"antidepressant_trials-0-{c}": v for c, v in row.items() if v != ""})
    (action,) = offered(walker).values()
    walker.press(action)
    assert site.answers["antidepressant_trials"][0]["added_to"] == "sertraline"


@pytest.mark.parametrize(
    "action", ["", "-7-medicine-0", "-0-dose-0", "-0-medicine-9", "-²-medicine-0"]
)
def test_a_made_up_choice_changes_nothing(list_, site, action):
    list_.press("add", **{ROW.format(0): "sertralinn"})
    list_.send(list_.filled(), f"spelling{action}")
    assert list_.status == 200
    assert names_kept(site) == ["sertralinn"]


def test_no_name_stands_in_an_address(list_):
    list_.press("add", **{ROW.format(0): "sertralinn"})
    assert not [a["href"] for a in list_.soup.find_all("a") if "sertral" in a["href"]]
    assert not [
        b["value"] for b in list_.soup.find_all("button") if "sertral" in b.get("value", "")
    ]


def test_the_names_are_one_file_that_is_kept_for_ever(list_):
    address = list_.soup.find(id=ROW.format(0))["data-names"]
    assert list_.soup.find("datalist") is None
    file = list_.client.get(address)
    assert "immutable" in file.headers["Cache-Control"]
    assert "!Abilify" in file.text
    assert file.headers["Content-Type"].startswith("text/javascript")
    assert len(file.text) < 25_000
    assert person()["first_name"] not in file.text


def test_the_name_is_asked_first_then_dose_then_how_often(list_):
    names = [c["name"] for c in list_.controls if c["name"].startswith("medications-0-")]
    columns = [name.removeprefix("medications-0-") for name in names]
    assert list(dict.fromkeys(columns)) == ["medicine", "dose", "frequency", "last_taken"]
