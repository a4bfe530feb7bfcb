"""The patient who comes back begins a check-in: from the page of a sent form, behind its code."""

from flask import Blueprint, redirect, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from ..storage.database import DatabaseUnavailableError
from ..workflows import checkin
from ..workflows.intake import PATIENT
from . import code_page, patient_session, unsaved
from .current import office
from .patient_session import visit, visit_of

blueprint = Blueprint("patient_checkin", __name__)


@blueprint.route("/check-in", methods=["GET", "POST"])
def begin() -> Response | str:
    """Shows the new code; its page posts here to go on. Others are sent to where they belong."""
    here = visit()
    if here.intake is None:
        return redirect(url_for("patient.resume"), 303)
    if here.is_draft:
        return code_page.again(here) or redirect(url_for("patient.tasks"), 303)
    if request.method == "GET":
        return redirect(url_for("after.done"), 303)
    try:
        intake, code = checkin.begin(office(), here.intake.id, PATIENT)
    except checkin.NothingToFollow:
        return redirect(url_for("after.done"), 303)
    patient_session.begin(intake.id)
    visit_of(intake)
    return code_page.show(intake, code)


blueprint.register_error_handler(CSRFError, unsaved.token_expired)
blueprint.register_error_handler(DatabaseUnavailableError, unsaved.not_saved)
blueprint.register_error_handler(ServiceUnavailable, unsaved.not_saved)
