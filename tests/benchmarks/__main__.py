"""`./run bench [GOAL ...]`: each goal beside its floor, measured in the same run. Fails nothing."""

import argparse
import importlib
import time

from .measure import Row, show

# What measures a goal, by the goal's number.
MODULES = {
    "1": ("pages",),
    "2": ("saving",),
    "3": ("pages",),
    "4": ("assessing",),
    "7": ("starting",),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("goals", nargs="*", metavar="GOAL", help=f"of {' '.join(MODULES)}")
    wanted = parser.parse_args().goals or list(MODULES)
    unknown = set(wanted) - set(MODULES)
    if unknown:
        parser.error(f"no such goal: {', '.join(sorted(unknown))}")
    started = time.monotonic()
    show(row for row in measured(wanted) if row.goal in wanted)
    print(f"CPU, medians of rounds in turn; {time.monotonic() - started:.0f} s")


def measured(wanted: list[str]) -> list[Row]:
    names = dict.fromkeys(name for goal in wanted for name in MODULES[goal])
    return [
        row for name in names for row in importlib.import_module(f".{name}", __package__).measure()
    ]


if __name__ == "__main__":
    main()
