"""What was typed on a page that is not sent: kept for who wrote it, refused where it is stale."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from screening.storage import half_pages, intakes
from screening.storage.half_pages import HALF_PAGES, Elsewhere, Shown, Typed
from screening.storage.intakes import NotADraft
from screening.storage.vault import VaultError

from .conftest import NOW, new_draft, read, save

FIRST = Shown(revision=0, counter=0)
TYPED = Typed((("phq9_1", "2"), ("phq9_2", "x")), {"phq9_1": 2}, "phq9_2", "tab-a", 1)


def test_it_comes_back_as_it_was_typed(database, vault, draft):
    assert keep(database, vault, draft) == 1
    half = read(database, vault, draft).halves["mood"]
    assert (half.revision, half.counter, half.saved_at) == (0, 1, NOW)
    assert half_pages.opened(vault, draft, "mood", half) == TYPED


def test_a_writer_goes_on_from_its_last_counter(database, vault, draft):
    assert keep(database, vault, draft) == 1
    assert keep(database, vault, draft, text="3", counter=1, turn=2) == 2
    assert typed(database, vault, draft).pairs == (("phq9_1", "3"),)


def test_a_lost_reply_is_not_another_tab(database, vault, draft):
    keep(database, vault, draft)
    assert keep(database, vault, draft, text="3", turn=2) == 2


def test_what_was_overtaken_stays_away(database, vault, draft):
    keep(database, vault, draft, text="new", turn=5)
    assert keep(database, vault, draft, text="old", turn=4) == 1
    assert typed(database, vault, draft).pairs == (("phq9_1", "new"),)


def test_another_tab_overwrites_nothing_that_it_has_not_seen(database, vault, draft):
    keep(database, vault, draft)
    with pytest.raises(Elsewhere):
        keep(database, vault, draft, text="3", writer="tab-b", turn=9)
    assert typed(database, vault, draft) == TYPED
    assert keep(database, vault, draft, text="3", writer="tab-b", turn=9, counter=1) == 2


def test_what_arrives_after_the_page_was_saved_is_refused(database, vault, draft):
    saved = save(database, vault, draft, "mood", {"phq9_1": 2})
    with pytest.raises(Elsewhere):
        keep(database, vault, draft)
    assert read(database, vault, draft).halves == {}
    shown = saved.revisions["mood"]
    assert keep(database, vault, draft, revision=shown) == 1


def test_a_sent_or_deleted_intake_keeps_nothing(database, vault, draft):
    with database.write() as conn:
        intakes.delete_draft(conn, draft.id)
    with pytest.raises(NotADraft):
        keep(database, vault, draft)


def test_dropping_gives_what_there_was_and_only_that_page(database, vault, draft):
    keep(database, vault, draft)
    keep(database, vault, draft, page="heart")
    with database.write() as conn:
        assert half_pages.drop(conn, draft.id, "mood").counter == 1
        assert half_pages.drop(conn, draft.id, "mood") is None
    assert set(read(database, vault, draft).halves) == {"heart"}
    with database.write() as conn:
        half_pages.drop_all(conn, draft.id)
    assert read(database, vault, draft).halves == {}


def test_a_deleted_draft_takes_it_along(database, vault, draft):
    keep(database, vault, draft)
    with database.write() as conn:
        assert intakes.delete_draft(conn, draft.id)
        assert conn.execute(HALF_PAGES.select()).all() == []


def test_it_counts_as_being_here(database, vault, draft):
    with database.write() as conn:
        intakes.mark_left(conn, draft.id, now=NOW)
    keep(database, vault, draft, now=NOW + timedelta(minutes=9))
    seen = read(database, vault, draft)
    assert (seen.seen_at, seen.left_at) == (NOW + timedelta(minutes=9), None)


def test_what_is_typed_goes_before_what_is_saved(database, vault, draft):
    saved = save(database, vault, draft, "mood", {"phq9_1": 0, "phq9_2": 1})
    keep(database, vault, draft, revision=saved.revisions["mood"])
    seen = read(database, vault, draft)
    assert half_pages.so_far(vault, seen) == {"phq9_1": 2, "phq9_2": 1}
    assert seen.merged == {"phq9_1": 0, "phq9_2": 1}


@pytest.mark.parametrize("column", ["revision", "counter"])
def test_a_row_that_was_moved_is_refused(database, vault, draft, column):
    keep(database, vault, draft)
    with database.write() as conn:
        conn.execute(update(HALF_PAGES).values({column: HALF_PAGES.c[column] + 1}))
    with pytest.raises(VaultError):
        typed(database, vault, draft)


def test_it_opens_under_its_own_intake_alone(database, vault, draft):
    keep(database, vault, draft)
    half = read(database, vault, draft).halves["mood"]
    with pytest.raises(VaultError):
        half_pages.opened(vault, new_draft(database, vault), "mood", half)
    with pytest.raises(VaultError):
        half_pages.opened(vault, draft, "heart", half)


def test_nothing_typed_is_in_the_row_or_a_repr(database, vault, draft):
    canary = "canary-7f3a"
    keep(database, vault, draft, text=canary)
    half = read(database, vault, draft).halves["mood"]
    assert canary.encode() not in half.sealed
    assert canary not in repr(typed(database, vault, draft))


def keep(database, vault, draft, *, page="mood", text=None, revision=0, counter=0, **more):
    now = more.pop("now", NOW)
    given = replace(TYPED, **({"pairs": (("phq9_1", text),)} if text else {}), **more)
    shown = Shown(revision, counter)
    with database.write() as conn:
        return half_pages.keep(conn, vault, draft, page, given, shown=shown, now=now)


def typed(database, vault, draft):
    half = read(database, vault, draft).halves["mood"]
    return half_pages.opened(vault, draft, "mood", half)
