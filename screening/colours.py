"""A clinic's own colours: whether they can be read, and what follows from them.

Contrast and relative luminance are those of WCAG 2.2 (success criterion 1.4.3). The names are the
custom properties of assets/theme/base.css; a test holds the two together.
"""

import re
from collections.abc import Mapping, Sequence

BRAND, PAPER, WARM = "#2c6a5f", "#fdfbf7", "#f3ece2"
INK, QUIET, DANGER = "#2b2927", "#5a5550", "#b3261e"  # these stay whatever the clinic chooses
WHITE, BLACK = "#ffffff", "#000000"
TEXT, BODY = 4.5, 7.0  # least contrast: of any text, and of the text that people read most
STEP = 0.05


def are_colours(value: object) -> bool:
    """Whether it is `{"brand": "#rrggbb", "paper": "#rrggbb"}` or one of the two."""
    return isinstance(value, Mapping) and all(
        name in ("brand", "paper")
        and isinstance(colour, str)
        and re.fullmatch(r"#[0-9a-fA-F]{6}", colour)
        for name, colour in value.items()
    )


def problem(colours: Mapping[str, str]) -> str | None:
    """The first pair that people could not read well, with its ratio and what to do about it."""
    brand, paper = colours.get("brand", BRAND), colours.get("paper", PAPER)
    darker, lighter = "choose a darker brand colour", "choose a lighter paper colour"
    either = f"{darker} or {lighter.removeprefix('choose ')}"
    pairs = (
        (f"colours.brand {brand} beside white", brand, WHITE, TEXT, darker),
        (f"colours.paper {paper} under our text {INK}", INK, paper, BODY, lighter),
        (f"colours.paper {paper} under our quiet text {QUIET}", QUIET, warm(paper), TEXT, lighter),
        (
            f"colours.paper {paper} under our error text {DANGER}",
            DANGER,
            warm(paper),
            TEXT,
            lighter,
        ),
        (f"colours.brand {brand} on paper {paper}", brand, paper, TEXT, either),
    )
    for what, one, other, least, advice in pairs:
        ratio = contrast(one, other)
        if ratio < least:
            # Rounded down: 4.49 must not read as the 4.5 that it is not.
            shown = int(ratio * 100) / 100
            return f"{what} has a contrast of {shown:.2f}:1 and needs {least}:1: {advice}"
    return None


def palette(colours: Mapping[str, str]) -> dict[str, str]:
    """Custom properties of the stylesheet, by name; {} without colours of the clinic's own."""
    if not colours:
        return {}
    found = _of_paper(colours["paper"]) if "paper" in colours else {}
    return found | _of_brand(colours.get("brand", BRAND), found.get("warm", WARM))


def _of_paper(paper: str) -> dict[str, str]:
    tag = mix(paper, INK, 0.1)
    return {
        "paper": paper,
        "warm": warm(paper),
        "soft": mix(paper, INK, 0.035),
        "line": mix(paper, INK, 0.14),
        "soft-line": mix(paper, INK, 0.24),
        "tag": tag,
        "tag-quiet": mix(paper, INK, 0.07),
        "tag-ink": readable(mix(paper, INK, 0.9), (tag,)),
        "card-line": mix(paper, INK, 0.45),
        "govuk-border-colour": mix(paper, INK, 0.18),
    }


def _of_brand(brand: str, ground: str) -> dict[str, str]:
    tint, tag, help_ground = (mix(brand, WHITE, share) for share in (0.92, 0.82, 0.88))
    link = readable(mix(brand, BLACK, 0.15), (ground, tint, help_ground))
    return {
        "brand": brand,
        "brand-hover": mix(brand, BLACK, 0.2),
        "brand-tint": tint,
        "brand-tag": tag,
        "brand-ink": readable(mix(brand, BLACK, 0.4), (tag,)),
        "link": link,
        "link-hover": mix(link, BLACK, 0.35),
        "help": help_ground,
        "help-line": mix(brand, WHITE, 0.8),
    }


def warm(paper: str) -> str:
    """The ground of head and foot: a little darker than the paper."""
    return mix(paper, INK, 0.05)


def readable(colour: str, grounds: Sequence[str]) -> str:
    """The colour, darkened until text of it can be read on all of the grounds."""
    while colour != BLACK and min(contrast(colour, ground) for ground in grounds) < TEXT:
        colour = mix(colour, BLACK, STEP) if max(_channels(colour)) > 1 / STEP else BLACK
    return colour


def mix(colour: str, other: str, share: float) -> str:
    """`share` (0 to 1) of the other colour in it."""
    mixed = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in mixed)


def contrast(one: str, other: str) -> float:
    """1 (the same) to 21 (black on white)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (channel / 255 for channel in _channels(colour))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
