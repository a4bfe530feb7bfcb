"""`flask doctor`: what is wrong with an installation, in plain lines, and what to do about it.

Each check looks at one thing and changes nothing. No line holds a key, a password or a database's
address: paths, counts and times only. What cannot be looked at because something before it is
wrong, is left out.
"""

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import ProgrammingError

from . import mail
from .clinic import lacks
from .jobs import Queue
from .mail import MailError
from .outputs import renderer
from .outputs.renderer_client import Renderer, RenderError
from .settings import Settings, readable_by_others
from .storage import audit, intakes, pulse
from .storage.database import REVISION, Database, DatabaseUnavailableError
from .storage.vault import Keyring, Vault, VaultError
from .web.current import settings as current_settings
from .workflows import audit_heads
from .workflows.backup import last_made
from .workflows.office import utc_now

OK, WARN, BAD = "ok", "warning", "wrong"
SQLITE_MENDED = (3, 51, 3)  # the rare damage of WAL files with several writers is mended from here
NEWEST_BACKUP = timedelta(hours=26)  # a daily one, and two hours for it
BEAT = 180  # seconds; the worker has something to do every minute
JOBS = 50  # that wait: more is a queue that does not move
FREE, LITTLE = 200 * 2**20, 2 * 2**30  # bytes
ASTRAY = timedelta(minutes=1)  # of the clock
WALLS = "import renderer, json, sys; sys.stdout.write(json.dumps(renderer.confine()))"


@dataclass(frozen=True)
class Finding:
    """`do`: what to do, where something is wrong."""

    about: str
    state: str
    line: str
    do: str = ""


@dataclass(frozen=True)
class Case:
    """The installation that is looked at; None for what is not there or cannot be used."""

    settings: Settings
    now: datetime
    keyring: Keyring | None
    keys_problem: str
    database: Database | None
    queue: Queue | None
    send_mail: bool = False

    @property
    def sqlite_file(self) -> Path | None:
        if self.database is None or not self.database.is_sqlite:
            return None
        return Path(str(self.database.url.database))


Findings = Iterator[Finding]


@click.command("doctor")
@click.option("--mail", "send_mail", is_flag=True, help="Sign in to the mail server too.")
@click.option("--json", "as_json", is_flag=True, help="For a program: a list of objects.")
@with_appcontext
def doctor(send_mail: bool, as_json: bool) -> None:
    """Say what is wrong with this installation and what to do. Exit status 1: something is."""
    found = list(examine(current_settings(), current_app.extensions.get("queue"), send_mail))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{one.state:8} {one.about}: {one.line}" + (f" {one.do}" * bool(one.do)))
    sys.exit(any(one.state == BAD for one in found))


def examine(settings: Settings, queue: Queue | None, send_mail: bool = False) -> Findings:
    """All checks, one after the other."""
    keyring, problem = _keys(settings)
    database = _database(settings)
    case = Case(settings, utc_now(), keyring, problem, database, queue, send_mail)
    try:
        for check in CHECKS:
            yield from check(case)
    finally:
        if database is not None:
            database.close()


def _keys(settings: Settings) -> tuple[Keyring | None, str]:
    try:
        return Keyring.load(settings.keys), ""
    except (VaultError, OSError) as error:
        return None, str(error)


def _database(settings: Settings) -> Database | None:
    """None where its file is not there: looking must not make one."""
    scheme, _, rest = settings.database_url.partition(":///")
    if scheme.startswith("sqlite") and not Path(rest).is_file():
        return None
    return Database(settings.database_url)


# Settings, keys, files


def _check_settings(case: Case) -> Findings:
    settings = case.settings
    if settings.debug:
        yield Finding("settings", BAD, "debug is on.", "Unset FLASK_DEBUG.")
    if not settings.production:
        line = "this runs as for trying out: production's checks are off."
        yield Finding("settings", WARN, line, "Set SCREENING_PUBLIC_URL to your https address.")
    elif settings.proxy_hops == 0:
        line = "no reverse proxy is trusted; behind one all patients would count as one address."
        yield Finding("settings", WARN, line, "Set SCREENING_PROXY_HOPS if there is one.")
    else:
        yield Finding("settings", OK, f"production, {settings.proxy_hops} proxies are trusted.")
    for line in lacks(settings.clinic, settings.languages):
        yield Finding("clinic", WARN, f"{line}.")


