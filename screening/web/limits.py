"""What a request may be at most. Runs before any view and before the CSRF check reads the form."""

import json
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from flask import Flask, abort, request

BODY_BYTES = 64 * 1024
FIELDS = 500


def install(app: Flask, hosts: list[str]) -> None:
    """Answer only to `hosts`; refuse large, binary, file-carrying and malformed requests."""
    app.config["TRUSTED_HOSTS"] = hosts
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = BODY_BYTES
    app.config["MAX_FORM_PARTS"] = FIELDS
    app.before_request(refuse)


def refuse() -> None:
    """Abort with 400 (not text, a file) or 413 (too much); otherwise do nothing."""
    # Read whole, before the form is parsed: the parser would repair what is not UTF-8.
    body = request.get_data(cache=True)
    if request.mimetype == "application/x-www-form-urlencoded":
        body = unquote_to_bytes(body)
    path = request.environ["PATH_INFO"].encode("latin-1")
    for raw in (path, unquote_to_bytes(request.query_string), body):
        if not _is_text(raw):
            abort(400)
    if body and request.is_json and not _is_clean_json(body):
        abort(400)
    if body and request.files:
        abort(400)
    if body and sum(1 for _ in request.form.items(multi=True)) > FIELDS:
        abort(413)


def _is_text(raw: bytes) -> bool:
    """UTF-8 (which a lone surrogate is not) without NUL."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in raw


def _is_clean_json(body: bytes) -> bool:
    """JSON whose strings are text too: it can spell a NUL or a lone surrogate, \\ud800."""
    try:
        value = json.loads(body)
        return all(_is_text(text.encode()) for text in _strings(value))
    except (ValueError, RecursionError):
        return False


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
