"""The app put together, as a table of contents."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from . import (
    cli,
    cli_audit,
    cli_backup,
    cli_bundle,
    cli_data,
    cli_fhir,
    cli_load,
    cli_retention,
    cli_rules,
    doctor,
    operate,
)
from .jobs import Queue
from .questionnaire import loader
from .questionnaire.medicines import packed
from .settings import ROOT, Settings, SettingsError
from .storage.database import Database
from .storage.intakes import check_keys
from .storage.vault import Keyring, Vault, VaultError
from .web import (
    access,
    account,
    admin_export,
    after,
    audit_log,
    auth,
    clinic_look,
    compression,
    csrf,
    disclosures,
    errors,
    fhir_questionnaire,
    front_desk,
    half,
    headers,
    health,
    i18n,
    insight,
    limits,
    links,
    logging,
    metrics,
    passkeys,
    patient,
    patient_checkin,
    quick_exit,
    retention,
    sessions,
    staff,
    staff_corrections,
    staff_decision,
    staff_letters,
    staff_plan,
    staff_review,
    static_files,
    users,
)
from .web.fields import SUGGESTIONS
from .workflows import settings_log
from .workflows.office import Keep, Office, Post

FOR_STAFF = (
    auth,
    account,
    passkeys,
    front_desk,
    staff,
    staff_corrections,
    staff_decision,
    staff_letters,
    staff_review,
    staff_plan,
    users,
    admin_export,
    fhir_questionnaire,
    retention,
    audit_log,
    disclosures,
    insight,
)
# Every page of the app, by the module that draws it. Each has a `blueprint`.
PAGES = (health, metrics, patient, after, half, patient_checkin, links, quick_exit, *FOR_STAFF)


class App(Flask):
    """Flask without a look, at each step of each request, at whether a function is asynchronous."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings | None = None, *, offline: bool = False) -> Flask:
    """The whole app, from the environment's settings unless some are given.

    Offline is for commands that need no keys, such as the one that makes them. Otherwise raises
    SettingsError when the settings are insecure or the keys are missing.
    """
    settings = settings or Settings.from_env()
    app = App("screening", template_folder=str(ROOT / "templates"), static_folder=None)
    app.testing = settings.testing
    app.url_map.strict_slashes = False  # an address typed with a slash too many is meant as well
    app.extensions["settings"] = settings

    logging.install(app)
    metrics.install(app)
    limits.install(app, settings.hosts)
    if not offline:
        office = open_office(app, settings)
        check(office, production=bool(settings.production))
        if not settings.testing:
            note_settings(office, settings)
    elif settings.keys.is_dir():
        try:
            open_office(app, settings)
        except SettingsError as error:  # `doctor` says more, `restore-keys` puts it right
            app.extensions["keys_problem"] = str(error)
    csrf.install(app)
    headers.install(app, https=settings.https)
    compression.install(app)
    static_files.install(app, more=clinic_look.install(app, settings) | medicine_names(app))
    i18n.install(app)
    access.install(app)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    errors.install(app)
    app.jinja_env.undefined = StrictUndefined
    cli.register(app)
    cli_data.register(app)
    cli_bundle.register(app)
    cli_fhir.register(app)
    cli_backup.register(app)
    cli_rules.register(app)
    app.cli.add_command(cli_load.load_questionnaire)
    app.cli.add_command(cli_retention.purge)
    app.cli.add_command(doctor.doctor)
    app.cli.add_command(operate.init)
    app.cli.add_command(operate.worker)
    app.cli.add_command(operate.invite)
    cli_audit.register(app)
    trust_proxies(app, settings)
    return app


def medicine_names(app: Flask) -> dict[str, bytes]:
    """The module of names that are offered while a medicine is typed."""
    office = app.extensions.get("office")
    names = packed(office.questionnaire.medicine_names) if office else ""
    return {SUGGESTIONS: f"export default {json.dumps(names)};".encode()}


def open_office(app: Flask, settings: Settings) -> Office:
    """Keys, database, sessions and jobs: what a request needs and `flask init` makes.

    Raises SettingsError when a key is missing, malformed or readable by others.
    """
    try:
        keyring = Keyring.load(settings.keys)
    except VaultError as error:
        raise SettingsError(f"The keys cannot be used: {error}.") from error
    vault = Vault(keyring)
    database = Database(settings.database_url)
    office = Office(
        database=database,
        keyring=keyring,
        vault=vault,
        questionnaire=loader.load(settings.content) if settings.content else loader.current(),
        zone=settings.clinic.zone,
        clinic=settings.clinic.name,
        phone=settings.clinic.phone or "",
        mark=clinic_look.mark(settings),
        paper=settings.clinic.paper,
        draft_days=settings.draft_days,
        keep=Keep(settings.clinic.keep_years, settings.clinic.keep_withdrawn_days),
        instance=settings.instance,
        post=Post(
            smtp=settings.smtp,
            sender=settings.clinic.mail_from,
            alerted=settings.clinic.alert_emails,
            address=f"{settings.public_url.rstrip('/')}{access.ROOT}",
            start=settings.public_url.rstrip("/"),
        ),
    )
    app.secret_key = vault.derived("flask")
    queue = Queue(
        office, settings.instance / "queue.db", vault.derived("jobs"), held=settings.testing
    )
    office = queue.office = replace(
        office,
        after_send=lambda ref: queue.enqueue("make-pdf", ref, office.paper),
        after_alert=lambda: queue.ask("mail-alerts"),
    )
    app.extensions["office"] = office
    app.extensions["queue"] = queue
    sessions.install(app, office, settings)
    return office


def check(office: Office, *, production: bool = False) -> None:
    """Raises SettingsError when the database is away or old, or the keys are not its keys; in
    production also when the database server is set to lose or lay open what it takes."""
    try:
        if not office.database.ready():
            raise SettingsError(
                "The database does not answer or is not up to date: run flask --app wsgi init."
            )
        with office.database.read() as conn:
            check_keys(conn, office.vault)
        for danger in office.database.dangers() if production else ():
            raise SettingsError(f"Refusing to start in production: {danger}.")
    except VaultError as error:
        raise SettingsError(f"The keys do not open the database: {error}.") from error
    finally:
        office.database.close()  # the server forks next; each process connects for itself


def note_settings(office: Office, settings: Settings) -> None:
    """A setting, a line of clinic.toml or a content that is another one than at the last start
    stands in the audit."""
    values = {one.name: getattr(settings, one.name) for one in fields(settings)}
    clinic = values.pop("clinic")
    values |= {one.name: getattr(clinic, one.name) for one in fields(clinic)}
    values["content"] = office.questionnaire.content_hash
    values["check_in_content"] = office.check_in().content_hash
    settings_log.note(office, values)
    office.database.close()


def trust_proxies(app: Flask, settings: Settings) -> None:
    """Believe what the configured number of reverse proxies says about the client, and no more."""
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
