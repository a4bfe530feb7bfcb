"""A backup is whole and closed, comes back where nothing is, and brings back nobody purged."""

import io
import shutil
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text

from screening import create_app
from screening.settings import Settings
from screening.storage import age, copying
from screening.storage.database import Database
from screening.storage.vault import Keyring
from screening.workflows import audit_heads, backup, retention
from screening.workflows.intake import submit_answers
from tests.builders import person
from tests.site import Site
from tests.web.desk import PHYSICIAN, Desk, hire

from .installation import Installation, emptied

IDENTITY = age.identity_of(bytes(range(32)))


def send(place: Installation, **changes: object) -> str:
    return submit_answers(place.site.office, person(**changes)).reference


def intake_ids(site: Site) -> list[str]:
    return [intake.id for intake in site.intakes()]


def test_backed_up_wiped_and_restored_the_same_pdf_opens_after_signing_in(place, tmp_path):
    (place.folder / "clinic.toml").write_text('name = "Birch Clinic"\n')
    reference = send(place)
    place.site.app.extensions["queue"].run_waiting()
    doctor = hire(place.site, PHYSICIAN)
    out = tmp_path / "monday.age"
    assert "1 intakes were decrypted" in place.done("backup", out)
    assert out.stat().st_mode & 0o777 == 0o600
    address = f"/staff/intakes/{reference}/letter.pdf"
    before = Desk(place.site).sign_in(doctor).open(address).answer.data
    assert before.startswith(b"%PDF")

    site = place.wipe()
    assert "Restored 1 intakes" in place.done("restore", out)
    assert Desk(site).sign_in(doctor).open(address).answer.data == before
    assert (place.folder / "clinic.toml").read_text() == 'name = "Birch Clinic"\n'
    assert place.run("verify-audit").exit_code == 0
    assert "backup.restored" in site.actions()


def test_it_comes_back_in_the_other_database(place, tmp_path):
    """On SQLite alone: in another file."""
    reference = send(place)
    unfinished = place.site.start(person(), until="contact")
    place.done("backup", tmp_path / "one.age")
    (tmp_path / "other").mkdir()
    shutil.copytree(place.folder / "keys", tmp_path / "other" / "keys")
    other = Installation(tmp_path / "other", "")
    other.done("restore", tmp_path / "one.age")
    other.done("verify-audit")
    assert [sent.reference for sent in other.site.submissions()] == [reference]
    other.done("backup", tmp_path / "two.age")
    place.wipe()
    place.done("restore", tmp_path / "two.age")
    assert unfinished in intake_ids(place.site)
    place.done("verify-audit")
    other.close()


def test_a_file_that_is_no_backup_though_it_opens_is_refused(here, tmp_path):
    forged = tmp_path / "forged.age"
    own = backup.own_identity(here.site.office.vault).to_public()
    for content in ({}, {"manifest.json": b"[1]"}, {"../x": b""}, {"manifest.json": b"{}"}):
        with (
            age.writing(forged, [own]) as plain,
            tarfile.open(fileobj=plain, mode="w|") as tar,
        ):
            for name, data in content.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
            link = tarfile.TarInfo("screening.db")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)
        line = here.refused("check-backup", forged)
        assert line.startswith("This backup cannot be restored: "), line
    assert not (tmp_path / "x").exists()


def test_what_was_purged_since_the_backup_does_not_come_back(place, tmp_path):
    send(place)
    gone, stays = intake_ids(place.site)[0], send(place)
    place.done("backup", tmp_path / "old.age")
    site = place.wipe()
    (place.folder / retention.LEDGER).write_text(
        f"{gone} 2026-11-20T10:00:00+00:00\n{'0' * 32} 2026-11-21T10:00:00+00:00\n"
    )
    said = place.done("restore", tmp_path / "old.age")
    assert "Purged again: 1 intakes" in said
    assert [intake.reference for intake in site.intakes()] == [stays]
    assert place.run("verify-audit").exit_code == 0
    ledger = (place.folder / retention.LEDGER).read_text()
    assert gone in ledger
    assert "0" * 32 in ledger  # a later backup may hold them still
    assert gone not in place.done("backup", tmp_path / "new.age")


def test_heads_of_the_audit_from_after_the_backup_are_set_aside(here, tmp_path):
    send(here)
    here.done("backup", tmp_path / "one.age")
    send(here)
    audit_heads.keep(here.site.office)
    heads = (here.folder / audit_heads.FILE).read_text()
    here.wipe()
    (here.folder / audit_heads.FILE).write_text(heads)
    here.done("restore", tmp_path / "one.age")
    here.done("verify-audit")
    assert (here.folder / f"{audit_heads.FILE}.before-restore").read_text() == heads


