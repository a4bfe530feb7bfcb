"""How long a page takes that nobody has timed: a guess from its words and its questions."""

from .definition import Page, Question, Text

WORDS_A_MINUTE = 200  # silent reading of plain text, somewhat slow: it is night and a phone
# Seconds to think and to tap or type, once the question is read.
SECONDS = {
    "agree": 4,
    "choice": 4,
    "choices": 7,
    "scale": 3,
    "integer": 8,
    "decimal": 8,
    "text": 12,
    "longtext": 40,
    "email": 15,
    "phone": 12,
    "zip": 6,
    "date": 12,
}
MOST_READ = 20  # nobody reads a list of states; they look for their own
ROWS = 3  # in a list, of which the first takes its whole time and the others half of it
SOMETIMES = 1 / 3  # the share of patients that something is asked of which is not asked of all


def estimated_seconds(page: Page) -> float:
    """Seconds a page takes: its words read, and each question answered.

    A question that is asked only of some counts for a third, unless the whole page is.
    """
    for_some = page.asked_if is not None
    frame = sum(_reading(text) for text in (page.title, page.intro, page.why))
    return frame + sum(
        _question_seconds(question) * (1 if for_some or question.ask_if is None else SOMETIMES)
        for question in page.questions
    )


def _question_seconds(question: Question) -> float:
    reading = _reading(question.text) + _reading(question.hint)
    if question.kind == "group":
        row = sum(_reading(column.text) + SECONDS[column.kind] for column in question.columns)
        return reading + row * (1 + (ROWS - 1) / 2)
    # A scale is the same in each item of an instrument: it is read once, and then known.
    known = question.kind == "scale" or len(question.options) > MOST_READ
    options = 0.0 if known else sum(_reading({"en": option.en}) for option in question.options)
    return reading + options + SECONDS[question.kind]


def _reading(text: Text | None) -> float:
    return len(text["en"].split()) * 60 / WORDS_A_MINUTE if text else 0.0
