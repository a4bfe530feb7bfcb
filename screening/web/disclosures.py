"""To whom the data of one patient were disclosed: a page for the physician, to print."""

from flask import Blueprint, abort, render_template, url_for

from ..workflows import disclosures
from .access import actor
from .auth import answer_errors
from .current import office
from .dates import day_in_words, moment_in_words

blueprint = Blueprint("disclosures", __name__, url_prefix="/staff/intakes/<reference>")
answer_errors(blueprint)


@blueprint.get("/disclosures")
def show(reference: str) -> str:
    found = disclosures.accounting(office(), actor(), reference) or abort(404)
    return render_template(
        "physician/disclosures.html",
        title="Disclosures",
        back_url=url_for("staff.record", reference=found.reference),
        accounting=found,
        since=day_in_words(found.since.date(), "en"),
        made_at=moment_in_words(found.made_at, "en"),
        rows=[(moment_in_words(one.at, "en"), one) for one in found.found],
        several=len(found.references) > 1,
    )
