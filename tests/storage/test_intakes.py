import shutil
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from screening.storage import alerts, intakes, submissions
from screening.storage.intakes import DraftChanged, NotADraft, StaleRevision
from screening.storage.models import Base
from screening.storage.vault import Keyring, Vault, VaultError, new_code

from .conftest import NOW, new_draft, read, save

CANARY = "Kanarienvogel-4711"


def test_a_new_draft_is_empty_and_has_a_reference(database, vault, draft):
    stored = read(database, vault, draft)
    assert stored == draft
    assert stored.status == "draft"
    assert stored.answers == stored.merged == stored.revisions == {}
    assert len(stored.reference) == 9
    assert stored.created_at == NOW


def test_an_intake_needs_a_stored_definition(database, vault):
    with pytest.raises(IntegrityError), database.write() as conn:
        intakes.create_draft(conn, vault, questionnaire="2", content_hash="unknown", now=NOW)


def test_a_definition_is_kept_once(database):
    with database.write() as conn:
        for text in ('{"a": 1}', '{"a": 2}'):
            intakes.store_definition(conn, content_hash="new", version="2", document=text, now=NOW)
    with database.read() as conn:
        assert intakes.read_definition(conn, "new") == '{"a": 1}'
        assert intakes.read_definition(conn, "none") is None


def test_only_the_newest_code_finds_the_draft(database, vault, draft):
    first, second = new_code(), new_code()
    for code in (first, second):
        with database.write() as conn:
            intakes.set_code(conn, vault, draft.id, code)
    with database.read() as conn:
        assert intakes.find_by_code(conn, vault, second.lower().replace("-", " ")) == draft.id
        for wrong in (first, "", "'; --", "\ud800", "7" * 10_000):
            assert intakes.find_by_code(conn, vault, wrong) is None


def test_no_code_for_what_is_not_a_draft(database, vault):
    with pytest.raises(NotADraft), database.write() as conn:
        intakes.set_code(conn, vault, "none", new_code())


def test_pages_are_saved_and_read_back(database, vault, draft):
    after = save(database, vault, draft, "mood", {"phq9_1": 2, "notes": "Añoranza – 𝄞"})
    after = save(database, vault, after, "heart", {"rows": [{"name": None}, {"name": "x"}]})
    stored = read(database, vault, draft)
    assert stored == after
    assert stored.answers["mood"] == {"phq9_1": 2, "notes": "Añoranza – 𝄞"}
    assert set(stored.merged) == {"phq9_1", "notes", "rows"}
    assert stored.revisions == {"mood": 1, "heart": 2}
    assert stored.saved_at == stored.seen_at == NOW


def test_a_stale_page_is_refused_with_what_is_stored(database, vault, draft):
    shown = save(database, vault, draft, "mood", {"phq9_1": 0})
    save(database, vault, shown, "mood", {"phq9_1": 1}, expected=1)
    with pytest.raises(StaleRevision) as stale:
        save(database, vault, shown, "mood", {"phq9_1": 2}, expected=1)
    assert (stale.value.answers, stale.value.revision) == ({"phq9_1": 1}, 2)
    assert read(database, vault, draft).answers == {"mood": {"phq9_1": 1}}
    with pytest.raises(StaleRevision):
        save(database, vault, draft, "mood", {"phq9_1": 3}, expected=None)


def test_a_repeated_post_is_one_save(database, vault, draft):
    for _ in range(2):
        after = save(database, vault, draft, "mood", {"phq9_1": 1})
        assert after.answers == {"mood": {"phq9_1": 1}}
        assert after == read(database, vault, draft)
    assert len(history(database, vault, draft)) == 1


def test_a_save_returns_the_pages_of_other_tabs_too(database, vault, draft):
    save(database, vault, draft, "mood", {"phq9_1": 1})
    after = save(database, vault, draft, "heart", {"bp_systolic": 120})
    assert after.merged == {"phq9_1": 1, "bp_systolic": 120}
    assert after == read(database, vault, draft)


