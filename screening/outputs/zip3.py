"""How much of a ZIP code may stay in a de-identified file.

45 CFR 164.514(b)(2)(i)(B) lets the first three digits stay where more than 20,000 people live in
all ZIP codes that begin with them, "according to the current publicly available data from the
Bureau of the Census"; of all others they become 000.

Sources: 2020 Census, Demographic and Housing Characteristics File, table P1 (total population), by
ZIP Code Tabulation Area, summed by the first three digits. The 17 prefixes of the 2000 Census that
the guidance of the Office for Civil Rights (November 2012, section on ZIP codes) prints.
"""

import re

OTHER = "000"

# The prefixes under which the 2020 Census counted an area: the 50 states, DC and Puerto Rico. What
# is not among them (military mail, single large addressees, the other territories, which are
# counted apart) has nobody counted in it, so it becomes 000 too.
_COUNTED = """
006-007 009-054 056-089 100-191 193-212 214-268 270-310 312-331 333-339 341-342 344 346-347 349-352
354-374 376-398 400-418 420-427 430-458 460-508 510-516 520-528 530-532 534-535 537-551 553-554
556-567 570-577 580-588 590-620 622-631 633-641 644-648 650-658 660-662 664-681 683-693 700-701
703-708 710-714 716-731 734-741 743-770 772-816 820-838 840-841 843-847 850-853 855-857 859-860
863-865 870-871 873-875 877-884 890-891 893-895 897-898 900 902-908 910-928 930-937 939-941 943-961
967-968 970-986 988-999
"""
# Among them those with 20,000 people or fewer in 2020.
_SMALL = """
036 059 102 202 203 204 205 369 556 692 753 772 821 823 878 879 884 893
"""
# Over 20,000 in 2020, but still on the list that the guidance prints: whoever checks a file will
# check it against that list.
_PRINTED = "063 790 830 831 890"
_ZIP = re.compile(r"([0-9]{3})[0-9]{2}([- ]?[0-9]{4})?")


def _numbers(ranges: str) -> set[str]:
    ends = [part.split("-") for part in ranges.split()]
    return {f"{n:03}" for e in ends for n in range(int(e[0]), int(e[-1]) + 1)}


KEPT = frozenset(_numbers(_COUNTED) - _numbers(_SMALL) - _numbers(_PRINTED))


def coarse_zip(zip_code: object) -> str | None:
    """The first three digits of a ZIP code or ZIP+4, or "000"; None for what is no ZIP code."""
    found = _ZIP.fullmatch(str(zip_code).strip())
    if found is None:
        return None
    return found[1] if found[1] in KEPT else OTHER
