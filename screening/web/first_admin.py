"""The link that lets the first administrator in: fifteen minutes, and dead once there is one.

Nothing is stored for it: it carries its end and a keyed hash of that, and holds only while no
active staff account exists. Whoever draws the page creates the account in one transaction with
`is_open` asked again.
"""

import hmac
from datetime import datetime, timedelta

from screening.storage.database import Database
from screening.storage.staff import has_staff
from screening.storage.vault import Vault
from screening.workflows.office import Office

LIFE = timedelta(minutes=15)
PATH = "/staff/first-admin/"


def make_link(vault: Vault, public_url: str, *, now: datetime) -> str:
    """The address to open, with the secret as its last part."""
    ends = str(int((now + LIFE).timestamp()))
    return f"{public_url.rstrip('/')}{PATH}{ends}-{_mac(vault, ends)}"


def is_valid(office: Office, secret: str) -> bool:
    """Whether `secret`, the link's last part, was made here, has not ended and is still needed."""
    ends, _, mac = secret.partition("-")
    if not hmac.compare_digest(mac.encode(), _mac(office.vault, ends).encode()):
        return False
    return office.now().timestamp() < int(ends) and is_open(office.database)


def is_open(database: Database) -> bool:
    """Whether there is no active member of staff yet."""
    with database.read() as conn:
        return not has_staff(conn)


def _mac(vault: Vault, ends: str) -> str:
    return vault.blind("first-admin", ends).hex()