def test_older_answers_are_kept(database, vault, draft):
    first = save(database, vault, draft, "mood", {"phq9_9": 3})
    save(database, vault, first, "mood", {"phq9_9": 0}, expected=1, now=NOW + timedelta(minutes=1))
    saves = history(database, vault, draft)
    assert [(s.page_id, s.revision, s.answers) for s in saves] == [
        ("mood", 1, {"phq9_9": 3}),
        ("mood", 2, {"phq9_9": 0}),
    ]
    assert saves[1].saved_at == NOW + timedelta(minutes=1)


def history(database, vault, intake):
    with database.read() as conn:
        return intakes.page_history(conn, vault, intake.id)


def test_a_save_cannot_be_changed_afterwards(database, vault, draft):
    save(database, vault, draft, "mood", {"phq9_9": 3})
    with pytest.raises(DBAPIError, match="kept as they are"), database.write() as conn:
        conn.execute(update(intakes.SAVES).values(revision=7))


@pytest.mark.parametrize("now", [datetime(2026, 3, 2, 15, 30)])  # noqa: DTZ001
def test_a_time_without_a_zone_is_refused(database, vault, draft, now):
    with pytest.raises((StatementError, ValueError), match="time zone"):
        save(database, vault, draft, "mood", {"phq9_1": 1}, now=now)


def test_a_submitted_intake_takes_no_saves_and_shows_no_answers(database, vault, draft):
    after = save(database, vault, draft, "mood", {"phq9_1": 1})
    with database.write() as conn:
        submissions.submit(conn, vault, after, document={}, card={}, now=NOW)
    with pytest.raises(NotADraft):
        save(database, vault, after, "mood", {"phq9_1": 2}, expected=1)
    stored = read(database, vault, draft)
    assert (stored.status, stored.answers, stored.submitted_at) == ("submitted", {}, NOW)
    assert history(database, vault, draft)[0].answers == {"phq9_1": 1}


def test_idle_drafts_are_found_once_and_again_after_a_return(database, vault, draft):
    later = NOW + timedelta(minutes=11)

    def idle():
        with database.read() as conn:
            return intakes.idle_drafts(conn, before=later - timedelta(minutes=10))

    assert idle() == [draft.id]
    with database.write() as conn:
        assert intakes.mark_left(conn, draft.id, now=later)
        assert not intakes.mark_left(conn, draft.id, now=later)
    assert idle() == []
    assert read(database, vault, draft).left_at == later
    with database.write() as conn:
        intakes.touch(conn, draft.id, now=NOW)
    assert read(database, vault, draft).left_at is None
    assert idle() == [draft.id]
    save(database, vault, draft, "mood", {}, now=later)
    assert idle() == []


def test_abandoned_drafts_are_found_whether_left_or_not(database, vault, draft):
    other = new_draft(database, vault)
    with database.write() as conn:
        intakes.mark_left(conn, draft.id, now=NOW)
    with database.read() as conn:
        found = intakes.abandoned_drafts(conn, before=NOW + timedelta(days=30))
        assert sorted(found) == sorted([draft.id, other.id])
        assert intakes.abandoned_drafts(conn, before=NOW) == []


def rows_left(database) -> dict[str, int]:
    with database.read() as conn:
        counts = {
            name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in Base.metadata.tables.items()
        }
    return {name: count for name, count in counts.items() if count}


def test_a_deleted_draft_leaves_nothing(database, vault, draft):
    after = save(database, vault, draft, "mood", {"phq9_9": 3})
    with database.write() as conn:
        alerts.raise_alert(conn, vault, after, detail={}, due_at=NOW, now=NOW)
    with database.write() as conn:
        assert intakes.delete_draft(conn, draft.id)
        assert not intakes.delete_draft(conn, draft.id)
    assert rows_left(database) == {"definitions": 1}
    assert read(database, vault, draft) is None
    with pytest.raises(NotADraft):
        save(database, vault, after, "mood", {"phq9_9": 0}, expected=1)


