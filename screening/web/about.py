"""What ketamine treatment is and is not, to be read before the first question."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from . import i18n, judging, said
from .current import office
from .i18n import t
from .patient_session import visit

# The parts of the page in their order; each has a title and lines in content/interface/about.toml.
PARTS = {
    "what": ("approved", "not_for_all", "short"),
    "acts": ("nmda", "grow", "network"),
    "session": ("drip", "feel", "watched", "home", "driving"),
    "plan": ("series", "boosters", "beside"),
    "risks": ("common", "serious", "long", "baby"),
    "choice": ("others", "stop", "privacy"),
}


def about() -> Response | str:
    """GET shows the page; its button leads to the first question, or back to a form in hand."""
    if request.method == "POST" and request.form.get("action") == judging.CONTINUE:
        return redirect(_onward(), 303)
    if request.method == "POST":
        i18n.choose_other()
    parts = [
        {"title": t(f"about.{part}.title"), "lines": [t(f"about.{part}.{line}") for line in lines]}
        for part, lines in PARTS.items()
    ]
    return render_template(
        "patient/about.html",
        title=t("about.title"),
        lead=t("about.lead"),
        parts=parts,
        continue_text=t("about.back_to_form" if visit().is_draft else "about.continue"),
        back_url=None if visit().is_draft else url_for("patient.start"),
        revision=None,
    )


def _onward() -> str:
    if visit().is_draft:
        return url_for("patient.tasks")
    return said.page_url(next(iter(office().questionnaire.pages.values())))
