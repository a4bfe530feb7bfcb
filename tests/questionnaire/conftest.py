import pytest

from screening.questionnaire.definition import Questionnaire
from screening.questionnaire.loader import current


@pytest.fixture(scope="session")
def released() -> Questionnaire:
    """The released content."""
    return current()
