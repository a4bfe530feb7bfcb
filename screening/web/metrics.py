"""GET /metrics: figures for Prometheus. Off without SCREENING_METRICS_TOKEN, and then not there.

Counts and times of the whole installation: no patient, no account, no address. A request is counted
by its route's rule, so the number of series is bounded. With several server processes each writes
its counts into a file of a shared folder (PROMETHEUS_MULTIPROC_DIR, set in gunicorn.conf).
"""

import hmac
import os
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, abort, current_app, g, request

from ..storage import pulse
from ..storage.database import DatabaseUnavailableError
from ..storage.pulse import Pulse
from ..workflows.backup import last_made
from .current import office, queue, settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

blueprint = Blueprint("metrics", __name__)
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.3, 0.8, 2.0, 5.0)  # 0.3 and 0.8: the goals of a save
FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def install(app: Flask) -> None:
    """Count and time every request, when there is a token."""
    if not app.extensions["settings"].metrics_token:
        return
    # Imported here: without a token no process loads the library.
    from prometheus_client import CollectorRegistry, Counter, Histogram  # noqa: PLC0415

    registry = CollectorRegistry()
    kept = None if FOLDER in os.environ else registry
    labels = ("route", "status")
    requests = Counter("screening_requests", "Requests answered.", labels, registry=kept)
    seconds = Histogram(
        "screening_request_seconds",
        "From a request's start to its answer.",
        ("route",),
        registry=kept,
        buckets=SECONDS,
    )
    app.extensions["metrics"] = registry

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "-"
        requests.labels(route, response.status_code).inc()
        if "started" in g:
            seconds.labels(route).observe(time.perf_counter() - g.started)
        return response


@blueprint.get("/metrics")
def metrics() -> Response:
    """404 without the token, as for an address that is not there."""
    token = settings().metrics_token
    given = request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        abort(404)
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415

    text = generate_latest(_requests()) + generate_latest(_installation())
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _requests() -> "CollectorRegistry":
    """What this process counted, or all processes of this server."""
    registry: CollectorRegistry = current_app.extensions["metrics"]
    if FOLDER in os.environ:
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        registry = type(registry)()
        MultiProcessCollector(registry)
    return registry


def _installation() -> "CollectorRegistry":
    from prometheus_client import CollectorRegistry  # noqa: PLC0415

    registry = CollectorRegistry()
    for name, value, help_ in _gauges():
        registry.register(_Figure(name, help_, value))
    return registry


def _gauges() -> Iterator[tuple[str, float, str]]:
    """Name, value, help. What is not known is left out."""
    now = office().now()
    try:
        with office().database.read() as conn:
            found = pulse.take(conn, now)
    except DatabaseUnavailableError:
        yield "database_up", 0, "Whether the database answers."
        return
    yield "database_up", 1, "Whether the database answers."
    yield from _counts(found, now)
    backup = last_made(settings().instance)
    if backup is not None:
        age = (now - backup).total_seconds()
        yield "backup_age_seconds", age, "Since the last backup; alert above 26 hours."
    beat = queue().last_beat()
    if beat is not None:
        yield "worker_beat_age_seconds", time.time() - beat, "Since the worker last did something."
    yield "jobs_waiting", queue().waiting(), "Jobs that wait for the worker."


def _counts(found: Pulse, now: datetime) -> Iterator[tuple[str, float, str]]:
    oldest = (now - found.oldest_alert).total_seconds() if found.oldest_alert else 0
    yield "queue_waiting", found.waiting, "Submissions that wait for a decision."
    yield "drafts", found.drafts, "Intakes that are not sent."
    yield "alerts_open", found.alerts, "Alerts that nobody has acknowledged."
    yield "alerts_late", found.late, "Open alerts whose time is over."
    yield "alert_oldest_seconds", oldest, "Age of the oldest open alert; 0 without any."
    yield "alerts_not_mailed", found.not_mailed, "Open alerts whose last e-mail failed."
    yield "exports_waiting", found.exports_waiting, "Exports that wait for the worker."
    yield "exports_running", found.exports_running, "Exports that are being made."
    yield "sessions", found.sessions, "Browser sessions that have not expired."


class _Figure:
    """One number, as the library collects it."""

    def __init__(self, name: str, help_: str, value: float):
        self.name, self.help, self.value = f"screening_{name}", help_, value

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

        yield GaugeMetricFamily(self.name, self.help, value=self.value)
