"""Who works here: the administrator's list of staff, invitations, roles, deactivation."""

from typing import Any

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from ..storage.members import Member
from ..workflows import accounts
from ..workflows.accounts import Refused
from . import auth, staff_forms
from .access import actor
from .current import office, settings
from .dates import moment_in_words
from .staff_forms import posted, said

blueprint = Blueprint("users", __name__, url_prefix="/staff/users")
auth.answer_errors(blueprint)


@blueprint.get("")
def index() -> str:
    people = [_row(member) for member in accounts.staff(office())]
    return render_template("admin/users.html", title="Staff", people=people)


def _row(member: Member) -> dict[str, Any]:
    last = member.last_login_at
    return {
        "member": member,
        "state": state(member),
        "roles": staff_forms.roles_in_words(member.roles),
        "last": moment_in_words(last.astimezone(office().zone), "en") if last else "never",
        "href": url_for("users.show", member_id=member.id),
    }


def state(member: Member) -> str:
    if member.invited:
        return "Invited"
    if not member.active:
        return "Deactivated"
    return "Active" if member.has_authenticator else "Active, no app connected yet"


@blueprint.route("/invite", methods=["GET", "POST"])
def invite() -> Any:
    form = staff_forms.Invite(request.form)
    title = "Invite somebody"
    if not posted():
        return _page("users_invite", title, form)
    if not form.validate():
        return _page("users_invite", title, form, 400)
    try:
        member_id = accounts.invite(
            office(),
            actor(),
            email=said(form.email),
            name=said(form.name).strip(),
            roles=form.roles.data or [],
        )
    except Refused as error:
        staff_forms.reject(form, "email", str(error))
        return _page("users_invite", title, form, 409)
    return _hand_over(member_id)


@blueprint.get("/<int:member_id>")
def show(member_id: int) -> Response:
    member = accounts.member(office(), member_id) or abort(404)
    form = staff_forms.Roles(data={"roles": list(member.roles)})
    return _member_page(member, form)


@blueprint.post("/<int:member_id>/roles")
def change_roles(member_id: int) -> Response:
    member = accounts.member(office(), member_id) or abort(404)
    form = staff_forms.Roles(request.form)
    if not form.validate():
        return _member_page(member, form, 400)
    return _done(
        member_id,
        "What they do is changed.",
        lambda: accounts.change_roles(office(), actor(), member_id, form.roles.data or []),
    )


@blueprint.post("/<int:member_id>/active")
def set_active(member_id: int) -> Response:
    active = request.form.get("active") == "yes"
    return _done(
        member_id,
        "The account is active again." if active else "The account is deactivated.",
        lambda: accounts.set_active(office(), actor(), member_id, active=active),
    )


@blueprint.post("/<int:member_id>/sign-out")
def sign_out(member_id: int) -> Response:
    return _done(
        member_id,
        "They are signed out everywhere.",
        lambda: accounts.sign_out(office(), actor(), member_id),
    )


@blueprint.post("/<int:member_id>/start-over")
def start_over(member_id: int) -> Response:
    """A new link for who lost their password or phone, or has not used the first one."""
    try:
        accounts.start_over(office(), actor(), member_id)
    except Refused as error:
        flash(str(error))
        return redirect(url_for("users.index"), 303)
    return _hand_over(member_id)


def _done(member_id: int, text: str, change: Any) -> Response:
    try:
        change()
    except Refused as error:
        flash(str(error))
        return redirect(url_for("users.index"), 303)
    flash(text)
    return redirect(url_for("users.show", member_id=member_id), 303)


def _hand_over(member_id: int) -> Response:
    """The link, in the answer itself: it is shown once and kept nowhere."""
    member = accounts.member(office(), member_id) or abort(404)
    secret = accounts.join_secret(office(), member_id)
    link = f"{settings().public_url.rstrip('/')}{url_for('auth.join', secret=secret)}"
    title = "Hand over this link"
    found = render_template("admin/users_link.html", title=title, member=member, link=link)
    return make_response(found)


def _member_page(member: Member, form: Any, status: int = 200) -> Response:
    own = actor() == f"user:{member.id}"
    return _page(
        "users_show", member.name, form, status, member=member, state=state(member), own=own
    )


def _page(template: str, title: str, form: Any, status: int = 200, **more: Any) -> Response:
    return auth.page(template, title, form, status, folder="admin", **more)
