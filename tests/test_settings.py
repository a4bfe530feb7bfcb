"""Wrong settings stop the start with one plain line; insecure ones do in production."""

import dataclasses
import re

import pytest

from screening import create_app
from screening.clinic import read_clinic
from screening.operate import make_installation
from screening.settings import ROOT, VARIABLES, Settings, SettingsError
from screening.storage.database import Database

SAFE = {
    "public_url": "https://intake.example.org",
    "proxy_hops": 1,
    "smtp_url": "smtp://intake:secret@mail.example.org:587",
    "clinic": read_clinic(ROOT / "docs" / "clinic.example.toml"),
}


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "keys").mkdir(mode=0o700)
    return {"instance": tmp_path / "data", "keys_folder": tmp_path / "keys"}


def test_without_any_setting_it_is_a_clinic_on_this_machine(tmp_path):
    settings = Settings(instance=tmp_path)
    assert not settings.production
    assert settings.database_url == f"sqlite:///{tmp_path}/screening.db"
    assert settings.keys == tmp_path / "keys"
    assert settings.hosts == ["127.0.0.1", "localhost", "[::1]"]
    assert settings.clinic.name == "Willow Ketamine Clinic"


def test_settings_cannot_be_changed(tmp_path):
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings(instance=tmp_path).debug = True


def test_https_is_production(folders):
    settings = Settings(**folders, **SAFE)
    assert settings.production
    assert settings.hosts == ["intake.example.org"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"debug": True}, "debug is on"),
        ({"public_url": "http://127.0.0.1:8000", "production": True}, "not https"),
        ({"proxy_hops": None}, "SCREENING_PROXY_HOPS is not set"),
        ({"keys_folder": None}, "keys lie beside the database"),
        ({"smtp_url": ""}, "SCREENING_SMTP_URL is not set"),
        ({"database_url": "postgresql://a:b@db.example.org/s"}, "sslmode=verify-full"),
    ],
)
def test_production_refuses(folders, change, line):
    with pytest.raises(SettingsError, match=line) as refused:
        Settings(**(folders | SAFE | change))
    assert "\n" not in str(refused.value)


def test_production_refuses_keys_that_others_can_read(folders):
    key = folders["keys_folder"] / "hmac.key"
    key.write_text("0" * 64)
    key.chmod(0o644)
    with pytest.raises(SettingsError, match="can be read by other users"):
        Settings(**folders, **SAFE)


def test_production_refuses_a_database_that_others_can_read(folders):
    folders["instance"].mkdir()
    (folders["instance"] / "screening.db").touch(mode=0o644)
    with pytest.raises(SettingsError, match=r"the database in .* can be read by other users"):
        Settings(**folders, **SAFE)


def test_production_refuses_a_database_server_that_would_lose_what_it_took(folders, monkeypatch):
    settings = Settings(**folders, **SAFE, testing=True)
    make_installation(settings)
    monkeypatch.setattr(Database, "dangers", lambda _: ["fsync is off"])
    with pytest.raises(SettingsError, match="production: fsync is off"):
        create_app(settings)


@pytest.mark.parametrize(
    "url", ["postgresql:///screening", "postgresql://db.example.org/s?sslmode=verify-full"]
)
def test_production_takes_a_database_that_nobody_can_listen_to(folders, url):
    assert Settings(**folders, **SAFE, database_url=url).production


def test_a_server_without_keys_does_not_start(tmp_path):
    with pytest.raises(SettingsError, match="no master key"):
        create_app(Settings(instance=tmp_path, testing=True))


@pytest.mark.parametrize(
    "change",
    [
        {"public_url": "intake.example.org"},
        {"public_url": "ftp://intake.example.org"},
        {"public_url": "http://intake.example.org"},
        {"public_url": "https://example.org/intake", "proxy_hops": 0},
        {"draft_days": 0},
        {"draft_days": 400},
        {"languages": ()},
        {"languages": ("en", "fr")},
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, change):
    with pytest.raises(SettingsError):
        Settings(instance=tmp_path, **change)


def test_the_environment_is_read(tmp_path):
    settings = Settings.from_env(
        {
            "SCREENING_INSTANCE": str(tmp_path),
            "SCREENING_PUBLIC_URL": "http://localhost:8123",
            "SCREENING_TRUSTED_HOSTS": "one.example, two.example",
            "SCREENING_PROXY_HOPS": "2",
            "SCREENING_DRAFT_DAYS": "14",
            "SCREENING_LANGUAGES": "es en",
            "SCREENING_KEYS": "",
        }
    )
    assert settings.instance == tmp_path
    assert settings.proxy_hops == 2
    assert settings.draft_days == 14
    assert settings.languages == ("es", "en")
    assert settings.hosts[:3] == ["localhost", "one.example", "two.example"]


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://mail.example.org", "smtp://a:sec/ret@mail:587", "smtp://"]
)
def test_a_mail_server_that_makes_no_sense_is_refused_without_its_password(tmp_path, url):
    with pytest.raises(SettingsError, match="SCREENING_SMTP_URL") as refused:
        Settings(instance=tmp_path, smtp_url=url)
    assert "ret@" not in str(refused.value)


def test_the_password_of_the_mail_server_is_in_no_repr(tmp_path):
    settings = Settings(instance=tmp_path, smtp_url="smtp://a:hush%40hush@mail.example.org")
    assert settings.smtp
    assert settings.smtp.password == "hush@hush"
    assert "hush" not in repr(settings) + repr(settings.smtp)


@pytest.mark.parametrize(
    ("variable", "text"), [("SCREENING_PROXY_HOPS", "one"), ("SCREENING_PRODUCTION", "maybe")]
)
def test_a_variable_that_cannot_be_read_is_named(tmp_path, variable, text):
    with pytest.raises(SettingsError, match=variable):
        Settings.from_env({"SCREENING_INSTANCE": str(tmp_path), variable: text})


def test_every_setting_is_documented():
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `([A-Z_]+)`", page, re.MULTILINE))
    ours = {variable for variable, _ in VARIABLES.values()}
    assert ours - {"FLASK_DEBUG"} <= documented