def test_a_ledger_that_cannot_be_read_stops_the_restore(here, tmp_path):
    send(here)
    here.done("backup", tmp_path / "one.age")
    site = here.wipe()
    (here.folder / retention.LEDGER).write_text("somebody\n")
    assert "line 1 of purged" in here.refused("restore", tmp_path / "one.age")
    assert site.intakes() == []


def test_only_an_empty_installation_is_filled(place, tmp_path):
    send(place)
    place.done("backup", tmp_path / "one.age")
    before = place.site.actions()
    assert "there are rows in it already" in place.refused("restore", tmp_path / "one.age")
    assert place.site.actions() == before


def test_it_is_taken_while_others_write_and_is_whole_all_the_same(place, tmp_path):
    enough = Event()

    def write() -> int:
        count = 0
        while not enough.is_set():
            place.site.start(person(), until="contact")
            count += 1
        return count

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write) for _ in range(2)]
        said = place.done("backup", tmp_path / "busy.age")
        enough.set()
    assert "the audit is whole" in said
    assert all(future.result() for future in writing)


def test_a_backup_holds_no_key_and_opens_for_a_recipient_with_other_programs(here, tmp_path):
    send(here)
    out = tmp_path / "one.age"
    here.done("backup", out, "--recipient", IDENTITY.to_public())
    with age.reading(out, [IDENTITY]) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
        inside = {member.name: tar.extractfile(member).read() for member in tar}
    assert set(inside) == {"manifest.json", "screening.db"}
    for key in here.site.office.keyring.folder.iterdir():
        secret = key.read_text().strip()
        assert not any(
            secret.encode() in content or bytes.fromhex(secret) in content
            for content in (*inside.values(), out.read_bytes())
        )


def test_what_is_damaged_altered_or_anothers_is_refused(here, tmp_path):
    send(here)
    out = tmp_path / "one.age"
    here.done("backup", out)
    whole = out.read_bytes()
    half = len(whole) // 2
    altered = whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :]
    for name, content in {"cut": whole[:-20], "altered": altered, "none": b"hello"}.items():
        (tmp_path / name).write_bytes(content)
        assert "cannot be read" in here.refused("check-backup", tmp_path / name)
    here.close()
    shutil.rmtree(here.folder / "keys")
    Keyring.create(here.folder / "keys")
    here.open()
    assert "not for this key" in here.refused("check-backup", out)


def test_one_made_with_other_keys_is_refused_though_its_recipient_opens_it(here, tmp_path):
    """A file that somebody else made could bring an administrator along."""
    send(here)
    out, identity = tmp_path / "one.age", tmp_path / "identity"
    identity.write_text(f"# mine\n{IDENTITY}\n")
    here.done("backup", out, "--recipient", IDENTITY.to_public())
    here.close()
    shutil.rmtree(here.folder / "keys")
    Keyring.create(here.folder / "keys")
    here.open()
    line = here.refused("check-backup", out, "--identity", identity)
    assert "not made with these keys" in line


