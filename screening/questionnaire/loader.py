"""Sole reader of `screening/content/`: files in, one frozen `Questionnaire` out.

A file that cannot be understood raises `ContentError`, naming file, id and reason.
"""

import csv
import hashlib
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from .definition import (
    Contact,
    Instrument,
    Medicine,
    Panel,
    Question,
    Questionnaire,
    Rule,
    Section,
)

CONTENT = Path(__file__).parent.parent / "content"
CURRENT = CONTENT / "2026-2"
T = TypeVar("T")


class ContentError(Exception):
    """The content is wrong. `problems` are lines "FILE: ID: REASON"."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@cache
def current() -> Questionnaire:
    """The released questionnaire, read once a process."""
    return load(CURRENT)


def load(folder: Path) -> Questionnaire:
    """Read one version folder. Raises ContentError."""
    main = _toml(folder / "questionnaire.toml")
    option_sets: dict[str, Any] = main.pop("option_sets", {})
    section_ids: list[str] = main.pop("sections", [])
    instruments, items = _instruments(folder / "instruments", option_sets)
    sections = [
        _section(folder / "sections" / f"{name}.toml", option_sets, items) for name in section_ids
    ]
    return _build(
        Questionnaire,
        folder / "questionnaire.toml",
        main
        | {
            "sections": sections,
            "instruments": instruments,
            "rules": _list_of(Rule, folder / "rules.toml", "rules"),
            "sources": _table(folder / "sources.toml", "sources"),
            "contacts": _list_of(Contact, folder / "crisis.toml", "contacts"),
            "panels": _list_of(Panel, folder / "crisis.toml", "panels"),
            "medicines": _medicines(folder / "medications.csv"),
            "content_hash": content_hash(folder),
        },
    )


def content_hash(folder: Path) -> str:
    """SHA-256 over the names and bytes of the folder's files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".toml", ".csv")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ContentError([f"{path.name}: -: the file is missing"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContentError([f"{path.name}: -: not valid TOML: {error}"]) from None


@contextmanager
def _laid_out(path: Path) -> Iterator[None]:
    """Names the file when it is TOML or CSV of another layout, such as [pages] for [[pages]]."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = f"not laid out as such a file: {type(error).__name__} {error}"
        raise ContentError([f"{path.name}: -: {reason}"]) from None


def _table(path: Path, name: str) -> Any:
    with _laid_out(path):
        return _toml(path)[name]


def _list_of(model: type[T], path: Path, name: str) -> list[T]:
    with _laid_out(path):
        return [_build(model, path, data) for data in _table(path, name)]


def _build(model: type[T], path: Path, data: dict[str, Any]) -> T:
    try:
        return model(**data)
    except (ValidationError, TypeError) as error:
        raise ContentError(_explain(path, data, error)) from None


def _explain(path: Path, data: dict[str, Any], error: Exception) -> list[str]:
    name = str(data.get("id", "-"))
    if not isinstance(error, ValidationError):
        return [f"{path.name}: {name}: {error}"]
    return [
        f"{path.name}: {name}: {'.'.join(str(part) for part in e['loc'])}: {e['msg']}"
        for e in error.errors()
    ]


def _section(path: Path, option_sets: dict[str, Any], items: dict[str, list[Question]]) -> Section:
    data = _toml(path)
    with _laid_out(path):
        for page in data.get("pages", []):
            questions: list[Question] = []
            for entry in page.get("questions", []):
                if "instrument" in entry:
                    questions += _items_of(path, entry, items)
                else:
                    entry.setdefault("audience", data.get("audience", "patient"))
                    questions.append(_question(path, entry, option_sets))
            page["questions"] = questions
    return _build(Section, path, data)


def _items_of(
    path: Path, entry: dict[str, Any], items: dict[str, list[Question]]
) -> list[Question]:
    name = entry["instrument"]
    if name not in items:
        raise ContentError([f"{path.name}: {name}: no such instrument"])
    return items[name]


def _question(path: Path, data: dict[str, Any], option_sets: dict[str, Any]) -> Question:
    _expand_options(path, data, data, option_sets)
    for column in data.get("columns", []):
        _expand_options(path, data, column, option_sets)
    return _build(Question, path, data)


def _expand_options(
    path: Path, owner: dict[str, Any], data: dict[str, Any], option_sets: dict[str, Any]
) -> None:
    options = data.get("options")
    if isinstance(options, str):
        if options not in option_sets:
            raise ContentError([f"{path.name}: {owner.get('id', '-')}: no option set {options!r}"])
        data["options"] = option_sets[options]


def _instruments(
    folder: Path, option_sets: dict[str, Any]
) -> tuple[list[Instrument], dict[str, list[Question]]]:
    instruments, items = [], {}
    for path in sorted(folder.glob("*.toml")):
        data = _toml(path)
        with _laid_out(path):
            sets = option_sets | data.pop("option_sets", {})
            name = data.get("id", path.stem)
            items[name] = [
                _question(path, item | _item_defaults(data), sets) for item in data.pop("items", [])
            ]
        instruments.append(_build(Instrument, path, data))
    return instruments, items


def _item_defaults(instrument: dict[str, Any]) -> dict[str, Any]:
    return {"instrument": instrument["id"], "languages": instrument["languages"]}


def _medicines(path: Path) -> list[Medicine]:
    try:
        with _laid_out(path), path.open(encoding="utf-8", newline="") as file:
            return [_medicine(path, row) for row in csv.DictReader(file)]
    except FileNotFoundError:
        raise ContentError([f"{path.name}: -: the file is missing"]) from None


def _medicine(path: Path, row: dict[str, str]) -> Medicine:
    dose = row.pop("min_adequate_daily_dose_mg")
    flags = _list(row.pop("flags"))
    data: dict[str, Any] = {
        **row,
        "brands": _list(row["brands"]),
        "also": _list(row.get("also", "")),
        "drug_class": row["class"],
        "flags": frozenset(flags),
        "min_adequate_daily_dose_mg": float(dose) if dose else None,
    }
    del data["class"]
    return _build(Medicine, path, data)


def _list(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]
