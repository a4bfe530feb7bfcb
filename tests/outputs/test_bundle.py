"""A signed bundle: whatever is done to it afterwards is found, with our command and without it."""

import io
import json
import shutil
import stat
import subprocess
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pyrage
import pytest
from click.testing import CliRunner

from screening import create_app
from screening.cli_bundle import verify
from screening.outputs.bundle import SigningKey, about_of, encrypted_for, write_bundle
from screening.outputs.bundle_check import BundleError, check_bundle, expected_key
from screening.settings import Settings
from screening.storage.vault import VaultError, signing_secret
from tests.outputs.crowd import crowd

KEY, OTHER_KEY = SigningKey(bytes(range(32))), SigningKey(bytes(range(1, 33)))
ABOUT = {
    "rows": 2,
    "made_at": "2026-11-23T10:00:00-08:00",
    "recipient": "Dr. Ng",
    "purpose": "a study",
}
DATA = b"id,answer\r\n1,yes\r\n2,no\r\n"
Tampered = Callable[[dict[str, bytes]], Any]


class OnlyWritten(io.RawIOBase):
    """A stream that cannot be read, told or moved on: a socket, a pipe."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.parts.append(bytes(data))
        return len(data)


def writes(content: bytes) -> Callable[[Any], None]:
    return lambda out: out.write(content) and None


def bundle(sign: SigningKey = KEY, **changes: Any) -> bytes:
    out = OnlyWritten()
    files = [("answers.csv", writes(DATA)), ("dictionary.csv", writes(b"variable\r\n"))]
    write_bundle(out, files, **{"about": ABOUT, "sign": sign} | changes)  # type: ignore[arg-type]
    return b"".join(out.parts)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "export.zip"
    path.write_bytes(bundle())
    return path


def unpacked(file: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(file)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def wrong_in(file: bytes, key: str | None = KEY.fingerprint) -> str:
    with pytest.raises(BundleError) as found:
        check_bundle(io.BytesIO(file), key)
    return str(found.value)


# What is in it


def test_a_bundle_is_whole_and_says_what_it_is() -> None:
    checked = check_bundle(io.BytesIO(bundle()), KEY.fingerprint)
    assert checked.key == KEY.fingerprint
    assert checked.about == ABOUT
    parts = unpacked(bundle())
    assert parts["answers.csv"] == DATA
    assert set(parts) == set(checked.files)
    assert set(json.loads(parts["manifest.json"])["sha256"]) == set(parts) - {
        "manifest.json", "manifest.sig", "public-key.pem",
    }  # fmt: skip


def test_rows_may_be_counted_while_they_are_written() -> None:
    counted: list[int] = []
    file = bundle(about=lambda: ABOUT | {"rows": len(counted) + 7})
    assert check_bundle(io.BytesIO(file)).about["rows"] == 7


def test_the_same_export_is_the_same_file() -> None:
    assert bundle() == bundle()


@pytest.mark.parametrize("name", ["about.json", "manifest.sig", "../up", "a/b", "", ".hidden", "ñ"])
def test_a_file_cannot_take_a_name_of_ours_or_leave_its_folder(name: str) -> None:
    out = OnlyWritten()
    with pytest.raises(ValueError, match="name"):
        write_bundle(out, [(name, writes(b""))], about=ABOUT, sign=KEY)
    with pytest.raises(ValueError, match="same name"):
        write_bundle(out, [("a", writes(b"")), ("A", writes(b""))], about=ABOUT, sign=KEY)
    assert out.parts == []


def test_about_tells_the_days_of_filters_only_where_people_are_named() -> None:
    given: dict[str, Any] = {
        "product": "1.0", "rows": 3, "made_at": "2026-11-23T10:00:00-08:00", "purpose": "a study",
        "recipient": "Dr. Ng", "filters": {"from": "2026-11-02", "outcome": "candidate"},
    }  # fmt: skip
    full = about_of(crowd(1), **given, deidentified=False)
    coarse = about_of(crowd(1), **given, deidentified=True)
    assert full["filters"] == given["filters"]
    assert coarse["filters"] == {"from": "2026", "outcome": "candidate"}
    form = crowd(1).questionnaires[0]
    expected = {"version": form.version, "content_sha256": form.content_hash}
    assert full["questionnaires"][0] == expected


# What is found


@pytest.mark.parametrize(
    ("tampered", "told"),
    [
        (lambda parts: parts.pop("answers.csv"), "answers.csv is missing"),
        (lambda parts: parts.pop("manifest.sig"), "manifest.sig is missing"),
        (lambda parts: parts.pop("manifest.json"), "manifest.json is missing"),
        (lambda parts: parts.pop("public-key.pem"), "public-key.pem is missing"),
        (lambda parts: parts.update({"answers.csv": DATA + b"3,no"}), "answers.csv was altered"),
        (lambda parts: parts.update({"about.json": b"{}"}), "about.json was altered"),
        (lambda parts: parts.update({"more.csv": b""}), "more.csv was added"),
        (lambda parts: parts.update({"manifest.json": b"{}"}), "signature"),
        (lambda parts: parts.update({"manifest.json": b"x" * (2 << 20)}), "manifest.json was alt"),
        (lambda parts: parts.update({"manifest.sig": bytes(64)}), "signature"),
        (lambda parts: parts.update({"manifest.sig": b""}), "signature"),
        (lambda parts: parts.update({"public-key.pem": b"none"}), "public-key.pem is not a key"),
    ],
)
def test_what_was_done_to_a_bundle_is_named(tampered: Tampered, told: str) -> None:
    parts = unpacked(bundle())
    tampered(parts)
    assert told in wrong_in(packed(parts))


def test_whoever_signs_anew_has_another_key() -> None:
    forged = bundle(OTHER_KEY)
    assert f"signed with {OTHER_KEY.fingerprint}" in wrong_in(forged)
    assert check_bundle(io.BytesIO(forged)).key == OTHER_KEY.fingerprint


def test_our_key_beside_their_signature_is_found() -> None:
    ours, theirs = unpacked(bundle()), unpacked(bundle(OTHER_KEY, about=ABOUT | {"rows": 9}))
    assert "signature" in wrong_in(packed(theirs | {"public-key.pem": ours["public-key.pem"]}))


def test_a_name_that_stands_twice_is_found() -> None:
    out = io.BytesIO(bundle())
    with zipfile.ZipFile(out, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("answers.csv", b"other")
    assert "answers.csv is in it twice" in wrong_in(out.getvalue())


def test_no_altered_byte_passes_for_another_answer() -> None:
    file = bundle()
    parts = unpacked(file)
    rng = Random(7)
    for place in rng.sample(range(len(file)), 400):
        altered = bytearray(file)
        altered[place] ^= 1 << rng.randrange(8)
        try:
            check_bundle(io.BytesIO(altered), KEY.fingerprint)
        except BundleError:
            continue
        assert unpacked(bytes(altered)) == parts  # a time or a flag that says nothing


@pytest.mark.parametrize("size", [0, 1, 30, 500, -1])
def test_a_bundle_that_is_cut_off_is_found(size: int) -> None:
    assert "cut off" in wrong_in(bundle()[:size])


# The command, and the same by hand


@pytest.mark.parametrize("manifest", [b"[]", b"no JSON", b"{}", b'{"sha256": []}', b"[" * 9999])
def test_a_stranger_may_sign_anything_and_it_is_told_in_words(manifest: bytes) -> None:
    parts = unpacked(bundle())
    parts |= {"manifest.json": manifest, "manifest.sig": KEY.sign(manifest)}
    assert wrong_in(packed(parts)).startswith("manifest.json ")


def test_what_a_stranger_wrote_does_not_look_like_a_line_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    forged = f"a study.\nSigned with {KEY.fingerprint}.\x1b[8m"
    path.write_bytes(bundle(OTHER_KEY, about=ABOUT | {"purpose": forged}))
    status, told = run(path)
    assert status == 0
    signed = [line for line in told.splitlines() if line.startswith("Signed with")]
    assert signed == [f"Signed with {OTHER_KEY.fingerprint}."]
    assert "\x1b" not in told


def run(*args: object) -> tuple[int, str]:
    done = CliRunner().invoke(verify, [str(arg) for arg in args])
    return done.exit_code, done.output


def test_the_command_needs_nothing_but_the_file(whole: Path, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path / "none", testing=True)
    runner = create_app(settings, offline=True).test_cli_runner()
    done = runner.invoke(args=["verify", str(whole)])
    assert done.exit_code == 0, done.output
    assert f"Signed with {KEY.fingerprint}" in done.output
    assert not (tmp_path / "none").exists()


def test_the_command_compares_keys(whole: Path, tmp_path: Path) -> None:
    status, told = run(whole)
    assert status == 0
    assert "Compare that" in told
    groups = ":".join(KEY.fingerprint[i : i + 2] for i in range(0, 64, 2)).upper()
    file = tmp_path / "clinic.txt"
    file.write_text(f"SHA256:{KEY.fingerprint}\n")
    public = tmp_path / "clinic.pem"
    public.write_bytes(unpacked(bundle())["public-key.pem"])
    for key in (KEY.fingerprint, groups, file, public):
        status, told = run(whole, "--key", key)
        assert (status, "Compare that" in told) == (0, False)
    assert run(whole, "--key", OTHER_KEY.fingerprint)[0] == 1
    assert "neither" in run(whole, "--key", "1234")[1]


def test_the_command_names_what_is_wrong(whole: Path, tmp_path: Path) -> None:
    parts = unpacked(bundle())
    whole.write_bytes(packed(parts | {"answers.csv": b"id"}))
    assert run(whole) == (1, f"{whole}: answers.csv was altered.\n")
    status, told = run(tmp_path / "none.zip")
    assert status == 1
    assert "cannot be read" in told


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_openssl_and_sha256sum_agree(whole: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(whole, tmp_path / "open")
    by_hand = (
        Path("docs/signed-bundles.md")
        .read_text("utf-8")
        .split("```sh by-hand\n")[1]
        .split("```")[0]
    )

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-e"], input=by_hand, cwd=tmp_path / "open", capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    done = check()
    assert done.returncode == 0, done.stderr
    assert KEY.fingerprint in done.stdout
    (tmp_path / "open" / "answers.csv").write_bytes(b"id")
    assert check().returncode != 0


# The key


def test_the_signing_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = signing_secret(tmp_path)
    assert signing_secret(tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == ["signing.key"]
    assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600
    (tmp_path / "signing.key").chmod(0o644)
    with pytest.raises(VaultError, match="read by others"):
        signing_secret(tmp_path)
    with pytest.raises(VaultError, match="cannot make"):
        signing_secret(tmp_path / "none")


def test_the_fingerprint_is_told_and_nothing_else(app: Any, settings: Any) -> None:
    told = app.test_cli_runner().invoke(args=["signing-key"]).output
    secret = signing_secret(settings.keys)
    assert told == f"{SigningKey(secret).fingerprint}\n"
    assert expected_key(told) == SigningKey(secret).fingerprint
    assert secret.hex() not in repr(SigningKey(secret))


# For a recipient


def test_only_the_recipient_opens_an_encrypted_bundle() -> None:
    ana, eve = (pyrage.x25519.Identity.generate() for _ in range(2))
    out = OnlyWritten()
    with encrypted_for(out, f" {ana.to_public()}\n") as plain:
        write_bundle(plain, [("answers.csv", writes(DATA))], about=ABOUT, sign=KEY)
    sealed = b"".join(out.parts)
    assert "Decrypt it first" in wrong_in(sealed)
    opened = pyrage.decrypt(sealed, [ana])
    assert check_bundle(io.BytesIO(opened), KEY.fingerprint).about == ABOUT
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [eve])


@pytest.mark.parametrize("recipient", ["", "age1", "ana@example.org", "AGE-SECRET-KEY-1QQ"])
def test_a_bad_recipient_is_told_in_a_plain_sentence(recipient: str) -> None:
    out = OnlyWritten()
    with pytest.raises(ValueError, match="not an age recipient"), encrypted_for(out, recipient):
        pass
    assert out.parts == []


def test_a_file_that_was_not_finished_does_not_open() -> None:
    ana = pyrage.x25519.Identity.generate()
    out = OnlyWritten()

    def stopped() -> None:
        with encrypted_for(out, str(ana.to_public())) as plain:
            plain.write(b"x" * 200_000)
            raise KeyError("cancelled")

    with pytest.raises(KeyError):
        stopped()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(b"".join(out.parts), [ana])


def test_a_full_disk_is_told_as_such() -> None:
    class Full(OnlyWritten):
        def write(self, data: Any) -> int:
            if len(self.parts) > 3:
                raise OSError(28, "No space left on device")
            return super().write(data)

    def much() -> None:
        recipient = str(pyrage.x25519.Identity.generate().to_public())
        with encrypted_for(Full(), recipient) as out:
            for _ in range(100):
                out.write(b"x" * 100_000)

    with pytest.raises(OSError, match="No space left"):
        much()


def test_memory_does_not_grow_with_the_size(tmp_path: Path) -> None:
    piece = Random(1).randbytes(1 << 20)

    def much(out: Any) -> None:
        for _ in range(24):
            out.write(piece)

    ana = pyrage.x25519.Identity.generate()
    path = tmp_path / "large.age"
    tracemalloc.start()
    with path.open("wb") as file, encrypted_for(file, str(ana.to_public())) as plain:
        write_bundle(plain, [("large.bin", much)], about=ABOUT, sign=KEY)
    opened = tmp_path / "large.zip"
    pyrage.decrypt_file(str(path), str(opened), [ana])
    with opened.open("rb") as file:
        assert check_bundle(file, KEY.fingerprint).files[0] == "large.bin"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert opened.stat().st_size > 24 << 20
    assert peak < 6 << 20
