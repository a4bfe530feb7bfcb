"""Tells the renderer that somebody waits for a page, so that it pauses: see docs/decisions/0023."""

import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask

from ..outputs.renderer import FRESH, WORDS, shared_words

LINGER = 2_000_000  # nanoseconds: the server still has to send the answer


def install(app: Flask, file: Path) -> None:
    """Around each request: write until when it claims the machine, and at its end that it is over.

    A thread has a word of its own, or shares it with one far away; nothing locks. Whatever is left
    in a word is at worst a pause of some milliseconds too much or too little.
    """
    try:
        words = shared_words(str(file), writes=True)
    except OSError:  # a folder that cannot be written: the renderer just does not pause
        return
    answer = app.wsgi_app

    def tell(environ: Any, start_response: Any) -> Iterable[bytes]:
        mine = threading.get_native_id() % WORDS
        words[mine] = time.monotonic_ns() + FRESH
        try:
            return answer(environ, start_response)
        finally:
            words[mine] = time.monotonic_ns() + LINGER

    app.wsgi_app = tell  # type: ignore[method-assign]
