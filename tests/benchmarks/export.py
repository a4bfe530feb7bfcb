"""Goal 6: CPU of the CSV export against the sqlite3 shell dumping the same cells of a plain table.

The store is filled with copies of the invented people, each with text of its own. The first export
works every line out and keeps it; later ones only fit kept lines together. Both run in a process of
their own, so that its memory is the export's.

Run: `python -m tests.benchmarks.export [COUNT]`, 100,000 submissions without COUNT: ten minutes,
most of them to fill the store. `./run bench 6` takes fewer.
"""

import csv
import itertools
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from screening.cli_data import fill
from screening.questionnaire.loader import current
from screening.storage import intakes, submissions
from screening.storage.database import Database
from screening.storage.vault import Keyring, Vault
from screening.workflows.export import EVERYTHING, export_csv
from screening.workflows.office import Office

from .measure import Row, show

GOAL = 1.55
GOAL_MB = 60
COUNT = 100_000
AT_ONCE = 500
ROUNDS = 5  # both sides in turn, the quickest of each
WORDS = ("sleep", "work", "again", "señal", "better", "“calm”", "days, nights", 'a "good" day')


def office(folder: Path) -> Office:
    keyring = Keyring.open(folder / "keys", database_has_rows=False)
    return Office(
        database=Database(f"sqlite:///{folder / 'screening.db'}"),
        keyring=keyring,
        vault=Vault(keyring),
        questionnaire=current(),
        zone=ZoneInfo("America/Los_Angeles"),
    )


def make_store(folder: Path, count: int) -> None:
    place = office(folder)
    place.database.migrate()
    fill(place)
    with place.database.read() as conn:
        found = submissions.all_submissions(conn, place.vault)
        documents = [submission.document for submission in found]
    rng = random.Random(1)
    left = count - len(documents)
    while left > 0:
        with place.database.write() as conn:
            for _ in range(min(AT_ONCE, left)):
                add(conn, place, one_more(rng, documents))
        left -= AT_ONCE
    place.database.checkpoint()
    place.database.close()


def one_more(rng: random.Random, documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Somebody like one of the invented people, with words of their own."""
    document = rng.choice(documents)
    words = " ".join(rng.choices(WORDS, k=rng.randint(0, 60)))
    own = {"first_name": f"Person {rng.random()}", "anything_else": f"I hope:\n{words}"}
    return document | {"answers": document["answers"] | own}


def add(conn: Any, place: Office, document: dict[str, Any]) -> None:
    version, digest = place.questionnaire.version, place.questionnaire.content_hash
    draft = intakes.create_draft(
        conn, place.vault, questionnaire=version, content_hash=digest, now=place.now()
    )
    submissions.submit(conn, place.vault, draft, document=document, card={}, now=place.now())


def export_once(folder: Path, out: Path) -> None:
    """Prints CPU seconds, MB before and MB at most. Runs in a process of its own."""
    place = office(folder)
    with place.database.read() as conn:
        next(iter(submissions.all_submissions(conn, place.vault)))
    before, started = megabytes(), time.process_time()
    with out.open("wb") as file:
        file.writelines(export_csv(place, "benchmark", EVERYTHING, "benchmark", "nobody"))
    print(time.process_time() - started, before, megabytes())


def megabytes() -> float:
    """The most memory that this process had at once. getrusage would count its parent's too."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measured(folder: Path, out: Path) -> tuple[float, float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.export", "--once", str(folder), str(out)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, before, most = map(float, done.stdout.split())
    return seconds, before, most


def make_plain(database: Path, exported: Path) -> None:
    """The same cells in a table of one column each, numbers as numbers."""
    with exported.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        header = next(lines)
        conn = sqlite3.connect(database)
        conn.execute(f"CREATE TABLE plain ({', '.join(quoted(name) for name in header)})")
        marks = ", ".join("?" for _ in header)
        for batch in batches(lines):
            conn.executemany(f"INSERT INTO plain VALUES ({marks})", batch)  # noqa: S608
        conn.commit()
        conn.close()


def batches(lines: Iterator[list[str]]) -> Iterator[list[list[str | int]]]:
    while batch := list(itertools.islice(lines, AT_ONCE)):
        yield [[int(c) if c.isdecimal() and len(c) < 5 else c for c in cells] for cells in batch]


def quoted(name: str) -> str:
    return f'"{name}"'


def dump(database: Path, out: Path) -> float:
    """CPU seconds of the shell."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with out.open("wb") as file:
        command = ["sqlite3", "-csv", "-header", str(database), "SELECT * FROM plain"]
        subprocess.run(command, stdout=file, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(folder: Path, count: int) -> list[Row]:
    make_store(folder, count)
    out = folder / "export.csv"
    first, *_ = measured(folder, out)
    make_plain(folder / "plain.db", out)
    rounds = [(measured(folder, out), dump(folder / "plain.db", out)) for _ in range(ROUNDS)]
    kept = min(seconds for (seconds, _, _), _ in rounds)
    shell = min(seconds for _, seconds in rounds)
    grown = max(most - before for (_, before, most), _ in rounds)
    a_line = 1e6 / count
    floor = {"floor": shell * a_line, "floor_name": "sqlite3 -csv, plain table", "unit": "µs"}
    return [
        Row("6", "CSV, a line, kept", kept * a_line, most=GOAL, **floor),
        Row("6", "CSV, a line, first time", first * a_line, most=GOAL, **floor),
        Row("6", "CSV, memory it takes", grown, 1, "1 MB", most=GOAL_MB, unit="MB"),
    ]


def measure(count: int = 10_000) -> list[Row]:
    if shutil.which("sqlite3") is None:
        print("goal 6 skipped: the sqlite3 shell is not installed (apt install sqlite3)")
        return []
    with tempfile.TemporaryDirectory() as folder:
        return compare(Path(folder), count)


def main() -> None:
    if sys.argv[1:2] == ["--once"]:
        export_once(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    count = int(sys.argv[1].replace(",", "")) if sys.argv[1:] else COUNT
    show(measure(count))


if __name__ == "__main__":
    main()
