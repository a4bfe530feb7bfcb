"""What one installation is set to. Read once at start; wrong or insecure settings stop the start.

Environment variables (SCREENING_*) say how it runs; `instance/clinic.toml` says whose clinic it is.
`docs/operating.md` lists them all; a test holds the two together.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from . import mail
from .clinic import LANGUAGES, Clinic, SettingsError, lacks, read_clinic

__all__ = ["LANGUAGES", "ROOT", "VARIABLES", "Clinic", "Settings", "SettingsError"]

ROOT = Path(__file__).resolve().parent.parent
SECRET = 32  # characters of a secret that somebody chooses, at least
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this installation runs. Tests build it directly, the server by `from_env`.

    Raises SettingsError on construction when a value makes no sense, and, in production,
    when it would run insecurely.
    """

    instance: Path = ROOT / "instance"
    keys_folder: Path | None = None  # None: `keys` in the instance folder
    database_url: str = ""  # "": SQLite in the instance folder
    public_url: str = "http://127.0.0.1:8000"  # what people type
    trusted_hosts: tuple[str, ...] = ()  # further host names to answer to
    proxy_hops: int | None = None  # reverse proxies in front; None: not said
    production: bool | None = None  # None: yes when the public address is https
    debug: bool = False
    testing: bool = False
    draft_days: int = 30
    languages: tuple[str, ...] = LANGUAGES
    content: Path | None = None  # a questionnaire's folder; None: the released one
    clinic: Clinic = field(default_factory=Clinic)
    smtp_url: str = field(default="", repr=False)  # "": no e-mail is sent
    metrics_token: str = field(default="", repr=False)  # "": there are no metrics

    def __post_init__(self) -> None:
        self._set("instance", Path(self.instance).resolve())
        if not self.database_url:
            self._set("database_url", f"sqlite:///{self.instance / 'screening.db'}")
        if self.production is None:
            self._set("production", self.https)
        _check_values(self)
        if self.production:
            _check_production(self)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def keys(self) -> Path:
        return (self.keys_folder or self.instance / "keys").resolve()

    @property
    def smtp(self) -> mail.Smtp | None:
        """The mail server; None without one."""
        return mail.read_url(self.smtp_url) if self.smtp_url else None

    @property
    def https(self) -> bool:
        return urlsplit(self.public_url).scheme == "https"

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).hostname or ""

    @property
    def hosts(self) -> list[str]:
        """Host names that requests may carry."""
        here = () if self.production else ("localhost", "127.0.0.1", "[::1]")
        return list(dict.fromkeys((bracketed(self.public_host), *self.trusted_hosts, *here)))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Settings of this process: SCREENING_* variables and `clinic.toml`.

        Raises SettingsError naming the variable or the line of clinic.toml that is wrong.
        """
        given: dict[str, Any] = {
            name: read(variable, environ[variable])
            for name, (variable, read) in VARIABLES.items()
            if environ.get(variable, "").strip()
        }
        instance = given.get("instance", ROOT / "instance")
        return cls(**given, clinic=read_clinic(instance / "clinic.toml"))


def bracketed(host: str) -> str:
    """An IPv6 address as a Host header writes it."""
    return f"[{host}]" if ":" in host else host


def _whole(variable: str, text: str) -> int:
    if not text.strip().isdecimal():
        raise SettingsError(f"{variable} must be a whole number, not {text!r}.")
    return int(text)


def _yes(variable: str, text: str) -> bool:
    choices = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
    if text.strip().lower() not in choices:
        raise SettingsError(f"{variable} must be 1 or 0, not {text!r}.")
    return choices[text.strip().lower()]


def _words(_variable: str, text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _path(_variable: str, text: str) -> Path:
    return Path(text).expanduser()


def _text(_variable: str, text: str) -> str:
    return text.strip()


VARIABLES = {
    "instance": ("SCREENING_INSTANCE", _path),
    "keys_folder": ("SCREENING_KEYS", _path),
    "database_url": ("SCREENING_DATABASE_URL", _text),
    "public_url": ("SCREENING_PUBLIC_URL", _text),
    "trusted_hosts": ("SCREENING_TRUSTED_HOSTS", _words),
    "proxy_hops": ("SCREENING_PROXY_HOPS", _whole),
    "production": ("SCREENING_PRODUCTION", _yes),
    "debug": ("FLASK_DEBUG", _yes),
    "draft_days": ("SCREENING_DRAFT_DAYS", _whole),
    "languages": ("SCREENING_LANGUAGES", _words),
    "smtp_url": ("SCREENING_SMTP_URL", _text),
    "metrics_token": ("SCREENING_METRICS_TOKEN", _text),
}


def _check_values(settings: Settings) -> None:
    url = urlsplit(settings.public_url)
    unknown = set(settings.languages) - set(LANGUAGES)
    problems = {
        "SCREENING_PUBLIC_URL must look like https://intake.example.org": url.scheme
        not in ("http", "https")
        or not url.hostname
        or url.path not in ("", "/"),
        "SCREENING_PUBLIC_URL is http on a host that is not this machine; use https": not (
            settings.https or settings.testing or url.hostname in LOOPBACK
        ),
        "SCREENING_DRAFT_DAYS must be 1 to 365": not 1 <= settings.draft_days <= 365,
        f"SCREENING_LANGUAGES may hold {' and '.join(LANGUAGES)}": bool(unknown)
        or not settings.languages,
        f"SCREENING_METRICS_TOKEN must have {SECRET} characters or more; one way to make it: "
        "openssl rand -hex 32": 0 < len(settings.metrics_token) < SECRET,
        "SCREENING_SMTP_URL must look like smtp://user:password@mail.example.org:587, with any "
        "@ : / in the password written as %40 %3A %2F": not _can_be_mailed(settings),
    }
    _refuse(problems)


def _check_production(settings: Settings) -> None:
    # That the keys exist is seen when they are opened: `init` has to start without them.
    keys = settings.keys
    database = _sqlite_file(settings.database_url)
    problems = {
        "debug is on": settings.debug,
        "the public address (SCREENING_PUBLIC_URL) is not https": not settings.https,
        "SCREENING_PROXY_HOPS is not set: say how many reverse proxies stand in front "
        "(0 for none)": settings.proxy_hops is None,
        f"keys in {keys} can be read by other users (chmod -R go= {keys})": any(
            map(readable_by_others, _files(keys))
        ),
        f"the database in {database} can be read by other users (chmod go= {database}*)": (
            database is not None and database.is_file() and readable_by_others(database)
        ),
        f"the keys lie beside the database; set SCREENING_KEYS to a folder outside "
        f"{database and database.parent}": database is not None
        and keys.is_relative_to(database.parent),
        "the database connection is not encrypted; add sslmode=verify-full to "
        "SCREENING_DATABASE_URL": _open_connection(settings.database_url),
        "SCREENING_SMTP_URL is not set: urgent alerts go to the team by e-mail": (
            not settings.smtp_url
        ),
    }
    lacking = dict.fromkeys(lacks(settings.clinic, settings.languages), True)
    _refuse(problems | lacking, "Refusing to start in production: ")


def _refuse(problems: Mapping[str, bool], before: str = "") -> None:
    for line, wrong in problems.items():
        if wrong:
            raise SettingsError(f"{before}{line}.")


def _can_be_mailed(settings: Settings) -> bool:
    try:
        return settings.smtp is not None or not settings.smtp_url
    except ValueError:
        return False


def readable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file())


def _sqlite_file(url: str) -> Path | None:
    scheme, _, rest = url.partition(":///")
    return Path(rest).resolve() if scheme.startswith("sqlite") and rest else None


def _open_connection(url: str) -> bool:
    """A network database without TLS; a Unix socket or this machine needs none."""
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite") or not parts.hostname or parts.hostname in LOOPBACK:
        return False
    return not any(mode in parts.query for mode in ("sslmode=verify-full", "sslmode=verify-ca"))
