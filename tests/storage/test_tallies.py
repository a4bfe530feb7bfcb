"""Counts of months are added once, whichever database keeps them."""

from datetime import timedelta

from screening.storage import audit, tallies

from .conftest import NOW, new_draft, save


def note(database, keyring, action, intake_id=None, *, hours=0, **detail):
    with database.write() as conn:
        at = NOW + timedelta(hours=hours)
        return audit.append(
            conn,
            keyring,
            at=at,
            actor="patient",
            action=action,
            intake_id=intake_id,
            detail=detail or None,
        )


def test_events_come_in_steps_without_those_that_nothing_is_counted_by(database, keyring):
    for n in range(7):
        note(database, keyring, ("a.b", "c.d")[n % 2], "1" * 32, hours=n, n=n)
    with database.read() as conn:
        last, found = tallies.events(conn, 0, {"c.d"}, limit=4)
        assert (last, [event.id for event in found]) == (4, [2, 4])
        assert found[0].at == NOW + timedelta(hours=1)
        assert found[0].detail == {"n": 1}
        last, found = tallies.events(conn, 4, {"c.d"}, limit=4)
        assert (last, [event.id for event in found]) == (7, [6])
        assert tallies.events(conn, 7, {"c.d"}, limit=4) == (7, [])


def test_the_first_time_and_the_last_page_of_an_intake(database, keyring):
    one, other = "1" * 32, "2" * 32
    note(database, keyring, "page.saved", one, page="a")
    note(database, keyring, "page.saved", one, page="b", hours=1)
    note(database, keyring, "page.saved", other, page="c", hours=2)
    note(database, keyring, "intake.left", one, hours=3)
    with database.read() as conn:
        first = tallies.first_times(conn, "page.saved", [one, other, "3" * 32])
        assert first == {one: (1, NOW), other: (3, NOW + timedelta(hours=2))}
        assert tallies.last_page(conn, one) == "b"
        assert tallies.last_page(conn, "3" * 32) is None


def test_counts_are_added_once_and_replaced_where_they_are_of_now(database):
    key = ("sent", "2026-03", "")
    with database.write() as conn:
        assert tallies.add(conn, {key: 2}, was=0, to=5)
        assert not tallies.add(conn, {key: 2}, was=0, to=5)
        assert tallies.add(conn, {key: 3, ("sent", "2026-04", ""): 1}, was=5, to=9)
        tallies.keep_now(conn, "idle", {"a": 1, "b": 2}, now=NOW)
        tallies.keep_now(conn, "idle", {"b": 3}, now=NOW + timedelta(hours=1))
    with database.read() as conn:
        found = tallies.read(conn)
        assert tallies.read_to(conn) == 9
    assert found[key] == 5
    assert [key for key in found if key[0] == "idle"] == [("idle", "", "b")]
    assert tallies.as_of(found) == NOW + timedelta(hours=1)


def test_idle_drafts_are_counted_by_the_page_that_was_saved_last(database, vault):
    for pages in ("ab", "ab", "a", ""):
        draft = new_draft(database, vault)
        for page in pages:
            draft = save(database, vault, draft, page, {"x": 1})
    with database.read() as conn:
        assert tallies.idle(conn, before=NOW + timedelta(hours=1)) == {"a": 1, "b": 2}
        assert tallies.idle(conn, before=NOW) == {}
