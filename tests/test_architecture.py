"""Who may import whom, read from the source without running it.

web, cli -> workflows, outputs -> storage | record -> assessment -> questionnaire
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "screening"
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each layer of ours may import of ours, besides itself.
MAY_IMPORT = {
    "questionnaire": set(),
    "assessment": {"questionnaire"},
    "record": {"questionnaire", "assessment", "history", "wording"},
    "history": {"questionnaire", "assessment", "wording"},
    "changes": {"questionnaire", "assessment", "record", "wording"},
    "wording": {"questionnaire", "assessment"},
    "mail": set(),
    "inputs": {"questionnaire", "outputs"},
    "outputs": {"questionnaire", "assessment", "history", "record", "wording"},
    "storage": {"questionnaire", "assessment", "record"},
    "workflows": {
        "changes", "questionnaire", "assessment", "record", "wording", "mail", "outputs", "storage",
    },
}  # fmt: skip
# The top: what starts, serves and commands the app may import anything of ours.
TOP = {
    "__init__", "app", "cli", "cli_audit", "cli_backup", "cli_bundle", "cli_data", "cli_fhir",
    "cli_load", "cli_retention", "cli_rules", "clinic", "colours", "doctor", "gunicorn.conf",
    "jobs", "logo", "operate", "seed", "settings", "tasks", "web", "worker",
}  # fmt: skip
PURE = ("questionnaire", "assessment", "changes", "history", "record", "wording")
CLOCKS = {"now", "today", "utcnow", "time", "localtime", "time_ns"}


def layer(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Full names of all modules that `path` imports, wherever in it."""
    package = ("screening", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*start, *(node.module or "").split("."))).strip(".")
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def ours(path: Path) -> set[str]:
    """Layers of ours that `path` imports."""
    parts = [name.split(".") for name in imports(path)]
    return {part[1] for part in parts if part[0] == "screening" and len(part) > 1}


def others(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def in_layers(*layers: str) -> list[Path]:
    return [path for path in MODULES if layer(path) in layers]


def test_every_module_has_a_place_in_the_layers():
    assert {layer(path) for path in MODULES} <= set(MAY_IMPORT) | TOP


@pytest.mark.parametrize("path", in_layers(*MAY_IMPORT), ids=name)
def test_a_layer_imports_only_what_is_below_it(path):
    known = set(MAY_IMPORT) | TOP
    assert (ours(path) & known) - {layer(path)} <= MAY_IMPORT[layer(path)]


@pytest.mark.parametrize("path", in_layers(*PURE), ids=name)
def test_the_core_knows_no_framework(path):
    frameworks = {"flask", "flask_wtf", "flask_security", "wtforms", "sqlalchemy", "werkzeug"}
    assert not others(path) & frameworks


@pytest.mark.parametrize("path", in_layers(*PURE), ids=name)
def test_the_core_has_no_clock(path):
    calls = [
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert not CLOCKS & set(calls)
    assert "time" not in others(path)


@pytest.mark.parametrize("path", in_layers(*MAY_IMPORT), ids=name)
def test_only_the_top_knows_flask(path):
    # Accounts carry the fields that the sign-in library asks its models for.
    allowed = {"flask_security"} if name(path) == "storage/accounts.py" else set()
    web = {"flask", "flask_wtf", "flask_security", "flask_login", "wtforms", "werkzeug"}
    assert not (others(path) & web) - allowed


@pytest.mark.parametrize("path", in_layers("web"), ids=name)
def test_the_web_does_not_speak_to_the_database_itself(path):
    assert "sqlalchemy" not in others(path)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_weasyprint_is_imported_in_the_renderer_alone(path):
    if name(path) != "outputs/renderer.py":
        assert "weasyprint" not in others(path)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_short(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_the_web_process_never_loads_weasyprint():
    heavy = "{'weasyprint', 'fontTools', 'PIL'} & set(sys.modules)"
    code = f"import sys, wsgi; found = {heavy}; sys.exit(', '.join(found) or 0)"
    environ = {**os.environ, "FLASK_RUN_FROM_CLI": "true"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
