"""Static files, held in memory: under a name with their hash they are cached for ever.

Templates say `url_for("static", filename="screening.css")` as in any Flask app and get
`/static/screening.0123456789ab.css`. The plain name answers too (a script may import its
neighbour by it) but is not cached.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from flask import Flask, Response, abort, request

from .headers import FOREVER

FOLDER = Path(__file__).parent / "static"
PACKED = (".css", ".js", ".svg", ".json", ".txt", ".webmanifest")


@dataclass(frozen=True)
class StaticFile:
    name: str  # with the hash
    body: bytes
    packed: bytes | None  # gzip, None where it would not help
    content_type: str


def read_folder(folder: Path = FOLDER) -> dict[str, StaticFile]:
    """Every file below `folder`, by its plain name ("icons/logo.svg")."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in paths]
    return {name: as_file(name, path.read_bytes()) for name, path in zip(names, paths, strict=True)}


def as_file(name: str, body: bytes) -> StaticFile:
    """What is served under that name, its hash put into it."""
    plain = PurePosixPath(name)
    digest = hashlib.sha256(body).hexdigest()[:12]
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    textual = kind.startswith("text/") or kind.endswith(("javascript", "+xml", "json"))
    return StaticFile(
        name=str(plain.with_name(f"{plain.stem}.{digest}{plain.suffix}")),
        body=body,
        packed=gzip.compress(body, mtime=0) if plain.suffix in PACKED else None,
        content_type=f"{kind}; charset=utf-8" if textual else kind,
    )


def install(app: Flask, folder: Path = FOLDER, *, more: Mapping[str, bytes]) -> None:
    """Serve `folder` at /static/ and make url_for give the hashed names.

    `more` is files that stand in no folder, by name. url_for raises KeyError for a file that does
    not exist.
    """
    files = read_folder(folder) | {name: as_file(name, body) for name, body in more.items()}
    by_hash = {file.name: file for file in files.values()}

    @app.get("/static/<path:filename>", endpoint="static")
    def static(filename: str) -> Response:
        file = by_hash.get(filename) or files.get(filename)
        if file is None:
            abort(404)
        return _response(file, cached=filename in by_hash)

    @app.url_defaults
    def hashed(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and values["filename"] not in by_hash:
            values["filename"] = files[values["filename"]].name


def _response(file: StaticFile, *, cached: bool) -> Response:
    packed = file.packed if "gzip" in request.accept_encodings else None
    response = Response(packed or file.body, content_type=file.content_type)
    response.vary.add("Accept-Encoding")
    if packed:
        response.content_encoding = "gzip"
    if cached:
        response.headers["Cache-Control"] = FOREVER
    return response
