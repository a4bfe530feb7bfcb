"""The clinic's own colours and logo, as static files beside ours.

The security policy lets no style stand in a page, so the colours are a stylesheet of their own.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from flask import Flask

from .. import colours, logo
from ..settings import Settings, SettingsError

STYLESHEET = "clinic.css"
HEIGHT = 36  # CSS pixels of the logo in the header
KINDS = {".svg": "image/svg+xml", ".png": "image/png"}
WIDEST = 108  # leaves room for the name and the language switch at 320 px


@dataclass(frozen=True)
class Look:
    """What layouts/base.html draws. `logo`, `icon` and `stylesheet` are static files' names."""

    logo: str = "logo.svg"
    logo_width: int = HEIGHT
    logo_height: int = HEIGHT
    icon: str = "favicon.svg"
    icon_type: str = "image/svg+xml"
    stylesheet: str | None = None
    theme_colour: str = colours.WARM


def install(app: Flask, settings: Settings) -> dict[str, bytes]:
    """Set the look that pages have; returns its files by name.

    Raises SettingsError when the logo is not one that can be shown.
    """
    clinic = settings.clinic
    look: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    properties = colours.palette(clinic.colours)
    if properties:
        files[STYLESHEET] = _stylesheet(properties)
        look |= {"stylesheet": STYLESHEET, "theme_colour": properties.get("warm", colours.WARM)}
    if clinic.logo:
        mark = _read_logo(settings, clinic.logo)
        # Not by its own name: that may hold a space, or be one of ours.
        name = f"clinic-logo{PurePosixPath(mark.name).suffix}"
        files[name] = mark.body
        look |= _drawn(name, mark)
    app.extensions["clinic_look"] = Look(**look)
    return files


def mark(settings: Settings) -> str:
    """The clinic's own logo as SVG for paper, titled with its name; "" without one, or for a PNG.

    Raises SettingsError as `install` does."""
    if not settings.clinic.logo or not settings.clinic.logo.endswith(".svg"):
        return ""
    return logo.titled(_read_logo(settings, settings.clinic.logo), settings.clinic.name)


def _stylesheet(properties: dict[str, str]) -> bytes:
    lines = "".join(f"  --{name}: {colour};\n" for name, colour in properties.items())
    return f":root {{\n{lines}}}\n".encode()


def _read_logo(settings: Settings, name: str) -> logo.Logo:
    try:
        return logo.read(settings.instance / name)
    except logo.LogoError as error:
        raise SettingsError(f"clinic.toml: logo {name} {error}.") from error


def _drawn(name: str, mark: logo.Logo) -> dict[str, Any]:
    """It stands in the header and, so that no other mark is seen, on the browser's tab."""
    scale = min(HEIGHT / mark.height, WIDEST / mark.width)
    return {
        "logo": name,
        "logo_width": max(1, round(mark.width * scale)),
        "logo_height": max(1, round(mark.height * scale)),
        "icon": name,
        "icon_type": KINDS[PurePosixPath(name).suffix],
    }
