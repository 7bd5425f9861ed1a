"""What every table reader yields: rows, or what was wrong with one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeAlias

from undercut.core.errors import ConfigError, InputError

# Text formats give str; JSONL and Parquet also None, numbers, booleans, dates, lists and objects.
Cell: TypeAlias = object


class Row(NamedTuple):
    """One record: its 1-based line (record number in Parquet and saved data sets) and its cells."""

    line: int
    values: tuple[Cell, ...]


class RowProblem(NamedTuple):
    """A record that could not be read; the records after it still are."""

    line: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that keep a hostile or broken file from filling memory or running for ever.

    record_characters: longest record (a line, a quoted cell with its line breaks, a cell).
    record_lines: most lines that one quoted CSV record may span.
    columns: most columns of a table.
    gzip_ratio: most bytes out per byte in, once `gzip_free_bytes` have come out.
    """

    record_characters: int = 64 * 2**20
    record_lines: int = 20_000
    columns: int = 10_000
    gzip_ratio: int = 400
    gzip_free_bytes: int = 256 * 2**20


class TableReader(Protocol):
    """One open-able table; `rows` starts from the top each time it is called."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def encoding(self) -> str | None: ...

    @property
    def rows_at_most(self) -> int | None: ...

    @property
    def arrow_schema(self) -> Any | None:
        """The `pyarrow.Schema` of the rows yielded, None for text formats."""
        ...

    def rows(self, positions: tuple[int, ...]) -> Iterator[Row | RowProblem]:
        """The cells at `positions` of `columns`, in that order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RowStream:
    """A table read row by row; iterating again starts again from the top.

    source: path as the user gave it. columns: names of the cells of each row, in order.
    encoding: codec of a text format, None for Parquet and saved data sets.
    rows_at_most: upper bound of the number of records, for progress.
    """

    source: str
    format: str
    columns: tuple[str, ...]
    encoding: str | None
    rows_at_most: int | None
    reader: TableReader

    def __iter__(self) -> Iterator[Row | RowProblem]:
        names = self.reader.columns
        return self.reader.rows(tuple(names.index(column) for column in self.columns))

    def batches(self, rows: int) -> Iterator[list[Row | RowProblem]]:
        """The same in lists of at most `rows` records."""
        records = iter(self)
        while batch := list(islice(records, rows)):
            yield batch

    def select(self, columns: Sequence[str]) -> RowStream:
        """Only the named columns, in the given order; the others are not loaded.

        Raises ConfigError where the file has no such column.
        """
        for column in columns:
            require_column(column, self.reader.columns, source=self.source)
        return replace(self, columns=tuple(columns))


def require_column(column: str, found: Sequence[str], *, source: str) -> None:
    """Raise ConfigError, listing the columns found, unless `column` is among them."""
    if column in found:
        return
    close = get_close_matches(column.casefold(), [name.casefold() for name in found], n=1)
    meant = [name for name in found if close and name.casefold() == close[0]]
    raise ConfigError(
        f"{source}: no column {column!r}; columns found: {list_columns(found)}",
        hint=f"did you mean {meant[0]!r}?" if meant else "name one of the columns found",
    )


def checked_columns(
    names: Sequence[str], *, source: str, line: int | None = None, most: int | None = None
) -> tuple[str, ...]:
    """The header as a tuple.

    Raises InputError where two columns share a name, none exists, or there are more than `most`.
    """
    if not names:
        raise InputError("no columns found", file=source, line=line)
    if most is not None and len(names) > most:
        raise InputError(
            f"{len(names):,} columns, expected at most {most:,}",
            file=source,
            line=line,
            hint="check the delimiter, or keep the columns with text and label only",
        )
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise InputError(
            f"column names must differ, got more than one of: {list_columns(repeated)}",
            file=source,
            line=line,
            hint="rename or remove the repeated columns; the first line must hold the column names",
        )
    return tuple(names)


def list_columns(names: Sequence[str], *, most: int = 20) -> str:
    """Column names for a message, shortened where there are many or where they are long."""
    shown = ", ".join(repr(n if len(n) <= 40 else n[:37] + "...") for n in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
