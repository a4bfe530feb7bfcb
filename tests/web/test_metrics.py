"""Figures for whoever watches the installation, told to nobody else, and nothing of anybody."""

import shutil
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from screening import create_app
from screening.settings import Settings, SettingsError
from screening.workflows.intake import submit_answers
from tests.builders import example, person
from tests.databases import only_sqlite
from tests.server import Server
from tests.site import Clock, Site
from tests.wire import Wire

TOKEN = "t0ken-of-thirty-two-characters-or-more"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CANARY = "Zanzibarina"


@pytest.fixture
def watched(settings):
    app = create_app(replace(settings, metrics_token=TOKEN))
    yield Site(app, Clock(app.extensions["office"]))
    app.extensions["office"].database.close()


def figures(text):
    """{(name, labels): value}"""
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(site):
    answer = site.app.test_client().get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    return figures(answer.text)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer é"},
    ],
)
def test_without_the_token_there_is_nothing(watched, headers):
    answer = watched.app.test_client().get("/metrics", headers=headers)
    assert answer.status_code == 404
    assert "screening_" not in answer.text


def test_without_a_token_set_nobody_gets_any(client):
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        assert client.get("/metrics", headers=headers).status_code == 404


def test_a_short_token_stops_the_start(tmp_path):
    with pytest.raises(SettingsError, match="SCREENING_METRICS_TOKEN") as refused:
        Settings(instance=tmp_path, metrics_token="hunter2")
    assert "hunter2" not in str(refused.value)


def test_what_waits_is_told_in_counts(watched):
    submit_answers(watched.office, person(first_name=CANARY))
    watched.start(person(), until="contact")
    watched.clock.wait(hours=2)
    found = read(watched)
    assert found["screening_database_up",] == 1
    assert found["screening_queue_waiting",] == 1
    assert found["screening_drafts",] == 1
    assert found["screening_alerts_open",] == len(watched.alerts())
    assert found["screening_jobs_waiting",] >= 1
    assert ("screening_backup_age_seconds",) not in found
    assert ("screening_worker_beat_age_seconds",) not in found
    (watched.office.instance / "worker-beat").touch()
    (watched.office.instance / "last-backup").write_text("2026-11-22T20:00:00+00:00\n")
    found = read(watched)
    assert found["screening_backup_age_seconds",] == 26 * 3600
    assert found["screening_worker_beat_age_seconds",] < 60


def test_an_alert_that_is_late_is_seen(watched):
    watched.start(example("urgent-suicide-plan")["answers"], until="anxiety")
    watched.clock.wait(hours=30)
    found = read(watched)
    assert found["screening_alerts_open",] == found["screening_alerts_late",] == 1
    assert found["screening_alert_oldest_seconds",] == 30 * 3600


def test_requests_are_counted_by_route_and_never_by_address(watched):
    client = watched.app.test_client()
    for path in ("/", "/form/contact", "/form/reason", f"/{CANARY}", f"/back/{CANARY}"):
        client.get(path)
    text = client.get("/metrics", headers=BEARER).text
    assert CANARY not in text
    found = figures(text)
    assert found["screening_requests_total", "/", "200"] == 1
    assert found["screening_requests_total", "-", "404"] == 1
    pages = [
        labels for labels in found if labels[:2] == ("screening_requests_total", "/form/<page_id>")
    ]
    assert sum(found[labels] for labels in pages) == 2
    assert found["screening_request_seconds_count", "/"] == 1


@only_sqlite
def test_with_the_database_away_it_says_so(watched, monkeypatch):
    watched.office.database.close()
    path = watched.office.instance / "screening.db"
    shutil.move(path, path.with_suffix(".away"))
    path.mkdir()
    found = read(watched)
    assert found["screening_database_up",] == 0
    assert ("screening_drafts",) not in found


@only_sqlite
@pytest.mark.slow
def test_two_processes_add_up(made_installation, tmp_path):
    shutil.copytree(made_installation, tmp_path / "instance")
    server = Server(tmp_path / "instance")
    (tmp_path / "tmp").mkdir()
    server.environment |= {
        "SCREENING_WEB_WORKERS": "2",
        "SCREENING_METRICS_TOKEN": TOKEN,
        "TMPDIR": str(tmp_path / "tmp"),
    }
    try:
        server.start()
        wire = Wire(server.port)
        asked = [wire.get("/about").status_code for _ in range(12)]
        assert set(asked) <= {200, 404}
        text = wire.get("/metrics", headers=BEARER).text
        total = sum(
            value
            for (name, *labels), value in figures(text).items()
            if name == "screening_requests_total" and labels[0] != "/healthz"
        )
        assert total == 12
        assert list((tmp_path / "tmp").glob("screening-metrics-*/*.db"))
    finally:
        server.stop()
    assert not list((tmp_path / "tmp").glob("screening-metrics-*"))
