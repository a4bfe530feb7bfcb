"""A physician's decision: what it keeps, what refuses it, and that nothing is ever changed."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError

from screening.storage import members
from screening.storage.accounts import ADMIN, PHYSICIAN
from screening.storage.intakes import AUDIT, CHART, SUBMISSIONS
from screening.storage.sealed import to_json
from screening.workflows import after, chart, decisions, signing, urgent
from screening.workflows import intake as intake_flow
from screening.workflows.act import Act
from screening.workflows.chart import AMENDED, DECISION, MEASURED, NOTE, RAISED
from screening.workflows.decisions import Decision, Ground
from screening.workflows.signing import Wanted
from tests.builders import example, person
from tests.site import Site

CANDIDATE = Wanted("candidate")
NOT_NOW = Wanted("not-now", "After the surgery in March.")
ANEURYSM = example("excluded-aneurysm")["answers"]
PRESSURE = example("elevated-pressure-and-old-stroke")["answers"]
UNSURE = example("not-sure-and-discuss")["answers"]


def physician(site: Site, name: str = "Robin Okafor", *roles: str) -> str:
    """An active account; returns the actor."""
    email = f"{name.replace(' ', '.')}@example.org"
    with site.office.database.write() as conn:
        member_id = members.add_member(conn, email=email, name=name, roles=roles or (PHYSICIAN,))
        members.set_password(conn, member_id, "x")
    return f"user:{member_id}"


def sent(site: Site, answers: Mapping[str, Any] | None = None) -> str:
    return intake_flow.submit_answers(site.office, answers or person()).reference


def ground(site: Site, reference: str) -> Ground:
    found = decisions.ground(site.office, "user:1", reference)
    assert found is not None
    return found


def sign(site: Site, reference: str, wanted: Wanted, *, by: str = "", read: int = 0) -> Decision:
    found = signing.sign(site.office, by or physician(site), reference, wanted, read)
    assert found is not None
    return found


def add(site: Site, reference: str, kind: str, body: Mapping[str, Any], by: str = "user:1") -> None:
    intake_id = ground(site, reference).intake_id
    with site.office.database.write() as conn:
        chart.add(Act(conn, site.office, by), intake_id, kind, body)


def measure(site: Site, reference: str, kind: str = MEASURED, **answers: Any) -> None:
    found = ground(site, reference)
    known = chart.known_now(found.submission, found.entries)
    body = chart.assessed_again(site.questionnaire, known, answers, site.office.today())
    add(site, reference, kind, body | ({"reason": "typed wrong"} if kind == AMENDED else {}))


def decided_at(site: Site) -> list[Any]:
    with site.office.database.read() as conn:
        return list(conn.execute(select(SUBMISSIONS.c.decided_at)).scalars())


# What is kept


def test_a_decision_keeps_what_it_was_made_on(site: Site) -> None:
    reference = sent(site, PRESSURE)
    add(site, reference, NOTE, {"text": "Called, no answer."})
    wanted = Wanted("clearance", clearances=("bp-elevated",), clearance_text="Records of 2019.")
    made = sign(site, reference, wanted, read=1)
    found = ground(site, reference)
    assert found.decisions == (made,)
    assert (made.number, made.signer, made.words) == (2, "Robin Okafor", "Needs clearance")
    assert made.at == site.clock.moment
    body = made.body
    assert body["decision"] == "clearance"
    assert [one["rules"] for one in body["clearances"]] == [["bp-elevated"]]
    assert body["clearances"][0]["label"].endswith(".")
    assert body["clearance_text"] == "Records of 2019."
    assert body["outcome"] == "clearance"
    assert {"bp-elevated", "stroke-tia-history"} <= set(body["met"])
    assert body["read"] == 1
    assert body["submission"] == found.submission.id
    assert body["content_hash"] == site.questionnaire.content_hash
    assert body["supersedes"] is None
    assert decided_at(site) == [site.clock.moment]


def test_the_hash_is_of_the_rules_what_was_sent_and_the_chart_as_it_was_read(site: Site) -> None:
    reference = sent(site)
    measure(site, reference, bp_systolic=128)
    by = physician(site)
    first = sign(site, reference, CANDIDATE, by=by, read=1)
    add(site, reference, NOTE, {"text": "Later."})
    found = ground(site, reference)
    entry = found.entries[0]
    told = {"number": 1, "kind": MEASURED, "by": "user:1", "body": entry.body}
    drawn = [
        found.submission.content_hash.encode(),
        found.submission.document_json,
        to_json(told | {"at": entry.at.isoformat()}),
    ]
    assert first.body["record_sha256"] == sha256(b"\n".join(drawn)).hexdigest()
    again = sign(site, reference, Wanted("candidate", "Still."), by=by, read=3)
    assert again.body["record_sha256"] != first.body["record_sha256"]


def test_the_audit_says_that_it_was_signed_and_not_what(site: Site) -> None:
    reference = sent(site)
    sign(site, reference, NOT_NOW)
    with site.office.database.read() as conn:
        (row,) = conn.execute(select(AUDIT).where(AUDIT.c.action == "chart.decision"))
    assert "not-now" not in row.detail
    assert "surgery" not in row.detail
    assert "sha256" in row.detail


def test_the_name_stays_the_one_on_that_day(site: Site) -> None:
    reference, by = sent(site), physician(site)
    sign(site, reference, CANDIDATE, by=by)
    with site.office.database.write() as conn:
        conn.execute(update(members.USERS).values(name="Robin Married"))
    assert ground(site, reference).decisions[0].signer == "Robin Okafor"


def test_what_was_signed_cannot_be_changed(site: Site) -> None:
    sign(site, sent(site), CANDIDATE)
    with pytest.raises(DatabaseError, match="kept as they are"), site.office.database.write() as c:
        c.execute(update(CHART).values(by="user:9"))


# What refuses it


def test_a_draft_is_not_decided_on(site: Site) -> None:
    intake_id = site.start(person(), until="mood")
    reference = site.intake.reference
    with pytest.raises(decisions.NotSent):
        signing.sign(site.office, physician(site), reference, CANDIDATE, 0)
    with pytest.raises(decisions.NotSent):
        decisions.ground(site.office, "user:1", reference)
    with site.office.database.read() as conn:
        assert chart.entries_of(conn, site.office, intake_id) == ()


def test_an_unknown_reference_is_none(site: Site) -> None:
    assert decisions.ground(site.office, "user:1", "AAAA-AAAA") is None
    assert signing.sign(site.office, physician(site), "AAAA-AAAA", CANDIDATE, 0) is None


def test_only_an_active_physician_signs(site: Site) -> None:
    reference = sent(site)
    gone = physician(site, "Gone Away")
    with site.office.database.write() as conn:
        members.set_active(conn, int(gone.removeprefix("user:")), False)
    for actor in (physician(site, "Kim Admin", ADMIN), gone, "user:999"):
        with pytest.raises(signing.NotAPhysician):
            signing.sign(site.office, actor, reference, CANDIDATE, 0)
    assert decided_at(site) == [None]


def test_a_withdrawn_intake_is_not_decided_on(site: Site) -> None:
    reference = sent(site)
    after.withdraw(site.office, ground(site, reference).intake_id, "")
    assert ground(site, reference).blocked == decisions.WITHDRAWN
    with pytest.raises(signing.Blocked):
        sign(site, reference, CANDIDATE)


def test_an_open_urgent_alert_comes_first(site: Site) -> None:
    reference = sent(site, example("urgent-suicide-plan")["answers"])
    assert ground(site, reference).blocked == decisions.ALERT
    with pytest.raises(signing.Blocked):
        sign(site, reference, NOT_NOW)
    (alert,) = site.alerts()
    urgent.acknowledge(site.office, "user:1", alert.id, "Seen today, safety plan made.")
    assert sign(site, reference, NOT_NOW, by=physician(site, "Ada Second")).holds


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        (Wanted(), ["decision"]),
        (Wanted("urgent"), ["decision"]),
        (Wanted("not-now"), ["reason"]),
        (Wanted("not-a-candidate"), ["reason"]),
        (Wanted("refer"), ["refer_to", "reason"]),
        (Wanted("refer", "For an opinion."), ["refer_to"]),
        (Wanted("clearance"), ["clearances"]),
        (Wanted("clearance", clearances=("pregnancy",)), ["clearances"]),
        (Wanted("candidate", "x" * 4001), ["reason"]),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_kept(
    site: Site, wanted: Wanted, wrong: list[str]
) -> None:
    reference = sent(site, PRESSURE)
    with pytest.raises(signing.Incomplete) as refused:
        sign(site, reference, wanted)
    assert [fault.field for fault in refused.value.faults] == wrong
    assert ground(site, reference).entries == ()
    assert decided_at(site) == [None]


def test_a_candidate_without_findings_needs_no_reason(site: Site) -> None:
    assert sign(site, sent(site), CANDIDATE).body["overrides"] == []


def test_a_finding_that_excludes_is_named_and_overridden_by_a_reason_of_its_own(site: Site) -> None:
    reference, by = sent(site, ANEURYSM), physician(site)
    for wanted in (
        CANDIDATE,
        Wanted("candidate", "All is well."),
        Wanted("candidate", "", (), "", "", {"pregnancy": "?"}),
    ):
        with pytest.raises(signing.Incomplete) as refused:
            sign(site, reference, wanted, by=by)
        assert [fault.field for fault in refused.value.faults] == ["override-aneurysm-avm"]
    reason = "Clipped in 2012; neurosurgery agrees, letter of May."
    made = sign(site, reference, Wanted("candidate", overrides={"aneurysm-avm": reason}), by=by)
    (kept,) = made.body["overrides"]
    assert (kept["rule"], kept["kind"], kept["reason"]) == ("aneurysm-avm", "exclude", reason)
    assert kept["says"] == site.questionnaire.rule["aneurysm-avm"].says


def test_a_question_that_is_open_can_be_what_is_to_be_cleared(site: Site) -> None:
    reference = sent(site, UNSURE)
    unknown = [item for item in ground(site, reference).items if item.unknown]
    assert unknown
    made = sign(site, reference, Wanted("clearance", clearances=(unknown[0].id,)))
    (kept,) = made.body["clearances"]
    assert kept == {"label": unknown[0].label, "rules": list(unknown[0].rules), "unknown": True}


# Two physicians


def test_the_second_of_two_physicians_is_refused_and_told_what_changed(site: Site) -> None:
    reference = sent(site)
    sign(site, reference, NOT_NOW, by=physician(site, "Ada First"))
    with pytest.raises(signing.Stale):
        sign(site, reference, CANDIDATE, by=physician(site, "Bo Second"), read=0)
    found = ground(site, reference)
    assert len(found.decisions) == 1
    (change,) = decisions.changes(site.office, found, 0)
    assert (change.kind, change.by, change.told) == (DECISION, "Ada First", ("Not now",))


@pytest.mark.parametrize("kind", [MEASURED, AMENDED])
def test_what_was_measured_or_corrected_meanwhile_makes_it_stale(site: Site, kind: str) -> None:
    reference = sent(site)
    measure(site, reference, kind, bp_systolic=168, bp_diastolic=96)
    with pytest.raises(signing.Stale):
        sign(site, reference, CANDIDATE, read=0)
    (change,) = decisions.changes(site.office, ground(site, reference), 0)
    assert any("168" in line for line in change.told)
    # What was measured counts: what is signed is the record of now.
    assert [row.finding.rule for row in ground(site, reference).against] == ["bp-uncontrolled"]
    wanted = Wanted("not-now", "Until the pressure is lower.")
    made = sign(site, reference, wanted, by=physician(site, "Ada Second"), read=1)
    assert made.body["outcome"] == "excluded"


def test_a_note_or_a_tick_meanwhile_does_not(site: Site) -> None:
    reference = sent(site)
    add(site, reference, NOTE, {"text": "Parks behind the house."})
    add(site, reference, RAISED, {"question": "gad7_1"})
    assert sign(site, reference, CANDIDATE, read=0).number == 3


@pytest.mark.parametrize("read", [-1, 1, 99])
def test_who_claims_to_have_read_what_is_not_there_is_refused(site: Site, read: int) -> None:
    with pytest.raises(signing.Stale):
        sign(site, sent(site), CANDIDATE, read=read)


def test_a_new_decision_says_why_it_differs_and_the_old_ones_stay(site: Site) -> None:
    reference, by = sent(site), physician(site)
    first = sign(site, reference, NOT_NOW, by=by)
    site.clock.wait(days=3)
    with pytest.raises(signing.Incomplete) as refused:
        sign(site, reference, CANDIDATE, by=by, read=1)
    assert [fault.field for fault in refused.value.faults] == ["reason"]
    second = sign(site, reference, Wanted("candidate", "Healed."), by=by, read=1)
    assert second.body["supersedes"] == first.number
    now, before = ground(site, reference).decisions
    assert (now.words, now.holds) == ("Candidate", True)
    assert (before.words, before.holds) == ("Not now", False)
    assert before.body == first.body
    assert decided_at(site) == [site.clock.moment]


def test_what_the_chosen_decision_does_not_ask_for_is_not_kept(site: Site) -> None:
    reference = sent(site, PRESSURE)
    wanted = Wanted("not-now", "Later.", ("bp-elevated",), "Records.", "Cardiology", {"x": "y"})
    body = sign(site, reference, wanted).body
    assert (body["clearances"], body["clearance_text"], body["refer_to"]) == ([], "", "")
    assert body["overrides"] == []
