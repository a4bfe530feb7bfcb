"""What a page's form says of what was typed on it, and what the page shows of that."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask import current_app, request, url_for
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from ..assessment.facts import Facts
from ..questionnaire.answers import Answers
from ..questionnaire.definition import Page, Panel, Question
from ..storage.half_pages import Typed
from ..workflows import half
from ..workflows.half import Begun, Form
from . import around
from .current import office
from .dates import moment_in_words
from .drawing import marked
from .i18n import t
from .judging import Sent, judge, number_sent
from .patient_session import Visit
from .said import Context, in_language, language, page_url

NAME = re.compile(r"[\w-]{1,120}", re.ASCII)


# What a form sends


def typed_on(page: Page, answers: Answers) -> Typed:
    """The form that was posted, as it is kept; `answers` are those of it that can be stored."""
    pairs = request.form.items(multi=True)
    return Typed(
        pairs=tuple((name, value) for name, value in pairs if _is_of(page, name)),
        answers=dict(answers),
        at=_name_sent("half_at") if _is_of(page, _name_sent("half_at")) else "",
        writer=_name_sent("half_writer"),
        turn=number_sent(request.form.get("half_turn")) or 0,
    )


def form_of(page: Page, sent: Sent) -> Form:
    """The form that a page is saved from. What cannot be stored of it stays beside the save."""
    typed = typed_on(page, {} if page.group and sent.problems else sent.answers)
    counter = number_sent(request.form.get("half"))
    return Form(typed, counter, unfinished=bool(sent.problems))


def without_row(page: Page, begun: Begun, removed: int) -> Form:
    """What was typed in a list, when one of its saved rows goes: the rows after it move up."""
    group = cast(Question, page.group)
    row = re.compile(rf"({re.escape(group.id)}-)(\d+)(-.+)")
    number = _row_typed(page, begun)

    def moved(name: str, value: str) -> tuple[str, str]:
        found = row.fullmatch(name)
        if found and int(found[2]) > removed:
            return f"{found[1]}{int(found[2]) - 1}{found[3]}", value
        is_number = name == f"{group.id}-row" and number is not None and number > removed
        return name, str(cast(int, number) - 1) if is_number else value

    kept = [moved(*pair) for pair in begun.typed.pairs] if number != removed else []
    return Form(Typed(tuple(kept), {}, writer=begun.typed.writer), begun.counter, bool(kept))


def _is_of(page: Page, name: str) -> bool:
    return name.partition("-")[0] in page.names


def _name_sent(name: str) -> str:
    sent = request.form.get(name, "")
    return sent if NAME.fullmatch(sent) else ""


# What a page shows


def saving(
    page: Page,
    visit: Visit,
    typed: Mapping[str, str] | None = None,
    *,
    shown: Begun | None = None,
) -> Context:
    """The context of `saving_line` in patient/_saving.html. `shown`: what is kept of the page and
    stands on it; anything else that is typed there may not be kept yet."""
    intake = visit.intake if visit.is_draft else None
    begun = half.begun(office(), intake, page)
    counter = number_sent(typed.get("half")) if typed else None
    sent = typed if typed and counter is not None else {}
    return {
        "url": url_for("half.keep", page_id=page.id),
        "typed": "yes" if typed and not shown else "",
        "counter": (begun.counter if begun else 0) if counter is None else counter,
        "writer": sent.get("half_writer", ""),
        "turn": sent.get("half_turn", "0"),
        "at": begun.typed.at if begun else sent.get("half_at", ""),
        "template": t("saving.earlier", time="{time}"),
        **last_saved(visit),
        **(_begun_words(shown) if shown else {}),
    }


def nobodys(page: Page) -> Context:
    """The same of a page on which nothing was typed, with a mark for what `last_saved` says."""
    blank = {"counter": 0, "writer": "", "turn": "0", "at": "", "typed": ""}
    blank["template"] = t("saving.earlier", time="{time}")
    marks = {name: marked(name) for name in ("draft", "no_code", "saved_at", "saved_text")}
    return {"url": url_for("half.keep", page_id=page.id)} | blank | marks


def last_saved(visit: Visit) -> Context:
    """Is there a form to save to, a way back to it, and when the pages before were saved."""
    moment = visit.intake.saved_at if visit.intake else None
    words = moment_in_words(moment.astimezone(office().zone), language()) if moment else ""
    return {
        "draft": "yes" if visit.is_draft else "",
        "no_code": "" if around.may_come_back(visit.intake) else "yes",
        "saved_at": moment.isoformat() if moment else "",
        "saved_text": t("saving.earlier", time=words) if moment else "",
    }


def begun_box(page: Page, visit: Visit, begun: Begun) -> Context:
    """The context of `begun_box` in patient/_saving.html."""
    return _begun_words(begun) | {
        "href": f"#{begun.typed.at}" if begun.typed.at else None,
        "undo": visit.revision(page) > 0 or page.group is not None,
    }


def _begun_words(begun: Begun) -> Context:
    words = moment_in_words(begun.saved_at.astimezone(office().zone), language())
    return {
        "saved_text": t("saving.begun", time=words),
        "template": t("saving.begun", time="{time}"),
        "saved_at": begun.saved_at.isoformat(),
    }


def form_typed(begun: Begun) -> MultiDict[str, str]:
    return MultiDict(begun.typed.pairs)


def row_typed(page: Page, visit: Visit, begun: Begun) -> int | None:
    """The saved row that was being changed; None for a new one."""
    number = _row_typed(page, begun)
    rows = visit.facts.rows(cast(Question, page.group).id) or []
    return number if number is not None and number < len(rows) else None


def _row_typed(page: Page, begun: Begun) -> int | None:
    return number_sent(form_typed(begun).get(f"{cast(Question, page.group).id}-row"))


def begun_url(page: Page, visit: Visit, begun: Begun) -> str:
    """Where the patient stopped, down to the field."""
    row = row_typed(page, visit, begun) if page.group else None
    return page_url(page, row=row, _anchor=begun.typed.at or None)


def unsent(visit: Visit) -> list[Context]:
    """The pages but the last that were typed on and not sent, for the check page."""
    progress, intake = visit.progress, visit.intake
    if intake is None or not intake.halves:
        return []
    found = [(page, half.begun(office(), intake, page)) for page in progress.asked]
    return [
        {"title": in_language(page.title), "href": begun_url(page, visit, begun)}
        for page, begun in found
        if begun and page.id != progress.last.id
    ]


def where_they_stopped(visit: Visit) -> str | None:
    """The address of the page that was typed on last and not sent; None without one."""
    page_id = half.newest(visit.intake) if visit.intake else None
    page = office().questionnaire.pages.get(page_id or "")
    begun = half.begun(office(), visit.intake, page) if page else None
    if page is None or begun is None:
        return None
    is_open = visit.progress.is_asked(page) and visit.progress.reached(page)
    return begun_url(page, visit, begun) if is_open else None


# Help for what is typed


def care(
    page: Page, panels: Sequence[Panel], answers: Answers, *, is_told: bool = True
) -> Context | None:
    """The help that typed answers ask for, as `care_box` draws it. `is_told`: does the clinic know
    of them?"""
    if not panels:
        return around.care_on(page, Facts(office().questionnaire, answers, office().today(), set()))
    drawn = around.crisis_page(panels)
    if is_told:
        return drawn
    words = (around.with_clinic(t(word)) for word in ("crisis.not_saved", "crisis.not_saved_phone"))
    return drawn | {"panel": drawn["panel"] | {"told": " ".join(filter(None, words))}}


def care_begun(page: Page, visit: Visit, begun: Begun) -> Context | None:
    answers = begun.typed.answers
    return care(page, half.panels_with(office(), visit.intake, page, answers), answers)


def care_alone(page: Page, answers: Answers) -> Context | None:
    """The same when nothing of them could be kept, and nobody was told."""
    return care(page, half.panels_with(office(), None, page, answers), answers, is_told=False)


def care_typed(page: Page) -> Context | None:
    """The same for the page that was posted."""
    return care_alone(page, {} if page.group else judge(page, None, request.form).answers)


def care_html(drawn: Context | None) -> str:
    macros: Any = current_app.jinja_env.get_template("patient/_parts.html").module
    html: Markup = macros.care_box(drawn)
    return str(html).strip()
