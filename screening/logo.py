"""A clinic's logo: a file that is what its name says, draws a picture and does nothing else.

The app serves it from its own address, where a picture with a script would act as the app. The
security policy stops that in a browser; here such a file is not taken in the first place.
"""

import math
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

MOST = 100 * 1024  # bytes
PNG = b"\x89PNG\r\n\x1a\n"
NOT_PNG = "is not a whole PNG file: export it again as PNG"
SVG_SPACE = "{http://www.w3.org/2000/svg}"
# What draws. Filters are not here: none needs to stand in a header. Nor is what moves.
DRAWS = {
    "svg", "g", "defs", "symbol", "use", "switch", "title", "desc", "metadata", "style",
    "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image",
    "text", "tspan", "textPath", "clipPath", "mask", "pattern", "marker",
    "linearGradient", "radialGradient", "stop",
}  # fmt: skip
INSIDE = re.compile(r"#|data:image/(png|jpeg);base64,", re.IGNORECASE)
# In a style or an attribute that is one: what loads, and the escapes that could hide it.
OUTSIDE = re.compile(r"@import|image-set|src\(|\\|url\(\s*+[\"']?+(?!#)", re.IGNORECASE)
# What drawing programs note for themselves. Browsers do not look at it.
NOTES = tuple(
    f"{{http://{space}"
    for space in (
        "www.inkscape.org/",
        "sodipodi.sourceforge.net/",
        "www.w3.org/1999/02/22-rdf-syntax-ns#",
        "purl.org/dc/",
        "creativecommons.org/ns#",
    )
)


class LogoError(ValueError):
    """Not a logo that can be shown. The message ends a line that names the file."""


@dataclass(frozen=True)
class Logo:
    name: str
    body: bytes
    width: float  # in units of its own: only the shape counts
    height: float


def read(path: Path) -> Logo:
    """The logo in the file `path`. Raises LogoError saying what is wrong with it."""
    try:
        size = path.stat().st_size
        body = path.read_bytes() if size <= MOST else b""
    except OSError as error:
        raise LogoError(f"cannot be read ({error.strerror}): put it beside clinic.toml") from error
    if size > MOST:
        raise LogoError(f"has {size // 1024 + 1} KB: make it {MOST // 1024} KB or less")
    width, height = _png_size(body) if path.suffix == ".png" else _svg_size(body)
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise LogoError("has no width or no height")
    return Logo(path.name, body, width, height)


def titled(svg: Logo, title: str) -> str:
    """An SVG logo as an element that says what it shows to who does not see it."""
    for prefix, space in (("", SVG_SPACE), ("xlink", "{http://www.w3.org/1999/xlink}")):
        ElementTree.register_namespace(prefix, space.strip("{}"))
    root = ElementTree.fromstring(svg.body.decode("utf-8-sig"))  # noqa: S314 read by `read`
    for old in root.findall(f"{SVG_SPACE}title"):
        root.remove(old)
    named = ElementTree.Element(f"{SVG_SPACE}title")
    named.text = title
    root.insert(0, named)
    root.set("viewBox", root.get("viewBox") or f"0 0 {svg.width:g} {svg.height:g}")
    return ElementTree.tostring(root, encoding="unicode")


def _png_size(body: bytes) -> tuple[int, int]:
    chunks = list(_chunks(body))
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [b"IHDR"] or kinds[-1] != b"IEND" or b"IDAT" not in kinds:
        raise LogoError(NOT_PNG)
    width, height = struct.unpack_from(">II", chunks[0][1])
    return width, height


def _chunks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of each part of a PNG, to the last byte."""
    if not body.startswith(PNG):
        raise LogoError(NOT_PNG)
    at = len(PNG)
    while at < len(body):
        length, kind = struct.unpack(">I4s", body[at : at + 8].ljust(8))
        data, check = body[at + 8 : at + 8 + length], body[at + 8 + length : at + 12 + length]
        if check != zlib.crc32(kind + data).to_bytes(4, "big"):
            raise LogoError(NOT_PNG)
        yield kind, data
        at += 12 + length


def _svg_size(body: bytes) -> tuple[float, float]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LogoError("is not an SVG file in UTF-8: export it again as plain SVG") from error
    # Before it is parsed: entities can hide and multiply anything, and an instruction can load.
    without = re.sub(r"^<\?xml\s[^>]*\?>", "", text)
    if "<!DOCTYPE" in without or "<!ENTITY" in without or "<?" in without:
        raise LogoError("has a DOCTYPE or an instruction (<? ... ?>): export it as plain SVG")
    try:
        root = ElementTree.fromstring(without)  # noqa: S314 no entities are left
    except ElementTree.ParseError as error:
        raise LogoError(f"is not an SVG file ({error}): export it again as plain SVG") from error
    if root.tag != f"{SVG_SPACE}svg":
        raise LogoError(f"is not an SVG file: it has no <svg> of {SVG_SPACE.strip('{}')}")
    for element in root.iter():
        _check_element(element)
    return _shape(root)


def _check_element(element: ElementTree.Element) -> None:
    tag = str(element.tag)
    name = tag.rpartition("}")[2]
    if not tag.startswith(NOTES) and not (tag.startswith(SVG_SPACE) and name in DRAWS):
        raise LogoError(f"holds <{name}>, which a logo does not need: take that out")
    if name == "style" and OUTSIDE.search("".join(element.itertext())):
        raise LogoError("loads something from outside the file (style): take that out")
    for full_name, value in element.items():
        if not full_name.startswith(NOTES):
            _check_attribute(full_name.rpartition("}")[2].lower(), value)


def _check_attribute(name: str, value: str) -> None:
    if name.startswith("on"):
        raise LogoError(f"has an event handler ({name}): take it out")
    loads = name == "href" and not INSIDE.match(value)
    if loads or name == "base" or OUTSIDE.search(value):
        raise LogoError(f"loads something from outside the file ({name}): take that out")


def _shape(root: ElementTree.Element) -> tuple[float, float]:
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    sides = box[2:] if len(box) == 4 else [root.get(side, "") for side in ("width", "height")]
    try:
        width, height = (float(side.removesuffix("px")) for side in sides)
    except ValueError as error:
        raise LogoError('does not say its size: give <svg> a viewBox, as in "0 0 36 36"') from error
    return width, height
