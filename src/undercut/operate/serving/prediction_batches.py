"""A table cut into batches of bounded size, with what can be answered set apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from undercut.core.tabular import Row, RowProblem

# Characters of a batch's cells: three batches are in memory at a time.
MOST_CHARACTERS: Final = 4_000_000


@dataclass(slots=True)
class Batch:
    """Consecutive records of a table.

    rows: (rows,) records that are passed on, empty texts included. texts: (texts,) those that are
    answered, and `positions` their places in `rows`. empty_lines: lines of the rows without text.
    problems: records that are left out.
    """

    rows: list[Row] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    empty_lines: list[int] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    characters: int = 0

    @property
    def records(self) -> int:
        """Records of the file that the batch stands for."""
        return len(self.rows) + len(self.problems)

    def add(self, row: Row, text: str) -> None:
        """Take a row in; one without text is passed on, but not answered."""
        if text and not text.isspace():
            self.positions.append(len(self.rows))
            self.texts.append(text)
        else:
            self.empty_lines.append(row.line)
        self.rows.append(row)
        for cell in row.values:
            if isinstance(cell, str):
                self.characters += len(cell)


def read_batches(
    records: Iterable[Row | RowProblem], text_position: int, column: str, *, batch_rows: int
) -> Iterator[Batch]:
    """Batches of at most `batch_rows` records, ended early where their cells are long.

    A cell of the text column that is neither a string nor missing makes its row a problem, as it
    does in training; so does a character that no file in UTF-8 can hold.
    """
    batch = Batch()
    for record in records:
        if isinstance(record, RowProblem):
            batch.problems.append(record)
        elif (problem := _problem(record, text_position, column)) is not None:
            batch.problems.append(RowProblem(record.line, problem))
        else:
            text = record.values[text_position]
            batch.add(record, text if isinstance(text, str) else "")
        if batch.records >= batch_rows or batch.characters >= MOST_CHARACTERS:
            yield batch
            batch = Batch()
    if batch.records:
        yield batch


def _problem(row: Row, text_position: int, column: str) -> str | None:
    text = row.values[text_position]
    if text is not None and not isinstance(text, str):
        return f"{column!r} holds a {type(text).__name__}, expected a string"
    for cell in row.values:
        if isinstance(cell, str) and not cell.isascii() and not _writable(cell):
            return "holds half of a surrogate pair, which UTF-8 cannot write"
    return None


def _writable(cell: str) -> bool:
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
