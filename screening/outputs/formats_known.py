"""The formats that submissions are exported in, in the order that they are offered.

A writer is imported when it writes: no page waits for the libraries of formats.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import BinaryIO

from .formats import Format, Source

Write = Callable[[Source, BinaryIO], None]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"


def _in(module: str) -> Write:
    """The function `write` of a module of this package."""

    def write(source: Source, out: BinaryIO) -> None:
        import_module(module, __package__).write(source, out)

    return write


_ALL = (
    Format("csv", "CSV", "csv", "text/csv; charset=utf-8", _in(".csv_export"), one_kind=True),
    Format("xlsx", "Excel (XLSX)", "xlsx", XLSX, _in(".flat.xlsx"), walks=3),
    Format("ndjson", "NDJSON", "ndjson", "application/x-ndjson", _in(".flat.ndjson")),
    Format(
        "redcap", "REDCap", "zip", "application/zip", _in(".flat.redcap"), one_kind=True, walks=2
    ),
    Format("fhir", "FHIR R4", "json", "application/fhir+json", _in(".fhir.bundle")),
    Format("parquet", "Parquet", "parquet", PARQUET, _in(".flat.parquet"), one_kind=True),
)
# Formats whose library is not installed are not offered; this is said to whoever asks for them.
MISSING: Mapping[str, str] = (
    {}
    if find_spec("pyarrow")
    else {"parquet": "Parquet needs pyarrow: .venv/bin/pip install 'pyarrow>=26,<27'"}
)
FORMATS: Mapping[str, Format] = {known.id: known for known in _ALL if known.id not in MISSING}
