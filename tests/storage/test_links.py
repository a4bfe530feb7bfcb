from datetime import timedelta

import pytest
from sqlalchemy import select, update

from screening.storage import intakes, links, messages
from screening.storage.intakes import LINKS
from screening.storage.vault import VaultError

from .conftest import NOW, new_draft

TO = "quinn@example.org"
LONG_AGO = NOW - timedelta(days=30)


def make(database, vault, draft, *, to=TO, now=NOW) -> links.StoredLink:
    with database.write() as conn:
        link_id = links.replace_link(conn, vault, draft, to=to, now=now)
        found = links.read_link(conn, vault, link_id)
    assert found
    return found


def find(database, vault, handle, *, since=LONG_AGO):
    with database.write() as conn:
        return links.find_link(conn, vault, handle, since=since)


def test_a_link_is_found_by_its_handle_in_any_case(database, vault, draft):
    link = make(database, vault, draft)
    assert (link.to, link.intake_id, link.created_at) == (TO, draft.id, NOW)
    assert find(database, vault, link.handle) == link
    assert find(database, vault, link.handle.upper()) == link
    assert find(database, vault, "0" * 26) is None
    assert find(database, vault, link.handle[:25]) is None


def test_a_new_link_takes_the_place_of_the_one_before(database, vault, draft):
    first = make(database, vault, draft)
    second = make(database, vault, draft, to="sam@example.org")
    assert first.handle != second.handle
    assert find(database, vault, first.handle) is None
    with database.read() as conn:
        assert links.read_link(conn, vault, first.id) is None
        assert links.link_of(conn, vault, draft.id) == second


def test_neither_address_nor_handle_nor_number_is_kept_in_the_clear(database, vault, draft):
    link = make(database, vault, draft)
    with database.write() as conn:
        links.set_number(conn, vault, link.id, "12345678", until=NOW)
        row = conn.execute(select(LINKS)).one()
    for secret in (TO, link.handle, link.handle.upper(), "12345678"):
        assert secret not in str(tuple(row))
        assert secret not in repr(link)


def test_an_address_moved_to_another_link_is_refused(database, vault, draft):
    one = make(database, vault, draft)
    other = make(database, vault, new_draft(database, vault))
    with database.write() as conn:
        sealed = conn.execute(select(LINKS.c.address).where(LINKS.c.id == one.id)).scalar_one()
        conn.execute(update(LINKS).where(LINKS.c.id == other.id).values(address=sealed))
    with pytest.raises(VaultError):
        find(database, vault, other.handle)


def test_a_number_opens_one_link_until_it_is_late(database, vault, draft):
    link = make(database, vault, draft)
    assert not links.is_number(vault, link, "", now=NOW)
    with database.write() as conn:
        links.set_number(conn, vault, link.id, "12345678", until=NOW + timedelta(minutes=15))
    link = find(database, vault, link.handle)
    assert links.is_number(vault, link, "12345678", now=NOW + timedelta(minutes=15))
    assert not links.is_number(vault, link, "12345678", now=NOW + timedelta(minutes=16))
    assert not links.is_number(vault, link, "12345679", now=NOW)
    with database.write() as conn:
        links.forget_number(conn, link.id)
    assert not links.is_number(vault, find(database, vault, link.handle), "12345678", now=NOW)


def test_a_link_has_its_time(database, vault, draft):
    link = make(database, vault, draft)
    assert find(database, vault, link.handle, since=NOW)
    assert not find(database, vault, link.handle, since=NOW + timedelta(seconds=1))
    with database.write() as conn:
        assert links.delete_old(conn, before=NOW) == 0
        assert links.delete_old(conn, before=NOW + timedelta(seconds=1)) == 1


@pytest.mark.parametrize("waits", [False, True])
def test_a_link_goes_with_its_draft(database, vault, draft, waits):
    link = make(database, vault, draft)
    with database.write() as conn:
        if waits:
            assert messages.close_draft(conn, draft.id, now=NOW)
        else:
            assert intakes.delete_draft(conn, draft.id)
    assert find(database, vault, link.handle) is None
