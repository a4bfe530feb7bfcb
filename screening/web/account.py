"""A member of staff's own account: password, authenticator, recovery codes, confirming."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from ..workflows import account_log, accounts, passkeys
from . import access, auth, passwords, staff_forms
from .current import office
from .dates import moment_in_words
from .staff_forms import posted, said

blueprint = Blueprint("account", __name__, url_prefix="/staff/account")
auth.answer_errors(blueprint)

WRONG = "That is not your password."


@blueprint.get("")
def show() -> str:
    found = {
        "member": accounts.member(office(), g.staff.id),
        "roles": staff_forms.roles_in_words(access.roles_of(g.staff)),
        "passkeys": len(passkeys.list_of(office(), g.staff.id)),
        "happened": [
            (moment_in_words(one.at, "en"), one.text)
            for one in account_log.happened(office(), g.staff.id)
        ],
    }
    return render_template("security/account.html", title="Your account", **found)


@blueprint.route("/confirm", methods=["GET", "POST"])
def confirm() -> Any:
    """Ask for the password again, before something that must not happen from an open screen."""
    form = staff_forms.Confirm(request.form)
    if not posted():
        return auth.confirm_page(form)
    if not form.validate():
        return auth.confirm_page(form, 400)
    if not _is_theirs(said(form.password)):
        staff_forms.reject(form, "password", WRONG)
        return auth.confirm_page(form, 401)
    access.confirmed("password")
    return redirect(access.next_page(request.args.get("next")), 303)


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> Any:
    form = staff_forms.ChangePassword(request.form)
    form.about = (g.staff.name or "", g.staff.email)
    title = "Change your password"
    if not posted():
        return auth.page("password", title, form)
    if not form.validate():
        return auth.page("password", title, form, 400)
    if not _is_theirs(said(form.current)):
        staff_forms.reject(form, "current", WRONG)
        return auth.page("password", title, form, 401)
    stamp = accounts.change_password(office(), g.staff.id, passwords.hashed(said(form.password)))
    session["_user_id"] = stamp  # this session goes on, all others have ended
    access.confirmed("password")
    flash("Your password is changed. You were signed out everywhere else.")
    return redirect(url_for("account.show"), 303)


def _is_theirs(typed: str) -> bool:
    return auth.is_right_password(g.staff, g.staff.email, typed)


@blueprint.post("/sign-out-everywhere")
def sign_out_everywhere() -> Response:
    """This browser too: whoever sits at another one cannot be told from who asks."""
    accounts.sign_out_everywhere(office(), g.staff.id)
    return auth.leave()


@blueprint.post("/authenticator")
def new_authenticator() -> Response:
    session.pop("new_authenticator", None)
    return redirect(url_for("auth.authenticator"), 303)


@blueprint.route("/recovery-codes", methods=["GET", "POST"])
def recovery_codes() -> Any:
    """Shown until they are said to be noted down; then nobody can see them again."""
    if posted():
        session.pop("recovery_codes", None)
        return redirect(session.pop("next", url_for("account.show")), 303)
    codes = session.get("recovery_codes")
    if codes is None:
        return redirect(url_for("account.show"), 303)
    return render_template("security/recovery_codes.html", title="Recovery codes", codes=codes)


@blueprint.post("/recovery-codes/new")
def new_recovery_codes() -> Response:
    return auth.new_codes()
