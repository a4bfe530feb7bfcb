"""The page that shows the resume code, and the link by e-mail that it and the page of parts offer.

The code is known while it is shown and kept nowhere. So the page posts it back to the address that
it stands on, to be shown once more in the other language or beside the link that was asked for.
"""

from flask import redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ..questionnaire.definition import Question
from ..questionnaire.validation import missing, problems
from ..storage.intakes import StoredIntake
from ..storage.vault import grouped, normal_code
from ..workflows import links
from . import around, fields, help_pages
from .current import office, queue
from .dates import moment_in_words
from .forms import coerce
from .i18n import t
from .patient_session import Visit
from .said import Context, language

CODE, MAIL, LANGUAGE = "code", "mail", "language"


def show(
    intake: StoredIntake,
    code: str,
    *,
    replaced: bool = False,
    leaving: bool = False,
    wrong: str | None = None,
) -> str:
    """`replaced`: there was a code before. `leaving`: the patient asked to finish later. `wrong`:
    what is wrong with the e-mail address that was typed."""
    drawn = link_part(intake, wrong)
    return render_template(
        "patient/code.html",
        title=t("code.title"),
        replaced=replaced,
        action="stop" if leaving else "continue",
        code=code.split("-"),
        kept_until=around.kept_until(),
        address=around.address(),
        revision=0,
        saved_text=drawn["link"] and not wrong and drawn["link"]["asked"],
        **drawn,
    )


def again(here: Visit) -> Response | str | None:
    """The answer to the page's buttons that leave the code on show; None for any other request.

    A code that opens this intake no more (another was made since) is not shown again.
    """
    action, code = request.form.get("action"), request.form.get(CODE, "")
    intake = here.intake
    if intake is None or not code or action not in (LANGUAGE, MAIL):
        return None
    if not here.is_draft or not links.is_code_of(office(), intake.id, code):
        return redirect(url_for("patient.tasks"), 303)
    if action == LANGUAGE:
        help_pages.switch_language(here)
    return show(
        intake,
        grouped(normal_code(code)),
        replaced="replaced" in request.form,
        leaving="leaving" in request.form,
        wrong=ask_for_link(intake) if action == MAIL else None,
    )


def ask_for_link(intake: StoredIntake) -> str | None:
    """Have a link mailed to the address that was typed; or what is wrong with that."""
    question = _email_question()
    if question is None or not _are_offered(intake):
        return t("links.not_offered")
    desk = office()
    typed, _ = coerce(question, request.form)
    found = [missing(question)]
    if typed:
        found = problems(question, typed, intake.merged, desk.today())
    if found:
        return fields.words(desk.questionnaire, question, found[0], language())
    link_id = links.ask_for_link(desk, intake.id, typed, request.remote_addr or "")
    if link_id is None:
        return t("links.too_many")
    queue().ask("mail-link", link_id)
    return None


def link_part(intake: StoredIntake, wrong: str | None = None) -> Context:
    """What patient/_link.html draws, and the page's `errors`; `link` is None where there are none
    to be had."""
    question = _email_question()
    if question is None or not _are_offered(intake):
        return {"link": None, "errors": []}
    asked = links.asked_for(office(), intake.id)
    known = asked.to if asked else intake.merged.get(question.id)
    typed = request.form if question.id in request.form else MultiDict({question.id: known or ""})
    view = fields.view(office().questionnaire, question, language(), typed=typed, error=wrong)
    return {
        "link": {
            "view": view | {"text": t("links.address"), "hint": None, "optional": False},
            "asked": _in_words(asked) if asked else None,
        },
        "errors": [{"text": wrong, "href": f"#{question.id}"}] if wrong else [],
    }


def _in_words(asked: links.Asked) -> str:
    """What has become of the link that was asked for last."""
    if asked.mailed_at:
        when = moment_in_words(asked.mailed_at.astimezone(office().zone), language())
        return t("links.mailed", to=asked.to, when=when)
    return t("links.late" if asked.late else "links.soon", to=asked.to)


def _are_offered(intake: StoredIntake) -> bool:
    """Only where an e-mail can leave, and the form can be opened again."""
    return office().sends_mail and around.may_come_back(intake)


def _email_question() -> Question | None:
    return office().questionnaire.questions.get("email")
