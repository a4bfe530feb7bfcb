"""Goal 6: CPU and memory of an export as a job, as CSV, against the bare floor.

The floor reads and decrypts every submission, takes its answers out of the JSON and writes them
with the csv module: no columns of options or groups, no codes for what is missing, no findings or
scores, nothing of staff's, and not sealed again. Both run in turn, each in a process of its own, so
that its memory is its own. Then a job is cancelled half-way, to see that it leaves nothing.

The store is filled with copies of the invented people, each with text of its own.

Run: `python -m tests.benchmarks.export [COUNT]`, 100,000 submissions without COUNT: ten minutes,
most of them to fill the store. `./run bench 6` takes fewer.
"""

import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

from screening.cli_data import fill
from screening.questionnaire.loader import current
from screening.storage import exports, intakes, submissions
from screening.storage.database import Database
from screening.storage.export_jobs import StoredJob
from screening.storage.exports import Wanted
from screening.storage.vault import Keyring, Vault
from screening.workflows import export_file, export_jobs
from screening.workflows.export_file import Options
from screening.workflows.office import Office

from .measure import Row, show

GOAL = 2
GOAL_MB = 60
COUNT = 100_000
AT_ONCE = 500
ROUNDS = 3  # both sides in turn, the quickest of each
ASKED = Options("benchmark", "nobody")
WORDS = ("sleep", "work", "again", "señal", "better", "“calm”", "days, nights", 'a "good" day')


def office(folder: Path) -> Office:
    keyring = Keyring.open(folder / "keys", database_has_rows=False)
    return Office(
        database=Database(f"sqlite:///{folder / 'screening.db'}"),
        keyring=keyring,
        vault=Vault(keyring),
        questionnaire=current(),
        instance=folder,
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


def job_once(place: Office) -> None:
    """A job from its beginning to its whole, sealed file."""
    job_id = export_jobs.ask(place, "benchmark", ASKED)
    export_jobs.make_waiting(place)
    assert _job(place, job_id).status == "done"
    export_jobs.cancel(place, "benchmark", job_id)


def floor_once(place: Office) -> None:
    """Read, decrypt, write with the csv module."""
    names = list(place.questionnaire.questions)
    with place.database.read() as conn, (place.instance / "floor.csv").open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["reference", *names])
        for found in exports.exported(conn, place.vault, Wanted(), ()):
            answers = json.loads(found.document_json)["answers"]
            writer.writerow([found.reference, *map(answers.get, names)])


def cancelled_once(place: Office) -> None:
    """Cancelled by another thread when half is looked at; progress has moved until then."""
    job_id = export_jobs.ask(place, "benchmark", ASKED)
    told: list[int] = []

    def cancel() -> None:
        while not told or 2 * told[-1] <= (_job(place, job_id).total or COUNT):
            told.append(_job(place, job_id).done)
            time.sleep(0.01)
        export_jobs.cancel(place, "benchmark", job_id)

    export_file.TELL_SECONDS = 0.02
    watcher = Thread(target=cancel)
    watcher.start()
    export_jobs.make_waiting(place)
    watcher.join()
    left = _job(place, job_id)
    files = [path.name for path in (place.instance / "exports").iterdir() if path.name != ".lock"]
    assert (left.status, left.wrapped_key, files) == ("cancelled", None, [])
    assert told == sorted(told)
    assert len(set(told)) > 2


def _job(place: Office, job_id: str) -> StoredJob:
    found = export_jobs.read(place, job_id)
    assert found
    return found


SIDES = {"job": job_once, "floor": floor_once, "cancelled": cancelled_once}


def once(side: str, folder: Path) -> None:
    """Prints CPU seconds, MB before and MB at most. Runs in a process of its own."""
    place = office(folder)
    with place.database.read() as conn:
        next(iter(submissions.all_submissions(conn, place.vault)))
    before, started = megabytes(), time.process_time()
    SIDES[side](place)
    print(time.process_time() - started, before, megabytes())


def megabytes() -> float:
    """The most memory that this process had at once. getrusage would count its parent's too."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measured(side: str, folder: Path) -> tuple[float, float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.export", "--once", side, str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    seconds, before, most = map(float, done.stdout.splitlines()[-1].split())
    return seconds, before, most


def compare(folder: Path, count: int) -> list[Row]:
    make_store(folder, count)
    rounds = [(measured("job", folder), measured("floor", folder)) for _ in range(ROUNDS)]
    ours = min(seconds for (seconds, _, _), _ in rounds)
    bare = min(seconds for _, (seconds, _, _) in rounds)
    grown = max(most - before for (_, before, most), _ in rounds)
    peak = max(most for (_, _, most), _ in rounds)
    measured("cancelled", folder)
    a_line, name = 1e6 / count, "read, decrypt, csv module"
    floor = {"floor": bare * a_line, "floor_name": name, "unit": "µs"}
    return [
        Row("6", "CSV as a job, a submission", ours * a_line, most=GOAL, **floor),
        Row("6", f"CSV, memory it takes (of {peak:.0f})", grown, 1, "1 MB", GOAL_MB, unit="MB"),
    ]


def measure(count: int = 10_000) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return compare(Path(folder), count)


def main() -> None:
    if sys.argv[1:2] == ["--once"]:
        once(sys.argv[2], Path(sys.argv[3]))
        return
    count = int(sys.argv[1].replace(",", "")) if sys.argv[1:] else COUNT
    show(measure(count))


if __name__ == "__main__":
    main()
