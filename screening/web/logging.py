"""Logs: one JSON object a line on standard error, with allowed keys only.

A log says what happened, where and how long it took; never an address with its values, an answer,
a code, a name or an e-mail. So an exception is logged as its type and the places it passed, without
its message, and what a library logs is logged without its arguments.
"""

import io
import logging
import sys
import time
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any, TextIO, cast
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict, FilteringBoundLogger

KEYS = frozenset(
    {
        "at",  # places of the code an exception passed, innermost last
        "count",
        "error",  # an exception's type
        "event",
        "head",  # of the audit: a row's number and its code
        "level",
        "logger",
        "method",
        "ms",
        "request_id",
        "route",  # the rule, "/page/<page_id>", never the address
        "status",
        "task",
        "timestamp",
    }
)
OURS = "screening"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def log() -> FilteringBoundLogger:
    """Our logger: `log().info("draft resumed", count=1)`. Keys outside KEYS are dropped."""
    logger: FilteringBoundLogger = structlog.get_logger(OURS)
    return logger


def configure(level: int = logging.INFO) -> None:
    """Send structlog and the standard library's logging through `render` to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_error,
            allowed_only,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, StandardError())),
    )
    root = logging.getLogger()
    if not any(isinstance(handler, LibraryHandler) for handler in root.handlers):
        root.handlers = [LibraryHandler(logging.WARNING)]
    logging.captureWarnings(True)


class StandardError(io.TextIOBase):
    """Today's sys.stderr: a test or a supervisor may have replaced it since start."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class LibraryHandler(logging.Handler):
    """What libraries log: the message as it stands in their source, without arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        # Without arguments the message may have been put together already, with values in it.
        template = record.msg if isinstance(record.msg, str) and record.args else "message"
        log().log(record.levelno, template, logger=record.name, exc_info=record.exc_info)


def add_error(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Put an exception's type and places in the stead of its message and values."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = " from ".join(type(link).__qualname__ for link in chain(error))
        event["at"] = places(error)
    return event


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def allowed_only(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key in KEYS}


def install(app: Flask) -> None:
    """Give each request an id (also sent as X-Request-Id) and log it when it is answered."""
    configure()
    app.logger.handlers.clear()
    app.logger.propagate = True

    @app.before_request
    def start() -> None:
        g.request_id = uuid4().hex[:16]
        g.started = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        # An error before `start` (the session could not be opened) has neither.
        request_id = g.get("request_id") or uuid4().hex[:16]
        response.headers["X-Request-Id"] = request_id
        log().info(
            "request",
            request_id=request_id,
            method=request.method if request.method in METHODS else "other",
            route=request.url_rule.rule if request.url_rule else "-",
            status=response.status_code,
            ms=round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1),
        )
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        structlog.contextvars.clear_contextvars()
