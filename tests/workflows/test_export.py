"""Bulk exports: what leaves, what the audit says of it, and lines that are worked out once."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from screening.outputs.csv_export import FORM, Plan
from screening.storage import exports
from screening.storage.intakes import AUDIT, DOCUMENTS, SUBMISSIONS, delete_intake
from screening.storage.vault import VaultError
from screening.workflows import export
from screening.workflows.export import EVERYTHING, Filters, count_by_outcome, export_csv
from screening.workflows.intake import submit_answers
from tests.builders import FIXTURES, example, medicine_row, person
from tests.site import Site

EXAMPLES = sorted(path.stem for path in (FIXTURES / "examples").glob("*.json"))
PREGNANT = {"pregnant": "yes", "preeclampsia": "no"}


def send(site: Site, **changes: Any) -> str:
    return submit_answers(site.office, person(**changes)).reference


def file(site: Site, filters: Filters = EVERYTHING) -> bytes:
    return b"".join(export_csv(site.office, "user:7", filters, "review", "Dr. Vale"))


def rows(site: Site, filters: Filters = EVERYTHING) -> list[dict[str, str]]:
    text = file(site, filters).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def names(site: Site, filters: Filters) -> list[str]:
    return [row["first_name"] for row in rows(site, filters)]


def kept(site: Site) -> int:
    """How many lines are kept."""
    asked = select(func.count()).select_from(DOCUMENTS).where(DOCUMENTS.c.kind == exports.KIND)
    with site.office.database.read() as conn:
        return conn.execute(asked).scalar_one()


def audited(site: Site) -> list[tuple[str, str, dict[str, Any]]]:
    asked = select(AUDIT.c.actor, AUDIT.c.action, AUDIT.c.detail).order_by(AUDIT.c.id)
    with site.office.database.read() as conn:
        found = conn.execute(asked.where(AUDIT.c.action.startswith("export."))).all()
    return [(actor, action, json.loads(detail)) for actor, action, detail in found]


# What leaves


def test_the_examples_are_exported_as_they_were_sent(site):
    sent = [submit_answers(site.office, example(name)["answers"]) for name in EXAMPLES]
    found = rows(site)
    assert [row["reference"] for row in found] == [receipt.reference for receipt in sent]
    outcomes = [example(name)["expected"]["outcome"] for name in EXAMPLES]
    assert [row["outcome"] for row in found] == outcomes
    assert {row["questionnaire"] for row in found} == {site.questionnaire.version}
    assert found[0]["submitted_at"] == "2026-11-23T12:00:00-08:00"


def test_groups_are_as_wide_as_the_fullest_of_those_that_are_exported(site):
    send(site, medications=[medicine_row(f"vitamin {n}") for n in range(4)])
    site.clock.wait(days=2)
    send(site, first_name="Later")
    today = Filters(since=site.office.today())
    assert "medications_4_medicine" in rows(site)[0]
    assert "medications_2_medicine" not in rows(site, today)[0]


def test_days_are_those_of_the_clinic(site):
    site.clock.moment = datetime(2026, 11, 10, 7, 59, tzinfo=UTC)  # the 9th, 23:59
    send(site, first_name="Ninth")
    site.clock.moment = datetime(2026, 11, 10, 8, 0, tzinfo=UTC)
    send(site, first_name="Tenth")
    site.clock.moment = datetime(2026, 11, 11, 8, 0, tzinfo=UTC)
    send(site, first_name="Eleventh")
    tenth = date(2026, 11, 10)
    assert names(site, Filters(tenth, tenth)) == ["Tenth"]
    assert names(site, Filters(since=tenth)) == ["Tenth", "Eleventh"]
    assert names(site, Filters(until=tenth)) == ["Ninth", "Tenth"]


def test_the_outcome_can_be_asked_for(site):
    send(site, first_name="Calm")
    send(site, first_name="Not", **PREGNANT)
    for _ in range(2):  # of lines that are made and of lines that are kept
        assert names(site, Filters(outcome="excluded")) == ["Not"]
        assert names(site, Filters(outcome="urgent")) == []


def test_counting_by_outcome(site):
    send(site)
    send(site, **PREGNANT)
    counts = {"urgent": 0, "excluded": 1, "clearance": 0, "candidate": 1}
    assert count_by_outcome(site.office, EVERYTHING) == counts
    only = count_by_outcome(site.office, Filters(outcome="candidate"))
    assert only == counts | {"excluded": 0}
    assert kept(site) == 0


def test_what_is_sent_while_a_file_is_written_waits_for_the_next(site):
    send(site)
    chunks = export_csv(site.office, "user:7", EVERYTHING, "review", "Dr. Vale")
    header = next(chunks).decode()
    send(site, first_name="Late", medications=[medicine_row(f"vitamin {n}") for n in range(9)])
    assert "medications_9_medicine" not in header
    assert b"Late" not in b"".join(chunks)
    assert len(rows(site)) == 2


def test_an_intake_of_an_older_version_is_in_the_file_too(site):
    send(site, first_name="Old")
    newer = site.questionnaire.model_copy(
        update={"version": "2027-1", "content_hash": "0" * 64, "export_order": ("last_name",)}
    )
    object.__setattr__(site.office, "questionnaire", newer)
    send(site, first_name="New")
    found = rows(site)
    assert next(iter(found[0])) == "last_name"
    assert [row["first_name"] for row in found] == ["Old", "New"]
    assert [row["questionnaire"] for row in found] == ["2026-2", "2027-1"]


# The audit


def test_an_export_is_noted_before_its_first_byte_and_at_its_end(site):
    send(site)
    filters = Filters(since=date(2026, 11, 1), outcome="candidate")
    chunks = export_csv(site.office, "user:7", filters, " yearly\nreview ", "Dr. Vale")
    said = {
        "kind": "csv",
        "filters": {"from": "2026-11-01", "outcome": "candidate"},
        "purpose": "yearly review",
        "recipient": "Dr. Vale",
    }
    assert audited(site) == [("user:7", "export.started", said)]
    b"".join(chunks)
    assert audited(site)[1:] == [("user:7", "export.finished", {"kind": "csv", "rows": 1})]


def test_an_export_that_nobody_reads_to_the_end_is_noted_as_stopped(site):
    send(site)
    chunks = export_csv(site.office, "user:7", EVERYTHING, "review", "Dr. Vale")
    next(chunks)
    chunks.close()
    assert audited(site)[1:] == [("user:7", "export.stopped", {"kind": "csv", "rows": 0})]


@pytest.mark.parametrize(("purpose", "recipient"), [("", "me"), ("  ", "me"), ("review", "")])
def test_an_export_needs_a_purpose_and_a_recipient(site, purpose, recipient):
    with pytest.raises(ValueError, match="needs a"):
        export_csv(site.office, "user:7", EVERYTHING, purpose, recipient)
    assert audited(site) == []


# Kept lines


def test_a_line_is_worked_out_once(site, monkeypatch):
    send(site)
    first = file(site)
    assert kept(site) == 1
    monkeypatch.setattr(Plan, "ready", None)
    assert file(site) == first


def test_lines_of_an_older_form_are_made_again_and_go(site, monkeypatch):
    send(site)
    monkeypatch.setattr(export, "FORM", "0")
    file(site)
    monkeypatch.setattr(export, "FORM", FORM)
    assert len(rows(site)) == 1
    with site.office.database.read() as conn:
        assert conn.execute(select(DOCUMENTS.c.paper)).scalars().all() == [FORM]


def test_a_kept_line_is_sealed_and_goes_with_its_intake(site):
    send(site, anything_else="a canary in the coal mine")
    file(site)
    with site.office.database.write() as conn:
        assert b"canary" not in conn.execute(select(DOCUMENTS.c.ciphertext)).scalar_one()
        delete_intake(conn, conn.execute(select(SUBMISSIONS.c.intake_id)).scalar_one())
    assert kept(site) == 0
    assert rows(site) == []


def test_an_altered_store_stops_the_export(site):
    send(site)
    file(site)
    with site.office.database.write() as conn:
        conn.execute(update(DOCUMENTS).values(ciphertext=b"\x01altered"))
    with pytest.raises(VaultError):
        file(site)
    assert audited(site)[-1][1] == "export.stopped"


def test_many_new_lines_are_kept_in_several_transactions(site, monkeypatch):
    for _ in range(5):
        send(site)
    monkeypatch.setattr(export, "KEPT_AT_ONCE", 2)
    assert len(rows(site)) == 5
    assert kept(site) == 5


def test_the_zone_is_that_of_the_clinic_now(site):
    send(site)
    file(site)
    elsewhere = replace(site.office, zone=UTC)
    text = b"".join(export_csv(elsewhere, "cli", EVERYTHING, "a", "b")).decode()
    assert "2026-11-23T20:00:00+00:00" in text
