"""Nobody else's page may post here: a token in every form, and the browser's own word about it."""

from functools import lru_cache

from flask import Flask, abort, g, request, session
from flask_wtf.csrf import CSRFProtect, generate_csrf

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask) -> None:
    """Refuse a cross-site POST (403) and one without its token (400, CSRFError; see `errors`)."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # the default hour ends while a slow patient writes
    app.before_request(refuse_cross_site)
    CSRFProtect(app)
    app.jinja_env.globals["csrf_token"] = token


def token() -> str:
    """The token for this session's forms."""
    return _signed(session["csrf_token"]) if "csrf_token" in session else generate_csrf()


@lru_cache(maxsize=1024)
def _signed(_secret: str) -> str:
    """Signed once a session: it takes longer than to put a page together."""
    g.pop("csrf_token", None)  # that of an earlier session of this request
    signed: str = generate_csrf()
    return signed


def refuse_cross_site() -> None:
    """Browsers say where a request comes from; one from another site never changes anything."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if request.method not in SAFE_METHODS and site == "cross-site":
        abort(403)
