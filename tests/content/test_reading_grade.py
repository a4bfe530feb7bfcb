"""What patients read stays at reading grade 8 or below, in both languages, without any corpus.

English: the Flesch-Kincaid grade. Its syllables are groups of vowels, a count that on these pages
comes out within a grade of one by a pronouncing dictionary. Spanish: Szigriszt-Pazos; from 65
on a text is "rather easy", which is where school grades 6 to 8 read.
"""

import re
import tomllib
from collections.abc import Iterator

import pytest
import textstat

from screening.questionnaire.definition import Language, Page, Panel, Question, Text
from screening.questionnaire.loader import CONTENT, check_in, current

GRADE = 8
EASY = 65
NOT_PROSE = ("state",)  # a list of names
TABLES = {
    name: table
    for path in sorted((CONTENT / "interface").glob("*.toml"))
    for name, table in tomllib.loads(path.read_text("utf-8")).items()
}
# A check-in's own pages and panels, and those of the intake; what it shares is the same object.
PAGES = [*current().pages.values(), *check_in().pages.values()]
PANELS = {panel.id: panel for panel in (*check_in().panels, *current().panels)}


def joined(texts: list[str]) -> str:
    """One text of whole sentences: a title or an option counts as one."""
    tidy = [re.sub(r"\{\w+\}", "it", text).strip() for text in texts if text.strip()]
    return " ".join(text if re.search(r"[.!?…]$", text) else f"{text}." for text in tidy)


def texts_of_page(page: Page, language: Language, *, options: bool) -> list[str]:
    own = [page.title, page.intro, page.why]
    texts = [text[language] for text in own if text]
    texts += [check.text[language] for check in page.checks]
    for question in page.questions:
        if question.instrument is None:
            texts += texts_of_question(question, language, options=options)
    return texts


def texts_of_question(question: Question, language: Language, *, options: bool) -> list[str]:
    own: list[Text | None] = [question.text, question.hint, question.none_text]
    own += [text for column in question.columns for text in (column.text, column.hint)]
    texts = [text[language] for text in own if text]
    if options and question.id not in NOT_PROSE:
        texts += [option.text(language) for option in question.options]
        texts += [o.text(language) for column in question.columns for o in column.options]
    return texts


def texts_of_panel(panel: Panel, language: Language) -> list[str]:
    contacts = [current().contact[name] for name in panel.contacts]
    own = [panel.title, panel.lead, panel.told, *panel.steps]
    own += [text for contact in contacts for text in (contact.text, contact.call)]
    return [text[language] for text in own]


def texts_of_table(table: dict, language: Language) -> Iterator[str]:
    if isinstance(table.get(language), str):
        yield table[language]
    else:
        for part in table.values():
            yield from texts_of_table(part, language)


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e, ed or es at the end."""
    word = re.sub(r"[^a-z]", "", word.lower())
    count = len(re.findall(r"[aeiouy]+", word))
    silent = word.endswith("e") and not word.endswith("le")
    silent |= word.endswith("ed") and not word.endswith(("ted", "ded"))
    silent |= bool(re.search(r"[^aeiouysxzcgh]es$", word))
    return max(1, count - silent)


def flesch_kincaid(text: str) -> float:
    words = re.findall(r"[\w'’-]+", text)
    sentences = max(1, len(re.findall(r"[.!?…]+(?=\s|$)", text)))
    per_word = sum(map(syllables, words)) / len(words)
    return 0.39 * len(words) / sentences + 11.8 * per_word - 15.59


def spanish_ease(text: str) -> float:
    textstat.set_lang("es")
    return textstat.szigriszt_pazos(text)


def by_id(of: Page | Panel) -> str:
    return of.id


@pytest.mark.parametrize("options", [True, False], ids=["whole", "without options"])
@pytest.mark.parametrize("page", PAGES, ids=by_id)
def test_pages(page: Page, options: bool):
    assert flesch_kincaid(joined(texts_of_page(page, "en", options=options))) <= GRADE
    assert spanish_ease(joined(texts_of_page(page, "es", options=options))) >= EASY


@pytest.mark.parametrize("panel", PANELS.values(), ids=by_id)
def test_crisis_panels(panel: Panel):
    assert flesch_kincaid(joined(texts_of_panel(panel, "en"))) <= GRADE
    assert spanish_ease(joined(texts_of_panel(panel, "es"))) >= EASY


@pytest.mark.parametrize("name", TABLES)
def test_the_interface(name: str):
    assert flesch_kincaid(joined(list(texts_of_table(TABLES[name], "en")))) <= GRADE
    assert spanish_ease(joined(list(texts_of_table(TABLES[name], "es")))) >= EASY


HARD = (
    "Notwithstanding contraindications enumerated hereinafter, practitioners may administer "
    "anaesthetic medications intravenously."
)


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("The cat sat on the mat.", -1.45),
        ("Tell us which medicines you take. We ask everyone this.", 2.88),
        (HARD, 36.69),
    ],
)
def test_the_grade_of_sentences_whose_syllables_were_counted_by_hand(text: str, grade: float):
    assert flesch_kincaid(text) == pytest.approx(grade, abs=1.2)


def test_hard_spanish_is_seen():
    hard = "La administración intravenosa intrahospitalaria requiere monitorización hemodinámica."
    assert spanish_ease(hard) < EASY < spanish_ease("Díganos qué toma. Puede hablar aquí.")
