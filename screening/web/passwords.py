"""Staff passwords: long and not guessable; any characters. NIST SP 800-63B-4, ASVS 5.0 V6.2.

No rules about capitals or digits, and no expiry: they make passwords worse.
"""

import re
import unicodedata
from collections.abc import Iterable
from threading import BoundedSemaphore

from flask_security import hash_password, verify_password

from ..storage.accounts import User

SHORTEST, LONGEST = 15, 128  # characters
LEFT_OVER = 8  # characters that must remain when all that is guessable is taken out
DIFFERENT = 5  # different characters at least

# What long breached passwords are put together from.
COMMON = (
    "password", "passwort", "passw0rd", "p@ssword", "p@ssw0rd", "contrasena", "contraseña",
    "welcome", "bienvenido", "letmein", "iloveyou", "teamo", "princess", "sunshine", "football",
    "baseball", "superman", "batman", "dragon", "monkey", "master", "shadow", "michael",
    "jennifer", "jordan", "ashley", "charlie", "summer", "winter", "spring", "autumn", "secret",
    "trustno", "changeme", "default", "admin", "administrator", "login", "access", "user",
    "guest", "test", "qwerty", "azerty", "abc123", "ketamine", "clinic", "doctor", "physician",
    "nurse", "medical", "health", "hospital", "patient", "intake", "screening", "staff",
)  # fmt: skip
RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()",
)
RUN = 4  # characters in a row that count as a run

_hashing = BoundedSemaphore(2)  # one check takes 64 MiB and a fifth of a second


def problem(password: str, about: Iterable[str]) -> str | None:
    """What is wrong with a new password, in words. `about`: the clinic, their name and e-mail."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters, such as four words that are not a phrase."
    if len(password) > LONGEST:
        return f"Use {LONGEST} characters or fewer."
    rest = password.casefold()
    for word in sorted({*COMMON, *_words(about)}, key=len, reverse=True):
        rest = rest.replace(word, "")
    rest = _without_runs(re.sub(r"\s+", "", rest))
    if len(rest) < LEFT_OVER or len(set(password)) < DIFFERENT:
        return (
            "This is easy to guess. Leave out names, common words, and rows of keys such as 12345."
        )
    return None


def hashed(password: str) -> str:
    with _hashing:
        made: str = hash_password(_normal(password))
    return made


def matches(user: User | None, password: str) -> bool:
    """Takes as long for an account that there is not, or that is not active, as for one that is."""
    with _hashing:
        if user is None or not user.password:
            hash_password(_normal(password))
            return False
        right: bool = verify_password(_normal(password), user.password)
    return right and user.active


def _normal(password: str) -> str:
    """One spelling of accents, whatever the keyboard sends."""
    return unicodedata.normalize("NFKD", password)


def _words(about: Iterable[str]) -> set[str]:
    return {word for text in about for word in re.findall(r"\w{3,}", text.casefold())}


def _without_runs(text: str) -> str:
    """Text without rows of keys, of the alphabet, of digits, or of one character, either way."""
    kept, at = "", 0
    while at < len(text):
        length = next((n for n in range(len(text) - at, RUN - 1, -1) if _is_run(text[at:][:n])), 0)
        kept += "" if length else text[at]
        at += length or 1
    return kept


def _is_run(part: str) -> bool:
    one = len(set(part)) == 1
    return one or any(part in run or part[::-1] in run for run in RUNS)
