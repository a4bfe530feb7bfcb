"""A PDF for staff, or the page that waits while the worker makes it and looks again by itself."""

from collections.abc import Mapping
from typing import Any

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from .current import queue

LOOKS = 20  # how often the page looks for the file by itself
PAUSE = 3  # seconds between two looks


def pdf_or_wait(
    content: bytes | None,
    name: str,
    *,
    job: tuple[str, ...],
    again: tuple[str, Mapping[str, str]],
    back_url: str,
) -> Response:
    """`name`: of the file; it holds no name, date of birth or diagnosis, as it ends up in lists of
    downloads. `job`: the task and its arguments, asked for at the first look; `again`: endpoint and
    values of the file's address."""
    if content is None:
        return _waiting_page(job, again, back_url)
    response = Response(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


def _waiting_page(
    job: tuple[str, ...], again: tuple[str, Mapping[str, str]], back_url: str
) -> Response:
    text = request.args.get("look", "0")
    look = int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 0
    if look == 0:
        queue().enqueue(*job)
    endpoint, values = again
    named: dict[str, Any] = {**values, "look": look + 1}
    address = url_for(endpoint, **named)
    over = look >= LOOKS
    title = "The PDF takes longer than it should" if over else "The PDF is being made"
    found = {"title": title, "over": over, "again_url": address, "back_url": back_url}
    response = make_response(render_template("physician/pdf_waiting.html", **found), 202)
    if not over:
        response.headers["Refresh"] = f"{PAUSE}; url={address}"
    return response
