from datetime import timedelta

import pytest
from sqlalchemy import update

from screening.storage import alerts
from screening.storage.intakes import ALERTS
from screening.storage.vault import VaultError

from .conftest import NOW


def raise_alert(database, vault, draft, *, rules, minutes):
    with database.write() as conn:
        return alerts.raise_alert(
            conn,
            vault,
            draft,
            detail={"rules": rules},
            due_at=NOW + timedelta(minutes=minutes),
            now=NOW,
        )


def test_open_alerts_come_in_the_order_they_are_due(database, vault, draft):
    later = raise_alert(database, vault, draft, rules=["bp-crisis"], minutes=240)
    sooner = raise_alert(database, vault, draft, rules=["suicide-high"], minutes=15)
    with database.read() as conn:
        found = alerts.open_alerts(conn, vault)
    assert [alert.id for alert in found] == [sooner, later]
    assert found[0].detail == {"rules": ["suicide-high"]}
    assert found[0].reference == draft.reference
    assert found[0].due_at == NOW + timedelta(minutes=15)


def test_an_alert_is_acknowledged_once(database, vault, draft):
    alert_id = raise_alert(database, vault, draft, rules=["suicide-high"], minutes=15)

    def acknowledge(by, note):
        with database.write() as conn:
            alert = alerts.read_alert(conn, vault, alert_id)
            return alerts.acknowledge(conn, vault, alert, by=by, note=note, now=NOW)

    assert acknowledge("user:1", "Called, reached.")
    assert not acknowledge("user:2", "Me too.")
    with database.read() as conn:
        assert alerts.open_alerts(conn, vault) == []
        (alert,) = alerts.alerts_of(conn, vault, draft.id)
    assert (alert.acknowledged_by, alert.note) == ("user:1", "Called, reached.")
    assert alert.acknowledged_at == NOW
    assert "Called" not in repr(alert)
    assert "suicide" not in repr(alert)


def test_there_may_be_no_note_and_no_alert(database, vault, draft):
    alert_id = raise_alert(database, vault, draft, rules=[], minutes=1)
    with database.write() as conn:
        alert = alerts.read_alert(conn, vault, alert_id)
        assert alerts.acknowledge(conn, vault, alert, by="user:1", note=None, now=NOW)
        assert alerts.read_alert(conn, vault, alert_id).note is None
        assert alerts.read_alert(conn, vault, "none") is None


def test_a_detail_from_another_alert_is_refused(database, vault, draft):
    first = raise_alert(database, vault, draft, rules=["a"], minutes=1)
    second = raise_alert(database, vault, draft, rules=["b"], minutes=1)
    with database.write() as conn:
        row = conn.execute(ALERTS.select().where(ALERTS.c.id == first)).one()
        conn.execute(update(ALERTS).where(ALERTS.c.id == second).values(detail=row.detail))
    with database.read() as conn, pytest.raises(VaultError):
        alerts.read_alert(conn, vault, second)


def claimed(database, mailing):
    with database.write() as conn:
        return alerts.claim(conn, mailing, now=NOW)


def the_mailing(database):
    with database.read() as conn:
        (found,) = alerts.open_mailings(conn)
    return found


def test_of_those_who_would_write_to_staff_one_does(database, vault, draft):
    raise_alert(database, vault, draft, rules=["suicide-high"], minutes=15)
    seen = the_mailing(database)
    assert claimed(database, seen) is True
    assert claimed(database, seen) is False
    again = the_mailing(database)
    assert (again.mailed, again.mailed_at, again.mail_failed_at) == (0, None, NOW)
    assert claimed(database, again) is True, "it was not sent: whoever comes later tries again"


@pytest.mark.parametrize(("to_all", "failed_at"), [(True, None), (False, NOW)])
def test_what_was_sent_is_counted(database, vault, draft, to_all, failed_at):
    raise_alert(database, vault, draft, rules=["suicide-high"], minutes=15)
    with database.write() as conn:
        alerts.mark_mailed(conn, the_mailing(database), to_all=to_all, now=NOW)
    found = the_mailing(database)
    assert (found.mailed, found.mailed_at, found.mail_failed_at) == (1, NOW, failed_at)


def test_what_is_acknowledged_is_counted_and_mailed_no_more(database, vault, draft):
    alert_id = raise_alert(database, vault, draft, rules=["suicide-high"], minutes=15)
    seen = the_mailing(database)
    with database.write() as conn:
        assert len(alerts.open_alerts(conn, vault)) == 1
        alert = alerts.read_alert(conn, vault, alert_id)
        alerts.acknowledge(conn, vault, alert, by="user:1", note="Called.", now=NOW)
        assert alerts.open_alerts(conn, vault) == []
    assert claimed(database, seen) is False


def test_the_detail_of_an_alert_can_be_changed(database, vault, draft):
    alert_id = raise_alert(database, vault, draft, rules=[], minutes=15)
    before = the_mailing(database)
    with database.write() as conn:
        alerts.change_detail(conn, vault, draft, alert_id, {"rules": [], "call": "now"})
        assert alerts.read_alert(conn, vault, alert_id).detail == {"rules": [], "call": "now"}
    assert the_mailing(database).detail != before.detail
