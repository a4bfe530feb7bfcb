"""Nobody else's page may post here: a token in every form, and the browser's own word about it."""

from flask import Flask, abort, request
from flask_wtf.csrf import CSRFProtect

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask) -> None:
    """Refuse a cross-site POST (403) and one without its token (400, CSRFError; see `errors`)."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # the default hour ends while a slow patient writes
    app.before_request(refuse_cross_site)
    CSRFProtect(app)


def refuse_cross_site() -> None:
    """Browsers say where a request comes from; one from another site never changes anything."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if request.method not in SAFE_METHODS and site == "cross-site":
        abort(403)
