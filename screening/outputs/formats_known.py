"""The formats that submissions are exported in, in the order that they are offered.

A writer is imported when it writes: no page waits for the libraries of formats.
"""

from collections.abc import Mapping
from typing import BinaryIO

from .formats import Format, Source


def _csv(source: Source, out: BinaryIO) -> None:
    from .csv_export import write  # noqa: PLC0415

    write(source, out)


FORMATS: Mapping[str, Format] = {
    known.id: known for known in (Format("csv", "CSV", "csv", "text/csv; charset=utf-8", _csv),)
}
