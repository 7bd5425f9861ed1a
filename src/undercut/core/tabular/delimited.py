"""CSV and TSV: real line numbers, and a broken quote costs one row instead of the rest."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from undercut.core.errors import InputError
from undercut.core.tabular.encoding import TextInfo, examine_text
from undercut.core.tabular.rows import Limits, Row, RowProblem, checked_columns
from undercut.core.tabular.source import Format, open_bytes

_DELIMITERS = (",", ";", "\t")
_SNIFFED_RECORDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DelimitedReader:
    """One CSV or TSV file whose first record holds the column names."""

    path: Path
    source: str
    text: TextInfo
    delimiter: str
    columns: tuple[str, ...]
    limits: Limits
    arrow_schema: None = None

    @property
    def encoding(self) -> str:
        return self.text.encoding

    @property
    def rows_at_most(self) -> int:
        return self.text.lines

    def rows(self, positions: tuple[int, ...]) -> Iterator[Row | RowProblem]:
        """The cells at `positions`; a record with a NUL or a wrong number of cells is a problem."""
        width = len(self.columns)
        everything = positions == tuple(range(width))
        check_nul = self.text.nuls > 0
        records = _records(
            self.path, self.text, self.delimiter, source=self.source, limits=self.limits
        )
        next(records, None)  # the header
        for record in records:
            if isinstance(record, RowProblem):
                yield record
            elif len(record.cells) != width:
                if width == 1 or len(record.cells) > 1 or record.cells[0].strip():
                    yield self._wrong_width(record)
            elif check_nul and any("\0" in cell for cell in record.cells):
                yield RowProblem(record.line, "holds a NUL character")
            elif everything:
                yield Row(record.line, tuple(record.cells))
            else:
                yield Row(record.line, tuple([record.cells[p] for p in positions]))

    def _wrong_width(self, record: _Record) -> RowProblem:
        return RowProblem(
            record.line,
            f"{len(record.cells)} cell{'s' if len(record.cells) != 1 else ''}, "
            f"expected {len(self.columns)}",
        )


def open_delimited(
    path: Path, *, source: str, format: Format, encoding: str | None, limits: Limits
) -> DelimitedReader:
    """Settle encoding, delimiter and columns. Raises InputError where there is no header."""
    text = examine_text(lambda: open_bytes(path, limits=limits), source=source, encoding=encoding)
    delimiter = "\t" if format == "tsv" else _sniff(path, text, source=source, limits=limits)
    header = next(_records(path, text, delimiter, source=source, limits=limits), None)
    if header is None:
        raise InputError("the file holds no rows", file=source)
    if isinstance(header, RowProblem):
        raise InputError(f"the header cannot be read: {header.what}", file=source, line=header.line)
    names = [name.strip() for name in header.cells]
    return DelimitedReader(
        path=path,
        source=source,
        text=text,
        delimiter=delimiter,
        columns=checked_columns(names, source=source, line=header.line, most=limits.columns),
        limits=limits,
    )


def _sniff(path: Path, text: TextInfo, *, source: str, limits: Limits) -> str:
    """The delimiter that gives most of the first records the width of the header; else a comma.

    Conservative: another delimiter has to beat the comma, so a file of one column stays one.
    """
    best, best_share = ",", 0.0
    for delimiter in _DELIMITERS:
        records = list(
            islice(_records(path, text, delimiter, source=source, limits=limits), _SNIFFED_RECORDS)
        )
        widths = [0 if isinstance(r, RowProblem) else len(r.cells) for r in records]
        if not widths or widths[0] < 2:
            continue
        share = sum(width == widths[0] for width in widths) / len(widths)
        if share > best_share:
            best, best_share = delimiter, share
    return best


class _Record(NamedTuple):
    line: int
    cells: list[str]


class _RunawayError(Exception):
    """A quoted cell that ran past the limits: its closing quote is missing."""


def _records(
    path: Path, text: TextInfo, delimiter: str, *, source: str, limits: Limits
) -> Iterator[_Record | RowProblem]:
    """Records with the line they start on, blank lines left out.

    Where the quoting is broken, the record's first line is reported and reading goes on at its
    second: without that, one stray quote would swallow rows up to the next one.
    """
    _allow_long_fields(limits.record_characters)
    binary = open_bytes(path, limits=limits)
    with io.TextIOWrapper(binary, encoding=text.encoding, newline="") as stream:
        lines = _Lines(stream, source=source, limits=limits)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            lines.start_record()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _RunawayError) as error:
                yield RowProblem(lines.first, f"broken quoting: {error}")
                lines.give_back()
                continue
            if cells:
                yield _Record(lines.first, cells)


def _allow_long_fields(characters: int) -> None:
    # The csv module's limit is one number for the whole process; it is only ever raised, and
    # `_Lines` keeps the real bound.
    if csv.field_size_limit() < characters:
        csv.field_size_limit(characters)


class _Lines:
    """Physical lines for csv.reader; remembers those of the current record to give them back."""

    def __init__(self, stream: io.TextIOWrapper, *, source: str, limits: Limits) -> None:
        self._stream = stream
        self._source = source
        self._limits = limits
        self._most = limits.record_characters
        self._record: list[str] = []
        self._record_characters = 0
        self._returned: deque[str] = deque()
        self.first = 1

    def start_record(self) -> None:
        self.first += len(self._record)
        self._record.clear()
        self._record_characters = 0

    def give_back(self) -> None:
        self._returned.extendleft(reversed(self._record[1:]))
        del self._record[1:]

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._stream.readline(self._most + 1)
        if not line:
            raise StopIteration
        self._record.append(line)
        self._record_characters += len(line)
        if len(line) > self._most:
            raise InputError(
                f"a line longer than {self._most} characters",
                file=self._source,
                line=self.first + len(self._record) - 1,
                hint="check that the file is a table with line breaks",
            )
        if self._record_characters > self._most or len(self._record) > self._limits.record_lines:
            raise _RunawayError("a quote is opened and not closed")
        return line
