"""A questionnaire of ours as FHIR R4 Questionnaire."""

import json

from ...questionnaire.definition import Questionnaire
from . import tables
from .codes import Json, translated
from .items import copyright_of, item
from .layout import layout

NAMES = {"intake": "KetamineIntake", "check-in": "KetamineCheckIn"}
DESCRIPTIONS = {
    "intake": "What a ketamine clinic asks a patient before the first visit.",
    "check-in": "What a ketamine clinic asks a patient before the next infusion.",
}


def questionnaire_resource(questionnaire: Questionnaire) -> Json:
    """The whole form, English with Spanish as translations."""
    title = questionnaire.title
    spanish = translated(title)
    return {
        "resourceType": "Questionnaire",
        "id": f"{questionnaire.kind}-{short_version(questionnaire)}",
        "language": "en",
        "url": url(questionnaire),
        "version": questionnaire.version,
        "name": NAMES[questionnaire.kind],
        "title": title["en"],
        **({"_title": spanish} if spanish else {}),
        "status": "active",
        "subjectType": ["Patient"],
        "description": DESCRIPTIONS[questionnaire.kind],
        "copyright": copyright_of(questionnaire),
        "item": [item(questionnaire, place) for place in layout(questionnaire).places],
    }


def url(questionnaire: Questionnaire) -> str:
    return tables.QUESTIONNAIRE_URL.format(kind=questionnaire.kind)


def short_version(questionnaire: Questionnaire) -> str:
    """Without the kind, where it begins with that."""
    return questionnaire.version.removeprefix(f"{questionnaire.kind}-")


def canonical(questionnaire: Questionnaire) -> str:
    """What a response names: the form and its version."""
    return f"{url(questionnaire)}|{questionnaire.version}"


def questionnaire_file(questionnaire: Questionnaire) -> bytes:
    """The resource by itself, laid out to be read."""
    text = json.dumps(questionnaire_resource(questionnaire), ensure_ascii=False, indent=2)
    return f"{text}\n".encode()
