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
