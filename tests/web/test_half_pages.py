"""A page that is typed on and not sent: kept, taken up again, judged, in nobody's way."""

import pytest

from screening.workflows import intake as intake_flow
from tests.builders import person
from tests.walker import as_typed, laid_over

from .desk import PHYSICIAN, desk
from .test_patient_saving import failing_commits, failing_read

PERSON = person()
BORN = PERSON["date_of_birth"]
TRIALS = "antidepressant_trials"
HALF = "half_writer"


def autosave(walker, *, to="", **typed):
    """What the browser's script sends of the page as it stands; the answer's JSON and status."""
    form = laid_over(walker.filled(), {HALF: "tab-a", "half_turn": "1"} | typed)
    answer = walker.client.post(f"{to or walker.path}/half", data=form)
    return answer.json | {"status": answer.status_code}


def typed_half(site, page="contact", **typed):
    walker = site.walker_at(page)
    assert autosave(walker, **typed)["state"] == "kept"
    return walker


# Taken up again


def test_a_reload_shows_what_was_typed_and_says_that_it_is_not_sent(site):
    walker = typed_half(site, city="Cambria", phone="80", half_at="phone")
    assert "city" not in site.answers
    walker.open("/form/contact")
    assert (walker.value("city"), walker.value("phone")) == ("Cambria", "80")
    assert "You have not sent this page yet" in walker.text
    assert not walker.errors
    assert walker.link("Go on where you stopped") == "#phone"
    walker.answer_page(PERSON)
    assert site.intake.halves == {}
    assert "not sent this page" not in walker.open("/form/contact").text


def test_it_counts_on(site):
    walker = site.walker_at("contact")
    assert autosave(walker, city="C")["counter"] == 1
    assert autosave(walker, city="Ca", half="1", half_turn="2")["counter"] == 2
    assert walker.open("/form/contact").value("half") == "2"


def test_ticks_dates_and_follow_ups_come_back(site):
    walker = typed_half(site, "reason", seeking_help_for=["depression", "anxiety"])
    walker.open("/form/reason")
    assert walker.filled().getlist("seeking_help_for") == ["depression", "anxiety"]


def test_a_new_row_of_a_list_comes_back(site):
    walker = typed_half(site, "antidepressant-trials", **{f"{TRIALS}-0-drug": "sertraline"})
    walker.open(walker.path)
    assert walker.value(f"{TRIALS}-0-drug") == "sertraline"
    walker.press("undo")
    assert walker.value(f"{TRIALS}-0-drug") == ""


def test_a_row_that_was_being_changed_comes_back_as_that_row(site):
    walker = site.walker_at("check").open("/form/antidepressant-trials?row=1")
    autosave(walker, **{f"{TRIALS}-1-weeks": "9"})
    walker.open("/form/antidepressant-trials")
    assert walker.answer.request.query_string == b"row=1"
    assert walker.value(f"{TRIALS}-1-weeks") == "9"
    walker.press()
    assert [row["weeks"] for row in site.answers[TRIALS]] == [10, 9]


def test_removing_a_row_leaves_the_one_that_is_being_typed(site):
    walker = site.walker_at("check").open("/form/antidepressant-trials")
    new = len(site.answers[TRIALS])
    autosave(walker, **{f"{TRIALS}-{new}-drug": "sertraline"})
    walker.open("/form/antidepressant-trials/remove/0").press("remove")
    assert len(site.answers[TRIALS]) == new - 1
    assert walker.value(f"{TRIALS}-{new - 1}-drug") == "sertraline"


def test_the_code_leads_back_to_the_field(site):
    walker = typed_half(site, city="Cambria", half_at="city")
    back = site.walker()
    back.sent_with = back.sent_with | {"follow_redirects": False}
    back.resume(walker.code, BORN)
    assert back.answer.location == "/form/contact#city"


def test_the_code_leads_back_to_the_row(site):
    walker = site.walker_at("check").open("/form/antidepressant-trials?row=0")
    autosave(walker, **{f"{TRIALS}-0-weeks": "9"})
    back = site.walker().resume(walker.code, BORN)
    assert back.answer.request.query_string == b"row=0"
    assert back.value(f"{TRIALS}-0-weeks") == "9"


def test_leaving_keeps_also_what_cannot_be_stored(site):
    walker = site.walker_at("contact").press("later", city="Cambria", phone="80")
    assert "Your answers are saved" in walker.text
    back = site.walker().resume(walker.code, BORN)
    assert back.path == "/form/contact"
    assert (back.value("city"), back.value("phone")) == ("Cambria", "80")


def test_leaving_keeps_a_row_that_cannot_be_stored(site):
    walker = site.walker_at("antidepressant-trials")
    walker.press("later", **{f"{TRIALS}-0-drug": "sertraline", f"{TRIALS}-0-weeks": "eight"})
    back = site.walker().resume(walker.code, BORN)
    assert back.value(f"{TRIALS}-0-weeks") == "eight"


