"""The audit as an auditor opens it."""

import ast
import csv
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import text

from screening.outputs.cells import safe_text
from screening.storage import audit
from screening.storage.accounts import ADMIN, AUDITOR, FRONT_DESK, PHYSICIAN
from screening.workflows import chart
from screening.workflows.audit_words import GROUP_OF, GROUPS, SENTENCES, sentence
from screening.workflows.intake import submit_answers
from tests.builders import person
from tests.site import Site

from .desk import Desk, desk

PACKAGE = Path(__file__).parents[2] / "screening"
SECRETS = ("Xaviera", "Quixote", "Zebra")


@pytest.fixture
def sent(site: Site) -> str:
    """The reference of an intake that a physician has opened."""
    answers = person(first_name="Xaviera", last_name="Quixote", address_line="9 Zebra Lane")
    reference = submit_answers(site.office, answers).reference
    desk(site, PHYSICIAN).open(f"/staff/intakes/{reference}")
    return reference


def told(auditor: Desk) -> list[str]:
    return [one.get_text(" ", strip=True) for one in auditor.soup.select(".log__what")]


def texts(auditor: Desk) -> str:
    return " ".join(" ".join(told(auditor)).split())


def test_an_auditor_reads_in_plain_words_who_did_what(site: Site, sent: str) -> None:
    auditor = desk(site, AUDITOR).open("/staff/audit")
    assert f"Robin Physician opened the record {sent}." in texts(auditor)
    assert "Robin Physician signed in with a code." in texts(auditor)
    assert not [word for word in SECRETS if word in auditor.answer.text]
    assert site.actions()[-1] == "audit.viewed"
    auditor.open("/staff/audit")
    assert told(auditor)[0].startswith("Robin Auditor looked at the audit: ")


def test_nobody_else_reads_it(site: Site, sent: str) -> None:
    for role in (ADMIN, FRONT_DESK):
        assert desk(site, role).open(f"/staff/audit?reference={sent}").status == 403
    assert site.actions().count("access.denied") == 2


FILTERS = [
    ("reference={0}", "opened the record", "signed in"),
    ("reference=%20{1}%20", "opened the record", "signed in"),
    ("reference=AAAA-AAAA", "No row fits", "opened the record"),
    ("group=sign-in", "signed in", "opened the record"),
    ("group=viewed&action=record.viewed", "opened the record", "queue"),
    ("since=2026-11-23&until=2026-11-23", "opened the record", "No row fits"),
    ("since=2026-11-24", "No row fits", "opened the record"),
    ("until=2026-11-22", "No row fits", "opened the record"),
    ("since=nonsense&group=nonsense&action=x&before=-1", "opened the record", "No row fits"),
    ("actor=user:1", "opened the record", "Robin Auditor signed in"),
    ("actor=user:99", "No row fits", "opened the record"),
]


def test_filters(site: Site, sent: str) -> None:
    auditor = desk(site, AUDITOR)
    for query, shown, hidden in FILTERS:
        auditor.open(f"/staff/audit?{query.format(sent, sent.replace('-', '').lower())}")
        said = texts(auditor) or auditor.text
        assert shown in said, query
        assert hidden not in said, query


def test_pages_follow_each_other(site: Site) -> None:
    auditor = desk(site, AUDITOR)
    with site.office.database.write() as conn:
        for n in range(120):
            said = {"actor": "system", "action": "insight.viewed", "detail": {"n": n}}
            audit.append(conn, site.office.keyring, at=site.clock.moment, **said)
    auditor.open("/staff/audit?actor=system")
    seen = []
    while True:
        seen += [int(n) for n in re.findall(r"row (\d+)", auditor.text)]
        older = auditor.soup.select_one("a[rel=next]")
        if older is None:
            break
        auditor.open(str(older["href"]))
    assert len(seen) == 120
    assert seen == sorted(seen, reverse=True)
    newer = auditor.soup.select_one("a[rel=prev]")
    assert newer is not None
    page = [int(n) for n in re.findall(r"row (\d+)", auditor.open(str(newer["href"])).text)]
    assert page == seen[50:100]


def test_the_check_of_the_chain_is_told_with_its_day(site: Site, sent: str) -> None:
    auditor = desk(site, AUDITOR).open("/staff/audit")
    assert "Not checked yet." in auditor.text
    auditor.send(to="/check")
    number = site.actions().index("audit.verified")
    assert f"Checked to row {number} on November 23, 2026" in auditor.text
    assert "by Robin Auditor: every row is right." in auditor.text
    with site.office.database.write() as conn:
        on = "" if site.office.database.is_sqlite else " ON audit"
        conn.execute(text(f"DROP TRIGGER audit_update{on}"))
        conn.execute(text("UPDATE audit SET actor = 'user:9' WHERE id = 3"))
    auditor.send(to="/check")
    assert "Row 3 was changed, removed or put in." in auditor.text
    assert "audit.broken" in site.actions()


