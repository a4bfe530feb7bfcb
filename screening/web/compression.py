"""HTML compressed for patients' browsers: a page of questions is six times smaller on the way.

Why that gives nothing away: docs/decisions/0013-compressed-pages.md.
"""

import gzip

from flask import Flask, Response, request

from .access import ROOT

LEVEL = 5  # of 9: the next ones take longer than they save
LEAST = 500  # bytes; less does not get smaller


def install(app: Flask) -> None:
    """Compress the pages that are not the staff's, for browsers that take gzip."""

    @app.after_request
    def compress(response: Response) -> Response:
        if response.mimetype != "text/html" or request.path.startswith(ROOT):
            return response
        response.vary.add("Accept-Encoding")
        if "gzip" not in request.accept_encodings or response.is_streamed:
            return response
        body = response.get_data()
        if len(body) >= LEAST and not response.content_encoding:
            response.set_data(gzip.compress(body, LEVEL, mtime=0))
            response.content_encoding = "gzip"
        return response
