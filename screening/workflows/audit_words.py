"""The audit in plain words: a sentence and a group for every action that is noted anywhere.

`{who}` acted, `{intake}` is the intake's reference. The other words come from the row's detail,
which holds ids and counts. No sentence tells an answer, a question, a page or a patient's name:
auditors read them. A test looks for a sentence for each action in the source.
"""

from collections.abc import Callable, Mapping
from typing import Any

GROUPS = {
    "sign-in": "Signing in",
    "viewed": "Viewed",
    "changed": "Changed",
    "exported": "Exported or handed out",
    "alerts": "Alerts",
    "accounts": "Accounts",
    "system": "System",
    "denied": "Denied",
}

SENTENCES: Mapping[str, Mapping[str, str]] = {
    "sign-in": {
        "staff.signed_in": "{who} signed in with a {how}",
        "staff.signed_out": "{who} signed out",
        "staff.session_ended": "{who} was signed out after 15 minutes without activity",
        "staff.confirmed": "{who} confirmed with their {how} that it is them",
        "staff.recovery_code_used": "{who} used a recovery code",
        "code.used": "{who} opened {intake} with its code",
        "link.used": "{who} opened {intake} with a link from an e-mail",
    },
    "viewed": {
        "record.viewed": "{who} opened the record {intake}",
        "queue.viewed": "{who} looked at the queue: {shown}",
        "queue.searched": "{who} searched the intakes and found {shown}",
        "desk.viewed": "{who} looked at the list of patients: {shown}",
        "desk.searched": "{who} searched the list of patients and found {shown}",
        "drafts.viewed": "{who} looked at the unfinished intakes with an alert: {shown}",
        "check_ins.viewed": "{who} looked at whose check-in is due: {shown}",
        "messages.viewed": "{who} looked at who wrote messages: {shown}",
        "messages.read": "{who} read new messages on {intake}: {count}",
        "chart.opened": "{who} opened {intake} to enter or correct an answer",
        "correction.opened": "{who} opened a request for a correction of {intake}",
        "decision.opened": "{who} opened the decision or a letter on {intake}",
        "plan.viewed": "{who} opened the plan of {intake}",
        "copy.viewed": "{who} looked at what was sent as {intake}",
        "retention.viewed": "{who} looked at what may be purged or is on hold: {shown}",
        "disclosures.viewed": "{who} opened the disclosures of {intake}",
        "insight.viewed": "{who} looked at the counts of the clinic",
        "audit.viewed": "{who} looked at the audit: {rows} rows",
    },
    "changed": {
        "intake.started": "{who} began {intake}",
        "page.begun": "{who} typed on a page of {intake}",
        "page.begun_again": "{who} began a page of {intake} anew",
        "page.saved": "{who} saved a page of {intake}",
        "intake.left": "{who} left {intake}, or paused for ten minutes",
        "intake.sent": "{who} sent {intake}",
        "intake.withdrawn": "{who} withdrew {intake}",
        "intake.deleted_by_patient": "{who} deleted the unfinished {intake}",
        "intake.deletion_waits": "{who} deleted the unfinished {intake}; it waits for an alert",
        "intake.abandoned_deleted": "{who} deleted {intake}, which nobody came back to",
        "intake.child_not_kept": "{who} was under 18: nothing was kept",
        "intake.assigned": "{who} gave {intake} to {to}",
        "intake.purged": "{who} purged {intake} for good",
        "hold.placed": "{who} put {intake} on legal hold",
        "hold.lifted": "{who} lifted the legal hold of {intake}",
        "check_in.begun": "{who} opened the check-in {intake}",
        "code.made": "{who} got a new code for {intake}",
        "link.asked": "{who} asked for a link to {intake} by e-mail",
        "number.asked": "{who} asked for a number to open {intake}",
        "correction.asked": "{who} asked for a correction of {intake}",
        "message.sent": "{who} wrote a message on {intake}",
        "call.asked": "{who} asked to be called about {intake}",
        "call.changed": "{who} changed where to be called about {intake}",
        "chart.measured": "{who} entered measurements on {intake}",
        "chart.amended": "{who} corrected an answer on {intake}",
        "chart.answered": "{who} answered a request to correct {intake}",
        "chart.raised": "{who} ticked off a question talked about on {intake}",
        "chart.note": "{who} wrote an internal note on {intake}",
        "chart.decision": "{who} signed a decision on {intake}",
        "chart.letter": "{who} wrote a letter on {intake}",
        "chart.plan": "{who} saved a plan on {intake}",
        "intakes.reassessed": "{who} judged {read} open intakes by the content in use",
    },
    "exported": {
        "export.asked": "{who} asked for an export for {recipient}: {purpose}",
        "export.started": "The export that {who} asked for was begun",
        "export.finished": "The export that {who} asked for was made: {rows} submissions",
        "export.fetch-started": "{who} began to download an export for {recipient}",
        "export.fetched": "{who} downloaded an export for {recipient}: {rows} submissions",
        "export.cancelled": "{who} cancelled an export for {recipient}",
        "export.expired": "{who} deleted an export for {recipient} that nobody had fetched",
        "export.failed": "The export that {who} asked for could not be made",
        "pdf.downloaded": "{who} downloaded the summary of {intake}",
        "letter.downloaded": "{who} downloaded a letter of {intake}",
        "sheet.downloaded": "{who} downloaded the patient’s sheet of {intake}",
        "copy.downloaded": "{who} downloaded the copy of {intake}",
        "audit.export_started": "{who} began to export the audit",
        "audit.exported": "{who} exported the audit: {rows} rows",
        "audit.export_stopped": "{who} stopped an export of the audit after {rows} rows",
    },
    "alerts": {
        "alert.raised": "An answer of {intake} raised an alert",
        "alert.mailed": "{who} wrote to the team about an alert on {intake}",
        "alert.acknowledged": "{who} acknowledged an alert on {intake}",
        "alerts.viewed": "{who} looked at the open alerts: {shown}",
    },
    "accounts": {
        "staff.first_link_made": "{who} made a link for the first administrator",
        "staff.first_made": "{who} was made the first administrator",
        "staff.invited": "{who} invited {user} as {roles}",
        "staff.joined": "{who} set their first password",
        "staff.roles_changed": "{who} changed the roles of {user} from {was} to {now}",
        "staff.activated": "{who} activated the account of {user}",
        "staff.deactivated": "{who} deactivated the account of {user}",
        "staff.started_over": "{who} made a new link for {user}",
        "staff.password_changed": "{who} changed their password",
        "staff.authenticator_set": "{who} connected an authenticator app",
        "staff.passkey_added": "{who} added a passkey",
        "staff.passkey_renamed": "{who} renamed a passkey",
        "staff.passkey_removed": "{who} removed a passkey",
        "staff.signed_out_everywhere": "{who} signed {user} out everywhere",
        "staff.recovery_codes_made": "{who} got {codes} new recovery codes",
    },
    "system": {
        "audit.verified": "{who} checked the audit: every row is right up to row {row}",
        "audit.broken": "{who} checked the audit: row {row} was changed, removed or put in",
        "backup.made": "{who} made a backup",
        "backup.restored": "{who} restored a backup",
        "key.made": "{who} made a new master key",
        "key.removed": "{who} removed an old master key",
        "keys.rotated": "{who} put every intake under the new master key",
        "settings.noted": "{who} started with these settings for the first time",
        "settings.changed": "{who} started with changed settings: {names}",
    },
    "denied": {
        "access.denied": "{who} was refused a page",
        "access.not_found": "{who} asked for something that is not there",
        "staff.refused": "{who} gave a wrong password for {user}",
        "staff.passkey_refused": "{who} gave a passkey that does not fit {user}",
        "staff.code_refused": "{who} gave a wrong code for {user}",
        "code.refused": "{who} gave a code or date of birth that opens nothing",
        "link.refused": "{who} gave a number or date of birth that opens nothing",
    },
}