def _check_keys(case: Case) -> Findings:
    folder = case.settings.keys
    if case.keyring is None:
        do = "Put them back with restore-keys; on a new machine without any data run init."
        yield Finding("keys", BAD, f"{case.keys_problem}.", do)
        return
    masters = len(case.keyring.masters)
    if masters > 1:
        do = "Run rotate-keys --retire when nothing needs the old."
        yield Finding("keys", WARN, f"{masters} master keys are there.", do)
    else:
        yield Finding("keys", OK, f"all are in {folder} and only their owner can read them.")
    if folder.is_relative_to(case.settings.instance):
        do = "Set SCREENING_KEYS to a folder elsewhere and move them there."
        yield Finding("keys", WARN, "they lie in the folder of the database.", do)


def _check_files(case: Case) -> Findings:
    instance = case.settings.instance
    if not instance.is_dir():
        return
    mode, owner = stat.S_IMODE(instance.stat().st_mode), instance.stat().st_uid
    others = [path.name for path in instance.iterdir() if path.stat().st_uid != owner]
    if others:
        do = f"chown -R --reference={instance} {instance}, and run commands as its owner."
        yield Finding("files", BAD, f"not of the folder's owner: {', '.join(others)}.", do)
    private = [case.sqlite_file, instance / "queue.db", instance / "purged"]
    open_ = [path for path in private if path and path.is_file() and readable_by_others(path)]
    if mode & 0o077 and open_:
        names = ", ".join(str(path) for path in open_)
        yield Finding("files", BAD, f"other users can read {names}.", f"chmod -R go= {instance}")
    elif mode & 0o077:
        yield Finding("files", WARN, f"other users can look into {instance}.", "chmod 700 it.")
    else:
        yield Finding("files", OK, f"{instance} is for its owner alone.")


def _check_space(case: Case) -> Findings:
    if not case.settings.instance.is_dir():
        return
    free = shutil.disk_usage(case.settings.instance).free
    file = case.sqlite_file
    size = file.stat().st_size if file and file.is_file() else 0
    line = f"{free // 2**20} MiB are free in {case.settings.instance}."
    if free < FREE:
        yield Finding("disk", BAD, line, "Make room now: saves fail when it is full.")
    elif free < max(LITTLE, 3 * size):
        yield Finding("disk", WARN, line, "A backup needs three times the database.")
    else:
        yield Finding("disk", OK, line)


# The database


def _check_database(case: Case) -> Findings:
    if not (revision := _revision(case)):
        do = "Run init on a new machine; else look whether it is there and running."
        yield Finding("database", BAD, "it does not answer or has no tables.", do)
        return
    if case.database is None or revision != REVISION:
        do = "Run init." if revision < REVISION else "Install the version that was used before."
        yield Finding("database", BAD, f"its tables are of {revision}, not {REVISION}.", do)
        return
    yield Finding("database", OK, f"it answers and is up to date ({REVISION}).")
    for line in case.database.dangers():
        yield Finding("database", BAD, f"{line}.")
    yield from _check_sqlite(case)
    yield from _check_contents(case)


def _revision(case: Case) -> str:
    if case.database is None:
        return ""
    try:
        with case.database.read() as conn:
            return case.database.revision(conn)
    except (DatabaseUnavailableError, ProgrammingError):
        return ""


def _check_sqlite(case: Case) -> Findings:
    file = case.sqlite_file
    if file is None:
        return
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as conn:
        problems = [row[0] for row in conn.execute("PRAGMA integrity_check(3)")]
    if problems != ["ok"]:
        do = "Stop the server, keep a copy of the file, restore the last backup."
        yield Finding("database", BAD, f"SQLite finds it damaged: {problems[0]}.", do)
    else:
        yield Finding("database", OK, "SQLite finds it whole.")
    version = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < SQLITE_MENDED:
        line = (
            f"{version} has a rare fault that needs two writers at once; here one writes at a "
            "time, so let no other program write to the file."
        )
        yield Finding("database", OK, line)
    else:
        yield Finding("database", OK, f"{version}.")


def _check_contents(case: Case) -> Findings:
    """That the keys are this database's, and the chain of the audit."""
    if case.database is None or case.keyring is None:
        return
    with case.database.read() as conn:
        try:
            intakes.check_keys(conn, Vault(case.keyring))
            yield Finding("keys", OK, "they open the database.")
        except VaultError as error:
            do = "These are other keys, or one was removed: put the right ones back."
            yield Finding("keys", BAD, f"they do not open the database: {error}.", do)
        heads = audit_heads.kept(case.settings.instance / audit_heads.FILE)
        bad = audit.verify(conn, case.keyring, kept=heads)
    if bad is not None:
        do = "Somebody had access to the database, or a disk failed: keep it as it is and find out."
        yield Finding("audit", BAD, f"row {bad} was changed, removed or put in.", do)
    else:
        yield Finding("audit", OK, "no row was changed, removed or put in.")


