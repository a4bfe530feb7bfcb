"""All submissions of a source as one Bundle, written entry by entry in constant memory.

Every address is made from the submission's reference, so that a later export of the same intake
names the same resources.
"""

import json
from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID, uuid5

from ..formats import Sent, Source
from . import tables
from .codes import Json
from .people import MAKERS, patient_resource
from .questionnaire import canonical, questionnaire_resource
from .response import response_resource

NAMESPACE = uuid5(UUID(int=0), tables.OURS)
START = b'{"resourceType":"Bundle","type":"collection"'


def write(source: Source, file: BinaryIO) -> None:
    """A Bundle of type collection: the questionnaires, then what belongs to each submission."""
    opened = False
    file.write(START)
    for entry in entries(source):
        file.write(b",\n" if opened else b',"entry":[\n')
        file.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode())
        opened = True
    file.write(b"\n]}\n" if opened else b"}\n")


def entries(source: Source) -> Iterator[Json]:
    for questionnaire in source.questionnaires:
        resource = questionnaire_resource(questionnaire)
        yield {"fullUrl": _address(canonical(questionnaire)), "resource": resource}
    for sent in source:
        yield from submission(sent)


def submission(sent: Sent) -> Iterator[Json]:
    """The entries of one submission: Patient, QuestionnaireResponse, Observation, Consent."""
    references: dict[str, str] = {}
    for kind, resource in (
        ("Patient", patient_resource(sent)),
        ("QuestionnaireResponse", response_resource(sent)),
    ):
        if resource is not None:
            subject = {"subject": {"reference": references["Patient"]}} if references else {}
            references[kind] = _address(f"{sent.reference}/{kind}")
            yield _entry(references[kind], resource | subject)
    for maker in MAKERS:
        for name, resource in maker(sent, references):
            address = _address(f"{sent.reference}/{resource['resourceType']}/{name}")
            yield _entry(address, resource)


def _entry(address: str, resource: Json) -> Json:
    own = {"resourceType": resource["resourceType"], "id": address.removeprefix("urn:uuid:")}
    return {"fullUrl": address, "resource": own | resource}


def _address(of: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE, of)}"