GROUP_OF = {action: group for group, said in SENTENCES.items() for action in said}
ACTORS = {
    "patient": "The patient",
    "staff": "Somebody at the sign-in",
    "system": "The software",
    "cli": "The command line",
    "seed": "The made-up data",
}
ROLES = {
    "admin": "administrator",
    "auditor": "auditor",
    "front-desk": "front desk",
    "physician": "physician",
}
NO_ACCOUNT = "an account that does not exist"
MOST_NAMED = 5  # intakes of a list that are named; a file names all

Names = Mapping[int, str]


def actor_words(actor: str, names: Names) -> str:
    """ "Robin Physician", or "The patient"."""
    number = actor.removeprefix("user:")
    if number != actor and number.isdecimal():
        return names.get(int(number), f"Account {number}")
    return ACTORS.get(actor, actor)


def sentence(action: str, who: str, intake: str, detail: Mapping[str, Any], names: Names) -> str:
    """What happened. An action of another version is named as it is."""
    template = SENTENCES.get(GROUP_OF.get(action, ""), {}).get(action, "{who}: " + action)
    said = _Said({name: _in_words(name, value, names) for name, value in detail.items()})
    if "shown" in detail:
        said["shown"] = _shown(detail["shown"])
    elif count := detail.get("lines", detail.get("found")):
        said["shown"] = str(count)
    return template.format_map(_Said({**said, "who": who, "intake": intake}))


class _Said(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return {"user": NO_ACCOUNT, "to": "nobody", "shown": "nobody"}.get(name, "none")


def _in_words(name: str, value: Any, names: Names) -> str:
    special: dict[str, Callable[[], str]] = {
        "user": lambda: _member(value, names, NO_ACCOUNT),
        "to": lambda: _member(value, names, "nobody"),
        "alerts": lambda: str(len(value)),
    }
    if name in special:
        return special[name]()
    if isinstance(value, list):
        return ", ".join(ROLES.get(str(one), str(one)) for one in value) or "none"
    return str(value)


def _member(value: Any, names: Names, nobody: str) -> str:
    if value is None:
        return nobody
    return names.get(value, f"account {value}") if isinstance(value, int) else str(value)


def _shown(references: list[str]) -> str:
    if not references:
        return "nobody"
    more = len(references) - MOST_NAMED
    named = ", ".join(references[:MOST_NAMED])
    return f"{named} and {more} more" if more > 0 else named
