"""CPU of several sides, measured in turn, and the table that it ends in.

A busy machine slows all sides of a round alike, so ratios within one run say more than figures.
"""

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median

ROUNDS = 11
COLUMNS = "{:<5}{:<34}{:>11}{:>11}{:>10}{:>7}  {}"


@dataclass(frozen=True)
class Row:
    """One goal: ours / floor is to be at most `most`, or with `least` at least that.

    `floor_name` says what the floor does; figures are in `unit`.
    """

    goal: str
    what: str
    ours: float
    floor: float
    floor_name: str
    most: float | None = None
    least: float | None = None
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        return self.ours / self.floor

    @property
    def met(self) -> bool:
        enough = self.least is None or self.ratio >= self.least
        return enough and (self.most is None or self.ratio <= self.most)


@dataclass(frozen=True)
class Side:
    """`act` is called `times` a round, and once more to warm up; `before` runs ahead of it all."""

    act: Callable[[], object]
    times: int = 20
    before: Callable[[], object] = lambda: None


def medians(sides: Mapping[str, Side], rounds: int = ROUNDS) -> dict[str, float]:
    """CPU ms of one call of each side: the median of rounds in which they take turns."""
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            side.before()
            took = _cpu_ms(side)
            if number:  # the first round fills the caches
                spent[name].append(took)
    return {name: median(times) for name, times in spent.items()}


def _cpu_ms(side: Side) -> float:
    gc.collect()
    side.act()
    start = time.process_time()
    for _ in range(side.times):
        side.act()
    return (time.process_time() - start) / side.times * 1000


def child_cpu_ms(code: str, environ: Mapping[str, str]) -> float:
    """CPU ms of a Python process that runs `code`. Raises RuntimeError when it fails."""
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, env=dict(environ), stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise RuntimeError(f"the process ended with {process.returncode}")
    return (used.ru_utime + used.ru_stime) * 1000


def show(rows: Iterable[Row]) -> None:
    """Print the table."""
    print(COLUMNS.format("goal", "what", "ours", "floor", "ratio", "goal", ""))
    for row in rows:
        print(
            COLUMNS.format(
                row.goal,
                row.what,
                _figure(row.ours, row.unit),
                _figure(row.floor, row.unit),
                f"{row.ratio:.3g}",
                f"≤{row.most:g}" if row.least is None else f"≥{row.least:g}",
                f"{'met' if row.met else 'NOT MET':<8} floor: {row.floor_name}",
            )
        )


def _figure(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
