"""The instruments hold together as data, and the medicines table hides no medicine that matters."""

import csv
import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise

import pytest

from screening.questionnaire.definition import Instrument, Question
from screening.questionnaire.loader import CURRENT, _instruments

OPTION_SETS = tomllib.loads((CURRENT / "questionnaire.toml").read_text("utf-8"))["option_sets"]
INSTRUMENTS, ITEMS = _instruments(CURRENT / "instruments", OPTION_SETS)
SUMMED = [i for i in INSTRUMENTS if i.scoring.method != "ladder"]
UNSCORED = {"phq9_10", "pcptsd5_gate"}
# What a rule or a derived name reads; another flag would never be noticed.
FLAGS = {
    "anticoagulant", "antihypertensive", "barbiturate", "benzodiazepine", "decongestant", "ergot",
    "gabapentinoid", "glp1", "maoi", "mood_stabiliser", "nmda", "opioid", "opioid_antagonist",
    "other_caution", "other_clear", "oxybate", "stimulant", "theophylline", "z_drug",
}  # fmt: skip
# The given row of this old combination carries no flag, although perphenazine alone does.
HIDES_KNOWINGLY = {"amitriptyline perphenazine"}

with (CURRENT / "medications.csv").open(encoding="utf-8", newline="") as file:
    MEDICINES = list(csv.DictReader(file))


