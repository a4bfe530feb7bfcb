"""Submissions as NDJSON: one JSON object a line, in UTF-8, with the answers as they are kept.

Nothing is flattened, coded or filled in: a question that is neither in `answers` nor in
`unanswered` was not asked. `json_schema` says what a line holds.
"""

import json
from typing import Any, BinaryIO

from ..formats import Sent, Source


def write(source: Source, out: BinaryIO) -> None:
    """A line a submission, each ended by a line feed; no other line feed is in the file."""
    for sent in source:
        line = json.dumps(submission(sent), ensure_ascii=False, separators=(",", ":"))
        out.write(line.encode() + b"\n")


def submission(sent: Sent) -> dict[str, Any]:
    """The submission as JSON values."""
    questionnaire = sent.questionnaire
    return {
        "reference": sent.reference,
        "sent_at": sent.sent_at,
        "as_of": sent.as_of,
        "questionnaire": {
            "version": questionnaire.version,
            "kind": questionnaire.kind,
            "hash": questionnaire.content_hash,
        },
        "language": sent.answers.get("language"),
        "answers": dict(sent.answers),
        "unanswered": [name for name in questionnaire.questions if name in sent.unanswered],
        "changed": list(sent.changed),
        "assessment": dict(sent.assessment),
        "outcome_as_sent": sent.outcome_sent,
        "decision": sent.decision,
        "decided_at": sent.decided_at,
    }
