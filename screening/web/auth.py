"""Signing in: password, then the code of an authenticator; first links; signing out.

Between the password and the code the session holds `signing_in`, for ten minutes, and nobody is
signed in. Wrong, unknown and deactivated are answered alike.
"""

from datetime import timedelta
from http import HTTPStatus
from io import BytesIO
from typing import Any, cast

import segno
from flask import (
    Blueprint,
    abort,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ..storage.accounts import PHYSICIAN, User
from ..workflows import accounts, guesses, passkeys
from ..workflows.accounts import Refused
from . import first_admin as first_link
from . import passwords, security, sessions, staff_forms
from .access import actor, home, is_fresh, next_page
from .current import office, settings
from .staff_forms import posted, said

blueprint = Blueprint("auth", __name__, url_prefix="/staff")

SIGNING_IN = timedelta(minutes=10)
WRONG = "That e-mail address and password do not match an account."
WRONG_CODE = "That code does not match. Codes change every 30 seconds and work once."


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Any:
    if g.staff:
        return redirect(home(g.staff), 303)
    form = staff_forms.SignIn(request.form)
    if not posted():
        return sign_in_page(form)
    if not form.validate():
        return sign_in_page(form, 400)
    email = said(form.email).strip()
    user = security.find(email=email)
    if not is_right_password(user, email, said(form.password)) or user is None:
        staff_forms.reject(form, "email", WRONG)
        return sign_in_page(form, 401)
    return begin(user)


def sign_in_page(form: staff_forms.SignIn, status: int = 200) -> Response:
    wanted = request.args.get("next")
    return page("sign_in", "Staff sign-in", form, status, passkeys=_passkeys(), wanted=wanted)


def confirm_page(form: staff_forms.Confirm, status: int = 200) -> Response:
    """Asks a signed-in person for their password again, or for a passkey if they have one."""
    theirs = _passkeys() and bool(passkeys.list_of(office(), g.staff.id))
    wanted = request.args.get("next")
    return page("confirm", "Confirm it is you", form, status, passkeys=theirs, wanted=wanted)


def _passkeys() -> bool:
    """Whether there can be passkeys for this address."""
    return passkeys.place(settings().public_url, settings().clinic.name) is not None


def is_right_password(user: User | None, email: str, typed: str) -> bool:
    """As slow for no account as for one. Aborts with 429 after many failures."""
    wait, right = judge_password(user, email, typed)
    if wait:
        abort(too_many(wait))
    return right


def judge_password(user: User | None, email: str, typed: str) -> tuple[int, bool]:
    """Minutes to wait, 0 = it was judged; and whether it is right. Failures are counted."""
    if len(typed) > passwords.LONGEST:
        abort(400)  # before it is hashed
    address = request.remote_addr or ""
    wait = guesses.wait_to_sign_in(office(), email, address)
    if wait:
        return wait, False
    right = passwords.matches(user, typed)
    if right:
        guesses.right_password(office(), email, address)
    else:
        guesses.wrong_password(office(), email, address, user.id if user else None)
    return 0, right


def begin(user: User | None) -> Response:
    """The password was right: on to the code, or to set up where codes come from."""
    if user is None:
        abort(404)
    wanted = next_page(request.args.get("next"))
    session.clear()
    g.pop("csrf_token", None)
    sessions.renew(session)
    session["signing_in"] = {"stamp": user.fs_uniquifier, "at": _now(), "next": wanted}
    step = "auth.code" if user.tf_totp_secret else "auth.authenticator"
    return redirect(url_for(step), 303)


def pending() -> User | None:
    """Who gave the right password within the last ten minutes and has still to give a code."""
    begun = session.get("signing_in")
    if not begun or _now() - begun["at"] > SIGNING_IN.total_seconds():
        return None
    user = security.find(fs_uniquifier=begun["stamp"])
    return user if user and user.active else None


def finish(user: User, how: str) -> str:
    """Signed in; returns the address to go to."""
    wanted: str = session["signing_in"]["next"]
    accounts.signed_in(office(), user.id, how)  # not signed in unless this is stored
    guesses.right_code(office(), user.id)
    security.enter(user, _now())
    return wanted


def _count_try(user: User) -> None:
    wait = guesses.wait_for_code(office(), user.id)
    if wait:
        abort(too_many(wait))


@blueprint.route("/code", methods=["GET", "POST"])
def code() -> Any:
    user = pending()
    if user is None or not user.tf_totp_secret:
        return start_again()
    form = staff_forms.Code(request.form)
    if not posted():
        return page("code", "Enter the code from your app", form)
    if not form.validate():
        return page("code", "Enter the code from your app", form, 400)
    _count_try(user)
    if not security.is_code(user, said(form.code)):
        guesses.wrong_code(office(), user.id)
        staff_forms.reject(form, "code", WRONG_CODE)
        return page("code", "Enter the code from your app", form, 401)
    return redirect(finish(user, "code"), 303)


@blueprint.route("/recovery-code", methods=["GET", "POST"])
def recovery_code() -> Any:
    """Instead of a code from the app; each works once."""
    user = pending()
    if user is None or not user.tf_totp_secret:
        return start_again()
    form = staff_forms.RecoveryCode(request.form)
    if not posted():
        return page("recovery_code", "Use a recovery code", form)
    if not form.validate():
        return page("recovery_code", "Use a recovery code", form, 400)
    _count_try(user)
    if not accounts.use_recovery_code(office(), user.id, said(form.code)[:64]):
        guesses.wrong_code(office(), user.id)
        staff_forms.reject(form, "code", "That recovery code does not match, or was used before.")
        return page("recovery_code", "Use a recovery code", form, 401)
    finish(user, "recovery code")
    flash("You used a recovery code. Set up your app again if you no longer have it.")
    return redirect(url_for("account.show"), 303)


@blueprint.route("/authenticator", methods=["GET", "POST"])
def authenticator() -> Any:
    """Connect an authenticator app: at the first sign-in, or a new one for who is signed in."""
    user = setting_up()
    if user is None:
        return start_again()
    form = staff_forms.Code(request.form)
    secret = session.setdefault("new_authenticator", security.new_secret())
    if not posted():
        return _authenticator_page(form, user, secret)
    if not form.validate():
        return _authenticator_page(form, user, secret, 400)
    _count_try(user)
    step = security.step_of(said(form.code), secret)
    if step is None:
        staff_forms.reject(form, "code", WRONG_CODE)
        return _authenticator_page(form, user, secret, 401)
    accounts.set_authenticator(office(), user.id, secret, step)
    return _connected(user)


def setting_up() -> User | None:
    """Who may connect an app now: at the first sign-in, or signed in and confirmed just before."""
    if g.staff:
        return cast(User, g.staff) if is_fresh() else None
    user = pending()
    return user if user and not user.tf_totp_secret else None


def _connected(user: User) -> Response:
    if g.staff:
        session.pop("new_authenticator")
        guesses.right_code(office(), user.id)
        flash("Your new app is connected. Codes of the earlier one no longer work.")
        return redirect(url_for("account.show"), 303)
    wanted = finish(user, "new authenticator")
    session["next"] = wanted
    g.staff = user
    return new_codes()


def new_codes() -> Response:
    """Make recovery codes and show them; the session keeps them until they are noted down."""
    codes = security.new_recovery_codes()
    accounts.set_recovery_codes(office(), g.staff.id, codes)
    session["recovery_codes"] = codes
    return redirect(url_for("account.recovery_codes"), 303)


def _authenticator_page(
    form: staff_forms.Code, user: User, secret: str, status: int = 200
) -> Response:
    totp = security.security().totp_factory
    return page(
        "authenticator",
        "Connect an authenticator app",
        form,
        status,
        key=totp.get_totp_pretty_key(secret),
        uri=totp.get_totp_uri(user.email, secret),
        image_url=url_for("auth.authenticator_image"),
    )


@blueprint.get("/authenticator.svg")
def authenticator_image() -> Response:
    """The secret of `authenticator` for a camera. A file of its own: pages allow no data: URLs."""
    user, secret = setting_up(), session.get("new_authenticator")
    if user is None or secret is None:
        abort(404)
    uri = security.security().totp_factory.get_totp_uri(user.email, secret)
    drawn = BytesIO()
    segno.make(uri, error="m").save(drawn, kind="svg", scale=5, border=4, light="#fff")
    return Response(drawn.getvalue(), content_type="image/svg+xml")


@blueprint.route("/first-admin/<secret>", methods=["GET", "POST"])
def first_admin(secret: str) -> Any:
    """Opened with the link that the start of the app prints: makes the first administrator."""
    if not first_link.is_valid(office(), secret):
        return dead_link()
    form = staff_forms.FirstAdmin(request.form)
    if not posted():
        return page("first_admin", "Create the first administrator", form)
    if not form.validate():
        return page("first_admin", "Create the first administrator", form, 400)
    try:
        member_id = accounts.make_first(
            office(),
            email=said(form.email),
            name=said(form.name).strip(),
            password_hash=passwords.hashed(said(form.password)),
            roles=[PHYSICIAN] if form.physician.data else [],
        )
    except Refused:
        return dead_link()
    return begin(security.find(id=member_id))


@blueprint.route("/join/<secret>", methods=["GET", "POST"])
def join(secret: str) -> Any:
    """Opened with the link that an administrator handed over: sets a password."""
    invited = accounts.invited_by(office(), secret)
    if invited is None:
        return dead_link()
    form = staff_forms.NewPassword(request.form)
    form.about = (invited.name, invited.email)
    if not posted():
        return page("join", "Set your password", form, invited=invited)
    if not form.validate():
        return page("join", "Set your password", form, 400, invited=invited)
    member_id = accounts.join(office(), secret, passwords.hashed(said(form.password)))
    return begin(security.find(id=member_id)) if member_id else dead_link()


@blueprint.post("/sign-out")
def sign_out() -> Response:
    if g.staff:
        accounts.note(office(), actor(), "staff.signed_out")
    return leave()


def leave() -> Response:
    sessions.end(session)
    response = make_response(redirect(url_for("auth.sign_in"), 303))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


# What these pages answer with


def page(
    template: str, title: str, form: Any, status: int = 200, folder: str = "security", **more: Any
) -> Response:
    found = {"title": title, "form": form, "errors": staff_forms.errors(form), **more}
    return make_response(render_template(f"{folder}/{template}.html", **found), status)


def message(title: str, text: str, status: int) -> Response:
    found = {"title": title, "text": text, "home_url": home(g.get("staff"))}
    return make_response(render_template("security/message.html", **found), status)


def too_many(minutes: int) -> Response:
    response = message("Too many tries", f"{wait_in_words(minutes)}, then try again.", 429)
    response.headers["Retry-After"] = str(minutes * 60)
    return response


def wait_in_words(minutes: int) -> str:
    return f"Wait {minutes} minutes" if minutes < 120 else f"Wait {minutes // 60} hours"


def dead_link() -> Response:
    text = "It was used before, or its time is over. Ask for a new one."
    return message("This link no longer works", text, 404)


def start_again() -> Response:
    session.pop("signing_in", None)
    session.pop("new_authenticator", None)
    return redirect(url_for("account.show" if g.staff else "auth.sign_in"), 303)


ERRORS = {
    403: ("You cannot open this page", "Your account is not allowed to see it."),
    404: ("We cannot find this page", "Check the address, or go on to where you start."),
    409: ("This was already done", "Somebody was faster, or you did it in another tab."),
}


def answer_errors(pages: Blueprint) -> None:
    """Answer these errors of a staff blueprint in the staff's own layout."""
    for status in ERRORS:
        pages.register_error_handler(status, staff_error)
    pages.register_error_handler(CSRFError, csrf_failed)


def staff_error(error: HTTPException) -> Response:
    status = error.code or 404
    if status == HTTPStatus.NOT_FOUND and g.get("staff") and request.view_args:
        # Somebody may be trying references, one after the other.
        accounts.note(office(), actor(), "access.not_found", page=request.endpoint)
    return message(*ERRORS[status], status)


def csrf_failed(_error: CSRFError) -> Response:
    flash("That page was open for too long. Nothing was changed; try again.")
    return redirect(home(g.staff) if g.get("staff") else url_for("auth.sign_in"), 303)


answer_errors(blueprint)


def _now() -> float:
    return office().now().timestamp()
