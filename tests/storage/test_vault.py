import itertools
import shutil
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.storage.vault import (
    ALPHABET,
    CODE_LENGTH,
    Keyring,
    Vault,
    VaultError,
    grouped,
    new_code,
    normal_code,
)

KEY_FILES = ("hmac.key", "audit.key")


def master_file(folder):
    return next(folder.glob("master-*"))


def test_what_was_sealed_opens_in_its_own_context_only(vault):
    key = vault.new_data_key()
    sealed = vault.seal(key, b"answers", context="page_saves:a:mood:ciphertext:1")
    assert vault.unseal(key, sealed, context="page_saves:a:mood:ciphertext:1") == b"answers"
    for elsewhere in ("page_saves:b:mood:ciphertext:1", "page_saves:a:mood:ciphertext:2", ""):
        with pytest.raises(VaultError):
            vault.unseal(key, sealed, context=elsewhere)


def test_every_altered_byte_and_every_cut_is_refused(vault):
    key = vault.new_data_key()
    sealed = vault.seal(key, b"answers", context="here")
    for i in range(len(sealed)):
        altered = sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :]
        for bad in (altered, sealed[:i]):
            with pytest.raises(VaultError):
                vault.unseal(key, bad, context="here")


def test_another_intakes_key_does_not_open_it(vault):
    sealed = vault.seal(vault.new_data_key(), b"answers", context="here")
    with pytest.raises(VaultError):
        vault.unseal(vault.new_data_key(), sealed, context="here")


def test_no_nonce_comes_twice(vault):
    key = vault.new_data_key()
    nonces = {vault.seal(key, b"", context="")[5:17] for _ in range(20_000)}
    assert len(nonces) == 20_000


def test_sessions_are_sealed_under_the_master_key(vault):
    sealed = vault.seal_session(b"draft id", context="web_sessions:1")
    assert vault.unseal_session(sealed, context="web_sessions:1") == b"draft id"
    with pytest.raises(VaultError):
        vault.unseal_session(sealed, context="web_sessions:2")
    with pytest.raises(VaultError):
        vault.unseal_session(b"", context="web_sessions:1")


def test_secrets_stay_out_of_reprs(vault):
    key = vault.new_data_key()
    shown = repr(key) + repr(vault.keyring)
    secrets = (key.secret, key.wrapped, vault.keyring.hmac, *vault.keyring.masters.values())
    assert not [s for s in secrets if s.hex() in shown or repr(s) in shown]


@pytest.mark.parametrize(
    "typed",
    ["7k2m-0i1L", "7K2M 0 1 1 1", " 7k2m\t0111\n", "7K2Mo11l", "7K2M\u20140111"],
)
def test_a_code_may_be_typed_in_many_ways(typed):
    assert normal_code(typed) == "7K2M0111"


def test_a_new_code_has_26_characters_shown_in_groups():
    code = new_code()
    assert grouped(normal_code(code)) == code
    assert len(normal_code(code)) == CODE_LENGTH
    assert set(normal_code(code)) <= set(ALPHABET)
    assert len({new_code() for _ in range(100)}) == 100


@given(st.text())
def test_whatever_is_typed_gives_some_code(typed):
    assert normal_code(normal_code(typed)) == normal_code(typed)


def test_a_code_has_one_hmac_however_it_is_typed(vault):
    code = new_code()
    assert vault.code_hmac(code) == vault.code_hmac(code.lower().replace("-", " "))
    assert vault.code_hmac(code) != vault.code_hmac(new_code())


def test_blind_values_differ_by_kind_and_key(vault, tmp_path):
    other = Vault(Keyring.create(tmp_path / "other"))
    values = {
        vault.blind("resume", "192.0.2.1"),
        vault.blind("sign-in", "192.0.2.1"),
        other.blind("resume", "192.0.2.1"),
    }
    assert len(values) == 3
    assert vault.derived("flask") != vault.derived("jobs")
    assert vault.derived("flask") == Vault(vault.keyring).derived("flask")


def test_keys_are_readable_by_their_owner_alone(keyring):
    modes = {stat.S_IMODE(path.stat().st_mode) for path in keyring.folder.iterdir()}
    assert modes == {0o600}
    assert len(list(keyring.folder.iterdir())) == 3


def test_new_keys_are_only_readable_by_their_owner(tmp_path):
    Keyring.create(tmp_path / "new" / "keys")
    paths = [tmp_path / "new" / "keys", *(tmp_path / "new" / "keys").iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in paths} == {0}


