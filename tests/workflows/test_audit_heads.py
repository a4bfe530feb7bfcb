"""The head of the audit, kept each hour outside the database, shows a tail that was cut off."""

import stat

import pytest
from sqlalchemy import text

from screening.storage import audit
from screening.workflows import audit_heads
from screening.workflows.intake import submit_answers
from tests.builders import person
from tests.databases import only_sqlite
from tests.site import Site


def verify(site: Site, *more: str) -> tuple[int, str]:
    done = site.app.test_cli_runner().invoke(args=["verify-audit", *more])
    return done.exit_code, done.output


@only_sqlite
def test_rows_cut_off_show_against_the_heads_of_the_worker(site: Site) -> None:
    folder = site.app.extensions["settings"].instance
    path = folder / audit_heads.FILE
    for _ in range(2):
        audit_heads.keep(site.office)  # nothing to keep yet
    assert not path.exists()
    submit_answers(site.office, person())
    for _ in range(3):
        audit_heads.keep(site.office)
    submit_answers(site.office, person())
    audit_heads.keep(site.office)
    first, second = audit_heads.kept(path)
    assert first.id < second.id
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert verify(site)[0] == 0
    copy = folder / "copy"
    copy.write_text(path.read_text("utf-8"), "utf-8")
    with site.office.database.write() as conn:
        conn.execute(text("DROP TRIGGER audit_delete"))
        conn.execute(text("DELETE FROM audit WHERE id > :last"), {"last": first.id})
    said = f"Row {first.id + 1} of the audit was changed, removed or put in."
    assert said in verify(site)[1]
    path.unlink()
    assert verify(site)[0] == 0  # nothing here knows of the rows any more
    code, output = verify(site, "--heads", str(copy))
    assert (code, said in output) == (1, True)


def test_a_line_that_was_being_written_is_left_out_and_nonsense_is_refused(site: Site) -> None:
    path = site.app.extensions["settings"].instance / audit_heads.FILE
    submit_answers(site.office, person())
    audit_heads.keep(site.office)
    whole = path.read_text("utf-8")
    path.write_text(whole + "2026-11-23T21:00:00+00:00 99:ab", "utf-8")
    assert len(audit_heads.kept(path)) == 1
    path.write_text(whole + "nonsense\n", "utf-8")
    code, output = verify(site)
    assert (code, len(output.splitlines())) == (1, 1)


def test_the_log_tells_the_head_too(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    submit_answers(site.office, person())
    audit_heads.keep(site.office)
    with site.office.database.read() as conn:
        newest = audit.head(conn)
    assert newest is not None
    assert audit_heads.as_text(newest) in capsys.readouterr().err
