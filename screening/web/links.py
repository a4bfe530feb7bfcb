"""Back by the link in an e-mail: with the code, or with a number that is mailed on request.

The pages are the same whether the link leads anywhere or not, so that they tell nothing about it.
"""

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from ..storage.intakes import StoredIntake
from ..storage.links import HANDLE
from ..workflows import links, throttle
from . import around, fields, i18n, patient
from .code_page import LANGUAGE
from .current import office, queue
from .forms import coerce
from .i18n import t

blueprint = Blueprint("links", __name__)

GUESSES = "resume"  # wrong numbers count with wrong codes
MINUTES = int(links.NUMBER_LIVES.total_seconds() // 60)


@blueprint.route("/back/<handle>", methods=["GET", "POST"])
def back(handle: str) -> Response | str:
    if not HANDLE.fullmatch(handle):
        return redirect(url_for("patient.resume"), 303)
    action = request.form.get("action")
    if action == "number" and office().sends_mail:
        return _send_number(handle)
    if action == "continue":
        return patient.resume()
    if action == LANGUAGE:
        i18n.choose_other()
    return _back_page()


@blueprint.route("/back/<handle>/number", methods=["GET", "POST"])
def number(handle: str) -> Response | str:
    if not HANDLE.fullmatch(handle):
        return redirect(url_for("patient.resume"), 303)
    action = request.form.get("action")
    if action == LANGUAGE:
        i18n.choose_other()
    elif action == "number":
        return _send_number(handle)
    elif request.method == "POST":
        intake = _entered(handle)
        return patient.welcome_back(intake) if intake else _number_page(t("links.wrong"))
    return _number_page()


@blueprint.errorhandler(CSRFError)
def token_expired(_error: CSRFError) -> Response:
    """The page was open for too long: once more, under a fresh token."""
    again = _number_page if request.endpoint == "links.number" else _back_page
    return make_response(again(t("error.again")), 400)


def _send_number(handle: str) -> Response:
    link_id = links.ask_for_number(office(), handle)
    if link_id:
        queue().ask("mail-number", link_id)
    return redirect(url_for("links.number", handle=handle), 303)


def _entered(handle: str) -> StoredIntake | None:
    """The intake that the posted number and date of birth open."""
    address = request.remote_addr or ""
    if throttle.blocked(office(), GUESSES, address):
        abort(429)
    born, problems = coerce(around.birth_question(), request.form)
    typed = request.form.get("number", "")
    intake = links.enter(office(), handle, typed, born) if born and not problems else None
    if intake is None:
        throttle.failed(office(), GUESSES, address)
    return intake


def _back_page(wrong: str | None = None) -> str:
    return render_template(
        "patient/back.html",
        title=t("links.back_title"),
        sends_numbers=office().sends_mail,
        minutes=MINUTES,
        revision=None,
        fields=around.resume_fields(request.form, None),
        errors=[{"text": wrong, "href": "#page"}] if wrong else [],
    )


def _number_page(wrong: str | None = None) -> str:
    typed = fields.plain_view(
        "number",
        "text",
        t("links.number"),
        hint=t("links.number_hint", digits=links.DIGITS),
        value=request.form.get("number", ""),
        error=wrong,
        width=10,
        inputmode="numeric",
        spellcheck=False,
        autocomplete="one-time-code",
    )
    return render_template(
        "patient/number.html",
        title=t("links.number_title"),
        minutes=MINUTES,
        most=links.NUMBERS_A_DAY,
        revision=None,
        fields=[typed, around.birth_view(request.form)],
        back_url=request.path.removesuffix("/number"),
        errors=[{"text": wrong, "href": "#number"}] if wrong else [],
    )
