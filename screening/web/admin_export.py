"""The administrator's exports: what is asked for, how far it is, and the file, once."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from .. import wording
from ..outputs.dictionary import dictionary
from ..outputs.flat.json_schema import json_schema
from ..outputs.formats_known import FORMATS
from ..storage import members
from ..storage.export_jobs import DONE, OPEN, StoredJob
from ..workflows import export as flow
from ..workflows import export_jobs as jobs
from ..workflows.decisions import DECISIONS
from ..workflows.export_file import signing_key
from . import staff_forms
from .access import actor
from .auth import answer_errors
from .current import office, queue
from .dates import moment_in_words
from .export_forms import Export, Which, concerns, without_reasons
from .staff_forms import posted

blueprint = Blueprint("export", __name__, url_prefix="/staff/export")
answer_errors(blueprint)

CSV = "text/csv; charset=utf-8"
SCHEMA = "application/schema+json"
FILE = "application/octet-stream"  # nothing that a browser would open
TITLE = "Export"
BUSY = "The file is being downloaded at this moment."
GONE = "The file is not there any more, or it is not yours. Files can be downloaded once."
STATES = {
    "waiting": "Waiting",
    "running": "Being made",
    "done": "Ready",
    "fetched": "Downloaded",
    "expired": "Expired",
    "cancelled": "Cancelled",
    "failed": "Failed",
}


@blueprint.route("", methods=["GET", "POST"])
def show() -> Any:
    """The form and the last exports; with `action` "make" one more is asked for, with "count" it is
    said how much would be in it."""
    if not posted():
        return _page(Export())
    form = Export(request.form)
    if request.form.get("action") != "make":
        which = Which(request.form)
        valid = which.validate()
        return _page(form, _count(which)) if valid else _page(without_reasons(form), status=400)
    if not form.validate():
        return _page(form, status=400)
    job_id = jobs.ask(office(), actor(), form.options())
    queue().ask("make-exports")
    return redirect(url_for("export.job", job_id=job_id), 303)


@blueprint.get("/<job_id>")
def job(job_id: str) -> Response:
    """How far it is, or what became of it. The page looks again by itself."""
    found = _job(job_id)
    mine = found.by == actor()
    with office().database.read() as conn:
        by = members.name_of(conn, found.by)
    shown = {
        "title": f"Export: {STATES[found.status].lower()}",
        "job": found,
        "asked": list(_asked(found, by)),
        "made": list(_made(found)),
        "percent": min(100, 100 * found.done // found.total) if found.total else 0,
        "looks": found.status in OPEN or (mine and found.status == DONE),
        "mine": mine,
        "until": found.expires_at and _moment(found.expires_at),
        "fetched": found.fetched_at and _moment(found.fetched_at),
        "back_url": url_for("export.show"),
    }
    return make_response(render_template("admin/export_job.html", **shown))


@blueprint.post("/<job_id>/cancel")
def cancel(job_id: str) -> Response:
    _job(job_id)
    cancelled = jobs.cancel(office(), actor(), job_id)
    flash("Cancelled. No file is left." if cancelled else "It was over already.")
    return redirect(url_for("export.job", job_id=job_id), 303)


@blueprint.post("/<job_id>/file")
def fetch(job_id: str) -> Response:
    """The file. When all of it has left, it is gone."""
    _job(job_id)
    try:
        download = jobs.fetch(office(), actor(), job_id)
    except jobs.Busy:
        return _told(job_id, BUSY)
    if download is None:
        return _told(job_id, GONE)
    response = _file(download.chunks(), str(download.job.name), FILE)
    response.content_length = download.job.size or 0
    response.call_on_close(download.close)
    return response


@blueprint.get("/dictionary.csv")
def data_dictionary() -> Response:
    """What every column means. It holds nothing of any patient."""
    questionnaire = office().questionnaire
    described = dictionary(questionnaire, office().check_in())
    return _file([described], f"dictionary-{questionnaire.version}.csv", CSV)


@blueprint.get("/schema.json")
def line_schema() -> Response:
    """What a line of the NDJSON export holds, as a JSON Schema."""
    questionnaire = office().questionnaire
    described = json_schema(questionnaire, office().check_in())
    return _file([described], f"schema-{questionnaire.version}.json", SCHEMA)


def _job(job_id: str) -> StoredJob:
    found = jobs.read(office(), job_id)
    if found is None:
        abort(404)
    return found


def _told(job_id: str, words: str) -> Response:
    flash(words)
    return redirect(url_for("export.job", job_id=job_id), 303)


def _file(chunks: Any, name: str, content_type: str) -> Response:
    """A download under a name of ours, without anybody's identity."""
    response = Response(chunks, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _count(which: Which) -> str:
    counts = flow.count_by_outcome(office(), which.filters())
    total = sum(counts.values())
    parts = [f"{wording.OUTCOMES[name]}: {count}" for name, count in counts.items() if count]
    return " · ".join([_many(total), *parts])


def _page(form: Export, count: str = "", status: int = 200) -> Response:
    found = {"title": TITLE, "form": form, "count": count, "errors": staff_forms.errors(form)}
    found["fingerprint"] = signing_key(office()).fingerprint
    found["jobs"] = [_line(job) for job in jobs.newest(office())]
    found["dictionary_url"] = url_for("export.data_dictionary")
    found["schema_url"] = url_for("export.line_schema")
    return make_response(render_template("admin/export.html", **found), status)


# In words


def _line(job: StoredJob) -> list[dict[str, Any]]:
    """A row of the table of the last exports."""
    asked = _moment(job.asked_at)
    cells = [asked, _format(job), job.options["recipient"], job.options["purpose"]]
    line: list[dict[str, Any]] = [{"text": text, "href": None, "tone": None} for text in cells]
    line[0]["href"] = url_for("export.job", job_id=job.id)
    rows = "" if job.rows is None else f"{job.rows:,}"
    line.append({"text": rows, "href": None, "tone": None})
    line.append({"text": STATES[job.status], "href": None, "tone": None})
    return line


def _asked(job: StoredJob, by: str) -> Iterator[tuple[str, str]]:
    told = job.options
    yield "Asked for", f"{_moment(job.asked_at)} by {by}"
    yield "What it is for", told["purpose"]
    yield "Who gets it", told["recipient"]
    yield "Which submissions", _filters(flow.Filters.from_json(told["filters"]))
    yield "Format", _format(job)
    if told["age"]:
        yield "Opens for", told["age"]


def _made(job: StoredJob) -> Iterator[tuple[str, str]]:
    if job.size is not None:
        yield "File", str(job.name)
        yield "Holds", _many(job.rows or 0)
        yield "Size", _size(job.size)
        yield "SHA-256", str(job.sha256)


def _format(job: StoredJob) -> str:
    told = job.options
    known = FORMATS.get(told["format"])
    parts = [known.name if known else str(told["format"])]
    parts += ["de-identified"] if told["deidentified"] else []
    parts += ["rows of a patient joined"] if told["deidentified"] and told.get("joined") else []
    parts += ["signed bundle"] if told["signed"] else []
    parts += ["encrypted"] if told["age"] else []
    return ", ".join(parts)


def _filters(filters: flow.Filters) -> str:
    parts = []
    if filters.since or filters.until:
        parts.append(f"sent {filters.since or 'at any time'} to {filters.until or 'now'}")
    if filters.outcome:
        parts.append(wording.OUTCOMES[filters.outcome])
    if filters.concern:
        parts.append(concerns().get(filters.concern, filters.concern))
    if filters.decision:
        parts.append(DECISIONS.get(filters.decision, "no decision yet"))
    if filters.version:
        parts.append(filters.version)
    return " · ".join(parts) or "All"


def _many(rows: int) -> str:
    return "1 submission" if rows == 1 else f"{rows:,} submissions"


def _size(size: int) -> str:
    for unit, many in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size >= many:
            return f"{size / many:.1f} {unit} ({size:,} bytes)"
    return f"{size:,} bytes"


def _moment(moment: datetime) -> str:
    return moment_in_words(moment.astimezone(office().zone), "en")
