"""Commands of whoever runs the installation."""

import sqlite3

from screening.workflows.intake import submit_answers

from .builders import person


def test_the_audit_is_checked_and_its_head_shows_a_tail_cut_off(app, site):
    submit_answers(site.office, person())
    runner = app.test_cli_runner()
    first = runner.invoke(args=["verify-audit"])
    assert first.exit_code == 0
    head = first.stdout.strip()
    assert runner.invoke(args=["verify-audit", "--kept", head]).exit_code == 0
    cut_last_row(site)
    cut = runner.invoke(args=["verify-audit", "--kept", head])
    assert cut.exit_code == 1
    assert head.partition(":")[0] in cut.output


def test_a_head_that_is_none_is_refused_in_one_line(app):
    done = app.test_cli_runner().invoke(args=["verify-audit", "--kept", "nonsense"])
    assert done.exit_code == 1
    assert len(done.output.splitlines()) == 1


def cut_last_row(site):
    with sqlite3.connect(site.office.database.url.database) as conn:
        triggers = conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            conn.execute(f'DROP TRIGGER "{name}"')
        conn.execute("DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)")
