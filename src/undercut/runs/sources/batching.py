"""Records in batches that are bounded in rows and in characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from undercut.build.data.documents import Document, Record
from undercut.runs.sources.page_reader import PageReader

BATCH_CHARACTERS = 8 * 2**20


class RecordReader(Protocol):
    """What a kind of source has to offer: its records one by one, from the top each time."""

    def records(self, pages: PageReader) -> Iterator[Record]:
        """pages: for readers that meet HTML."""
        ...


@dataclass(frozen=True, slots=True)
class BatchedSource:
    """The `Source` around a reader of records."""

    address: str
    rows_at_most: int | None
    reader: RecordReader
    page_seconds: float = 20.0

    def batches(self, rows: int = 1_024) -> Iterator[list[Record]]:
        """Lists of at most `rows` records and about `BATCH_CHARACTERS` characters."""
        with PageReader(seconds=self.page_seconds) as pages:
            yield from batched(self.reader.records(pages), rows=rows)


def batched(
    records: Iterable[Record], *, rows: int, characters: int = BATCH_CHARACTERS
) -> Iterator[list[Record]]:
    """Records in lists of at most `rows`, cut after the one that passes `characters`."""
    batch: list[Record] = []
    held = 0
    for record in records:
        batch.append(record)
        if isinstance(record, Document):
            held += len(record.text) + sum(map(len, record.extra.values()))
        if len(batch) >= rows or held >= characters:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
