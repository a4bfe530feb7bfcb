"""Goal 7: CPU from start to the first answered request, against importing what it stands on."""

from statistics import median

from .measure import Row, child_cpu_ms
from .people import environ, installation

BARE = "import flask, sqlalchemy, wtforms"
FIRST_PAGE = """
import sys, wsgi
answer = wsgi.app.test_client().get("/")
assert answer.status_code == 200, answer.status
assert "weasyprint" not in sys.modules
"""
ROUNDS = 7


def measure() -> list[Row]:
    with installation() as site:
        around = environ(site)
        sides: dict[str, list[float]] = {BARE: [], FIRST_PAGE: []}
        for number in range(ROUNDS + 1):
            for code, took in sides.items():
                spent = child_cpu_ms(code, around)
                if number:  # the first round compiles
                    took.append(spent)
    floor, ours = median(sides[BARE]), median(sides[FIRST_PAGE])
    return [Row("7", "start to first answer", ours, floor, BARE, most=2)]
