"""Documents name tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))
NAMED = re.compile(r"`(?:tests/)?([\w/]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_test_that_is_named_exists(document: Path) -> None:
    for file, name in NAMED.findall(document.read_text("utf-8")):
        path = ROOT / "tests" / file
        if name:
            assert f"def {name}(" in path.read_text("utf-8"), f"{file}::{name}"
        elif file.rpartition("/")[2].startswith("test_"):
            assert path.is_file(), file


def test_each_convention_of_the_forms_has_its_line() -> None:
    text = (ROOT / "docs" / "accessibility.md").read_text("utf-8")
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
    assert numbers == list(range(1, 55))
