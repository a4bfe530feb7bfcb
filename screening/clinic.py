"""Whose clinic it is: the values of `instance/clinic.toml`, each checked before the app starts.

`docs/operating.md` lists them all and `docs/clinic.example.toml` shows them; tests hold the three
together.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from . import colours as look

LANGUAGES = ("en", "es")
PAPERS = ("letter", "a4")
LONGEST = 300  # characters of one line
PEOPLE_ALERTED = 2  # an urgent alert goes to two people, so that one may be asleep


class SettingsError(Exception):
    """The app must not start like this. The message is one plain line for the operator."""


def _in_both(en: str, es: str) -> Any:
    return field(default_factory=lambda: {"en": en, "es": es})


@dataclass(frozen=True, kw_only=True)
class Clinic:
    """What patients, staff and the PDF are told of the clinic. The default clinic is made up.

    Texts in both languages are `{"en": ..., "es": ...}`. Raises SettingsError on construction,
    naming the value that makes no sense and what to write instead.
    """

    name: str = "Willow Ketamine Clinic"
    phone: str | None = "805-555-0100"
    address: str = "1 Willow Way, San Luis Obispo, CA 93401"
    hours: Mapping[str, str] = _in_both(
        "Monday to Friday, 9 am to 5 pm", "de lunes a viernes, de 9 a. m. a 5 p. m."
    )
    time_zone: str = "America/Los_Angeles"
    paper: str = "letter"
    privacy_url: str | None = None  # None: the app's own page
    website: str | None = "https://willow.example.org/"
    reply_days: int = 2  # business days until the clinic contacts a new patient
    urgent_reply: Mapping[str, str] = _in_both(
        "within 15 minutes while we are open", "en menos de 15 minutos mientras estamos abiertos"
    )
    # True of a clinic that says nothing else, so it is not only the made-up clinic's.
    after_hours: Mapping[str, str] = _in_both(
        "When we are closed, nobody reads your answers. Call 988 or 911.",
        "Cuando la clínica está cerrada, nadie lee sus respuestas. "
        "Llame al 988 y oprima 2, o llame al 911.",
    )
    alert_emails: tuple[str, ...] = ("doctor@willow.example.org", "nurse@willow.example.org")
    mail_from: str | None = "intake@willow.example.org"
    quick_exit_url: str = "https://www.weather.gov/"
    keep_years: int | None = None  # after the last that happened; None: nothing is purged
    keep_withdrawn_days: int | None = None  # of what a patient took back; None: as the rest
    exit_button: bool = False  # True: the quick exit on every page of the form
    colours: Mapping[str, str] = field(default_factory=dict)  # {}: our own
    logo: str | None = None  # a file's name in the instance folder

    def __post_init__(self) -> None:
        for name, (fits, must_be) in CHECKS.items():
            value = getattr(self, name)
            if not (name in BLANK and value == BLANK[name]) and not fits(value):
                raise SettingsError(f"clinic.toml: {name} must be {must_be}.")
        if problem := look.problem(self.colours):
            raise SettingsError(f"clinic.toml: {problem}.")

    @property
    def phone_href(self) -> str | None:
        """`tel:` address, of a US number if it does not start with +; None without a phone."""
        if not self.phone:
            return None
        digits = "".join(character for character in self.phone if character.isdigit())
        country = "" if self.phone.startswith("+") or len(digits) > US_DIGITS else "1"
        return f"tel:+{country}{digits}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


# A clinic that names itself inherits none of the made-up clinic's contacts and promises.
BLANK: Mapping[str, Any] = {
    "phone": None,
    "address": "",
    "hours": {},
    "privacy_url": None,
    "website": None,
    "urgent_reply": {},
    "alert_emails": (),
    "mail_from": None,
    "colours": {},
    "logo": None,
}
BILINGUAL = ("hours", "urgent_reply", "after_hours")
US_DIGITS = 10
MISSING = {
    "phone": "a patient in danger must be able to call you",
    "address": "patients must know where you are",
    "hours": "patients must know when somebody is there",
    "urgent_reply": "say when somebody looks at an urgent answer",
    "after_hours": "say who answers when you are closed",
    "mail_from": "alerts and links by e-mail need a sender",
}


def _is_line(value: object) -> bool:
    return (
        isinstance(value, str)
        and bool(value.strip())
        and value.isprintable()
        and len(value) <= LONGEST
    )


def _is_phone(value: object) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\+?[0-9(][0-9 ().-]*", value):
        return False
    digits = re.sub(r"\D", "", value)
    if value.startswith("+"):
        return 8 <= len(digits) <= 15  # E.164
    return len(digits) == US_DIGITS or (len(digits) == US_DIGITS + 1 and digits[0] == "1")


def _is_bilingual(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and set(value) <= set(LANGUAGES)
        and all(_is_line(text) for text in value.values())
    )


def _is_phrase(value: object) -> bool:
    return _is_bilingual(value) and not any(text.endswith(".") for text in _texts(value))


def _is_sentence(value: object) -> bool:
    return _is_bilingual(value) and all(text.endswith((".", "!")) for text in _texts(value))


def _texts(value: Any) -> list[str]:
    return [text.strip() for text in value.values()]


def _is_zone(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _is_years(value: object) -> bool:
    return value is None or (type(value) is int and 1 <= value <= 100)


def _is_days(value: object) -> bool:
    return value is None or (type(value) is int and 1 <= value <= 36_500)


def _is_https(value: object) -> bool:
    if not _is_line(value) or not isinstance(value, str) or " " in value:
        return False
    try:
        url = urlsplit(value)
    except ValueError:
        return False
    return url.scheme == "https" and bool(url.hostname) and "@" not in url.netloc


def _is_email(value: object) -> bool:
    allowed = r"[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+"
    return isinstance(value, str) and bool(re.fullmatch(allowed, value, re.ASCII | re.IGNORECASE))


def _are_emails(value: object) -> bool:
    if not isinstance(value, tuple) or not all(_is_email(one) for one in value):
        return False
    return len({one.lower() for one in value}) == len(value)


def _is_file_name(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[\w -][\w. -]*\.(svg|png)", value))


LINE = (_is_line, f"text on one line of at most {LONGEST} characters")
HTTPS = (_is_https, "an address that begins with https://")
TEXTS = (_is_bilingual, 'text, or { en = "...", es = "..." } with text for each language')
Check = tuple[Callable[[Any], bool], str]
CHECKS: Mapping[str, Check] = {
    "name": LINE,
    "phone": (_is_phone, 'a number to call, as in "805-555-0100" or "+34 600 000 000"'),
    "address": LINE,
    "hours": TEXTS,
    "time_zone": (_is_zone, 'the name of a time zone, as in "America/Los_Angeles"'),
    "paper": (lambda value: value in PAPERS, " or ".join(f'"{paper}"' for paper in PAPERS)),
    "privacy_url": HTTPS,
    "website": HTTPS,
    "reply_days": (
        lambda value: type(value) is int and 1 <= value <= 30,
        "a whole number of business days, 1 to 30",
    ),
    "urgent_reply": (_is_phrase, f"{TEXTS[1]}; it ends a sentence of ours, so without a period"),
    "after_hours": (_is_sentence, f"{TEXTS[1]}, in whole sentences that end with a period"),
    "alert_emails": (
        _are_emails,
        'a list of different e-mail addresses, as in ["a@example.org", "b@example.org"]',
    ),
    "mail_from": (_is_email, 'one e-mail address, as in "intake@example.org"'),
    "quick_exit_url": HTTPS,
    "exit_button": (lambda value: isinstance(value, bool), "true or false"),
    "keep_years": (_is_years, "a whole number of years from 1 to 100"),
    "keep_withdrawn_days": (_is_days, "a whole number of days from 1 to 36500"),
    "colours": (look.are_colours, '{ brand = "#2c6a5f", paper = "#fdfbf7" } or one of the two'),
    "logo": (_is_file_name, "the name of an .svg or .png file in the instance folder, no path"),
}


def read_clinic(path: Path) -> Clinic:
    """The clinic of `clinic.toml`, the made-up one without the file.

    Raises SettingsError for unreadable TOML, an unknown name, a missing name of the clinic and a
    value that makes no sense.
    """
    if not path.is_file():
        return Clinic()
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path.name} cannot be read: {error}.") from error
    for name in values:
        if name not in CHECKS:
            raise SettingsError(
                f"clinic.toml: {name} is not a setting; take it out or use one of "
                f"{', '.join(CHECKS)}."
            )
    if not values.get("name"):
        raise SettingsError("clinic.toml: name is missing: write the name that patients know.")
    given = {name: _as_kept(name, value) for name, value in values.items()}
    return Clinic(**(dict(BLANK) | given))


def _as_kept(name: str, value: object) -> object:
    """What is empty is left out; one text is for both languages; nothing can change a tuple."""
    if name in BLANK and value in ("", [], {}):
        return BLANK[name]
    if name in BILINGUAL and isinstance(value, str):
        return dict.fromkeys(LANGUAGES, value)
    return tuple(value) if isinstance(value, list) else value


def lacks(clinic: Clinic, languages: Sequence[str]) -> Iterator[str]:
    """Why this clinic cannot see patients yet, a line each: what is missing in clinic.toml."""
    if clinic == Clinic():
        yield (
            "there is no clinic.toml in the instance folder, and the made-up clinic must not see "
            "patients: copy docs/clinic.example.toml and make it yours"
        )
    for name, why in MISSING.items():
        value = getattr(clinic, name)
        without = [code for code in languages if name in BILINGUAL and not value.get(code)]
        if not value or without:
            where = f" in {' and '.join(without)}" if without else ""
            yield f"clinic.toml: {name} is missing{where}: {why}"
    if len(clinic.alert_emails) < PEOPLE_ALERTED:
        yield (
            f"clinic.toml: alert_emails has {len(clinic.alert_emails)} of the {PEOPLE_ALERTED} "
            "different addresses that an urgent alert goes to: add another person's"
        )
