"""The interface's own texts in the patient's language: `t("page.continue")` in code and templates.

Texts live in content/interface/*.toml, a table per part and `key.en`, `key.es` in it. Content
(questions, crisis panels) carries its own languages in the definition.
"""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, current_app, g, redirect, request, session
from werkzeug.wrappers import Response

from screening.questionnaire.definition import Language
from screening.settings import LANGUAGES, Clinic, Settings

INTERFACE = Path(__file__).parent.parent / "content" / "interface"
SWITCH_TO = "switch_to"  # a hidden input beside the switch

blueprint = Blueprint("i18n", __name__)


class InterfaceError(Exception):
    """A text is incomplete or there twice. The message names every key that is."""


@cache
def texts(folder: Path = INTERFACE) -> Mapping[str, Mapping[str, str]]:
    """`{"page.continue": {"en": "Continue", "es": "Continuar"}}`, read once.

    Raises InterfaceError when a text lacks a language, is empty, or stands in two files.
    """
    leaves = [leaf for path in sorted(folder.glob("*.toml")) for leaf in _read(path)]
    found = dict(leaves)
    twice = [key for key, times in Counter(key for key, _ in leaves).items() if times > 1]
    if twice:
        raise InterfaceError(f"interface: in two files: {', '.join(twice)}")
    bad = [
        key
        for key, text in found.items()
        if set(text) != set(LANGUAGES) or not all(isinstance(t, str) and t for t in text.values())
    ]
    if bad:
        raise InterfaceError(f"interface: not in {' and '.join(LANGUAGES)}: {', '.join(bad)}")
    return MappingProxyType(found)


def _read(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    return _leaves(tomllib.loads(path.read_text("utf-8")), "")


def _leaves(table: Mapping[str, Any], before: str) -> Iterator[tuple[str, dict[str, str]]]:
    for name, value in table.items():
        key = f"{before}{name}"
        if not isinstance(value, dict) or set(value) & set(LANGUAGES):
            yield key, value if isinstance(value, dict) else {}
        else:
            yield from _leaves(value, f"{key}.")


def text(key: str, language: str, **values: object) -> str:
    """The interface text of `key` with `{name}` filled in. Raises KeyError for an unknown key."""
    found = texts()[key][language]
    return filled(found, values) if values else found


def filled(found: str, values: Mapping[str, object]) -> str:
    """A text with `{name}` filled in. Raises KeyError for a name without a value.

    A value may end in a period of its own, as "a 5 p. m." does: a sentence ends in one.
    """
    for name, value in values.items():
        if str(value).endswith("."):
            found = found.replace(f"{{{name}}}.", f"{{{name}}}")
    return found.format_map(values)


def t(key: str, **values: object) -> str:
    """`text` in the language of this request."""
    return text(key, current_language(), **values)


def current_language() -> Language:
    """This request's language: set in g, else of the session, else the browser's, else the first.

    Staff pages set `g.language = "en"`; the patient's views set it from a resumed draft.
    """
    language: Language | None = g.get("language")
    if language is None:
        language = g.language = cast(Language, _wanted())
    return language


def _wanted() -> str:
    offered = _settings().languages
    # No session: an error before it was opened.
    chosen = session.get("language") if session else None
    if chosen in offered:
        return str(chosen)
    return request.accept_languages.best_match(offered) or offered[0]


def choose(language: str) -> None:
    """Keep `language` for this request and the session. Raises ValueError if it is not offered."""
    if language not in _settings().languages:
        raise ValueError(language)
    session["language"] = language
    g.language = language


def choose_other() -> None:
    """The language that the page's switch offers, whatever another tab switched to since."""
    offered, wanted = _settings().languages, request.form.get(SWITCH_TO)
    others = [code for code in offered if code != current_language()]
    choose(wanted if wanted in offered else next(iter(others), current_language()))


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


@blueprint.post("/language")
def switch() -> Response:
    """Change the language and go back to the page `next`: to `language`, or to the other one."""
    language = request.form.get("language")
    if language is None:
        choose_other()
    elif language in _settings().languages:
        choose(language)
    else:
        abort(400)
    return redirect(local_path(request.form.get("next"), "/"), 303)


def local_path(address: str | None, default: str) -> str:
    """`address` if it is a path of this site, else `default`: never a way to another site."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return default
    if any(character < " " or character in "\\\x7f" for character in address):
        return default
    parts = urlsplit(address)
    return default if parts.scheme or parts.netloc else address


def install(app: Flask) -> None:
    """Give templates `t`, `language`, `clinic`, `look` and `language_switch_url`.

    Raises InterfaceError when a text is not in every language.
    """
    texts()
    app.register_blueprint(blueprint)
    app.jinja_env.globals["t"] = t
    app.context_processor(page_context)


def page_context() -> dict[str, object]:
    """What templates/layouts/base.html says that every render has."""
    settings = _settings()
    language = current_language()
    several = len(settings.languages) > 1
    return {
        "language": language,
        "language_switch_url": "/language" if several else None,
        "clinic": clinic_view(settings.clinic, language),
        "look": current_app.extensions["clinic_look"],
    }


def clinic_view(clinic: Clinic, language: str) -> dict[str, object]:
    """What pages say of the clinic. "" or None is what the clinic does not tell."""
    return {
        "name": clinic.name,
        "phone": clinic.phone,
        "phone_href": clinic.phone_href,
        "address": clinic.address,
        "hours": clinic.hours.get(language, ""),
        "website": clinic.website,
        "privacy_url": clinic.privacy_url or "/privacy",
        "reply_days": clinic.reply_days,
        "urgent_reply": clinic.urgent_reply.get(language, ""),
        "after_hours": clinic.after_hours.get(language, ""),
        "quick_exit_url": clinic.quick_exit_url,
        "exit_button": clinic.exit_button,
    }
