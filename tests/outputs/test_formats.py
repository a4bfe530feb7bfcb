"""What is offered, and what is published beside it."""

import io
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from screening.outputs.flat.json_schema import json_schema
from screening.outputs.formats import Sent
from screening.outputs.formats_known import FORMATS, MISSING
from screening.questionnaire.loader import check_in, current
from screening.settings import ROOT
from screening.storage.accounts import ADMIN
from tests.outputs.crowd import Crowd, crowd
from tests.outputs.reading import written
from tests.site import Site
from tests.web.desk import desk

PUBLISHED = ROOT / "docs" / "schema" / "submission.json"
SCHEMA = json_schema(current(), check_in())


def test_the_published_schema_is_that_of_the_released_questionnaires():
    """Renew it by `flask --app wsgi json-schema --out docs/schema/submission.json`."""
    assert PUBLISHED.read_bytes() == SCHEMA


def test_the_schema_is_written_from_the_command_line(app: Flask, tmp_path: Path):
    out = tmp_path / "schema.json"
    result = app.test_cli_runner().invoke(args=["json-schema", "--out", str(out)])
    assert result.exit_code == 0
    assert out.read_bytes() == SCHEMA


def test_an_administrator_downloads_the_schema(site: Site):
    page = desk(site, ADMIN).open("/staff/export")
    assert "/staff/export/schema.json" in page.answer.text
    page.open("/staff/export/schema.json")
    assert page.answer.headers["Content-Type"] == "application/schema+json"
    assert json.loads(page.answer.data)["$schema"].endswith("2020-12/schema")


def test_each_format_stands_under_its_own_id():
    assert [known.id for known in FORMATS.values()] == list(FORMATS)
    assert {"csv", "xlsx", "ndjson", "redcap", "parquet"} <= set(FORMATS)
    assert MISSING == {}


def test_without_its_library_parquet_is_not_offered_and_what_to_install_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "screening.outputs.formats_known")
    known: dict[str, Any] = runpy.run_module("screening.outputs.formats_known")
    assert "parquet" not in known["FORMATS"]
    assert "xlsx" in known["FORMATS"]
    assert "pip install 'pyarrow" in known["MISSING"]["parquet"]


class Halfway(Crowd):
    """Breaks off in the middle of each walk, as a cancelled export does."""

    def __iter__(self) -> Any:
        yield from self.people[: len(self.people) // 2]
        raise InterruptedError


@pytest.mark.parametrize("name", list(FORMATS))
def test_an_export_that_is_cancelled_ends_with_that_very_error(name: str):
    some: tuple[Sent, ...] = crowd().people[:20]
    with pytest.raises(InterruptedError):
        written(name, Halfway(some, crowd().questionnaires))


@pytest.mark.parametrize("name", ["xlsx", "ndjson", "redcap", "parquet"])
def test_a_file_of_nobody_can_be_written(name: str):
    assert io.BytesIO(written(name, Crowd((), (current(),)))).read() or name == "ndjson"
