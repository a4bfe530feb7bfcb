"""What a page of questions weighs on the way to a telephone: every one of them, compressed.

The figures are in docs/page-weight.md; `python -m tests.web.test_page_weight` prints them anew.
"""

import gzip
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from screening.web.csrf import masked, unmasked
from tests.builders import example
from tests.site import Site

FIRST, LATER = 40_000, 8_000  # bytes
GZIP = {"Accept-Encoding": "gzip, deflate, br"}
FILES = re.compile(r'(?:src|href|data-names)="(/static/[^"]+)"')
ALL_ASKED = example("ptsd-and-pain")["answers"]


class Weight(NamedTuple):
    page: str
    first: int  # with styles, script, pictures and names of medicines
    later: int  # when those are kept


def weights(site: Site) -> Iterator[Weight]:
    walker = site.walker_at("check", **ALL_ASKED)
    files: dict[str, int] = {}
    for page in site.questionnaire.pages:
        answer = walker.client.get(f"/form/{page}", headers=GZIP)
        if answer.status_code != 200:  # not asked of this patient
            continue
        html = gzip.decompress(answer.data).decode()
        for address in FILES.findall(html):
            files.setdefault(address, len(walker.client.get(address, headers=GZIP).data))
        named = sum(files[address] for address in set(FILES.findall(html)))
        yield Weight(page, len(answer.data) + named, len(answer.data))


def table(found: list[Weight]) -> str:
    rows = [f"| {page} | {first:,} | {later:,} |" for page, first, later in found]
    return "\n".join(["| page | first | later |", "| --- | ---: | ---: |", *rows])


def test_every_page_is_light_when_it_comes_first_and_lighter_after(site):
    found = list(weights(site))
    assert len(found) > 20
    assert "medications" in {weight.page for weight in found}
    heavy = [weight for weight in found if weight.first >= FIRST or weight.later >= LATER]
    assert not heavy, table(heavy)


def test_pages_are_compressed_for_who_takes_it(site):
    walker = site.walker_at("mood")
    plain = walker.client.get("/form/mood")
    packed = walker.client.get("/form/mood", headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.data) * 4 < len(plain.data)
    assert packed.headers["Cache-Control"] == "no-store"


def test_staff_pages_are_not(site):
    answer = site.walker().client.get("/staff/sign-in", headers=GZIP)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def tokens(walker) -> set[str]:
    html = gzip.decompress(walker.client.get("/form/mood", headers=GZIP).data).decode()
    return set(re.findall(r'name="csrf_token" value="([^"]+)"', html))


def test_the_token_is_another_in_each_compressed_page_and_holds(site):
    walker = site.walker_at("mood")
    (one,), (other,) = tokens(walker), tokens(walker)
    assert one != other
    plain = walker.value("csrf_token")
    assert unmasked(one) == unmasked(other) == plain
    fields = walker.filled()
    fields["csrf_token"] = one
    assert walker.send(fields, "later").path == "/saved"


@pytest.mark.parametrize("sent", ["", "x", "a.b.c", "====", "é", "AAAA"])
def test_what_is_no_token_is_refused(site, sent):
    assert status_with(site, sent) == 400


def test_a_mask_makes_no_token(site):
    assert status_with(site, masked("made up")) == 400


def status_with(site: Site, token: str) -> int:
    walker = site.walker_at("mood")
    fields = walker.filled()
    fields["csrf_token"] = token
    return walker.send(fields, "later").status


if __name__ == "__main__":
    from tests.benchmarks.people import installation

    with installation() as made:
        sys.stdout.write(table(list(weights(made))) + "\n")
