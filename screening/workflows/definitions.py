"""The questionnaire that an intake answered, also when it is no longer the one in use."""

from dataclasses import replace
from functools import lru_cache

from sqlalchemy import Connection

from ..questionnaire.definition import Questionnaire
from ..storage.intakes import read_definition
from .office import Office


def definition_of(conn: Connection, office: Office, content_hash: str) -> Questionnaire:
    """Raises LookupError when it was never stored."""
    if content_hash == office.questionnaire.content_hash:
        return office.questionnaire
    if content_hash == office.check_in().content_hash:
        return office.check_in()
    kept = read_definition(conn, content_hash)
    if kept is None:
        raise LookupError(f"the definition {content_hash} is not stored")
    return _parsed(kept)


def at_version(conn: Connection, office: Office, content_hash: str) -> Office:
    """The office as it asks and judges under this definition. Raises LookupError."""
    if content_hash == office.questionnaire.content_hash:
        return office
    return replace(office, questionnaire=definition_of(conn, office, content_hash))


@lru_cache(maxsize=8)
def _parsed(document: str) -> Questionnaire:
    return Questionnaire.model_validate_json(document)
