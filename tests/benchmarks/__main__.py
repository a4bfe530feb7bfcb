"""`./run bench [GOAL ...]`: each goal beside its floor, measured in the same run. Fails nothing.

Goals: 1 a page, 2 a saved page, 3 a page with errors, 4 the assessment, 5 the PDF, 6 the export
(CSV; a spreadsheet is not part of this release), 7 the start, 8 the queue, search and a record with
10,000 submissions. Five minutes on two quiet cores.
"""

import argparse
import time
from importlib import import_module

from .measure import Row, show

# Module, function, and the goals that it measures.
MEASURES = (
    ("pages", "measure", "13"),
    ("saving", "measure", "2"),
    ("clients", "measure_saves", "2"),
    ("assessing", "measure", "4"),
    ("pdf", "measure", "5"),
    ("beside", "measure", "5"),
    ("export", "measure", "6"),
    ("starting", "measure", "7"),
    ("queue", "measure", "8"),
)
GOALS = "12345678"


def main() -> None:
    words = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("./run bench", description=__doc__, formatter_class=words)
    parser.add_argument("goals", nargs="*", metavar="GOAL", choices=[*GOALS, []], help="1 to 8")
    wanted = parser.parse_args().goals or GOALS
    started = time.monotonic()
    rows = [row for row in measured(set(wanted)) if row.goal in wanted]
    show(sorted(rows, key=lambda row: row.goal))
    print("CPU time, medians of rounds in turn; by the clock where it says: of 100, a second.")
    print(f"Took {time.monotonic() - started:.0f} s.")


def measured(wanted: set[str]) -> list[Row]:
    """Each module is loaded when its turn comes, so that no side weighs on another."""
    rows: list[Row] = []
    for module, function, goals in MEASURES:
        if wanted & set(goals):
            rows += getattr(import_module(f".{module}", __package__), function)()
    return rows


if __name__ == "__main__":
    main()
