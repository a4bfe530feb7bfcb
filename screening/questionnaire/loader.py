"""Sole reader of `screening/content/`: files in, one frozen `Questionnaire` out.

A version may share another's content: `shares = "2026-2"` in its questionnaire.toml. Instruments,
option sets, medicines, sources, contacts and panels are then those of that folder, with what its
own files add, and so is a section without a file of its own. A question or a rule is shared by
`shared = "ID"` and may change parts of it.

A file that cannot be understood raises `ContentError`, naming file, id and reason.
"""

import csv
import hashlib
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
CHECK_IN = CONTENT / "check-in-2026-1"
RELEASED = (CURRENT, CHECK_IN)
# Two keys of sources.toml that are no source, as a physician reads them.
MARKS = {"POLICY": "clinic policy", "GK": "not verified"}
MARK = re.compile(rf"\b({'|'.join(MARKS)})\b")
T = TypeVar("T")
Tables = dict[str, Any]


class ContentError(Exception):
    """The content is wrong. `problems` are lines "FILE: ID: REASON"."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@cache
def current() -> Questionnaire:
    """The released questionnaire, read once a process."""
    return load(CURRENT)


@cache
def check_in() -> Questionnaire:
    """The released questionnaire for patients who come back, read once a process."""
    return load(CHECK_IN)


def load(folder: Path) -> Questionnaire:
    """Read one version folder. Raises ContentError."""
    main = _toml(folder / "questionnaire.toml")
    shares = main.pop("shares", None)
    section_ids: list[str] = main.pop("sections", [])
    shared = load(folder.parent / shares) if shares else None
    option_sets = _option_sets(folder, shares) | main.pop("option_sets", {})
    own, items = _instruments(folder / "instruments", option_sets)
    instruments = [*(shared.instruments if shared else ()), *own]
    items |= _items_by_instrument(shared)
    parts = Parts(option_sets, items, shared)
    sections = [_section(folder / "sections" / f"{name}.toml", parts) for name in section_ids]
    return _build(
        Questionnaire,
        folder / "questionnaire.toml",
        main
        | _files(folder, shared)
        | {
            "sections": sections,
            "instruments": _held(instruments, sections) if shared else instruments,
            "content_hash": content_hash(folder, shared.content_hash if shared else ""),
        },
    )


@dataclass(frozen=True)
class Parts:
    """What the questions of a section are made with."""

    option_sets: Tables
    items: dict[str, list[Question]]  # by instrument
    shared: Questionnaire | None


def _option_sets(folder: Path, shares: str | None) -> Tables:
    sets: Tables = _toml(folder.parent / shares / "questionnaire.toml") if shares else {}
    return dict(sets.get("option_sets", {}))


def _items_by_instrument(shared: Questionnaire | None) -> dict[str, list[Question]]:
    found: dict[str, list[Question]] = {}
    for question in shared.questions.values() if shared else ():
        if question.instrument:
            found.setdefault(question.instrument, []).append(question)
    return found


def _held(instruments: list[Instrument], sections: list[Section]) -> list[Instrument]:
    """Of the instruments that are shared, those that a page holds."""
    held = {question.instrument for section in sections for question in section.questions}
    return [instrument for instrument in instruments if instrument.id in held]


def _files(folder: Path, shared: Questionnaire | None) -> Tables:
    """What stands beside the sections. A folder that shares adds to what it shares."""
    crisis, sources = folder / "crisis.toml", folder / "sources.toml"
    medicines = folder / "medications.csv"
    own: Tables = {
        "rules": _rules(folder / "rules.toml", shared),
        "contacts": [], "panels": [], "sources": {}, "medicines": [],
    }  # fmt: skip
    if shared is None or crisis.exists():
        own["contacts"] = _list_of(Contact, crisis, "contacts")
        own["panels"] = _list_of(Panel, crisis, "panels")
    if shared is None or sources.exists():
        own["sources"] = _table(sources, "sources")
    if shared is None or medicines.exists():
        own["medicines"] = _medicines(medicines)
    if shared is None:
        return own
    lists = {name: [*getattr(shared, name), *own[name]] for name in ("contacts", "panels")}
    medicines_of = own["medicines"] or shared.medicines
    return own | lists | {"sources": shared.sources | own["sources"], "medicines": medicines_of}


def _rules(path: Path, shared: Questionnaire | None) -> list[Rule]:
    """Those that `shared` lists as they are, then the file's own and those that it changes."""
    as_they_are = _toml(path).get("shared", []) if shared else []
    with _laid_out(path):
        listed = [{"shared": name} for name in as_they_are] + _table(path, "rules")
        return [_build(Rule, path, _with_shared(path, rule, shared, "rule")) for rule in listed]


def _with_shared(path: Path, data: Tables, shared: Questionnaire | None, what: str) -> Tables:
    """What is shared under this id, with the parts that are given anew; "" takes a part away."""
    name = data.pop("shared", None)
    if name is None:
        return data
    known = getattr(shared, "rule" if what == "rule" else "questions", {})
    if name not in known:
        raise ContentError([f"{path.name}: {name}: no such {what} is shared"])
    whole: Tables = known[name].model_dump() | data
    return {part: value for part, value in whole.items() if part not in data or value != ""}


def content_hash(folder: Path, shared: str = "") -> str:
    """SHA-256 over the names and bytes of the folder's files, and the hash of what it shares."""
    digest = hashlib.sha256(shared.encode())
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


def _section(path: Path, parts: Parts) -> Section:
    shared = {section.id: section for section in (parts.shared.sections if parts.shared else ())}
    if path.stem in shared and not path.exists():
        return shared[path.stem]
    data = _toml(path)
    with _laid_out(path):
        for page in data.get("pages", []):
            questions: list[Question] = []
            for entry in page.get("questions", []):
                if "instrument" in entry:
                    questions += _items_of(path, entry, parts.items)
                else:
                    asked = _with_shared(path, entry, parts.shared, "question")
                    asked.setdefault("audience", data.get("audience", "patient"))
                    questions.append(_question(path, asked, parts.option_sets))
            page["questions"] = questions
    return _build(Section, path, data)


def _items_of(
    path: Path, entry: dict[str, Any], items: dict[str, list[Question]]
) -> list[Question]:
    name = entry["instrument"]
    if name not in items:
        raise ContentError([f"{path.name}: {name}: no such instrument"])
    changed = {part: value for part, value in entry.items() if part != "instrument"}
    if not changed:
        return items[name]
    return [_build(Question, path, dict(item) | changed) for item in items[name]]


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
        "interaction_note": MARK.sub(lambda mark: MARKS[mark[0]], row["interaction_note"]),
        "min_adequate_daily_dose_mg": float(dose) if dose else None,
    }
    del data["class"]
    return _build(Medicine, path, data)


def _list(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]
