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
    return site.submissions()[-1].intake_id


def begun(site: Site, earlier_id: str, until: str = "", **changes: Any) -> tuple[str, str]:
    """The id and the code of a check-in that answers the pages before this one, or all."""
    intake, code = checkin.begin(site.office, earlier_id, PATIENT)
    office, answers = site.office.at_check_in(), returning(**changes)
    for page in office.questionnaire.pages.values():
        if page.id == until:
            break
        here = {q.id: answers[q.id] for q in page.questions if q.id in answers}
        if here:
            intake_flow.save_page(office, intake.id, page, here, revision=None)
    return intake.id, code


def checked_in(site: Site, earlier_id: str, **changes: Any) -> str:
    """The id of a sent check-in of the patient who sent the earlier one."""
    intake_id, _ = begun(site, earlier_id, **changes)
    intake_flow.send(site.office.at_check_in(), intake_id)
    return intake_id
