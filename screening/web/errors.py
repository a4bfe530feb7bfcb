"""Error pages: plain words, the crisis lines, no traceback, no trace of what was asked for.

A blueprint may answer an error of its own views better. Flask looks for a blueprint's handler
first, so the patient's pages catch a CSRF token that no longer holds (the session ended while the
patient was writing) and keep what was typed:

    @blueprint.errorhandler(CSRFError)
    def ask_for_code(error): ...      # request.form still has every field

and storage that fails, to show the typed page again with "not saved" (status 503, RETRY_AFTER):

    @blueprint.errorhandler(DatabaseUnavailableError)   # while the view was at work
    @blueprint.errorhandler(ServiceUnavailable)         # already when the session was opened
    def not_saved(error): ...
"""

from http import HTTPStatus

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException, SecurityError, ServiceUnavailable

from screening.storage.database import DatabaseUnavailableError

from .i18n import t
from .logging import log

PAGES = frozenset({400, 403, 404, 409, 413, 429, 500, 503})  # those with words in content/interface
RETRY_AFTER = 5  # seconds
LAST_RESORT = (
    "We could not show this page. Nothing you saved before is lost.\n"
    "No pudimos mostrar esta página. No se perdió nada de lo que guardó antes.\n"
    "In danger / En peligro: 911. Suicide and crisis line / Línea de crisis: 988.\n"
)


def install(app: Flask) -> None:
    """Answer every error, also one that no view raised."""
    app.register_error_handler(SecurityError, unknown_host)
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(DatabaseUnavailableError, storage_failed)


def unknown_host(_error: SecurityError) -> Response:
    # A page would be made of addresses at the host that was asked for.
    return plain(HTTPStatus.BAD_REQUEST)


def storage_failed(error: Exception) -> Response:
    """The database is locked, full, read-only or away: nothing was saved, trying again may do."""
    log().error("storage failed", exc_info=error)
    return show(ServiceUnavailable(retry_after=RETRY_AFTER))


def show(error: HTTPException) -> Response:
    """The page for `error`; an unexpected error arrives here as 500 when it has been logged."""
    if isinstance(getattr(error, "original_exception", None), DatabaseUnavailableError):
        # Saving the session failed: Flask asks no other handler that late.
        error = ServiceUnavailable(retry_after=RETRY_AFTER)
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status in PAGES:
        words = status
    else:
        words = HTTPStatus.BAD_REQUEST if status < 500 else HTTPStatus.INTERNAL_SERVER_ERROR
    response = page(int(words))
    response.status_code = status
    for name, value in error.get_headers(request.environ):
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def page(words: int) -> Response:
    """errors/error.html with the words of that status, or plain text when even that fails."""
    try:
        return make_response(
            render_template(
                "errors/error.html",
                status=words,
                title=t(f"error.{words}.title"),
                home_url="/",
                language_switch_url=None,
            )
        )
    except Exception as error:  # noqa: BLE001 an error page must come, whatever else is broken
        log().error("error page failed", exc_info=error)
        return plain(words)


def plain(status: int) -> Response:
    return Response(LAST_RESORT, status, content_type="text/plain; charset=utf-8")