def test_the_head_can_be_noted_down(site: Site, sent: str) -> None:
    auditor = desk(site, AUDITOR).open("/staff/audit")
    with site.office.database.read() as conn:
        head = audit.head(conn)
    assert head is not None
    shown = auditor.soup.select_one("code.secret")
    assert shown is not None
    number, _, mac = shown.get_text().partition(":")
    assert int(number) == head.id - 1  # the look itself came after
    assert re.fullmatch(r"[0-9a-f]{64}", mac)


def test_the_file_holds_what_the_filters_let_through(site: Site, sent: str) -> None:
    auditor = desk(site, AUDITOR)
    said = {"actor": "cli", "action": "=1+1", "detail": {}}
    with site.office.database.write() as conn:
        audit.append(conn, site.office.keyring, at=site.clock.moment, **said)
    auditor.open(f"/staff/audit?reference={sent}").send(to="/export")
    rows = list(csv.DictReader(io.StringIO(auditor.answer.get_data(as_text=True))))
    assert {row["reference"] for row in rows} == {sent}
    assert "record.viewed" in [row["action"] for row in rows]
    assert site.actions()[-2:] == ["audit.export_started", "audit.exported"]
    whole = auditor.open("/staff/audit").send(to="/export").answer.get_data(as_text=True)
    assert not [word for word in SECRETS if word in whole]
    assert safe_text("=1+1") == "'=1+1"
    assert ",'=1+1," in whole
    assert len(whole.splitlines()) == site.actions().index("audit.export_started", -2) + 2


def test_the_file_asks_for_the_password_again(site: Site, sent: str) -> None:
    auditor = desk(site, AUDITOR).open("/staff/audit")
    site.clock.wait(minutes=6)
    auditor.send(to="/export")
    assert auditor.path == "/staff/account/confirm"
    assert "audit.exported" not in site.actions()


# Every action has a sentence

NAMED = re.compile(r'^([A-Z_]+) = "([a-z_]+\.[a-z_-]+)"', re.MULTILINE)
NOTES = re.compile(r"note\(|audit\.append\(|conn\.append\(|append\(\s*conn")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
    """Each call, with the function that it stands in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call):
                    yield inner, node


def noted(path: Path) -> Iterator[str]:
    """The actions that this module notes."""
    for call, inside in calls(parsed(path)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        name = name or (call.func.id if isinstance(call.func, ast.Name) else "")
        if name in ("note", "_note", "append"):
            places = [*call.args, *(k.value for k in call.keywords if k.arg == "action")]
            for place in places:
                yield from actions_in(place, inside)
                if isinstance(place, ast.JoinedStr) and inside:
                    yield from expanded(path, place, inside.name)


def expanded(path: Path, place: ast.JoinedStr, function: str) -> Iterator[str]:
    """Of f"export.{what}" in a function: with every text that the function is called with."""
    first = place.values[0]
    prefix = str(first.value) if isinstance(first, ast.Constant) else ""
    for call, _ in calls(parsed(path)):
        if isinstance(call.func, ast.Name) and call.func.id == function:
            texts = [a.value for a in call.args if isinstance(a, ast.Constant)]
            yield from (f"{prefix}{text}" for text in texts if isinstance(text, str))


def actions_in(place: ast.expr, inside: ast.FunctionDef | None) -> Iterator[str]:
    if isinstance(place, ast.Constant) and isinstance(place.value, str):
        yield place.value
    elif isinstance(place, ast.IfExp):
        yield from actions_in(place.body, inside)
        yield from actions_in(place.orelse, inside)
    elif isinstance(place, ast.Name):
        yield from constants().get(place.id, [])
        for node in ast.walk(inside) if inside else ():
            if isinstance(node, ast.Assign) and place.id in names_of(node):
                yield from actions_in(node.value, None)


def names_of(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


@cache
def constants() -> dict[str, list[str]]:
    """Texts that a module gives a name to."""
    found: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for name, said in NAMED.findall(path.read_text("utf-8")):
            found.setdefault(name, []).append(said)
    return found


def every_action() -> set[str]:
    modules = [path for path in PACKAGE.rglob("*.py") if NOTES.search(path.read_text("utf-8"))]
    found = {action for path in modules for action in noted(path)}
    kinds = [getattr(chart, name) for name in dir(chart) if name.isupper()]
    found |= {f"chart.{kind}" for kind in kinds if isinstance(kind, str)}
    return {one for one in found if re.fullmatch(r"[a-z_]+\.[a-z_-]+", one)}


def test_every_action_that_is_noted_anywhere_has_a_sentence() -> None:
    found = every_action()
    assert len(found) > 70
    assert found == set(GROUP_OF)
    assert set(SENTENCES) == set(GROUPS)


def test_a_sentence_is_whole_whatever_is_known() -> None:
    for action in [*GROUP_OF, "of.another_version"]:
        for detail in ({}, {"user": 3, "to": None, "shown": [], "roles": ["admin"]}):
            said = sentence(action, "Robin", "K7Q4-M2XD", detail, {})
            assert "Robin" in said or said.startswith("An answer of K7Q4-M2XD")
            assert "{" not in said
