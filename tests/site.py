"""One installation under test: the app on a store of its own, a clock to move, a look inside."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from screening.questionnaire.definition import Questionnaire
from screening.storage import alerts, intakes, submissions
from screening.storage.alerts import StoredAlert
from screening.storage.intakes import AUDIT, INTAKES, SAVES, StoredIntake
from screening.storage.submissions import StoredSubmission
from screening.workflows import export_file
from screening.workflows import intake as intake_flow
from screening.workflows.export import EVERYTHING, Filters
from screening.workflows.export_file import Options
from screening.workflows.office import Office
from screening.workflows.progress import Progress

from .builders import TODAY, person
from .walker import Walker

NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 20, tzinfo=UTC)  # noon at the clinic


class Clock:
    """The office's clock, standing until it is moved."""

    def __init__(self, office: Office, moment: datetime = NOON):
        self.moment = moment
        object.__setattr__(office, "now", lambda: self.moment)

    def wait(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass(frozen=True)
class Site:
    app: Flask
    clock: Clock

    @property
    def office(self) -> Office:
        found: Office = self.app.extensions["office"]
        return found

    @property
    def questionnaire(self) -> Questionnaire:
        return self.office.questionnaire

    def walker(self, **who: str) -> Walker:
        """Somebody at a browser of their own, on the start page; see Walker for `who`."""
        return Walker(self.app.test_client(), **who).open("/")

    def walker_at(self, page_id: str, **changes: Any) -> Walker:
        """Somebody who filled in everything before this page (as the candidate, with changes)."""
        answers = person(**changes)
        if not self._comes_after_the_code(page_id):
            return self.walker().walk(answers, until=page_id)
        code = intake_flow.new_code_for(self.office, self.start(answers, until=page_id))
        walker = self.walker().resume(code, answers["date_of_birth"])
        walker.code = code
        return walker.open(f"/{page_id}" if page_id == "check" else f"/form/{page_id}")

    def _comes_after_the_code(self, page_id: str) -> bool:
        numbers = self.questionnaire.page_number
        return page_id == "check" or numbers[page_id] > numbers["date-of-birth"]

    def start(self, answers: Mapping[str, Any], until: str) -> str:
        """An unfinished intake that answers the pages before this one; returns its id."""
        intake = None
        for page in self.questionnaire.pages.values():
            if page.id == (until if until != "check" else "sign"):
                break
            here = {q.id: answers[q.id] for q in page.questions if q.id in answers}
            # A page that asks nothing is not shown, so it is not saved.
            if Progress(intake_flow.facts_of(self.office, intake), ()).is_asked(page):
                intake_id = intake.id if intake else None
                saved = intake_flow.save_page(self.office, intake_id, page, here, revision=None)
                intake = saved.intake
        assert intake is not None
        return intake.id

    # What the store holds

    def intakes(self) -> list[StoredIntake]:
        with self.office.database.read() as conn:
            ids = conn.execute(select(INTAKES.c.id).order_by(INTAKES.c.created_at)).scalars()
            found = [intakes.read_draft(conn, self.office.vault, intake_id) for intake_id in ids]
        return [intake for intake in found if intake]

    @property
    def intake(self) -> StoredIntake:
        """The only one."""
        (found,) = self.intakes()
        return found

    @property
    def answers(self) -> dict[str, Any]:
        """Those of the only unfinished intake."""
        return self.intake.merged

    def saves(self) -> int:
        with self.office.database.read() as conn:
            return len(conn.execute(select(SAVES.c.revision)).all())

    def alerts(self) -> list[StoredAlert]:
        with self.office.database.read() as conn:
            return alerts.open_alerts(conn, self.office.vault)

    def alerted(self) -> list[list[str]]:
        """The rules of each open alert."""
        return [alert.detail["rules"] for alert in self.alerts()]

    def submissions(self) -> list[StoredSubmission]:
        with self.office.database.read() as conn:
            return list(submissions.all_submissions(conn, self.office.vault))

    def exported(self, filters: Filters = EVERYTHING, **asked: Any) -> bytes:
        """The file of an export, made at once; `asked` as of `Options`."""
        out = io.BytesIO()
        options = Options("a proof", "nobody", filters=filters, **asked).checked()
        export_file.make(self.office, options, out, begun=lambda _: None, tell=lambda *_: None)
        return out.getvalue()

    def exported_rows(self, filters: Filters = EVERYTHING, **asked: Any) -> list[dict[str, str]]:
        """The lines of a CSV file."""
        text = self.exported(filters, **asked).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    def actions(self) -> list[str]:
        """What the audit names, in order."""
        with self.office.database.read() as conn:
            return list(conn.execute(select(AUDIT.c.action).order_by(AUDIT.c.id)).scalars())
