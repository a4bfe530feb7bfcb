"""The forms as FHIR Questionnaires, to download. They hold nothing of any patient."""

from flask import Blueprint, Response

from ..outputs.fhir.questionnaire import questionnaire_file, short_version
from .auth import answer_errors
from .current import office

blueprint = Blueprint("fhir", __name__, url_prefix="/staff/export")
answer_errors(blueprint)

FHIR = "application/fhir+json"


@blueprint.get("/questionnaire-<any(intake, 'check-in'):kind>.json")
def questionnaire(kind: str) -> Response:
    found = office().questionnaire if kind == "intake" else office().check_in()
    response = Response(questionnaire_file(found), content_type=FHIR)
    name = f"questionnaire-{kind}-{short_version(found)}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
