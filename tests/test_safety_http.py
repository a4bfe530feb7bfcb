"""Over HTTP, a form with a required answer missing is never let through, whichever answer it is.

For every required question, asked of somebody drawn by chance: its page does not take the answers
without it, and an intake that lacks it is not sent, whatever address is posted to.
"""

import re
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

from werkzeug.datastructures import MultiDict

from screening.assessment.facts import Facts
from screening.questionnaire.definition import Page, Question, Questionnaire
from screening.questionnaire.validation import age_on
from screening.record import born
from screening.workflows import intake as intake_flow
from tests.builders import TODAY, medicine_row, person
from tests.people import complete_person
from tests.site import Site
from tests.walker import Walker, as_typed

MOST_PEOPLE = 400
Answers = dict[str, Any]
Asked = list[tuple[Page, list[Question]]]


def test_every_page_demands_every_required_answer(site):
    for answers, asked in people(site.questionnaire):
        walker = resumed(site, answers)
        for page, questions in asked:
            fields = walker.open(f"/form/{page.id}").filled()
            for question in questions:
                if question.kind != "group":  # stored rows stay; emptied lists: web/test_patient.py
                    demands(site, walker, question, fields)
    assert site.submissions() == []


def demands(site: Site, walker: Walker, question: Question, fields: MultiDict[str, str]) -> None:
    saves = site.saves()
    answer = walker.client.post(walker.path, data=without(fields, question))
    assert answer.status_code == 200, question.id
    summary = re.search(r"govuk-error-summary__list.*?</ul>", answer.text, re.DOTALL)
    assert summary, question.id
    assert re.search(rf'href="#{question.id}(-\w+)?"', summary[0]), question.id
    assert site.saves() == saves, question.id


def without(fields: MultiDict[str, str], question: Question) -> MultiDict[str, str]:
    kept = [(n, v) for n, v in fields.items(multi=True) if n.partition("-")[0] != question.id]
    return MultiDict(kept)


def test_what_lacks_a_required_answer_is_never_sent(site):
    for answers, asked in people(site.questionnaire):
        walker = resumed(site, answers)
        signed = signature(walker, answers)
        for _, questions in asked:
            for question in questions:
                is_not_sent(site, walker, question, answers, signed)


def is_not_sent(
    site: Site, walker: Walker, question: Question, answers: Answers, signed: MultiDict[str, str]
) -> None:
    page = site.questionnaire.page_of[question.id]
    here = {q.id: answers[q.id] for q in page.questions if q.id in answers}
    intake_id = site.intakes()[-1].id
    lacking = {name: answer for name, answer in here.items() if name != question.id}
    intake_flow.save_page(site.office, intake_id, page, lacking, revision=None)
    for address in ("/check", "/form/sign"):
        walker.client.post(address, data=without(signed, question))
    assert site.submissions() == [], question.id
    intake_flow.save_page(site.office, intake_id, page, here, revision=None)


# Who is asked


def people(questionnaire: Questionnaire) -> Iterator[tuple[Answers, Asked]]:
    """People with the questions to leave out of their answers: each required question once."""
    left = {q.id for q in questionnaire.patient_questions() if q.required}
    left -= {"language"}  # answered by the page's own language
    for seed in count():
        assert seed < MOST_PEOPLE, f"nobody is asked {left}"
        answers = somebody(questionnaire, seed)
        facts = Facts(questionnaire, answers, TODAY)
        asked = {name for name in left if facts.asked(name) is True}
        if asked and is_adult(answers):
            yield answers, by_page(questionnaire, asked)
            left -= asked
        if not left:
            return


def somebody(questionnaire: Questionnaire, seed: int) -> Answers:
    if seed == 0:
        return person()
    if seed == 1:
        return with_everything(questionnaire)
    return complete_person(questionnaire, Random(seed))


def with_everything(questionnaire: Questionnaire) -> Answers:
    """Somebody who says yes to all, ticks everything, and is asked every follow-up of that."""
    answers = person(filling_in_for="someone-else", medications=MEDICINES)
    for question in questionnaire.patient_questions():
        if Facts(questionnaire, answers, TODAY).asked(question.id) is True:
            answers[question.id] = most(question, answers)
    return {k: v for k, v in answers.items() if v is not None}


MEDICINES = [medicine_row(name) for name in ("Ozempic", "lorazepam", "Percocet", "Cafergot")]


def most(question: Question, answers: Answers) -> Any:
    if question.kind == "choices":
        return [name for name in question.option_ids if name not in ("none", "unsure")]
    if question.id in answers and question.kind != "choice":
        return answers[question.id]
    if question.kind == "choice":
        unchanged = question.id in ("language", "main_concern", "sex_at_birth", "filling_in_for")
        yes = "yes" if "yes" in question.option_ids else question.option_ids[0]
        return answers[question.id] if unchanged else yes
    if question.kind == "scale":
        return int(question.option_ids[-1])
    return {"integer": question.max and int(question.max), "text": "Sam Núñez"}.get(question.kind)


def is_adult(answers: Answers) -> bool:
    day = born(answers)
    return day is not None and age_on(day, TODAY) >= 18


def by_page(questionnaire: Questionnaire, asked: set[str]) -> Asked:
    pages = (
        (page, [question for question in page.questions if question.id in asked])
        for page in questionnaire.pages.values()
    )
    return [(page, questions) for page, questions in pages if questions]


def resumed(site: Site, answers: Answers) -> Walker:
    code = intake_flow.new_code_for(site.office, site.start(answers, until=""))
    return site.walker().resume(code, answers["date_of_birth"])


def signature(walker: Walker, answers: Answers) -> MultiDict[str, str]:
    walker.open("/form/sign")
    fields = walker.filled()
    for name, value in as_typed(walker.names(), answers).items():
        fields.setlist(name, [str(value)])
    return fields
