"""A change of the settings is in the audit: which, never to what."""

from dataclasses import replace

from screening import create_app
from screening.app import note_settings
from screening.clinic import Clinic
from screening.settings import Settings
from screening.storage import audit_pages
from screening.storage.audit_pages import Row, Wanted
from screening.workflows import settings_log
from tests.site import Site


def rows(site: Site) -> list[Row]:
    actions = (settings_log.NOTED, settings_log.CHANGED)
    with site.office.database.read() as conn:
        return audit_pages.page(conn, Wanted(actions=actions), limit=9)[::-1]


def test_what_is_other_than_at_the_last_start_is_named_without_its_value(site: Site) -> None:
    settings: Settings = site.app.extensions["settings"]
    note_settings(site.office, settings)
    note_settings(site.office, settings)
    secret = "smtp://intake:hunter22@mail.example.org"
    changed = replace(settings, smtp_url=secret, clinic=replace(Clinic(), name="Elm Clinic"))
    note_settings(site.office, changed)
    note_settings(site.office, settings)
    found = rows(site)
    assert [row.action for row in found] == [
        settings_log.NOTED,
        settings_log.CHANGED,
        settings_log.CHANGED,
    ]
    assert [row.detail.get("names") for row in found] == [None, *[["name", "smtp_url"]] * 2]
    assert found[0].detail["marks"] == found[2].detail["marks"]
    assert not [word for word in ("hunter22", "Elm", "Willow", "example") if word in str(found)]
    assert {row.actor for row in found} == {"system"}


def test_a_server_notes_it_when_it_starts_and_a_command_does_not(site: Site) -> None:
    used = site.app.extensions["settings"]
    here = {"instance": used.instance, "database_url": used.database_url}
    for offline in (True, False):
        app = create_app(Settings(**here, testing=False), offline=offline)
        assert len(rows(site)) == (not offline)
        app.extensions["office"].database.close()
