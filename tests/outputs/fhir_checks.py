"""What fhir.resources lets pass: codes that FHIR R4 requires, its invariants, and references."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

# Required bindings of R4 (4.0.1), by resource and path without list positions.
CODES: dict[str, set[str]] = {
    "Questionnaire.status": {"draft", "active", "retired", "unknown"},
    "Questionnaire.subjectType": {"Patient"},
    "Questionnaire.item.type": {
        "group", "display", "boolean", "decimal", "integer", "date", "dateTime", "time", "string",
        "text", "url", "choice", "open-choice", "attachment", "reference", "quantity",
    },
    "Questionnaire.item.enableWhen.operator": {"exists", "=", "!=", ">", "<", ">=", "<="},
    "Questionnaire.item.enableBehavior": {"all", "any"},
    "QuestionnaireResponse.status": {
        "in-progress", "completed", "amended", "entered-in-error", "stopped",
    },
    "Patient.gender": {"male", "female", "other", "unknown"},
    "Patient.name.use": {
        "usual", "official", "temp", "nickname", "anonymous", "old", "maiden",
    },
    "Patient.telecom.system": {"phone", "fax", "email", "pager", "url", "sms", "other"},
    "Patient.address.use": {"home", "work", "temp", "old", "billing"},
    "Observation.status": {
        "registered", "preliminary", "final", "amended", "corrected", "cancelled",
        "entered-in-error", "unknown",
    },
    "Consent.status": {
        "draft", "proposed", "active", "rejected", "inactive", "entered-in-error",
    },
    "Consent.provision.type": {"deny", "permit"},
}  # fmt: skip
ABSENT = {
    "unknown", "asked-unknown", "temp-unknown", "not-asked", "asked-declined", "masked",
    "not-applicable", "unsupported", "as-text", "error", "not-performed", "not-permitted",
}  # fmt: skip
CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
OURS = "urn:x-ketamine-screening"
# Every extension that may be used: where it may stand, and what it holds.
EXTENSIONS = {
    CORE + "translation": ("", "extension"),
    CORE + "minValue": ("item", "valueInteger valueDecimal"),
    CORE + "maxValue": ("item", "valueInteger valueDecimal"),
    CORE + "questionnaire-minOccurs": ("item", "valueInteger"),
    CORE + "questionnaire-maxOccurs": ("item", "valueInteger"),
    CORE + "regex": ("item", "valueString"),
    CORE + "questionnaire-unit": ("item", "valueCoding"),
    CORE + "questionnaire-hidden": ("item", "valueBoolean"),
    CORE + "questionnaire-itemControl": ("item", "valueCodeableConcept"),
    CORE + "questionnaire-optionExclusive": ("answerOption", "valueBoolean"),
    CORE + "ordinalValue": ("answerOption", "valueDecimal"),
    CORE + "designNote": ("item", "valueMarkdown"),
    CORE + "data-absent-reason": ("", "valueCode"),
    CORE + "variable": ("item", "valueExpression"),
    CORE + "patient-genderIdentity": ("Patient", "valueCodeableConcept"),
    SDC + "enableWhenExpression": ("item", "valueExpression"),
    SDC + "calculatedExpression": ("item", "valueExpression"),
    OURS + ":audience": ("item", "valueCode"),
    OURS + ":asked-if": ("item", "valueString"),
    OURS + ":heading": ("item", "valueBoolean"),
    "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex": ("Patient", "valueCode"),
}
SYSTEMS = {
    "http://loinc.org",
    "http://unitsofmeasure.org",
    "urn:ietf:bcp:47",
    "http://hl7.org/fhir/gender-identity",
    "http://hl7.org/fhir/questionnaire-item-control",
    "http://terminology.hl7.org/CodeSystem/observation-category",
    "http://terminology.hl7.org/CodeSystem/data-absent-reason",
    "http://terminology.hl7.org/CodeSystem/consentscope",
    "http://terminology.hl7.org/CodeSystem/consentcategorycodes",
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "http://terminology.hl7.org/CodeSystem/v3-ActCode",
}


def wrong(resource: Json) -> list[str]:
    """What is wrong with one resource, as far as it can tell by itself."""
    kind = resource["resourceType"]
    found = [text for path, value in walk(resource, kind) for text in _at(path, value)]
    return found + list(_INVARIANTS.get(kind, lambda _: iter(()))(resource))


def walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value with its path; items within items have the path of an item."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            below = path if key == "item" and path.endswith(".item") else f"{path}.{key}"
            yield from walk(inner, below)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, path)


def _at(path: str, value: Any) -> Iterator[str]:
    if value in ("", [], {}, None):
        yield f"{path} is empty"
    if path in CODES and isinstance(value, str) and value not in CODES[path]:
        yield f"{path}: {value} is no code of it"
    if path.endswith(".system") and ":" in str(value):
        yield from () if _known(value) else (f"{path}: {value} is not known",)
    if isinstance(value, dict) and "url" in value and ".extension" in path:
        yield from _extension(path, value)


def _known(system: str) -> bool:
    return system in SYSTEMS or system.startswith(OURS + ":")


def _extension(path: str, value: Json) -> Iterator[str]:
    if value["url"] in ("lang", "content"):
        return
    place, holds = EXTENSIONS.get(value["url"], ("", ""))
    above = path.removesuffix(".extension").rsplit(".", 1)[-1]
    held = [key for key in value if key != "url"]
    if len(held) != 1 or held[0] not in holds.split():
        yield f"{path}: {value} does not hold {holds or 'anything known'}"
    if place and above != place:
        yield f"{path}: {value['url']} may not stand at {above}"
    if value["url"].endswith("data-absent-reason") and value["valueCode"] not in ABSENT:
        yield f"{path}: {value['valueCode']} is no reason"


def items_of(resource: Json) -> Iterator[Json]:
    """All items of a Questionnaire or a response, each before those under it."""
    for item in resource.get("item", []):
        yield item
        yield from items_of(item)


def _questionnaire(resource: Json) -> Iterator[str]:
    items = list(items_of(resource))
    ids = [item["linkId"] for item in items]
    if len(ids) != len(set(ids)):
        yield "que-2: a link id stands twice"
    by_id = {item["linkId"]: item for item in items}
    for item in items:
        yield from (f"{item['linkId']}: {text}" for text in _item(item, by_id))


def _item(item: Json, by_id: dict[str, Json]) -> Iterator[str]:
    kind = item["type"]
    if kind == "group" and not item.get("item"):
        yield "que-1: a group without items"
    if kind == "display" and set(item) & {"item", "code", "required", "repeats", "readOnly"}:
        yield "que-1, 3, 6, 9: more than a display may have"
    if "answerOption" in item and kind not in ("choice", "open-choice"):
        yield "que-5: options of what is no choice"
    if kind == "choice" and not item.get("answerOption"):
        yield "a choice without options"
    if "maxLength" in item and kind not in ("string", "text"):
        yield "que-10: a length of what is no text"
    if len(item.get("enableWhen", [])) > 1 and "enableBehavior" not in item:
        yield "que-12: all or any?"
    for clause in item.get("enableWhen", []):
        yield from _clause(clause, by_id)


_ANSWERS = {
    "boolean": "answerBoolean",
    "choice": "answerCoding",
    "integer": "answerInteger",
    "decimal": "answerDecimal",
}


def _clause(clause: Json, by_id: dict[str, Json]) -> Iterator[str]:
    asked = by_id.get(clause["question"])
    if asked is None:
        yield f"{clause['question']} is no item"
        return
    wanted = "answerBoolean" if clause["operator"] == "exists" else _ANSWERS[asked["type"]]
    if wanted not in clause:
        yield f"que-7: {clause} lacks {wanted}"
    codings = [key_of(option["valueCoding"]) for option in asked.get("answerOption", [])]
    if wanted == "answerCoding" and key_of(clause["answerCoding"]) not in codings:
        yield f"{clause} waits for what cannot be chosen"


def key_of(coding: Json) -> tuple[str, str]:
    return coding["system"], coding["code"]


def _observation(resource: Json) -> Iterator[str]:
    valued = [key for key in resource if key.startswith("value")]
    if valued and "dataAbsentReason" in resource:
        yield "obs-6: a value and a reason for none"
    if not valued and "dataAbsentReason" not in resource:
        yield "neither a value nor why there is none"


def _consent(resource: Json) -> Iterator[str]:
    if "policyRule" not in resource and "policy" not in resource:
        yield "ppc-1: no policy"


def _response(resource: Json) -> Iterator[str]:
    for item in items_of(resource):
        if "item" in item and "answer" in item:
            yield f"qrs-1: {item['linkId']} has items beside its answer"


_INVARIANTS = {
    "Questionnaire": _questionnaire,
    "QuestionnaireResponse": _response,
    "Observation": _observation,
    "Consent": _consent,
}


def out_of_place(response: Json, questionnaire: Json) -> list[str]:
    """What a response says that its Questionnaire has no place for."""
    return list(_misplaced(response["item"], questionnaire["item"]))


def _misplaced(items: list[Json], places: list[Json]) -> Iterator[str]:
    known = {place["linkId"]: place for place in places}
    order = list(known)
    if [order.index(i["linkId"]) for i in items if i["linkId"] in known] != sorted(
        order.index(i["linkId"]) for i in items if i["linkId"] in known
    ):
        yield "not in the order of the form"
    for item in items:
        place = known.get(item["linkId"])
        if place is None:
            yield f"{item['linkId']} is not here"
            continue
        yield from _misplaced(item.get("item", []), place.get("item", []))
        yield from _unexpected(item, place)


_VALUES = {
    "boolean": "valueBoolean",
    "choice": "valueCoding",
    "integer": "valueInteger",
    "decimal": "valueDecimal",
    "string": "valueString",
    "text": "valueString",
    "date": "valueDate",
}


def _unexpected(item: Json, place: Json) -> Iterator[str]:
    answers = item.get("answer", [])
    if len(answers) > 1 and not place.get("repeats"):
        yield f"{item['linkId']}: more than one answer"
    choices = [key_of(option["valueCoding"]) for option in place.get("answerOption", [])]
    for answer in answers:
        if list(answer) != [_VALUES[place["type"]]]:
            yield f"{item['linkId']}: {answer} is no {place['type']}"
        elif "valueCoding" in answer and key_of(answer["valueCoding"]) not in choices:
            yield f"{item['linkId']}: {answer} is not among its options"