def test_a_submission_is_not_deleted_as_a_draft(database, vault, draft):
    with database.write() as conn:
        submissions.submit(conn, vault, draft, document={}, card={}, now=NOW)
        assert not intakes.delete_draft(conn, draft.id)
        (stored,) = submissions.all_submissions(conn, vault)
        submissions.store_document(
            conn, vault, stored, kind="pdf", paper="a4", content=b"%PDF", now=NOW
        )
    with database.write() as conn:
        intakes.delete_intake(conn, draft.id)
    assert rows_left(database) == {"definitions": 1}


def swap(database, first, second):
    """Exchange two saves' ciphertexts as somebody with the database could, around the trigger."""
    with database.write() as conn:
        rows = conn.execute(select(intakes.SAVES).where(first | second)).mappings().all()
        conn.execute(intakes.SAVES.delete().where(first | second))
        ciphertexts = [row["ciphertext"] for row in reversed(rows)]
        moved = [{**row, "ciphertext": c} for row, c in zip(rows, ciphertexts, strict=True)]
        conn.execute(insert(intakes.SAVES), moved)


def test_swapped_pages_are_refused(database, vault, draft):
    after = save(database, vault, draft, "mood", {"phq9_9": 3})
    save(database, vault, after, "heart", {"bp_systolic": 120})
    swap(database, intakes.SAVES.c.page_id == "mood", intakes.SAVES.c.page_id == "heart")
    with pytest.raises(VaultError):
        read(database, vault, draft)


def test_an_older_save_put_in_the_newer_ones_place_is_refused(database, vault, draft):
    after = save(database, vault, draft, "mood", {"phq9_9": 0})
    save(database, vault, after, "mood", {"phq9_9": 3}, expected=1)
    swap(database, intakes.SAVES.c.revision == 1, intakes.SAVES.c.revision == 2)
    with pytest.raises(VaultError):
        read(database, vault, draft)


def test_answers_swapped_between_patients_are_refused(database, vault, draft):
    other = new_draft(database, vault)
    for intake, score in ((draft, 0), (other, 3)):
        save(database, vault, intake, "mood", {"phq9_9": score})
    ids = (intakes.SAVES.c.intake_id == i.id for i in (draft, other))
    swap(database, *ids)
    with database.write() as conn:  # with the key of the other one as well
        keys = {"key_id": other.key.id, "wrapped_key": other.key.wrapped}
        mine = update(intakes.INTAKES).where(intakes.INTAKES.c.id == draft.id)
        conn.execute(mine.values(keys))
    with pytest.raises(VaultError):
        read(database, vault, draft)


def test_no_answer_and_no_code_is_readable_in_the_files(sqlite, vault, tmp_path):
    draft = new_draft(sqlite, vault)
    code = new_code()
    after = save(sqlite, vault, draft, "mood", {"notes": CANARY})
    with sqlite.write() as conn:
        intakes.set_code(conn, vault, draft.id, code)
        alerts.raise_alert(conn, vault, after, detail={"a": CANARY}, due_at=NOW, now=NOW)
        submissions.submit(conn, vault, after, document={"a": CANARY}, card={"b": CANARY}, now=NOW)
    files = list(tmp_path.glob("screening.db*"))
    assert {path.suffix for path in files} >= {".db", ".db-wal"}
    everything = b"".join(path.read_bytes() for path in files)
    assert draft.reference.encode() in everything  # the search would find it
    for secret in (CANARY, code, code.replace("-", ""), code.lower()):
        assert secret.encode() not in everything
        assert secret.encode("utf-16-le") not in everything


def test_a_deleted_drafts_ciphertext_leaves_the_files(sqlite, vault, tmp_path):
    draft = new_draft(sqlite, vault)
    save(sqlite, vault, draft, "mood", {"notes": CANARY})
    with sqlite.read() as conn:
        sealed = conn.execute(select(intakes.SAVES.c.ciphertext)).scalar_one()
    with sqlite.write() as conn:
        intakes.delete_draft(conn, draft.id)
    sqlite.checkpoint()
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("screening.db*"))
    assert sealed not in everything
    assert draft.key.wrapped not in everything


