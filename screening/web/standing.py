"""Where a sent form stands, in the words of its pages: only what is true."""

from typing import Any

from flask import current_app, url_for

from ..workflows.after import Status
from . import around, i18n
from .current import office
from .dates import day_in_words, moment_in_words

CHECK_IN = "patient_checkin.begin"  # where a patient who comes back says what has changed
CHECK_IN_AFTER = 7  # days since sending


def standing(found: Status) -> dict[str, Any]:
    """What templates/patient/status.html and done.html are given."""
    language = i18n.current_language()

    def moment(when: Any) -> str | None:
        return moment_in_words(when, language) if when else None

    return {
        "reference": found.reference,
        "sent_at": moment(found.sent_at),
        "being_read": found.being_read,
        "decided": found.decided,
        "reply_by": day_in_words(found.reply_by, language),
        "late": office().today() > found.reply_by,
        "withdrawn_at": moment(found.withdrawn_at),
        "open_until": day_in_words(found.open_until, language),
        "address": around.address(),
        "messages": [
            {"told": one, "sent": moment(one.sent_at), "read": moment(one.read_at)}
            for one in found.messages
        ],
        "check_in_url": _check_in_url(found),
    }


def _check_in_url(found: Status) -> str | None:
    days = (office().now() - found.sent_at).days
    offered = CHECK_IN in current_app.view_functions and found.withdrawn_at is None
    return url_for(CHECK_IN) if offered and days >= CHECK_IN_AFTER else None
