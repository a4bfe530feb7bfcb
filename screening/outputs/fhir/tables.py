"""What of ours stands for what of FHIR R4: the mapping as data, for writing and for reading.

Sources: HL7 FHIR R4 (4.0.1) and SDC 3.0 for elements, extensions and code systems; LOINC forms
44249-1, 69737-5, 72109-2, 91148-7, 102010-6 and 93373-9 for answer codes. An answer whose LOINC
code was not verified keeps our own code.
"""

from collections.abc import Mapping
from typing import Any

from ...questionnaire.answers import DISCUSS, UNSURE
from ...questionnaire.definition import Kind

# Our own names: nobody has to be asked what they resolve to, and no clinic's name is in them.
OURS = "urn:x-ketamine-screening"
QUESTIONNAIRE_URL = OURS + ":questionnaire:{kind}"
ANSWERS = OURS + ":answers:{question}"  # one code system a question: "yes" is not always one thing
QUESTIONS = OURS + ":questions"
SPECIAL = OURS + ":answers"  # an answer that any sensitive question takes
BANDS = OURS + ":bands:{instrument}"
REFERENCE = OURS + ":reference"

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"

VARIABLE = CORE + "variable"
TRANSLATION = CORE + "translation"
MIN_VALUE = CORE + "minValue"
MAX_VALUE = CORE + "maxValue"
MIN_OCCURS = CORE + "questionnaire-minOccurs"
MAX_OCCURS = CORE + "questionnaire-maxOccurs"
REGEX = CORE + "regex"
UNIT = CORE + "questionnaire-unit"
HIDDEN = CORE + "questionnaire-hidden"
ITEM_CONTROL = CORE + "questionnaire-itemControl"
ITEM_CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
EXCLUSIVE = CORE + "questionnaire-optionExclusive"
ORDINAL = CORE + "ordinalValue"
DESIGN_NOTE = CORE + "designNote"
ABSENT = CORE + "data-absent-reason"
ENABLE_WHEN = SDC + "enableWhenExpression"
CALCULATED = SDC + "calculatedExpression"
AUDIENCE = OURS + ":audience"  # "clinician": never to be asked of a patient
HEADING = OURS + ":heading"  # it comes and goes with what stands under it, and asks nothing itself
ASKED_IF = OURS + ":asked-if"  # our condition to the letter, for reading it back

TYPES: Mapping[Kind, str] = {
    "agree": "boolean",
    "choice": "choice",
    "choices": "choice",
    "scale": "choice",
    "integer": "integer",
    "decimal": "decimal",
    "text": "string",
    "longtext": "text",
    "email": "string",
    "phone": "string",
    "zip": "string",
    "date": "date",
    "group": "group",
}
CODED = frozenset(kind for kind, of_fhir in TYPES.items() if of_fhir == "choice")
# How an answer of each type is named: item.answer.value[x] and enableWhen.answer[x].
VALUES = {
    "boolean": "Boolean",
    "choice": "Coding",
    "integer": "Integer",
    "decimal": "Decimal",
    "string": "String",
    "text": "String",
    "date": "Date",
}
DROP_DOWN_FROM = 12  # options; fewer are drawn one below the other
PATTERNS: Mapping[Kind, str] = {"zip": r"\d{5}(-\d{4})?"}
# Units of ours that UCUM knows; another one ("days a week") goes by its name alone.
UCUM_UNITS = {
    "%": "%",
    "/min": "/min",
    "h": "h",
    "in": "[in_i]",
    "lb": "[lb_av]",
    "mg": "mg",
    "mm[Hg]": "mm[Hg]",
    "months": "mo",
}

# An answer that is none, by the standard's code for why (R4 data-absent-reason).
ABSENT_REASONS = {DISCUSS: "asked-declined", UNSURE: "asked-unknown"}
TALK = {
    "en": "I’d rather talk about this in person",
    "es": "Prefiero hablar de esto en persona",
}

