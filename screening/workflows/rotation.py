"""A new master key while the app runs, and the old one removed when nothing needs it any more.

Every running process finds the new key by itself (`Vault.current`). A data key is wrapped anew;
what it sealed is not touched. Stopped at any moment and run again, a rotation goes on.
"""

import time
from dataclasses import dataclass

from ..storage import rewrap
from ..storage.copying import Told
from ..storage.vault import Keyring
from .act import acting
from .backup import silent
from .office import Office

BATCH = 100  # rows of one transaction: other writers wait about ten milliseconds for it
PAUSE = 0.005  # seconds between two, in which others take their turn
# Seconds since the new key was made before an old one may go: a request that wrapped something just
# before may run for half a minute (gunicorn's timeout) until its COMMIT.
SETTLED = 120


class RotationError(Exception):
    """Nothing was removed. One plain line."""


@dataclass(frozen=True)
class Rotated:
    """`key_id`: in use now; `made`: it is new, not one that an earlier run had made; `moved`: rows
    that are under it since this run."""

    key_id: str
    made: bool
    moved: int


def rotate(office: Office, *, new: bool = False, told: Told = silent) -> Rotated:
    """Finish a rotation that was stopped; without one, or with `new`, begin one.

    Raises DatabaseUnavailableError, VaultError, OSError; run again it goes on.
    """
    made = new or not _old_in_use(office)
    if made:
        key_id = Keyring.add_master(office.keyring.folder)
        with acting(office, "cli") as act:
            act.note("key.made", None, key=key_id)
    current, moved = office.vault.current(), 0
    while count := _step(office):
        moved += count
        told(f"{moved} rows are under the new key")
        time.sleep(PAUSE)
    with acting(office, "cli") as act:
        act.note("keys.rotated", None, key=current, rows=moved)
    return Rotated(current, made, moved)


def retire(office: Office) -> list[str]:
    """Remove every master key but the one in use; returns their ids.

    Raises RotationError while something needs one, or may be about to.
    """
    folder = office.keyring.folder
    if Keyring.age_of_newest(folder) < SETTLED:
        raise RotationError(
            f"the key in use is new: wait {SETTLED} seconds, since what is being written may still "
            "be under the old one"
        )
    current = office.vault.current()
    with acting(office, "cli") as act:
        rewrap.lock(act.conn)
        old = [key_id for key_id in Keyring.load(folder).masters if key_id != current]
        if not old:
            raise RotationError("there is only the key in use")
        needed = rewrap.in_use(act.conn)
        for key_id in old:
            if needed[key_id]:
                raise RotationError(f"{needed[key_id]} rows need {key_id}: run rotate-keys again")
            act.note("key.removed", None, key=key_id)
    for key_id in old:
        Keyring.remove_master(folder, key_id)
    return old


def _old_in_use(office: Office) -> bool:
    with office.database.read() as conn:
        return any(key_id != office.vault.current() for key_id in rewrap.in_use(conn))


def _step(office: Office) -> int:
    with office.database.write() as conn:
        return rewrap.rewrap(conn, office.vault, limit=BATCH)