def test_the_other_language_keeps_it(site):
    walker = typed_half(site, city="Cambria")
    walker.open("/form/contact").press("language")
    assert walker.value("city") == "Cambria"
    assert "Todavía no envió esta página" in walker.open("/form/contact").text


def test_nobody_else_sees_it(site):
    typed_half(site, city="canary-91c")
    assert "canary-91c" not in site.walker_at("contact").answer.text


# In nobody's way


def test_what_arrives_after_the_page_was_sent_does_not_come_back(site):
    walker = site.walker_at("contact")
    late = laid_over(walker.filled(), {"city": "Late", HALF: "tab-a"})
    walker.answer_page(PERSON)
    answer = walker.client.post("/form/contact/half", data=late)
    assert (answer.status_code, answer.json["state"]) == (409, "elsewhere")
    assert site.intake.halves == {}


def test_another_tab_is_told_and_its_continue_shows_both(site):
    here = site.walker_at("check").open("/form/contact")
    there = here.tab()
    assert autosave(here, city="Cambria")["state"] == "kept"
    told = autosave(there, city="Cayucos", **{HALF: "tab-b"})
    assert (told["status"], told["state"]) == (409, "elsewhere")
    there.press(city="Cayucos", **{HALF: "tab-b"})
    assert there.status == 409
    assert "Cambria" in there.text
    assert "Cayucos" in there.text
    kept = there.tab().open("/form/contact")
    assert kept.value("city") == "Cambria"
    assert there.press("mine").status == 200
    assert site.answers["city"] == "Cayucos"
    assert site.intake.halves == {}


def test_another_tab_may_take_up_what_was_typed(site):
    here = site.walker_at("check").open("/form/contact")
    there = here.tab()
    autosave(here, city="Cambria")
    there.press(city="Cayucos", **{HALF: "tab-b"}).press("stored")
    assert there.value("city") == "Cambria"
    assert site.answers["city"] == PERSON["city"]


def test_both_are_shown_in_the_other_language_too(site):
    here = site.walker_at("check").open("/form/contact")
    there = here.tab()
    autosave(here, city="Cambria")
    there.press(city="Cayucos", **{HALF: "tab-b"}).press("language")
    assert "Lo que acaba de contestar" in there.text
    assert "Cambria" in there.text
    assert there.press("mine").status == 200
    assert site.answers["city"] == "Cayucos"


def test_a_tab_that_typed_the_same_is_not_asked(site):
    here = site.walker_at("check").open("/form/contact")
    there = here.tab()
    autosave(here, city="Cambria")
    assert there.press(city="Cambria").status == 200
    assert site.answers["city"] == "Cambria"


def test_nothing_is_sent_while_another_page_was_typed_on(site):
    walker = site.walker_at("sign")
    autosave(walker.open("/form/contact"), city="Cambria")
    walker.open("/form/sign").answer_page(PERSON)
    assert (walker.path, site.submissions()) == ("/check", [])
    assert "did not choose Continue" in walker.text
    assert walker.press().path == "/form/contact"
    walker.press()
    assert site.answers["city"] == "Cambria"
    walker.open("/form/sign").press()
    assert walker.path == "/done"


def test_undo_goes_back_to_what_was_sent(site):
    walker = site.walker_at("check")
    autosave(walker.open("/form/contact"), city="Cambria")
    walker.open("/form/contact").press("undo")
    assert walker.value("city") == PERSON["city"]
    assert "not sent this page" not in walker.text


def test_what_was_sent_takes_nothing_half_along(site):
    walker = site.walker_at("sign")
    autosave(walker, signature_name="Z")
    before = walker.filled()
    walker.open("/form/sign").answer_page(PERSON)
    assert walker.path == "/done"
    late = walker.client.post("/form/sign/half", data=before)
    assert (late.status_code, site.intakes()[0].halves) == (409, {})


# Judged


def test_danger_is_told_when_it_is_typed(site):
    walker = site.walker_at("safety")
    told = autosave(walker, violence_now="yes")
    assert "tel:911" in told["help"]
    assert site.alerted() == [["violence-now"]]
    assert site.alerts()[0].detail["where"] == "safety"
    again = autosave(walker, violence_now="yes", half="1", half_turn="2")
    assert "tel:911" in again["help"]
    assert len(site.alerts()) == 1
    assert "tel:911" in str(walker.open("/form/safety").soup.find("main"))


def test_hard_thoughts_bring_help_without_an_alert(site):
    told = autosave(site.walker_at("mood"), phq9_9="2")
    assert "You can talk with someone" in told["help"]
    assert not site.alerts()


def test_an_answer_without_danger_brings_none(site):
    assert autosave(site.walker_at("mood"), phq9_9="0")["help"] == ""


def test_what_is_left_half_told_is_judged_after_ten_idle_minutes(site):
    walker = site.walker_at("safety")
    told = autosave(walker, cssrs_6="yes")
    assert (told["help"], site.alerts()) == ("", [])
    site.clock.wait(minutes=11)
    intake_flow.sweep(site.office)
    assert ["suicide-high"] in site.alerted()