@pytest.mark.parametrize(
    ("harm", "line"),
    [
        ("UPDATE submissions SET document = substr(document, 2)", "cannot be decrypted"),
        ("DROP TRIGGER audit_update; UPDATE audit SET actor = 'nobody' WHERE id = 2", "row 2"),
        ("PRAGMA foreign_keys = OFF; UPDATE submissions SET intake_id = 'x'", "damaged"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer version"),
    ],
)
def test_one_that_fails_its_check_is_not_kept(here, tmp_path, monkeypatch, harm, line):
    send(here)
    taken = copying.snapshot

    def harmed(source: Database, path: Path) -> None:
        taken(source, path)
        with backup.closing(backup.sqlite3.connect(path)) as conn:
            conn.executescript(harm)

    monkeypatch.setattr(copying, "snapshot", harmed)
    assert line in here.refused("backup", tmp_path / "one.age")
    assert not list(tmp_path.glob("*.age*")) + list(tmp_path.glob(".*.age*"))
    assert not list(here.folder.glob(".backup-*"))
    assert backup.last_made(here.folder) is None
    assert "backup.made" not in here.site.actions()


def test_one_of_an_earlier_version_is_brought_up_to_date(here, tmp_path, monkeypatch):
    reference = send(here)
    taken = copying.snapshot

    def older(source: Database, path: Path) -> None:
        taken(source, path)
        database = Database(f"sqlite:///{path}")
        database.downgrade(to="0003")
        database.close()
        path.with_name(path.name + ".lock").unlink()

    monkeypatch.setattr(copying, "snapshot", older)
    here.done("backup", tmp_path / "one.age")
    site = here.wipe()
    here.done("restore", tmp_path / "one.age")
    assert [intake.reference for intake in site.intakes()] == [reference]
    assert site.office.database.ready()


def test_a_large_one_tells_how_far_it_is(here, tmp_path, monkeypatch):
    send(here)
    monkeypatch.setattr(backup, "LARGE", 1)
    said = here.run("backup", tmp_path / "one.age").stderr.splitlines()
    percents = [int(line.removesuffix(" %")) for line in said if line.endswith(" %")]
    assert percents == sorted(set(percents))
    assert percents[-1] == 100


def test_nothing_is_written_over_and_two_do_not_run_at_once(here, tmp_path):
    (tmp_path / "one.age").write_text("an older one")
    assert "there already" in here.refused("backup", tmp_path / "one.age")
    assert (tmp_path / "one.age").read_text() == "an older one"
    with backup.workplace(here.folder):
        assert "another backup" in here.refused("backup", tmp_path / "two.age")


def test_what_a_killed_run_left_is_swept_away(here, tmp_path):
    (here.folder / ".backup-left").mkdir()
    here.done("backup", tmp_path / "one.age")
    assert not list(here.folder.glob(".backup-*/"))


def test_keys_are_kept_apart_and_come_back(here, tmp_path):
    send(here)
    out, identity = tmp_path / "keys.age", tmp_path / "identity"
    identity.write_text(str(IDENTITY))
    assert "Say with --recipient" in here.refused("backup-keys", out)
    here.done("backup-keys", out, "--recipient", IDENTITY.to_public())
    here.done("backup", tmp_path / "one.age")
    kept = Keyring.load(here.folder / "keys")
    assert "holds keys already" in here.refused("restore-keys", out, "--identity", identity)
    here.wipe()
    here.close()
    shutil.rmtree(here.folder / "keys")
    app = create_app(Settings(instance=here.folder, testing=True), offline=True)
    back = app.test_cli_runner().invoke(
        args=["restore-keys", str(out), "--identity", str(identity)]
    )
    assert back.exit_code == 0, back.output
    assert Keyring.load(here.folder / "keys") == kept
    here.open()
    assert "Restored 1 intakes" in here.done("restore", tmp_path / "one.age")


# The same rows in another database


def test_all_rows_are_copied_and_numbering_goes_on(place, tmp_path):
    first, second = send(place), send(place)
    hire(place.site, PHYSICIAN)
    with place.site.office.database.write() as conn:
        conn.execute(text("UPDATE submissions SET assigned_to = 1 WHERE id = 1"))
        conn.execute(text("DELETE FROM search_terms WHERE submission_id = 2"))
        conn.execute(text("DELETE FROM submissions WHERE id = 2"))
    url = f"sqlite:///{tmp_path}/copy.db"
    assert "Copied and compared" in place.done("copy-to", url)
    shutil.copytree(place.folder, tmp_path / "other")
    other = Installation(tmp_path / "other", url)
    assert {intake.reference for intake in other.site.intakes()} == {first, second}
    send(other)
    assert [submission.id for submission in other.site.submissions()] == [1, 3]
    assert other.run("verify-audit").exit_code == 0
    assert "there are rows in it already" in place.refused("copy-to", url)
    if place.url:
        emptied(place.url).close()
        other.done("copy-to", place.url)
        back = Installation(place.folder, place.url)
        assert [submission.id for submission in back.site.submissions()] == [1, 3]
        send(back)
        assert [submission.id for submission in back.site.submissions()] == [1, 3, 4]
        assert back.run("verify-audit").exit_code == 0
        back.close()
    other.close()


@pytest.mark.parametrize("url", ["nonsense", "oracle://x/y", "sqlite://"])
def test_an_address_that_is_no_database_is_refused(here, url):
    assert "Nothing was copied: the address" in here.refused("copy-to", url)


def test_the_database_in_use_is_no_target(here):
    url = f"sqlite:///{here.folder / 'screening.db'}"
    assert "that is the database in use" in here.refused("copy-to", url)
