"""To whom a patient's data went: exports, letters, summaries; not what is no disclosure."""

from datetime import timedelta

from screening.storage import export_jobs, submissions
from screening.storage.accounts import ADMIN, PHYSICIAN
from screening.storage.export_jobs import Included, StoredJob
from screening.workflows import letters, signing
from screening.workflows.export_file import Options
from screening.workflows.intake import submit_answers
from screening.workflows.letters import Draft
from tests.builders import person
from tests.site import Site

from .desk import Desk, hire


def fetched(site: Site, *submission_ids: int, ago: float = 0, **options: object) -> None:
    """An export with these submissions that somebody fetched so many days ago."""
    included = Included()
    for one in submission_ids:
        included.add(one)
    at = site.clock.moment - timedelta(days=ago)
    said = Options("Yearly review", "Dr. Vale", **options).as_json()  # type: ignore[arg-type]
    with site.office.database.write() as conn:
        job = StoredJob(f"{ago}-{len(submission_ids)}-{options}"[:32], "user:1", at, said)
        export_jobs.add_fetched(conn, job, at=at, rows=1, included=included.packed())


def keep_file(site: Site, reference: str, kind: str, paper: str) -> None:
    with site.office.database.write() as conn:
        vault = site.office.vault
        found = submissions.submission_by_reference(conn, vault, reference)
        assert found
        said = {"kind": kind, "paper": paper, "content": b"%PDF", "now": site.clock.moment}
        submissions.store_document(conn, vault, found, **said)  # type: ignore[arg-type]


def rows(desk: Desk) -> list[list[str]]:
    found = desk.soup.select("table.disclosures tbody tr")
    return [
        [cell.get_text(" ", strip=True) for cell in row.find_all(("th", "td"))] for row in found
    ]


def test_what_left_the_clinic_is_told_for_one_patient(site: Site) -> None:
    here, other = (submit_answers(site.office, person()) for _ in range(2))
    physician = hire(site, PHYSICIAN)
    fetched(site, here.submission_id, other.submission_id, ago=3)
    fetched(site, other.submission_id, ago=2)
    fetched(site, here.submission_id, ago=1, deidentified=True)
    fetched(site, here.submission_id, ago=6 * 365 + 10)
    signer = f"user:{physician.id}"
    wanted = signing.Wanted("not-now", "Asked to wait.")
    signing.sign(site.office, signer, here.reference, wanted, 0)
    for number, to in ((2, "clinician"), (3, "patient")):
        draft = Draft(to, "en", 1, "Your patient", "Dr. Ash\n1 Elm Street", "Text.")
        kept = letters.keep(site.office, signer, here.reference, draft)
        assert kept.number == number
        keep_file(site, here.reference, "letter", letters.file_key(site.office.paper, number))
        letters.file(site.office, signer, here.reference, number)
    desk = Desk(site).sign_in(physician)
    keep_file(site, here.reference, "pdf", "letter-1")
    assert desk.open(f"/staff/intakes/{here.reference}/letter.pdf").status == 200
    desk.open(f"/staff/intakes/{here.reference}/disclosures")
    told = [row[1:] for row in rows(desk)]
    assert sorted(told) == [
        ["Dr. Ash, 1 Elm Street", "Letter: Your patient", "Treatment", "Robin Physician"],
        [
            "Dr. Vale",
            "Export, CSV: all answers and results, with the name",
            "Yearly review",
            "Robin Physician",
        ],
        ["Not recorded", "Summary as a PDF", "Not recorded", "Robin Physician"],
    ]
    assert "disclosures.viewed" in site.actions()
    assert "November 20, 2026" in rows(desk)[-1][0]


def test_the_command_prints_the_same(site: Site) -> None:
    receipt = submit_answers(site.office, person())
    fetched(site, receipt.submission_id)
    done = site.app.test_cli_runner().invoke(args=["disclosures", receipt.reference.lower()])
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"2026-11-23 12:00 | {receipt.reference} | Dr. Vale | Export")
    assert site.app.test_cli_runner().invoke(args=["disclosures", "AAAA-AAAA"]).exit_code == 1


def test_only_physicians_open_it_and_nothing_is_said_as_nothing(site: Site) -> None:
    reference = submit_answers(site.office, person()).reference
    address = f"/staff/intakes/{reference}/disclosures"
    desk = Desk(site).sign_in(hire(site, PHYSICIAN))
    assert "Nothing was disclosed." in desk.open(address).text
    assert desk.open("/staff/intakes/AAAA-AAAA/disclosures").status == 404
    assert Desk(site).sign_in(hire(site, ADMIN)).open(address).status == 403
