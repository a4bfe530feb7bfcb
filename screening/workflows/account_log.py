"""What happened with one's own account, for its owner to see what they did not do."""

from dataclasses import dataclass
from datetime import datetime

from ..storage import audit_pages as stored
from ..storage import members
from ..storage.audit_pages import Row, Wanted
from .audit_words import SENTENCES, actor_words, sentence
from .office import Office

SHOWN = 10
LOOKED_AT = 200  # of the newest rows about whichever account
OWN = ("staff.signed_in", "staff.recovery_code_used", *SENTENCES["accounts"])
# By others, or by somebody who is not signed in: the row names the account.
ABOUT = (
    "staff.refused",
    "staff.code_refused",
    "staff.passkey_refused",
    "staff.invited",
    "staff.roles_changed",
    "staff.activated",
    "staff.deactivated",
    "staff.started_over",
    "staff.signed_out_everywhere",
)


@dataclass(frozen=True)
class Happened:
    """`at`: clinic time."""

    at: datetime
    text: str


def happened(office: Office, member_id: int) -> tuple[Happened, ...]:
    """The newest first: sign-ins, wrong passwords and codes, changes of the account."""
    me = f"user:{member_id}"
    with office.database.read() as conn:
        own = stored.page(conn, Wanted(actor=me, actions=OWN), limit=SHOWN)
        about = stored.page(conn, Wanted(actions=ABOUT), limit=LOOKED_AT)
        names = {one.id: one.name for one in members.all_members(conn)}
    rows = {row.id: row for row in own if row.detail.get("user", member_id) == member_id}
    rows |= {row.id: row for row in about if row.detail.get("user") == member_id}
    newest = sorted(rows.values(), key=lambda row: row.id, reverse=True)[:SHOWN]
    return tuple(_told(office, row, names) for row in newest)


def _told(office: Office, row: Row, names: dict[int, str]) -> Happened:
    text = sentence(row.action, actor_words(row.actor, names), "", row.detail, names)
    return Happened(row.at.astimezone(office.zone), text)