def test_keys_are_never_made_over_others(keyring):
    before = {path.name: path.read_text() for path in keyring.folder.iterdir()}
    with pytest.raises(VaultError):
        Keyring.create(keyring.folder)
    assert {path.name: path.read_text() for path in keyring.folder.iterdir()} == before
    assert not list(keyring.folder.parent.glob(".keys-*"))


@pytest.mark.parametrize("missing", ["master-*", *KEY_FILES])
def test_a_missing_key_is_refused(keyring, missing):
    next(keyring.folder.glob(missing)).unlink()
    with pytest.raises(VaultError):
        Keyring.load(keyring.folder)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o666])
@pytest.mark.parametrize("which", ["master-*", *KEY_FILES])
def test_a_key_that_others_can_read_is_refused(keyring, which, mode):
    next(keyring.folder.glob(which)).chmod(mode)
    with pytest.raises(VaultError, match="read by others"):
        Keyring.load(keyring.folder)


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "00" * 33])
def test_a_malformed_key_is_refused_without_being_quoted(keyring, content):
    (keyring.folder / "hmac.key").write_text(content)
    with pytest.raises(VaultError) as refused:
        Keyring.load(keyring.folder)
    assert not content or content not in str(refused.value)


def test_a_master_key_with_a_strange_name_is_refused(keyring):
    master_file(keyring.folder).rename(keyring.folder / "master-0001-backup.key")
    with pytest.raises(VaultError, match="not the name"):
        Keyring.load(keyring.folder)


def test_the_first_start_makes_keys_and_the_next_one_loads_them(tmp_path):
    made = Keyring.open(tmp_path / "keys", database_has_rows=False)
    assert Keyring.open(tmp_path / "keys", database_has_rows=True) == made


def test_no_keys_are_made_when_the_database_has_rows(tmp_path):
    with pytest.raises(VaultError, match="restore"):
        Keyring.open(tmp_path / "keys", database_has_rows=True)
    assert not (tmp_path / "keys").exists()


def test_a_running_process_opens_what_a_rotation_rewrapped(vault):
    key = vault.new_data_key()
    sealed = vault.seal(key, b"answers", context="here")
    new_id = Keyring.add_master(vault.keyring.folder)
    rotated = Vault(Keyring.load(vault.keyring.folder))
    fresh = rotated.rewrap(key.id, key.wrapped)
    assert fresh.id == new_id != key.id
    opened = vault.open_data_key(fresh.id, fresh.wrapped)
    assert vault.unseal(opened, sealed, context="here") == b"answers"
    assert vault.new_data_key().id == new_id


def test_an_old_master_key_can_be_taken_away_after_a_rotation(vault):
    folder = vault.keyring.folder
    key = vault.new_data_key()
    Keyring.add_master(folder)
    fresh = Vault(Keyring.load(folder)).rewrap(key.id, key.wrapped)
    shutil.move(master_file_of(folder, key.id), folder.parent / "old.key")
    left = Vault(Keyring.load(folder))
    assert left.unwrap(fresh.id, fresh.wrapped).secret == key.secret
    with pytest.raises(VaultError, match="missing"):
        left.unwrap(key.id, key.wrapped)
    ids = [left.keyring.current, Keyring.add_master(folder), Keyring.add_master(folder)]
    assert list(Keyring.load(folder).masters) == ids  # numbers go on from the highest


def master_file_of(folder, key_id):
    return next(folder.glob(f"master-*-{key_id}.key"))


def test_the_wrong_master_key_is_refused(vault):
    key = vault.new_data_key()
    folder = vault.keyring.folder
    master_file(folder).write_text("ab" * 32)
    with pytest.raises(VaultError):
        Vault(Keyring.load(folder)).unwrap(key.id, key.wrapped)


def test_opened_keys_are_remembered(vault):
    key = vault.new_data_key()
    first, second = itertools.starmap(vault.open_data_key, [(key.id, key.wrapped)] * 2)
    assert first is second


def test_a_running_process_wraps_under_a_new_key_from_the_moment_it_is_there(vault):
    before = vault.current()
    new_id = Keyring.add_master(vault.keyring.folder)
    assert vault.new_data_key().id == new_id != before
    sealed = vault.seal_session(b"cart", context="here")
    assert sealed[1:5].hex() == new_id
    Keyring.remove_master(vault.keyring.folder, before)
    assert list(Keyring.load(vault.keyring.folder).masters) == [new_id]


def test_a_process_whose_keys_were_taken_away_after_its_start_goes_on(vault):
    shutil.rmtree(vault.keyring.folder)
    assert vault.new_data_key().id == vault.keyring.current
