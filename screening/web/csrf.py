"""Nobody else's page may post here: a token in every form, and the browser's own word about it."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache

from flask import Flask, abort, g, request, session
from flask_wtf.csrf import CSRFProtect, generate_csrf

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask) -> None:
    """Refuse a cross-site POST (403) and one without its token (400, CSRFError; see `errors`)."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # the default hour ends while a slow patient writes
    app.before_request(refuse_cross_site)
    Protect(app)
    app.jinja_env.globals["csrf_token"] = token


class Protect(CSRFProtect):
    """Takes a token as it is, or masked."""

    def _get_csrf_token(self) -> str | None:
        sent: str | None = super()._get_csrf_token()
        return unmasked(sent) if sent else None


def token() -> str:
    """The token for this session's forms, another text in each response that may be compressed."""
    plain = _signed(session["csrf_token"]) if "csrf_token" in session else generate_csrf()
    if "gzip" not in request.accept_encodings:
        return plain
    # The same throughout a response.
    if g.get("masked_of") != plain:
        g.masked_of, g.masked = plain, masked(plain)
    shown: str = g.masked
    return shown


def masked(plain: str) -> str:
    """`plain` behind a random mask: the length of a compressed page tells nothing about it."""
    mask = secrets.token_bytes(len(plain))
    return urlsafe_b64encode(mask + _crossed(mask, plain.encode())).decode()


def unmasked(sent: str) -> str:
    """What was masked; anything else as it is, to be refused where it is not a token."""
    try:
        both = urlsafe_b64decode(sent.encode())
        half = len(both) // 2
        return _crossed(both[:half], both[half : 2 * half]).decode("ascii")
    except ValueError:  # among them what is no base64, such as a token that was never masked
        return sent


def _crossed(mask: bytes, text: bytes) -> bytes:
    crossed = int.from_bytes(mask, "big") ^ int.from_bytes(text, "big")
    return crossed.to_bytes(len(mask), "big")


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
