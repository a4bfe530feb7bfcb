"""What a patient reads when an answer cannot be taken, and where the form must not promise too much."""

MEDICINES = "antidepressant_trials"


def test_a_medicine_name_that_is_too_long_is_said_to_be(site):
    walker = site.walker_at("antidepressant-trials")
    walker.press(**{f"{MEDICINES}-0-drug": "x" * 201})
    assert walker.status == 200
    (said,) = walker.errors.values()
    assert "200 characters" in said
    assert walker.value(f"{MEDICINES}-0-drug") == "x" * 201
