"""GET /healthz: for a supervisor or a load balancer. Tells nothing else."""

from flask import Blueprint, Response, jsonify

from .current import office

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 {"status": "ok"} when the database answers and is migrated, else 503 "unavailable"."""
    ready = office().database.ready()
    return jsonify(status="ok" if ready else "unavailable"), 200 if ready else 503
