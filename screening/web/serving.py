"""Tells the renderer that somebody waits for a page, so that it pauses: see docs/decisions/0023."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask

from ..outputs.renderer import shared_word


def install(app: Flask, file: Path) -> None:
    """Around each request: write when it begins, and 0 at its end unless a newer one has begun.

    All threads and processes share the word without a lock. Whatever they leave in it is at worst
    a pause of some milliseconds too much or too little.
    """
    try:
        word = shared_word(str(file), writes=True)
    except OSError:  # a folder that cannot be written: the renderer just does not pause
        return
    answer = app.wsgi_app

    def tell(environ: Any, start_response: Any) -> Iterable[bytes]:
        began = word[0] = time.monotonic_ns()
        try:
            return answer(environ, start_response)
        finally:
            if word[0] == began:
                word[0] = 0

    app.wsgi_app = tell  # type: ignore[method-assign]
