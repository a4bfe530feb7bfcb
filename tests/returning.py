"""Patients who come back, without a browser: a sent intake, then sent check-ins."""

from typing import Any

from screening.workflows import checkin
from screening.workflows import intake as intake_flow
from screening.workflows.intake import PATIENT

from .builders import person, returning
from .site import Site


def sent(site: Site, **changes: Any) -> str:
    """The id of a sent intake."""
    intake_flow.submit_answers(site.office, person(**changes))
    return site.intakes()[-1].id


def checked_in(site: Site, earlier_id: str, **changes: Any) -> str:
    """The id of a sent check-in of the patient who sent the earlier one."""
    intake, _ = checkin.begin(site.office, earlier_id, PATIENT)
    office, answers = site.office.at_check_in(), returning(**changes)
    for page in office.questionnaire.pages.values():
        here = {q.id: answers[q.id] for q in page.questions if q.id in answers}
        if here:
            intake_flow.save_page(office, intake.id, page, here, revision=None)
    intake_flow.send(office, intake.id)
    return intake.id
