"""Passkeys at the browser: signing in and confirming with one; adding, naming, removing one's own.

`assets/passkeys.js` asks for a challenge, has the device answer it and sends the answer as a form.
The challenge waits in the session, for one use. Without scripts there is the password.
"""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from ..storage.passkeys import StoredPasskey
from ..workflows import accounts, guesses
from ..workflows import passkeys as flow
from ..workflows.accounts import Refused
from . import access, auth, security, staff_forms
from .current import office, settings
from .dates import day_in_words
from .staff_forms import posted, said

blueprint = Blueprint("passkeys", __name__, url_prefix="/staff")
auth.answer_errors(blueprint)

LIFE = timedelta(minutes=5)  # of a challenge
SIGN_IN, CONFIRM, NEW = "sign-in", "confirm", "new"
NOT_PROVEN = "That passkey did not work here. Try once more, or use your password."


def here() -> flow.Place | None:
    """The address that passkeys are made for; None where there can be none."""
    return flow.place(settings().public_url, settings().clinic.name)


def _place() -> flow.Place:
    return here() or abort(404)


# The challenge


def _ask(purpose: str, asked: tuple[str, flow.Challenge]) -> Response:
    options, challenge = asked
    session["passkey"] = {
        "for": purpose,
        "challenge": b64encode(challenge.value).decode(),
        "at": challenge.asked_at.timestamp(),
    }
    return Response(options, content_type="application/json")


def _asked(purpose: str) -> flow.Challenge | None:
    """What this browser was asked, if it was for this and a moment ago; it is not asked again."""
    kept = session.pop("passkey", None)
    if kept is None or kept["for"] != purpose:
        return None
    asked_at = datetime.fromtimestamp(kept["at"], UTC)
    in_time = office().now() - asked_at <= LIFE
    return flow.Challenge(b64decode(kept["challenge"]), asked_at) if in_time else None


def _proven(purpose: str) -> int | None:
    """Whose passkey answered; None when the answer is wrong, late or to nothing."""
    address = request.remote_addr or ""
    wait = guesses.wait_for_passkey(office(), address)
    if wait:
        abort(auth.too_many(wait))
    challenge = _asked(purpose)
    if challenge is None:
        return None
    try:
        return flow.prove(office(), _place(), challenge, request.form.get("credential", ""))
    except flow.NotProven:
        guesses.wrong_passkey(office(), address)
        return None


# Using one


@blueprint.post("/passkey/challenge")
def ask() -> Response:
    """Before sign-in: whatever passkey the device has for this address."""
    return _ask(SIGN_IN, flow.ask_for_one(office(), _place(), None))


@blueprint.post("/passkey")
def sign_in() -> Any:
    """The device has seen its owner: no password and no code besides."""
    wanted = access.next_page(request.args.get("next"))
    member_id = _proven(SIGN_IN)
    user = security.find(id=member_id) if member_id else None
    if user is None:
        form = staff_forms.SignIn()
        staff_forms.reject(form, "email", NOT_PROVEN)
        return auth.sign_in_page(form, 401)
    accounts.signed_in(office(), user.id, "passkey")
    security.enter(user, office().now().timestamp())
    return redirect(wanted, 303)


@blueprint.post("/account/confirm/challenge")
def ask_again() -> Response:
    return _ask(CONFIRM, flow.ask_for_one(office(), _place(), g.staff.id))


@blueprint.post("/account/confirm/passkey")
def confirm() -> Any:
    """In place of the password, before what must not happen from an open screen."""
    if _proven(CONFIRM) != g.staff.id:
        form = staff_forms.Confirm()
        staff_forms.reject(form, "password", NOT_PROVEN)
        return auth.confirm_page(form, 401)
    access.confirmed("passkey")
    return redirect(access.next_page(request.args.get("next")), 303)


# One's own


@blueprint.route("/account/passkeys", methods=["GET", "POST"])
def own() -> Any:
    """Those there are, and a form to add one: `name` and what the device made."""
    form = staff_forms.NameOfPasskey(request.form)
    if not posted():
        return _own_page(form)
    if not form.validate():
        return _own_page(form, 400)
    problem = _add(said(form.name))
    if problem:
        staff_forms.reject(form, "name", problem)
        return _own_page(form, 400)
    flash("The passkey is added. You can sign in with it from now on.")
    return redirect(url_for("passkeys.own"), 303)


def _add(name: str) -> str | None:
    """What went wrong."""
    challenge = _asked(NEW)
    made = request.form.get("credential", "")
    try:
        if challenge:
            flow.register(office(), _place(), g.staff.id, challenge, made, name=name)
            return None
    except Refused as error:
        return str(error)
    except flow.NotProven:
        pass
    return "The passkey was not made. Try once more."


@blueprint.post("/account/passkeys/challenge")
def ask_for_new() -> Response:
    member = accounts.member(office(), g.staff.id) or abort(404)
    return _ask(NEW, flow.ask_for_new(office(), _place(), member))


@blueprint.post("/account/passkeys/name")
def rename() -> Response:
    form = staff_forms.NameOfPasskey(request.form)
    if not form.validate():
        flash("Enter a name. Nothing was changed.")
    elif not flow.rename(office(), g.staff.id, _key(), said(form.name)):
        abort(404)
    return redirect(url_for("passkeys.own"), 303)


@blueprint.post("/account/passkeys/remove")
def remove() -> Response:
    try:
        stamp = flow.remove(office(), g.staff.id, _key()) or abort(404)
    except Refused as error:
        flash(str(error))
    else:
        session["_user_id"] = stamp  # this session goes on, all others have ended
        flash("The passkey is removed. You were signed out everywhere else.")
    return redirect(url_for("passkeys.own"), 303)


def _key() -> str:
    return request.form.get("passkey", "")


def _own_page(form: staff_forms.NameOfPasskey, status: int = 200) -> Response:
    passkeys = [_shown(one) for one in flow.list_of(office(), g.staff.id)]
    return auth.page(
        "passkeys", "Passkeys", form, status, passkeys=passkeys, possible=here() is not None
    )


def _shown(passkey: StoredPasskey) -> dict[str, str]:
    zone, used = office().zone, passkey.last_used_at
    return {
        "key": flow.key_of(passkey),
        "name": passkey.name,
        "added": day_in_words(passkey.created_at.astimezone(zone).date(), "en"),
        "used": day_in_words(used.astimezone(zone).date(), "en") if used else "not used yet",
    }
