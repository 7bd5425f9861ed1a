"""CSV rows cut out of a stream: the column `text` (or the one named, or the only one), and `id`."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from undercut.operate.serving.http.batch_records import (
    Fault,
    Lines,
    Record,
    checked,
    longest_record_bytes,
    too_long,
)
from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.refusal import Refusal

_TEXT, _ID = "text", "id"


class CsvReader:
    """Rows after a header row (RFC 4180); a quoted field may hold line ends.

    A quote that is never closed ends with the longest record, and the next line starts anew.
    Raises Refusal 422 where the header names no column of texts.
    """

    def __init__(self, limits: HttpLimits, text_column: str | None) -> None:
        # the limit belongs to the whole process: it is only ever raised
        csv.field_size_limit(max(csv.field_size_limit(), longest_record_bytes(limits)))
        self._limits = limits
        self._longest_bytes = longest_record_bytes(limits)
        self._lines = Lines(self._longest_bytes)
        self._wanted = text_column
        self._header: list[str] | None = None
        self._text_index = 0
        self._id_index: int | None = None
        self._open: list[bytes] = []
        self._open_bytes = 0
        self._open_line = 1
        self._quoted = False
        self._position = 0

    def feed(self, data: bytes) -> Iterator[Record]:
        """Records that are complete with these bytes."""
        for number, line in self._lines.feed(data):
            yield from self._line(number, line)

    def end(self) -> Iterator[Record]:
        """A last row without an end; a quote that was never closed is a fault."""
        for number, line in self._lines.end():
            yield from self._line(number, line)
        if self._open:
            yield self._faulty(Fault("invalid_csv", "a quoted field is never closed"))
        elif self._header is None:
            raise _no_header("the body is empty")

    def _line(self, number: int, line: bytes | None) -> Iterator[Record]:
        if not self._open:
            self._open_line, self._open_bytes, self._quoted = number, 0, False
        if line is None:
            yield self._faulty(too_long())
            return
        self._open.append(line)
        self._open_bytes += len(line) + 1
        self._quoted = ends_quoted(line, quoted=self._quoted)
        if not self._quoted:
            yield from self._row(b"\n".join(self._open))
            self._open.clear()
        elif self._open_bytes > self._longest_bytes:
            yield self._faulty(too_long())

    def _row(self, row: bytes) -> Iterator[Record]:
        if not row.strip():
            return
        try:
            cells = next(csv.reader([row.decode("utf-8")], strict=True))
        except UnicodeDecodeError:
            yield self._faulty(Fault("invalid_csv", "the row is not UTF-8"))
            return
        except csv.Error as error:
            yield self._faulty(Fault("invalid_csv", f"the row is not CSV: {error}"))
            return
        if self._header is None:
            self._read_header(cells)
        elif len(cells) != len(self._header):
            words = f"the row has {len(cells)} fields, the header {len(self._header)}"
            yield self._faulty(Fault("invalid_csv", words))
        else:
            identifier = None if self._id_index is None else cells[self._id_index]
            text = cells[self._text_index]
            yield checked(self._limits, self._next(), self._open_line, text, identifier)

    def _read_header(self, cells: list[str]) -> None:
        names = [name.strip().removeprefix("\ufeff") for name in cells]
        wanted = self._wanted or (_TEXT if len(names) > 1 else names[0])
        if names.count(wanted) != 1:
            raise _no_header(f"the header has {names.count(wanted)} columns named {wanted[:40]!r}")
        self._header = names
        self._text_index = names.index(wanted)
        if _ID in names and wanted != _ID:
            self._id_index = names.index(_ID)

    def _faulty(self, fault: Fault) -> Record:
        self._open.clear()
        if self._header is None:
            raise _no_header("the first row cannot be read")
        return Record(self._next(), self._open_line, None, fault=fault)

    def _next(self) -> int:
        position, self._position = self._position, self._position + 1
        return position


def ends_quoted(line: bytes, *, quoted: bool) -> bool:
    """Whether a quoted field is still open where this line ends; `quoted`: where it begins.

    A quote opens a field only at its beginning: one within an unquoted field is a letter.
    """
    at = 0
    while True:
        if not quoted:
            if not line.startswith(b'"', at):
                at = line.find(b",", at) + 1
                if at == 0:
                    return False
                continue
            at += 1
        at = line.find(b'"', at) + 1
        if at == 0:
            return True
        quoted = line.startswith(b'"', at)
        if quoted:
            at += 1
            continue
        at = line.find(b",", at) + 1
        if at == 0:
            return False


def _no_header(message: str) -> Refusal:
    return Refusal(
        422,
        "invalid_csv",
        f"{message}; expected a header row with a column of texts",
        hint="a column named text, or ?text_column=NAME",
    )