def _check_pulse(case: Case) -> Findings:
    if case.database is None or _revision(case) != REVISION:
        return
    with case.database.read() as conn:
        found = pulse.take(conn, case.now)
    if found.newest_row and found.newest_row > case.now + ASTRAY:
        line = f"the audit has a row of {found.newest_row:%Y-%m-%d %H:%M} UTC, which is to come."
        yield Finding("clock", BAD, line, "Set the machine's clock by NTP.")
    else:
        yield Finding("clock", OK, f"{case.now:%Y-%m-%d %H:%M} UTC.")
    if found.late:
        do = "Somebody has to look at them now."
        yield Finding("alerts", BAD, f"{found.late} open ones are late.", do)
    if found.not_mailed:
        do = "Run doctor --mail."
        yield Finding("alerts", BAD, f"the mail server did not take {found.not_mailed}.", do)
    if not found.late and not found.not_mailed:
        yield Finding("alerts", OK, f"{found.alerts} are open, none is late.")
    if found.sessions_over > 1000:
        line = f"{found.sessions_over} sessions are over and not swept away."
        yield Finding("sessions", WARN, line, "Is the worker running?")


# What runs beside it


def _check_worker(case: Case) -> Findings:
    do = "Start it: flask worker (./run and the systemd units do)."
    if case.queue is None:
        return
    beat = case.queue.last_beat()
    if beat is None or time.time() - beat > BEAT:
        line = "it has never run." if beat is None else f"silent for {_minutes(beat)} minutes."
        yield Finding("worker", BAD, line, f"{do} It mails the alerts.")
    else:
        yield Finding("worker", OK, "it runs.")
    waiting = case.queue.waiting()
    if waiting > JOBS:
        yield Finding("worker", WARN, f"{waiting} jobs wait.", "Look into its log.")


def _minutes(since: float) -> int:
    return int((time.time() - since) // 60)


def _check_backup(case: Case) -> Findings:
    made = last_made(case.settings.instance)
    do = "Make one a day: flask backup FILE (docs/operating.md)."
    if made is None:
        yield Finding("backup", BAD, "none was made here.", do)
    elif case.now - made > NEWEST_BACKUP:
        hours = int((case.now - made).total_seconds() // 3600)
        yield Finding("backup", BAD, f"the last one is {hours} hours old.", do)
    else:
        yield Finding("backup", OK, f"the last one is of {made:%Y-%m-%d %H:%M} UTC.")


def _check_mail(case: Case) -> Findings:
    smtp = case.settings.smtp
    sender = case.settings.clinic.mail_from
    if smtp is None or not sender:
        do = "Set SCREENING_SMTP_URL, and mail_from in clinic.toml."
        yield Finding("mail", WARN, "there is no mail server: no alert reaches anybody.", do)
    elif case.send_mail:
        try:
            mail.reach(smtp, from_=sender)
            yield Finding("mail", OK, "the server lets us in.")
        except MailError as error:
            do = "Look at SCREENING_SMTP_URL and at the server's log."
            yield Finding("mail", BAD, f"the server does not let us in: {error}.", do)
    else:
        yield Finding("mail", OK, "a server is set; doctor --mail signs in to it.")


def _check_renderer(_case: Case) -> Findings:
    trial = Renderer()
    try:
        trial.render("<p>doctor", "letter")
        yield Finding("summaries", OK, "a PDF can be made.")
    except RenderError as error:
        yield Finding("summaries", BAD, f"{error}.")
        return
    finally:
        trial.stop()
    walls = _walls()
    missing = [name for name, up in walls.items() if not up]
    if missing:
        do = "Allow user namespaces and Landlock (docs/operating.md, Containers)."
        line = f"what makes PDFs is not walled off from: {', '.join(missing)}."
        yield Finding("summaries", WARN, line, do)


def _walls() -> dict[str, bool]:
    """Which walls this system lets the renderer put up, tried in a process that then ends."""
    folder = str(Path(renderer.__file__).parent)
    code = f"import sys; sys.path.insert(0, {folder!r}); {WALLS}"
    command = (sys.executable, "-I", "-B", "-c", code)
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    found: dict[str, bool] = json.loads(done.stdout) if done.returncode == 0 else {"all": False}
    return found


CHECKS: tuple[Callable[[Case], Findings], ...] = (
    _check_settings,
    _check_keys,
    _check_files,
    _check_space,
    _check_database,
    _check_pulse,
    _check_worker,
    _check_backup,
    _check_mail,
    _check_renderer,
)