def test_what_is_half_told_is_judged_on_leaving(site):
    walker = site.walker_at("safety")
    autosave(walker, cssrs_6="yes")
    walker.send({"csrf_token": walker.value("csrf_token")}, to="/stop")
    assert ["suicide-high"] in site.alerted()
    assert "988" in walker.text


def test_a_physician_reads_what_was_typed_so_far(site):
    walker = site.walker_at("safety")
    autosave(walker, violence_now="yes", cssrs_1="yes")
    reader = desk(site, PHYSICIAN)
    reader.open(f"/staff/intakes/{site.alerts()[0].reference}")
    assert "Low risk" in reader.text  # the screener's level, by the answer that was typed


def test_of_a_child_nothing_is_kept(site):
    walker = site.walker().walk(PERSON, until="date-of-birth")
    born = as_typed(walker.names(), {"date_of_birth": "2012-05-05"})
    assert autosave(walker, **born)["state"] == "kept"
    assert site.intake.halves == {}


# When it cannot be kept


def test_an_ended_session_says_so_and_the_code_brings_everything_back(site):
    walker = site.walker_at("contact")
    site.clock.wait(minutes=31)
    told = autosave(walker, city="Cambria")
    assert (told["status"], told["state"]) == (403, "ended")
    walker.press(city="Cambria")
    assert "not used for 30 minutes" in walker.text
    walker.press(code=walker.code, **as_typed(walker.names(), {"date_of_birth": BORN}))
    assert walker.value("city") == "Cambria"


def test_a_token_that_does_not_hold_keeps_nothing(site):
    walker = site.walker_at("contact")
    assert autosave(walker, city="Cambria", csrf_token="made-up")["state"] == "ended"
    assert site.intake.halves == {}


def test_help_comes_though_the_session_has_ended(site):
    walker = site.walker_at("safety")
    site.clock.wait(minutes=31)
    told = autosave(walker, violence_now="yes")
    assert "has NOT received" in told["help"]
    walker.press(violence_now="yes")
    assert walker.title == "Continue with your code"
    assert "tel:911" in str(walker.soup.find("main"))


@pytest.mark.parametrize("fails", ["read", "commit"])
def test_help_comes_though_the_storage_fails(site, monkeypatch, fails):
    walker = site.walker_at("safety")
    if fails == "read":
        monkeypatch.setattr(site.office.database, "read", failing_read)
        told = autosave(walker, violence_now="yes")
    else:
        with failing_commits(site):
            told = autosave(walker, violence_now="yes")
    assert (told["status"], told["state"]) == (503, "down")
    assert "tel:911" in told["help"]
    assert "has NOT received" in told["help"]


def test_there_is_nothing_to_save_to_before_the_first_page_is_sent(site):
    walker = site.walker().walk(PERSON, until="welcome")
    assert walker.soup.find(attrs={"data-saving": True})["data-saving"] == ""
    assert autosave(walker)["state"] == "ended"
    walker.answer_page(PERSON)
    assert walker.soup.find(attrs={"data-saving": True})["data-saving"] == "yes"


# The time a page stays open


def test_staying_puts_off_the_end(site):
    walker = site.walker_at("contact")
    token = {"csrf_token": walker.value("csrf_token")}
    for _ in range(12):
        site.clock.wait(minutes=25)
        assert walker.client.post("/still-here", data=token).json["state"] == "kept"
    assert walker.open("/form/contact").path == "/form/contact"
    site.clock.wait(minutes=31)
    assert walker.client.post("/still-here", data=token).status_code == 403


def test_typing_puts_it_off_too(site):
    walker = site.walker_at("contact")
    for turn in range(1, 4):
        site.clock.wait(minutes=20)
        autosave(walker, city="C" * turn, half_turn=turn)
    assert walker.open("/form/contact").value("city") == "CCC"


def test_closing_forgets_the_form_in_this_browser(site):
    walker = site.walker_at("contact")
    answer = walker.client.post("/close-page", data={"csrf_token": walker.value("csrf_token")})
    walker.open(answer.json["to"])
    assert "closed the page because it was not used for 30 minutes" in walker.text
    assert walker.open("/form/contact").path == "/"


def test_a_session_that_ends_before_the_code_does_not_ask_for_one(site):
    walker = site.walker().walk(PERSON, until="date-of-birth")
    site.clock.wait(minutes=31)
    walker.press(**as_typed(walker.names(), PERSON) | {"date_of_birth-year": "19"})
    assert walker.path == "/"
    assert "You had no code yet, so start again" in walker.text
    walker.walk(PERSON, until="date-of-birth")
    assert walker.value("date_of_birth-year") == "19"
    assert "You have not sent this page yet" in walker.text


def test_danger_typed_before_the_code_brings_help_and_is_told_when_it_can_be(site):
    walker = site.walker().walk(PERSON, until="right-now")
    site.clock.wait(minutes=31)
    walker.press(**as_typed(walker.names(), person(intoxicated_now="yes")))
    assert walker.path == "/"
    assert "has NOT received" in walker.text
    walker.walk(PERSON, until="right-now")
    assert site.alerted() == [["intoxicated-now"]]
