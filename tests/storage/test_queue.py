"""The lists of submissions: their order, filters and pages, who has one, and the index."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event, text, update

from screening.storage import intakes, messages, queue, search, submissions
from screening.storage.alerts import raise_alert
from screening.storage.intakes import SEARCH_TERMS, SUBMISSIONS
from screening.storage.queue import ALL, DECIDED, NOBODY, WAITING, WITHDRAWN, Wanted

from .conftest import NOW, new_draft

OUTCOMES = ("candidate", "urgent", "clearance", "excluded")


def send(database, vault, n, outcome="candidate", **answers):
    """Number n, sent n hours later."""
    with database.write() as conn:
        draft = intakes.create_draft(
            conn, vault, questionnaire="2026-1", content_hash="abc", now=NOW
        )
        return submissions.submit(
            conn,
            vault,
            draft,
            document={"answers": answers},
            card={"n": n, "outcome": outcome},
            now=NOW + timedelta(hours=n),
        )


def listed(database, vault, wanted=None, **how):
    with database.read() as conn:
        found = queue.lines(conn, vault, wanted or Wanted(), **{"limit": 99} | how)
    return [entry.card["n"] for entry in found]


def change(database, receipt, **values):
    with database.write() as conn:
        this = update(SUBMISSIONS).where(SUBMISSIONS.c.id == receipt.submission_id)
        conn.execute(this.values(**values))


def place(database, receipt):
    with database.read() as conn:
        return queue.place_of(conn, receipt.reference)


@pytest.fixture
def twelve(database, vault):
    """Three of each outcome in turn; urgent are 1, 5, 9 and so on."""
    return [send(database, vault, n, OUTCOMES[n % 4]) for n in range(12)]


ORDER = [1, 5, 9, 3, 7, 11, 2, 6, 10, 0, 4, 8]


def test_the_urgent_wait_first_and_of_each_the_oldest(database, vault, twelve):
    assert listed(database, vault) == ORDER
    assert listed(database, vault, Wanted(by_urgency=False)) == list(range(11, -1, -1))


@pytest.mark.parametrize("by_urgency", [True, False])
def test_every_page_goes_on_where_the_one_before_it_ended(database, vault, twelve, by_urgency):
    wanted = Wanted(by_urgency=by_urgency)
    whole = listed(database, vault, wanted)
    for number, n in enumerate(whole):
        here = place(database, twelve[n])
        after = listed(database, vault, wanted, place=here, limit=5)
        before = listed(database, vault, wanted, place=here, limit=5, back=True)
        assert after == whole[number + 1 : number + 6]
        assert before == whole[max(0, number - 5) : number]


def test_of_the_same_moment_none_is_left_out(database, vault):
    made = [send(database, vault, 0) for _ in range(4)]
    seen, here = [], None
    with database.read() as conn:
        while found := queue.lines(conn, vault, Wanted(), limit=1, place=here):
            seen.append(found[0].id)
            here = queue.place_of(conn, found[0].reference)
    assert seen == [receipt.submission_id for receipt in made]


def test_what_is_not_indexed_yet_stands_on_top_whatever_the_filter(database, vault, twelve):
    change(database, twelve[8], urgency=None)
    assert listed(database, vault)[:2] == [8, 1]
    assert listed(database, vault, Wanted(urgency=0)) == [8, 1, 5, 9]
    for state in (WAITING, ALL):
        newest = Wanted(state=state, by_urgency=False, urgency=0)
        assert listed(database, vault, newest) == [9, 8, 5, 1]


def test_the_filters_together(database, vault, twelve):
    def lists(**wanted):
        return listed(database, vault, Wanted(**wanted))

    for n in (1, 2, 3):
        change(database, twelve[n], assigned_to=7, status="read")
    assert lists(assigned=7) == [1, 3, 2]
    assert lists(assigned=7, urgency=2) == [2]
    assert lists(assigned=NOBODY, urgency=0) == [5, 9]
    assert lists(unread=True, urgency=0) == [5, 9]
    hours = {"since": NOW + timedelta(hours=1), "until": NOW + timedelta(hours=3)}
    assert lists(**hours) == [1, 2]
    assert lists(state=ALL, by_urgency=False, **hours) == [2, 1]


def test_decided_and_withdrawn_no_longer_wait(database, vault, twelve):
    for n, hours in ((4, 30), (1, 20)):
        change(database, twelve[n], decided_at=NOW + timedelta(hours=hours))
    gone = [place(database, twelve[n]).id for n in (5, 4)]
    with database.write() as conn:
        for entry in queue.by_ids(conn, vault, gone):
            messages.withdraw(conn, entry.intake_id, now=NOW)
    assert listed(database, vault) == [n for n in ORDER if n not in (1, 4, 5)]
    assert listed(database, vault, Wanted(state=DECIDED)) == [4, 1]
    assert listed(database, vault, Wanted(state=DECIDED), place=place(database, twelve[4])) == [1]
    assert listed(database, vault, Wanted(state=WITHDRAWN)) == [5, 4]
    assert listed(database, vault, Wanted(state=ALL)) == list(range(11, -1, -1))


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(unread=True),
        Wanted(assigned=NOBODY),
        Wanted(assigned=7),
        Wanted(urgency=3),
        Wanted(since=NOW, until=NOW),
        Wanted(by_urgency=False),
        Wanted(by_urgency=False, unread=True, assigned=7),
        Wanted(state=DECIDED),
        Wanted(state=ALL),
        Wanted(state=ALL, unread=True),
        Wanted(state=WITHDRAWN),
    ],
    ids=str,
)
def test_no_list_is_sorted_or_read_row_by_row(sqlite, vault, wanted):
    """Whatever it is filtered by: the submissions are walked in an index that has the order."""
    asked = []
    with sqlite.read() as conn:
        listen_to(conn, asked)
        queue.lines(conn, vault, wanted, limit=5)
        plans = [
            row.detail
            for statement, values in asked
            for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert plans
    for step in plans:
        assert step != "SCAN submissions", plans
        if wanted.state not in (WITHDRAWN, DECIDED):  # few; ties of the same moment
            assert "TEMP B-TREE" not in step, plans


def listen_to(conn, asked):
    @event.listens_for(conn.engine, "before_cursor_execute")
    def keep(_conn, _cursor, statement, values, _context, _many):
        if statement.startswith("SELECT"):
            asked.append((statement, values))


# Who has one


def test_only_who_had_it_hands_it_over(database, vault):
    number = send(database, vault, 0).submission_id
    with database.write() as conn:
        assert queue.assign(conn, number, was=None, to=3)
        assert not queue.assign(conn, number, was=None, to=4)
        assert queue.assigned_to(conn, number) == 3
        assert queue.assign(conn, number, was=3, to=None)
        assert queue.assigned_to(conn, number) is None


# Search


def terms(vault, *words, born=None):
    found = [search.name_term(vault, word) for word in words]
    return found + ([search.born_term(vault, born)] if born else [])


def found(database, vault, typed, **how):
    with database.read() as conn:
        asked = terms(vault, *search.words_typed(typed))
        return search.find(conn, asked, **{"limit": 9} | how)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("O’Brien", "o'brien"),
        ("O’Brien", "OBRIEN"),
        ("O Brien", "O'Brien"),
        ("Núñez-Ibáñez", "nunez"),
        ("Núñez-Ibáñez", "Ibanez Núñez"),
        ("Núñez-Ibáñez", "nunez-ibanez"),
        ("Núñez-Ibáñez", "nunezibanez"),
        ("Nunez Ibanez", "Nuñez-Ibáñez"),
        ("de la Cruz", "delacruz"),
        ("de la Cruz", "Cruz"),
        ("Łukasz", "lukasz"),
        ("Søren", "SOREN"),
        ("Strauß", "strauss"),
        ("Jose\u0301", "José"),
        ("D'Angelo-Smith", "dangelo smith"),
        ("Mary\u2011Jane", "mary jane"),
        ("李小龙", "李小龙"),
    ],
)
def test_a_name_is_found_however_it_is_typed(database, vault, name, typed):
    one = send(database, vault, 0, first_name="Ana", last_name=name)
    send(database, vault, 1, first_name="Ana", last_name="Somebody")
    assert found(database, vault, typed) == [one.submission_id]


def test_all_words_have_to_fit_and_the_newest_comes_first(database, vault):
    one = send(database, vault, 0, first_name="Ana", last_name="Ruiz", preferred_name="Nita")
    two = send(database, vault, 1, first_name="Ana", last_name="Paz")
    ids = [two.submission_id, one.submission_id]
    assert found(database, vault, "ana") == ids
    assert found(database, vault, "ana", limit=1) == ids[:1]
    assert found(database, vault, "nita ruiz") == ids[1:]
    assert found(database, vault, "ana ru") == []
    assert found(database, vault, "") == []


def test_a_date_of_birth_finds_alone_and_with_a_name(database, vault):
    one = send(database, vault, 0, first_name="Ana", date_of_birth="1980-05-04")
    send(database, vault, 1, first_name="Ana", date_of_birth="1980-04-05")
    with database.read() as conn:
        for asked in (
            terms(vault, born=NOW.date().replace(1980, 5, 4)),
            terms(vault, "ana", born=NOW.date().replace(1980, 5, 4)),
        ):
            assert search.find(conn, asked, limit=9) == [one.submission_id]


def test_nothing_of_a_name_or_a_date_stands_in_the_table(database, vault):
    send(database, vault, 0, first_name="Canary", last_name="Finch", date_of_birth="1980-05-04")
    with database.read() as conn:
        kept = [bytes(row.term_hmac) for row in conn.execute(SEARCH_TERMS.select())]
    assert len(kept) == 3
    assert {len(term) for term in kept} == {16}


# The index


def test_older_submissions_are_indexed_once(database, vault):
    made = [
        send(database, vault, n, outcome, first_name="Ana", date_of_birth="1980-05-04")
        for n, outcome in enumerate(OUTCOMES)
    ]
    with database.write() as conn:
        conn.execute(update(SUBMISSIONS).values(urgency=None))
        conn.execute(SEARCH_TERMS.delete())
        assert not queue.is_indexed(conn)
        counts = []
        while not counts or counts[-1]:
            counts.append(queue.index_older(conn, vault, limit=3))
        assert counts == [3, 1, 0]
        assert queue.is_indexed(conn)
    assert listed(database, vault) == [1, 3, 2, 0]
    assert len(found(database, vault, "ana")) == len(made)


def test_a_new_line_replaces_the_old_one_and_what_it_is_found_by(database, vault):
    receipt = send(database, vault, 0, "urgent", first_name="Ana", last_name="Ruiz")
    with database.write() as conn:
        sent = submissions.submission_by_reference(conn, vault, receipt.reference)
        known = [{"first_name": "Ana"}, {"first_name": "Bea"}]
        queue.index(conn, vault, sent, card={"n": 9, "outcome": "clearance"}, known=known)
    assert listed(database, vault, Wanted(urgency=2)) == [9]
    for typed, fits in (("ana", True), ("bea", True), ("ruiz", False)):
        assert bool(found(database, vault, typed)) is fits


def test_a_deleted_intake_leaves_no_search_term(database, vault):
    receipt = send(database, vault, 0, first_name="Ana")
    with database.write() as conn:
        sent = submissions.submission_by_reference(conn, vault, receipt.reference)
        queue.stand(conn, vault, sent, decided_at=NOW, changed=False, check_in_due=date(2026, 3, 2))
        intakes.delete_intake(conn, sent.intake_id)
        assert conn.execute(text("SELECT count(*) FROM search_terms")).scalar() == 0


def test_unfinished_intakes_with_an_alert_are_listed(database, vault):
    drafts = [new_draft(database, vault) for _ in range(3)]
    with database.write() as conn:
        for draft in drafts[:2]:
            raise_alert(conn, vault, draft, detail={}, due_at=NOW, now=NOW)
        intakes.touch(conn, drafts[0].id, now=NOW + timedelta(minutes=1))
        listed = queue.drafts_with_alerts(conn, limit=9)
    assert listed == [drafts[0].id, drafts[1].id]
