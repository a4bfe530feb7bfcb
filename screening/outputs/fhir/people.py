"""Who a submission is about, what its scores are, and what was agreed to: Patient, Observation and
Consent. `references` names the resources of the same submission by kind: "urn:uuid:..."."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...questionnaire.definition import Instrument
from ..formats import Sent
from . import tables
from .codes import Json, loinc

IDENTIFYING = ("first_name", "last_name", "date_of_birth", "email", "phone")
FULL_DATE = len("2026-11-23")


def patient_resource(sent: Sent) -> Json | None:
    """None where nothing says who it is: of a de-identified source."""
    said = sent.answers
    if not any(_identifies(name, said.get(name)) for name in IDENTIFYING):
        return None
    gender = _gender(said)
    made: Json = {
        "resourceType": "Patient",
        "extension": list(_identity(said)),
        "identifier": [{"system": tables.REFERENCE, "value": sent.reference}],
        "name": list(_names(said)),
        "telecom": [
            {"system": system, "value": said[name]}
            for name, system in tables.TELECOM.items()
            if said.get(name)
        ],
        "gender": gender,
        "birthDate": said.get("date_of_birth"),
        "address": list(_address(said)),
        "communication": _language(said),
    }
    return {key: value for key, value in made.items() if value}


def _identifies(name: str, answer: object) -> bool:
    if name == "date_of_birth":  # the year alone identifies nobody
        return isinstance(answer, str) and len(answer) == FULL_DATE
    return bool(answer)


def _gender(said: Mapping[str, Any]) -> str | None:
    """The administrative gender: as the patient describes it, else the sex at birth."""
    identity = tables.GENDERS.get(said.get("gender_identity", ""))
    return identity or tables.SEXES.get(said.get("sex_at_birth", ""))


def _identity(said: Mapping[str, Any]) -> Iterator[Json]:
    sex, identity = said.get("sex_at_birth", ""), said.get("gender_identity", "")
    if sex in tables.BIRTH_SEXES:
        yield {"url": tables.BIRTH_SEX, "valueCode": tables.BIRTH_SEXES[sex]}
    if identity in tables.IDENTITIES:
        code = {"system": tables.IDENTITY_SYSTEM, "code": tables.IDENTITIES[identity]}
        yield {"url": tables.IDENTITY, "valueCodeableConcept": {"coding": [code]}}


def _names(said: Mapping[str, Any]) -> Iterator[Json]:
    first, last = said.get("first_name"), said.get("last_name")
    if first or last:
        name: Json = {"use": "official"}
        name |= {"family": last} if last else {}
        yield name | ({"given": [first]} if first else {})
    if said.get("preferred_name"):
        yield {"use": "usual", "text": said["preferred_name"]}


def _address(said: Mapping[str, Any]) -> Iterator[Json]:
    line = said.get("address_line")
    found = {"line": [line] if line else None, "city": said.get("city")}
    found |= {"state": said.get("state"), "postalCode": said.get("zip_code")}
    known = {key: value for key, value in found.items() if value}
    if known:
        yield {"use": "home", **known}


def _language(said: Mapping[str, Any]) -> list[Json]:
    language = said.get("language")
    if not language:
        return []
    coding = {"system": "urn:ietf:bcp:47", "code": language}
    return [{"language": {"coding": [coding]}, "preferred": True}]


# Scores


def observation_resources(sent: Sent, references: Mapping[str, str]) -> Iterator[tuple[str, Json]]:
    """(instrument id, Observation) of every score. A total that is not valid is none: the
    observation says so, with no value."""
    for score in sent.assessment["scores"]:
        instrument = sent.questionnaire.instrument[score["instrument"]]
        made: Json = {
            "resourceType": "Observation",
            "status": _status(sent, instrument, score),
            "category": [tables.SURVEY],
            "code": _code(instrument),
            **_subject("subject", references),
            **({"effectiveDateTime": sent.as_of} if sent.as_of else {}),
            "derivedFrom": [{"reference": references["QuestionnaireResponse"]}],
        }
        yield instrument.id, made | _result(instrument, score)


def _status(sent: Sent, instrument: Instrument, score: Mapping[str, Any]) -> str:
    status = tables.STATUSES[score["status"]]
    changed = {item for item in sent.changed if item in instrument.items}
    return "amended" if changed and status == "final" else status


def _code(instrument: Instrument) -> Json:
    text = f"{instrument.short_name} total"
    if instrument.scoring.method == "ladder":
        text = f"{instrument.short_name} level"
    found: Json = {"text": text}
    if instrument.loinc_total:
        found = {"coding": [loinc(instrument.loinc_total)]} | found
    return found


def _result(instrument: Instrument, score: Mapping[str, Any]) -> Json:
    total, level = score.get("total"), score.get("level")
    if level:
        labels = {rung.level: rung.label for rung in instrument.scoring.rungs}
        return {"valueCodeableConcept": _concept(instrument, level, labels)}
    if total is None:
        reason = {"system": tables.ABSENT_SYSTEM, "code": "unknown", "display": "Unknown"}
        return {"dataAbsentReason": {"coding": [reason], "text": "No valid total"}}
    whole = int(total) if total == int(total) else total
    found: Json = {
        "valueQuantity": {
            "value": whole, "unit": "score", "system": tables.UCUM, "code": "{score}",
        }
    }  # fmt: skip
    if score.get("band"):
        labels = {band.id: band.label for band in instrument.scoring.bands}
        found["interpretation"] = [_concept(instrument, score["band"], labels)]
    if score["status"] == "prorated":
        found["note"] = [{"text": "Prorated: not every item has an answer."}]
    return found


def _concept(instrument: Instrument, code: str, labels: Mapping[str, str]) -> Json:
    text = labels.get(code, "Not determined")
    coding = {"system": tables.BANDS.format(instrument=instrument.id), "code": code}
    return {"coding": [coding | {"display": text}], "text": text}


# Consent


def consent_resources(sent: Sent, references: Mapping[str, str]) -> Iterator[tuple[str, Json]]:
    """(question id, Consent) of what was agreed to or refused on the form, of a known patient."""
    if "Patient" not in references:
        return
    for name, (scope, (system, category)) in tables.CONSENTS.items():
        provision = tables.PROVISIONS.get(_answer(sent, name))
        if provision:
            text = sent.questionnaire.questions[name].text["en"]
            yield (
                name,
                {
                    "resourceType": "Consent",
                    "status": "active",
                    "scope": {"coding": [{"system": tables.SCOPES, "code": scope}]},
                    "category": [{"coding": [{"system": system, "code": category}]}],
                    **_subject("patient", references),
                    **({"dateTime": sent.sent_at} if sent.sent_at else {}),
                    "sourceReference": {"reference": references["QuestionnaireResponse"]},
                    "policyRule": {"text": text},
                    "provision": {"type": provision},
                },
            )


def _answer(sent: Sent, name: str) -> Any:
    asked = sent.questionnaire.questions.get(name)
    return sent.answers.get(name) if asked else None


def _subject(called: str, references: Mapping[str, str]) -> Json:
    return {called: {"reference": references["Patient"]}} if "Patient" in references else {}


MAKERS: tuple[Callable[[Sent, Mapping[str, str]], Iterator[tuple[str, Json]]], ...] = (
    observation_resources,
    consent_resources,
)