_FREQUENCY = {"0": "LA6568-5", "1": "LA6569-3", "2": "LA6570-1", "3": "LA6571-9"}
_YES_NO = {"yes": "LA33-6", "no": "LA32-8"}
_TEN = (
    "LA6111-4", "LA6112-2", "LA6113-0", "LA6114-8", "LA6115-5", "LA10137-0",
    "LA10138-8", "LA10139-6", "LA10140-4", "LA10141-2", "LA13942-0",
)  # fmt: skip
_ALCOHOL = {
    "auditc_1": ("LA6270-8", "LA18926-8", "LA18927-6", "LA18928-4", "LA18929-2"),
    "auditc_2": ("LA15694-5", "LA15695-2", "LA18930-0", "LA18931-8", "LA18932-6"),
    "auditc_3": ("LA6270-8", "LA18933-4", "LA18876-5", "LA18891-4", "LA18934-2"),
}


def _numbered(codes: tuple[str, ...]) -> dict[str, str]:
    return {str(number): code for number, code in enumerate(codes)}


# The LOINC code of an option, by instrument or, where its items differ, by item.
LOINC_ANSWERS: Mapping[str, Mapping[str, str]] = {
    "phq9": _FREQUENCY,
    "phq9_10": {"0": "LA6572-7", "1": "LA6573-5", "2": "LA6575-0", "3": "LA6574-3"},
    "gad7": _FREQUENCY,
    "pc_ptsd_5": _YES_NO,
    "cssrs_screener": _YES_NO,
    "peg": _numbered(_TEN),
    **{item: _numbered(codes) for item, codes in _ALCOHOL.items()},
}

# Patient

GENDERS = {  # gender_identity -> AdministrativeGender
    "woman": "female",
    "man": "male",
    "nonbinary": "other",
    "another": "other",
    "prefer-not-to-say": "unknown",
}
SEXES = {  # sex_at_birth -> AdministrativeGender, where the identity was left open
    "female": "female",
    "male": "male",
    "intersex": "other",
    "prefer-not-to-say": "unknown",
}
IDENTITY = CORE + "patient-genderIdentity"
IDENTITIES = {  # gender_identity -> code of IDENTITY_SYSTEM
    "woman": "female",
    "man": "male",
    "nonbinary": "non-binary",
    "another": "other",
    "prefer-not-to-say": "non-disclose",
}
IDENTITY_SYSTEM = "http://hl7.org/fhir/gender-identity"
BIRTH_SEX = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
BIRTH_SEXES = {"female": "F", "male": "M", "intersex": "OTH", "prefer-not-to-say": "ASKU"}
TELECOM = {"phone": "phone", "email": "email"}  # question -> ContactPoint.system

# Observation

STATUSES = {  # of a score -> Observation.status
    "complete": "final",
    "prorated": "final",
    "incomplete": "preliminary",
    "invalid": "cancelled",
}
SURVEY: dict[str, Any] = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "survey",
            "display": "Survey",
        }
    ]
}
ABSENT_SYSTEM = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

# Consent: what was agreed to on the form -> scope and category (LOINC 59284-0: patient consent).
SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/consentcategorycodes"
CONSENTS: Mapping[str, tuple[str, tuple[str, str]]] = {
    "consent_screening": ("treatment", (LOINC, "59284-0")),
    "consent_privacy": ("patient-privacy", (CATEGORIES, "npp")),
    "consent_limits": ("patient-privacy", (LOINC, "59284-0")),
    "may_contact_care_team": ("patient-privacy", (LOINC, "59284-0")),
}
PROVISIONS: Mapping[object, str] = {True: "permit", "yes": "permit", "no": "deny"}

# What an answer is about that law protects -> sensitivity label (v3-ActCode).
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SENSITIVITIES = {"part2": "SUD", "dv": "SDV", "reproductive": "SEX"}

LOINC_NOTICE = (
    "This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief"
    " Institute, Inc. and the Logical Observation Identifiers Names and Codes (LOINC) Committee and"
    " is available at no cost under the license at http://loinc.org/license. LOINC® is a registered"
    " United States trademark of Regenstrief Institute, Inc."
)
