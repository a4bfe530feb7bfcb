"""A FHIR R4 QuestionnaireResponse read as answers of ours, to be judged like any others.

Nothing is guessed: what does not fit is named, and what is not there is not answered. An answer
that says why it is not there (data-absent-reason) is "discuss" or "unsure", never "no".
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from ..outputs.fhir import tables
from ..outputs.fhir.questionnaire import questionnaire_resource, url
from ..questionnaire.answers import DISCUSS
from ..questionnaire.definition import Column, Question, Questionnaire
from . import fhir_shape
from .fhir_items import Names
from .fhir_names import Json, NotSupportedError, value_of
from .fhir_questionnaire import Loaded, load

_SAID_WHY = {code: answer for answer, code in tables.ABSENT_REASONS.items()}


def responses_in(resource: Json) -> list[Json]:
    """The responses of a resource: itself, or those of a Bundle."""
    entries = resource.get("entry")
    held = [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    inside = (entry.get("resource") for entry in held)
    found = [one for one in (resource, *inside) if isinstance(one, dict)]
    return [one for one in found if one.get("resourceType") == "QuestionnaireResponse"]


def answers_of(response: Json, loaded: Loaded) -> dict[str, Any]:
    """The answers, not judged yet. Raises NotSupportedError with what cannot be read."""
    fhir_shape.check(response)
    if response.get("status") == "entered-in-error":
        raise NotSupportedError(["-: it was entered in error, as it says itself"])
    reader = _Reader(loaded.questionnaire, loaded.names)
    reader.read(response.get("item", ()))
    if reader.wrong:
        raise NotSupportedError(reader.wrong)
    return reader.answers


def of_ours(response: Json, questionnaire: Questionnaire) -> dict[str, Any]:
    """The answers of a response to this questionnaire of ours.

    Raises NotSupportedError also for a response to another one, or another version of it."""
    named = str(response.get("questionnaire", ""))
    address, _, version = named.partition("|")
    if address != url(questionnaire) or version not in ("", questionnaire.version):
        wanted = f"{url(questionnaire)}|{questionnaire.version}"
        raise NotSupportedError([f"-: it answers {named or 'no questionnaire'}, not {wanted}"])
    return answers_of(response, _names_of_ours(questionnaire))


@lru_cache(maxsize=16)
def _names_of_ours(questionnaire: Questionnaire) -> Loaded:
    """Our own names for what we wrote, with the questions as they are, not as they were read."""
    return Loaded(questionnaire, load(questionnaire_resource(questionnaire)).names)


class _Reader:
    def __init__(self, questionnaire: Questionnaire, names: Names) -> None:
        self.questionnaire = questionnaire
        self.names = names
        self.answers: dict[str, Any] = {}
        self.wrong: list[str] = []

    def read(self, items: Sequence[Json]) -> None:
        for item in items:
            link_id = str(item.get("linkId", ""))
            if link_id in self.names.nones:
                self._none(item, link_id)
            elif link_id in self.names.questions:
                self._question(item, link_id)
            elif item.get("answer") and not self._is_left_out(link_id):
                self.wrong.append(f"{link_id}: no question of the form")
            else:
                self.read(item.get("item", ()))

    def _is_left_out(self, link_id: str) -> bool:
        """A total: it is worked out here again."""
        return link_id.endswith(".total")

    def _none(self, item: Json, link_id: str) -> None:
        if [answer.get("valueBoolean") for answer in item.get("answer", ())] == [True]:
            question, _ = self.names.questions[self.names.nones[link_id]]
            if self.answers.setdefault(question, []):
                self.wrong.append(f"{link_id}: says that there are none, beside rows")

    def _question(self, item: Json, link_id: str) -> None:
        name, column = self.names.questions[link_id]
        question = self.questionnaire.questions[name]
        if question.kind == "group":
            if item.get("answer") or column:
                self.wrong.append(f"{link_id}: is answered beside its rows")
            if self.answers.get(name) == []:
                self.wrong.append(f"{link_id}: has rows, and says that there are none")
            self.answers.setdefault(name, []).append(self._row(item, question))
            return
        if name in self.answers:
            self.wrong.append(f"{link_id}: is answered twice")
            return
        found = list(self._values(item, link_id, question))
        if not found:
            return
        if question.kind != "choices" and len(found) > 1:
            self.wrong.append(f"{link_id}: has more than one answer")
            return
        self.answers[name] = found if _is_list(question, found) else found[0]
        for answer in item.get("answer", ()):
            self.read(answer.get("item", ()))

    def _values(self, item: Json, link_id: str, question: Question) -> Iterator[Any]:
        if said := _said_why(item):
            yield said
            return
        for answer in item.get("answer", ()):
            value = self._value(answer, link_id, question)
            if value is not None:
                yield value

    def _value(self, answer: Json, link_id: str, question: Question | Column) -> Any:
        value = next((answer[key] for key in answer if key.startswith("value")), None)
        if isinstance(value, dict) and (said := _said_why(value)):
            return said
        if not question.options:
            return value
        name, column = self.names.questions[link_id]
        asked = (f"{name}.{column}" if column else name, _code(value))
        option = self.names.options.get(asked)
        system = value.get("system") if isinstance(value, dict) else None
        if option is None or system not in (None, self.names.systems.get(asked, system)):
            self.wrong.append(f"{link_id}: has no such option: {_code(value)!r}")
        return int(option) if option is not None and question.kind == "scale" else option

    def _row(self, item: Json, group: Question) -> dict[str, Any]:
        cells: dict[str, Any] = {}
        columns = {column.id: column for column in group.columns}
        for cell in item.get("item", ()):
            link_id = str(cell.get("linkId", ""))
            owner, column = self.names.questions.get(link_id, ("", None))
            if column not in columns or owner != group.id:
                self.wrong.append(f"{link_id}: no column of {group.id}")
                continue
            for answer in cell.get("answer", ()):
                if column in cells:
                    self.wrong.append(f"{link_id}: has more than one answer in a row")
                cells[column] = self._value(answer, link_id, columns[column])
        return cells


def _said_why(element: Json) -> str | None:
    why = value_of(element, tables.ABSENT)
    return _SAID_WHY.get(why) if isinstance(why, str) else None


def _code(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return str(value.get("code", value.get("display", "")))
    return str(value)


def _is_list(question: Question, found: Sequence[Any]) -> bool:
    return question.kind == "choices" and found[0] != DISCUSS