def test_answers_stay_out_of_reprs_and_errors(database, vault, draft):
    after = save(database, vault, draft, "mood", {"notes": CANARY})
    assert CANARY not in repr(after) + repr(history(database, vault, draft))
    with pytest.raises(StaleRevision) as stale:
        save(database, vault, after, "mood", {"notes": "other"})
    assert CANARY not in str(stale.value) + repr(stale.value)


def test_the_check_of_keys_names_a_wrong_or_missing_one(database, vault, draft, tmp_path):
    with database.read() as conn:
        assert intakes.has_rows(conn)
        intakes.check_keys(conn, vault)
        with pytest.raises(VaultError, match="missing"):
            intakes.check_keys(conn, Vault(Keyring.create(tmp_path / "other")))


def test_an_empty_database_has_no_rows(database):
    with database.read() as conn:
        assert not intakes.has_rows(conn)


def test_rotation_rewraps_in_batches_and_loses_nothing(database, vault):
    drafts = [new_draft(database, vault) for _ in range(3)]
    for draft in drafts:
        save(database, vault, draft, "mood", {"phq9_1": 1})
    folder = vault.keyring.folder
    old = vault.keyring.current
    Keyring.add_master(folder)
    rotated = Vault(Keyring.load(folder))
    with database.write() as conn:
        assert intakes.rewrap_keys(conn, rotated, limit=2) == 2
    for draft in drafts:  # half-way, a process that still runs with the old keyring
        assert read(database, vault, draft).merged == {"phq9_1": 1}
    with database.write() as conn:
        assert intakes.rewrap_keys(conn, rotated, limit=2) == 1
        assert intakes.rewrap_keys(conn, rotated, limit=2) == 0
    shutil.move(next(folder.glob(f"*-{old}.key")), folder.parent / "old.key")
    with database.read() as conn:
        intakes.check_keys(conn, Vault(Keyring.load(folder)))


TABS = 3
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["load", "save", "save", "resend"]),
        st.integers(0, TABS - 1),
        st.sampled_from(["mood", "heart"]),
    ),
    max_size=25,
)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_no_interleaving_of_tabs_loses_an_update(sqlite, vault, steps):
    """Whoever's save is accepted had seen what it replaces; whoever's is not is shown it."""
    draft = new_draft(sqlite, vault)
    tabs, sent, truth = [draft] * TABS, [None] * TABS, {}
    for value, (what, tab, page) in enumerate(steps):
        if what == "load":
            tabs[tab] = read(sqlite, vault, draft)
            continue
        if what == "save" or sent[tab] is None:
            sent[tab] = (page, value, tabs[tab])
        tabs[tab], truth = post(sqlite, vault, sent[tab], truth) or (tabs[tab], truth)
        assert read(sqlite, vault, draft).merged == truth


def post(database, vault, sent, truth):
    """Save as one tab; the tab's new state and the new truth, or None when it was refused."""
    page, value, seen = sent
    outdated = seen.merged.get(page) != truth.get(page)
    try:
        after = save(database, vault, seen, page, {page: value}, expected=seen.revisions.get(page))
    except StaleRevision as stale:
        assert outdated
        assert stale.answers == {page: truth[page]}  # noqa: PT017 - not every step is refused
        return None
    assert not outdated or truth[page] == value  # the second is a repeated post
    truth = {**truth, page: value}
    assert after.merged == truth
    return after, truth


def test_a_submit_of_an_outdated_draft_is_refused(database, vault, draft):
    save(database, vault, draft, "mood", {"phq9_1": 1})
    with pytest.raises(DraftChanged), database.write() as conn:
        submissions.submit(conn, vault, draft, document={}, card={}, now=NOW)
    with pytest.raises(NotADraft), database.write() as conn:
        submissions.submit(conn, vault, replace(draft, id="none"), document={}, card={}, now=NOW)
