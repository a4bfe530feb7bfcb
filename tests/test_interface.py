"""The interface's texts: each is there in both languages, and none is asked for that is not."""

import re
from pathlib import Path
from string import Formatter

import pytest

from screening.web.i18n import InterfaceError, text, texts

ROOT = Path(__file__).parent.parent
SOURCES = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "screening").rglob("*.py")]
ASKED = re.compile(r"""\bt\(\s*(["'])([a-z0-9_.]+)\1\s*([,)~])""")


def asked_for():
    for path in SOURCES:
        for _, key, after in ASKED.findall(path.read_text("utf-8")):
            yield path.relative_to(ROOT), key, after == "~"


def test_every_text_that_a_page_asks_for_is_there():
    known = set(texts())
    missing = [
        f"{path}: {key}"
        for path, key, is_start in asked_for()
        if not (key in known or (is_start and any(name.startswith(key) for name in known)))
    ]
    assert not missing


def blanks(words):
    return sorted(name for _, name, _, _ in Formatter().parse(words) if name)


@pytest.mark.parametrize("key", sorted(texts()))
def test_both_languages_fill_in_the_same_values(key):
    assert blanks(texts()[key]["en"]) == blanks(texts()[key]["es"])


def test_values_are_filled_in():
    assert text("page.step", "es", number=3, count=22) == "Parte 3 de 22"


@pytest.mark.parametrize(
    "toml", ['[a]\nb.en = "x"', '[a]\nb.en = "x"\nb.es = ""', '[a]\nb = "x"', "[a]\nb.en = 1"]
)
def test_a_text_that_is_not_in_both_languages_stops_the_start(tmp_path, toml):
    (tmp_path / "pages.toml").write_text(toml, "utf-8")
    with pytest.raises(InterfaceError, match=r"a\.b"):
        texts(tmp_path)


def test_a_text_that_stands_in_two_files_stops_the_start(tmp_path):
    for name in ("one.toml", "two.toml"):
        (tmp_path / name).write_text('[a]\nb.en = "x"\nb.es = "x"', "utf-8")
    with pytest.raises(InterfaceError, match=r"a\.b"):
        texts(tmp_path)


def test_a_sentence_ends_in_one_period():
    """Hours and times in Spanish end in one of their own."""
    said = text("message.when", "es", hours="de 9 a. m. a 5 p. m.")
    assert said.endswith(": de 9 a. m. a 5 p. m.")
    assert text("message.when", "es", hours="de 9 a 17").endswith(": de 9 a 17.")
