"""Intake and screening for a ketamine clinic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .settings import Settings


def create_app(settings: Settings | None = None, *, offline: bool = False) -> Flask:
    """The whole app; see `app.create_app`, which is loaded only now.

    The renderer and the pure core live in this package too and must not load Flask with it.
    """
    from . import app  # noqa: PLC0415

    return app.create_app(settings, offline=offline)
