"""Where content stands, and which of its texts are missing in a language."""

from collections.abc import Iterator, Mapping

from .definition import (
    LANGUAGES,
    Instrument,
    Language,
    Option,
    Question,
    Questionnaire,
    Section,
    Text,
)

MAIN, RULES, CRISIS, MEDICINES = (
    "questionnaire.toml", "rules.toml", "crisis.toml", "medications.csv",
)  # fmt: skip
HREFS = ("tel:", "sms:", "https://")

Line = tuple[str, str, str]


def questions(questionnaire: Questionnaire) -> Iterator[tuple[str, Question]]:
    """Every question as it stands in the files, repeats included, with its file."""
    for section in questionnaire.sections:
        for question in section.questions:
            file = f"{question.instrument}.toml" if question.instrument else file_of(section)
            yield file, question


def file_of(section: Section) -> str:
    return f"{section.id}.toml"


def texts(questionnaire: Questionnaire) -> Iterator[Line]:
    q = questionnaire
    yield from _own(MAIN, "title", {"title": q.title})
    for section in q.sections:
        file = file_of(section)
        yield from _own(file, section.id, {"title": section.title})
        for page in section.pages:
            fields = {"title": page.title, "intro": page.intro, "why": page.why}
            yield from _own(file, page.id, fields)
            for check in page.checks:
                yield from _own(file, check.id, {"text": check.text})
    for file, question in questions(q):
        yield from _question_texts(file, question)
    for instrument in q.instruments:
        yield from _instrument_texts(f"{instrument.id}.toml", instrument)
    yield from _crisis_texts(q)


def _own(
    file: str,
    owner: str,
    texts: Mapping[str, Text | None],
    languages: tuple[Language, ...] = LANGUAGES,
) -> Iterator[Line]:
    """A text that is there must be there in each of the languages."""
    for name, text in texts.items():
        for language in languages:
            if text is not None and not text.get(language, "").strip():
                yield file, owner, f"{name} is missing in {language}"


def _question_texts(file: str, question: Question) -> Iterator[Line]:
    # A part of an instrument that has no verified translation is shown in English.
    worded = {"text": question.text} | ({} if question.instrument else {"hint": question.hint})
    ours = {
        "thing": question.thing,
        "none_text": question.none_text,
        "row_text": question.row_text,
    }
    yield from _own(file, question.id, worded, question.languages)
    yield from _own(file, question.id, ours)
    yield from _option_texts(file, question.id, question.options, question.languages)
    for column in question.columns:
        name = f"{question.id}.{column.id}"
        yield from _own(file, name, {"text": column.text, "hint": column.hint})
        yield from _option_texts(file, name, column.options, LANGUAGES)
    if not question.label.strip():
        yield file, question.id, "the label is empty"


def _option_texts(
    file: str, owner: str, options: tuple[Option, ...], languages: tuple[Language, ...]
) -> Iterator[Line]:
    for option in options:
        text: Text = {"en": option.en, "es": option.es or ""}
        yield from _own(file, owner, {f"option {option.id}": text}, languages)
    for language in languages:
        shown = [option.text(language) for option in options]
        for text_shown in sorted({t for t in shown if shown.count(t) > 1}):
            yield file, owner, f"two options read {text_shown!r} in {language}"


def _instrument_texts(file: str, instrument: Instrument) -> Iterator[Line]:
    worded = {"stem": instrument.stem, "help": instrument.help, "recall": instrument.recall}
    yield from _own(file, instrument.id, worded, instrument.languages)
    for item, ends in instrument.anchors.items():
        texts: dict[str, Text | None] = {"low anchor": ends[0], "high anchor": ends[1]}
        yield from _own(file, item, texts, instrument.languages)
    for language in LANGUAGES:
        why = (instrument.why_english or {}).get(language, "")
        if language not in instrument.languages and not why.strip():
            reason = f"has no {language}: why_english must say so in {language}"
            yield file, instrument.id, reason


def _crisis_texts(questionnaire: Questionnaire) -> Iterator[Line]:
    for contact in questionnaire.contacts:
        fields = {"text": contact.text, "call": contact.call, "href": contact.href}
        yield from _own(CRISIS, contact.id, fields)
        for href in contact.href.values():
            if not href.startswith((*HREFS, "{")):
                yield CRISIS, contact.id, f"href {href!r} is none of {', '.join(HREFS)}"
    for panel in questionnaire.panels:
        steps = {f"step {n}": step for n, step in enumerate(panel.steps, 1)}
        texts = {"title": panel.title, "lead": panel.lead, "told": panel.told, **steps}
        yield from _own(CRISIS, panel.id, texts)
