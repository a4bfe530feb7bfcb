"""The words of a letter: those it begins with, and the sheet it becomes. Needs no request."""

from collections.abc import Iterator

from ..outputs.letter import ITEM, Letter
from ..settings import Clinic
from ..workflows import letters
from ..workflows.decisions import CANDIDATE, CLEARANCE, NOT_A_CANDIDATE, NOT_NOW, REFER
from ..workflows.letters import PATIENT, Desk, Kept
from .dates import day_in_words
from .i18n import text

# What a colleague is told of the decision, in one sentence.
TOLD = {
    CANDIDATE: "I have found the patient to be a candidate for treatment at our clinic.",
    NOT_NOW: "I have decided not to start treatment at our clinic at this time.",
    NOT_A_CANDIDATE: "I have decided that the patient is not a candidate for treatment at our "
    "clinic.",
    CLEARANCE: "Before treatment at our clinic, I ask for the following:",
    REFER: "I refer the patient to {to}.",
}


def subject(desk: Desk, to: str, language: str) -> str:
    if to == PATIENT:
        return text("letter.about", language)
    born = desk.record.date_of_birth
    return f"{desk.record.name}, born {day_in_words(born, 'en')}" if born else desk.record.name


def addressee(desk: Desk, to: str) -> str:
    """Name and address as far as they are known, one line each."""
    said = desk.record.answers.get
    if to == PATIENT:
        town = f"{said('city', '')}, {said('state', '')} {said('zip_code', '')}".strip(" ,")
        lines = (desk.record.name, said("address_line", ""), town)
        return "\n".join(str(line) for line in lines if line)
    if to == letters.CLINICIAN:
        return str(said("prescriber_name") or said("primary_care_name") or "")
    return ""


def first_words(desk: Desk, to: str, language: str, clinic: Clinic) -> str:
    """What the letter says before anybody edits it."""
    parts = _to_patient(desk, language, clinic) if to == PATIENT else _to_others(desk, clinic)
    return "\n\n".join(parts)


def _to_patient(desk: Desk, language: str, clinic: Clinic) -> Iterator[str]:
    """The same frame after every decision: nothing in it names a finding, a score or a label."""

    def say(key: str, **values: object) -> str:
        return text(f"letter.{key}", language, **values)

    goes_by = desk.record.preferred_name or str(desk.record.answers.get("first_name", ""))
    yield say("greeting", name=goes_by or desk.record.name)
    yield say("thanks")
    yield say(desk.decision.body["decision"])
    yield say("medicines")
    hours = clinic.hours.get(language, "")
    if clinic.phone:
        yield (
            say("call", phone=clinic.phone, hours=hours)
            if hours
            else say("call_any", phone=clinic.phone)
        )
    yield say("worse")


def _to_others(desk: Desk, clinic: Clinic) -> Iterator[str]:
    record, body = desk.record, desk.decision.body
    sent = day_in_words(record.submitted_at.date(), "en")
    made = day_in_words(desk.decision.at.date(), "en")
    yield "Dear colleague,"
    yield (
        f"{record.name} sent us the intake form of our clinic on {sent}. I read it and decided "
        f"on {made}. {TOLD[body['decision']].format(to=body['refer_to'])}"
    )
    asked = list(to_ask(desk))
    if asked:
        yield "\n".join(f"{ITEM}{line}" for line in asked)
    yield "The form holds what the patient reports. It is not a diagnosis."
    if clinic.phone:
        yield f"You reach us at {clinic.phone}."


def to_ask(desk: Desk) -> Iterator[str]:
    """What is to be cleared, without what others are not told unless the patient agrees."""
    questionnaire = desk.record.questionnaire
    for item in desk.decision.body["clearances"]:
        if letters.tellable(questionnaire, item["rules"]):
            settles = {questionnaire.rule[rule].settles for rule in item["rules"]} - {""}
            how = f" What would settle it: {'; '.join(sorted(settles))}." if settles else ""
            label = item["label"] + (" (not known)." if item["unknown"] else "")
            yield f"{label}{how}"
    typed = desk.decision.body["clearance_text"]
    yield from (line.strip() for line in typed.splitlines() if line.strip())


def left_out(desk: Desk) -> int:
    """How many of the things to clear `to_ask` leaves out."""
    questionnaire = desk.record.questionnaire
    asked = desk.decision.body["clearances"]
    return sum(not letters.tellable(questionnaire, item["rules"]) for item in asked)


def letter_of(kept: Kept, reference: str, mark: str) -> Letter:
    """`mark`: the clinic's logo as SVG, or ""."""
    body, language = kept.body, kept.body["language"]

    def say(key: str) -> str:
        return text(f"letter.{key}", language)

    return Letter(
        language=language,
        clinic=body["clinic"],
        address=body["address"],
        phone=body["phone"],
        mark=mark,
        subject=body["subject"],
        to=tuple(line.strip() for line in body["addressee"].splitlines() if line.strip()),
        date=day_in_words(kept.at.date(), language),
        reference=(say("reference"), reference),
        text=body["text"],
        medicines_title=say("medicines_title"),
        medicines=tuple(body["medicines"]),
        closing=say("closing"),
        signer=body["signer"],
    )