def normal(name: str) -> str:
    """Case, accents, apostrophes and punctuation ignored."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", re.sub(r"['’]", "", letters)))


def names(row: dict[str, str]) -> list[str]:
    cells = (row["generic"], *row["brands"].split(";"), *row["also"].split(";"))
    return [normal(cell) for cell in cells if cell.strip()]


def flags(row: dict[str, str]) -> set[str]:
    return {flag for flag in row["flags"].split(";") if flag}


BY_NAME = {name: row for row in MEDICINES for name in names(row)}


def by_id(instrument: Instrument) -> str:
    return instrument.id


@pytest.mark.parametrize("instrument", SUMMED, ids=by_id)
@pytest.mark.parametrize("men", [False, True], ids=["anybody", "men"])
def test_bands_cover_the_range_without_gap_or_overlap(instrument: Instrument, men: bool) -> None:
    scoring = instrument.scoring
    assert scoring.range is not None
    bands = [band.men if men and band.men else (band.min, band.max) for band in scoring.bands]
    step = Decimal("0.1") if scoring.decimals else Decimal(1)
    assert (bands[0][0], bands[-1][1]) == scoring.range
    for (_, end), (start, _) in pairwise(bands):
        assert Decimal(str(start)) - Decimal(str(end)) == step


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=by_id)
def test_the_scored_items_are_the_items(instrument: Instrument) -> None:
    asked = [item.id for item in ITEMS[instrument.id] if item.id not in UNSCORED]
    assert list(instrument.scoring.items) == asked


def points(item: Question) -> list[int]:
    if item.kind == "choice":
        return [0, 1]
    return [int(option.id) for option in item.options]


@pytest.mark.parametrize("instrument", SUMMED, ids=by_id)
def test_the_range_is_what_the_options_can_reach(instrument: Instrument) -> None:
    scored = [item for item in ITEMS[instrument.id] if item.id in instrument.scoring.items]
    parts = len(scored) if instrument.scoring.method == "mean" else 1
    low, high = (sum(end(points(item)) for item in scored) / parts for end in (min, max))
    assert instrument.scoring.range == (low, high)


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=by_id)
def test_wording_is_offered_only_in_verified_languages(instrument: Instrument) -> None:
    languages = set(instrument.languages)
    assert set(instrument.stem) == languages
    assert set(instrument.why_english or {}) == {"en", "es"} - languages
    for item in ITEMS[instrument.id]:
        assert set(item.text) == languages, item.id
        assert set(item.hint or {}) <= languages, item.id
        assert set(item.thing) == {"en", "es"}, item.id
        assert all(("es" in languages) == bool(option.es) for option in item.options), item.id


def test_no_name_stands_for_two_medicines() -> None:
    counts = Counter(name for row in MEDICINES for name in names(row))
    assert [name for name, count in counts.items() if count > 1] == []


def test_every_medicine_is_filled_in() -> None:
    for row in MEDICINES:
        assert flags(row) <= FLAGS, row["generic"]
        assert row["class"], row["generic"]
        assert row["role"] in ("antidepressant", "augmenter", "other"), row["generic"]
        assert row["interaction"] in ("none", "note", "caution", "clear", "exclude"), row["generic"]
        if flags(row) - {"antihypertensive", "decongestant", "mood_stabiliser"}:
            assert row["interaction_note"], row["generic"]


def test_a_medicine_without_flags_never_hides_one_with_flags() -> None:
    """A longer name is taken before the names inside it, so "Tylenol Cold" must not be plain."""
    hidden = defaultdict(list)
    for row in MEDICINES:
        for name in [] if flags(row) else names(row):
            words = name.split()
            for start in range(len(words)):
                for end in range(start + 1, len(words) + 1):
                    inside = BY_NAME.get(" ".join(words[start:end]))
                    if inside and flags(inside):
                        hidden[name].append(inside["generic"])
    assert set(hidden) == HIDES_KNOWINGLY


EVERYDAY = [
    ("Tylenol", "acetaminophen"), ("aspirina", "aspirin low dose"), ("Panadol", "acetaminophen"),
    ("ibuprofeno", "ibuprofen"), ("Aleve", "naproxen"), ("Claritin", "loratadine"),
    ("zertec", "cetirizine"), ("Claritin-D", "pseudoephedrine"), ("sudaphed", "pseudoephedrine"),
    ("Flonase", "fluticasone nasal"), ("DayQuil", "acetaminophen-dextromethorphan-phenylephrine"),
    ("NYQUIL", "acetaminophen-dextromethorphan-doxylamine"), ("Tums", "antacid"),
    ("Mucinex DM", "guaifenesin-dextromethorphan"), ("omeprazol", "omeprazole"),
    ("vitamina D", "vitamin D"), ("B12", "vitamin B12"), ("multivitamin", "multivitamin"),
    ("hierro", "iron"), ("omega-3", "fish oil"), ("melatonina", "melatonin"),
    ("hierba de San Juan", "St John's wort"), ("birth control", "combined oral contraceptive"),
    ("Mirena", "levonorgestrel IUD"), ("testosterona", "testosterone"),
    ("levotiroxina", "levothyroxine"), ("metformina", "metformin"), ("ozempik", "semaglutide"),
    ("Basaglar", "insulin"), ("losartán", "losartan"), ("lisinipril", "lisinopril"),
    ("Hyzaar", "losartan-hydrochlorothiazide"), ("propanolol", "propranolol"),
    ("elequis", "apixaban"), ("warfarina", "warfarin"), ("Crestor", "rosuvastatin"),
    ("sertralina", "sertraline"), ("trazadone", "trazodone"), ("zanax", "alprazolam"),
    ("Rivotril", "clonazepam"), ("klonapin", "clonazepam"), ("Norco", "hydrocodone"),
    ("percoset", "oxycodone"), ("Tylenol #3", "codeine"), ("teofilina", "theophylline"),
    ("salbutamol", "albuterol"), ("amoxicilina", "amoxicillin"), ("gabapentina", "gabapentin"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "generic"), EVERYDAY)
def test_everyday_entries_are_recognised(typed: str, generic: str) -> None:
    assert BY_NAME[normal(typed)]["generic"] == generic


CARRIES = [
    ("Advil Cold & Sinus", {"decongestant"}), ("Allegra-D", {"decongestant"}),
    ("Theraflu", {"nmda", "decongestant"}), ("Tylenol Cold", {"nmda", "decongestant"}),
    ("Lovenox", {"anticoagulant"}), ("Lotrel", {"antihypertensive"}),
    ("Maxzide", {"antihypertensive"}), ("Bystolic", {"antihypertensive"}),
    ("Tafil", {"benzodiazepine"}), ("Librax", {"benzodiazepine"}), ("Ultracet", {"opioid"}),
    ("Ascomp", {"barbiturate", "opioid"}), ("Choledyl", {"theophylline"}), ("Sydolil", {"ergot"}),
    ("Uribel", {"maoi"}), ("Soliqua", {"glp1", "other_caution"}), ("Cosopt", {"other_clear"}),
    ("Redotex", {"stimulant", "benzodiazepine"}),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "carried"), CARRIES)
def test_combinations_carry_the_flags_of_their_parts(typed: str, carried: set[str]) -> None:
    assert carried <= flags(BY_NAME[normal(typed)])


@pytest.mark.parametrize("typed", ["blood pressure pill", "eye drops", "cold medicine", "inhaler"])
def test_a_vague_entry_stays_unrecognised_for_the_physician(typed: str) -> None:
    words = typed.split()
    spans = (" ".join(words[s:e]) for s in range(len(words)) for e in range(s + 1, len(words) + 1))
    assert not any(span in BY_NAME for span in spans)
