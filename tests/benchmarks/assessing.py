"""Goal 4: a whole record assessed, and the urgent rules of one saved page, against a bare hello."""

from screening.assessment.facts import Facts
from screening.assessment.outcome import assess, urgent_rules
from screening.questionnaire import loader
from tests.builders import TODAY, person

from .measure import Row, Side, medians
from .people import hello


def measure() -> list[Row]:
    questionnaire, answers = loader.current(), person()
    saved = set(questionnaire.pages)
    bare = hello().test_client()
    sides = {
        "hello": Side(lambda: bare.get("/"), 200),
        "record": Side(lambda: assess(questionnaire, answers, TODAY), 20),
        "page": Side(lambda: urgent_rules(Facts(questionnaire, answers, TODAY, saved)), 200),
    }
    took = medians(sides)
    floor, name = took["hello"], "a bare Flask hello"
    return [
        Row("4", "assessment of a full record", took["record"], floor, name, most=25),
        Row("4", "urgent rules of a saved page", took["page"], floor, name, most=0.3),
    ]
