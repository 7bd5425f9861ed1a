"""Tables out, row by row, in the format the file name states; the file appears only when whole."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Protocol, TypeAlias, cast

from undercut.core.errors import InputError
from undercut.core.tabular.arrow import BATCH_ROWS, import_pyarrow
from undercut.core.tabular.rows import Cell, RowStream, checked_columns
from undercut.core.tabular.source import Format, format_of

ColumnType: TypeAlias = Literal["string", "int64", "float64", "bool"]


class RowWriter:
    """Writes rows to a hidden file beside `path`; `close` puts it in place, an error removes it.

    Use as a context manager.
    """

    def __init__(self, path: Path, partial: Path, sheet: _Sheet, columns: tuple[str, ...]) -> None:
        self.path = path
        self.columns = columns
        self._partial = partial
        self._sheet = sheet
        self._open = True

    def write(self, values: Sequence[Cell]) -> None:
        """One row, a cell for each of `columns`."""
        if len(values) != len(self.columns):
            raise ValueError(f"{len(values)} cells, expected {len(self.columns)}")
        self._sheet.write(values)

    def close(self) -> None:
        """Finish the file and rename it to `path`, replacing what was there."""
        if not self._open:
            return
        self._open = False
        try:
            self._sheet.close(keep=True)
            self._partial.replace(self.path)
        except BaseException:
            self._partial.unlink(missing_ok=True)
            raise

    def discard(self) -> None:
        """Remove what was written; `path` stays as it was."""
        if not self._open:
            return
        self._open = False
        try:
            self._sheet.close(keep=False)
        finally:
            self._partial.unlink(missing_ok=True)

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def open_writer(
    path: str | Path,
    columns: Sequence[str],
    *,
    types: Mapping[str, ColumnType] | None = None,
    like: RowStream | None = None,
) -> RowWriter:
    """A writer for CSV, TSV, JSONL or Parquet, each also gzipped, by the ending of `path`.

    types, like: only for Parquet, where each column has one type: the one stated, else that of
    the column of the same name in a Parquet table `like`, else string.
    Raises InputError where the format is not known or the file cannot be made.
    """
    path = Path(path)
    names = checked_columns(list(columns), source=str(path))
    format = format_of(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        raw = partial.open("wb")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", file=str(path)) from error
    binary = _zipped(raw) if path.suffix.lower() == ".gz" else raw
    files: list[IO[bytes]] = [raw] if binary is raw else [binary, raw]
    try:
        sheet = _sheet(format, files, names, types=types or {}, like=like)
    except BaseException:
        raw.close()
        partial.unlink(missing_ok=True)
        raise
    return RowWriter(path, partial, sheet, names)


def _zipped(raw: IO[bytes]) -> IO[bytes]:
    # No name and no time inside: same rows, same bytes.
    return cast(IO[bytes], gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0))


class _Sheet(Protocol):
    def write(self, values: Sequence[Cell]) -> None: ...

    def close(self, *, keep: bool) -> None: ...


def _sheet(
    format: Format,
    files: list[IO[bytes]],
    columns: tuple[str, ...],
    *,
    types: Mapping[str, ColumnType],
    like: RowStream | None,
) -> _Sheet:
    if format == "parquet":
        return _ParquetSheet(files, _schema(columns, types=types, like=like))
    if format == "jsonl":
        return _JsonlSheet(files, columns)
    return _DelimitedSheet(files, columns, delimiter="\t" if format == "tsv" else ",")


class _TextSheet:
    def __init__(self, files: list[IO[bytes]]) -> None:
        self._files = files
        self._text = io.TextIOWrapper(files[0], encoding="utf-8", newline="")

    def close(self, *, keep: bool) -> None:
        with ExitStack() as stack:
            stack.callback(_close_all, self._files, sync=keep)
            self._text.flush()
            self._text.detach()


class _DelimitedSheet(_TextSheet):
    def __init__(self, files: list[IO[bytes]], columns: tuple[str, ...], *, delimiter: str) -> None:
        super().__init__(files)
        # The csv module quotes only the line breaks of its own terminator: asked for "\r\n", it
        # quotes a cell's lone "\r" too; the rows still end in "\n".
        rows = _UnixLines(self._text)
        self._writer = csv.writer(rows, delimiter=delimiter, lineterminator="\r\n")
        self._writer.writerow(columns)

    def write(self, values: Sequence[Cell]) -> None:
        self._writer.writerow([v if isinstance(v, str) else _plain(v) for v in values])


class _UnixLines:
    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def write(self, row: str) -> None:
        self._text.write(row.removesuffix("\r\n") + "\n")


class _JsonlSheet(_TextSheet):
    def __init__(self, files: list[IO[bytes]], columns: tuple[str, ...]) -> None:
        super().__init__(files)
        self._columns = columns

    def write(self, values: Sequence[Cell]) -> None:
        record = dict(zip(self._columns, values, strict=True))
        self._text.write(json.dumps(record, ensure_ascii=False, default=_as_text) + "\n")


class _ParquetSheet:
    def __init__(self, files: list[IO[bytes]], schema: Any) -> None:
        self._files = files
        self._schema = schema
        self._string = [str(t) in ("string", "large_string") for t in schema.types]
        self._rows: list[Sequence[Cell]] = []
        self._writer = import_pyarrow("pyarrow.parquet").ParquetWriter(files[0], schema)

    def write(self, values: Sequence[Cell]) -> None:
        self._rows.append(values)
        if len(self._rows) >= 8 * BATCH_ROWS:
            self._flush()

    def _flush(self) -> None:
        pyarrow = import_pyarrow()
        arrays = [
            pyarrow.array([_string(row[i]) if text else row[i] for row in self._rows], field.type)
            for i, (field, text) in enumerate(zip(self._schema, self._string, strict=True))
        ]
        self._writer.write_batch(pyarrow.record_batch(arrays, schema=self._schema))
        self._rows.clear()

    def close(self, *, keep: bool) -> None:
        with ExitStack() as stack:
            stack.callback(_close_all, self._files, sync=keep)
            stack.callback(self._writer.close)
            if keep and self._rows:
                self._flush()


def _schema(
    columns: tuple[str, ...], *, types: Mapping[str, ColumnType], like: RowStream | None
) -> Any:
    pyarrow = import_pyarrow()
    stated = {name: getattr(pyarrow, "bool_" if t == "bool" else t)() for name, t in types.items()}
    kept: dict[str, Any] = {}
    if like is not None and like.reader.arrow_schema is not None:
        kept = {field.name: field.type for field in like.reader.arrow_schema}
    known = {**kept, **stated}
    return pyarrow.schema([(name, known.get(name, pyarrow.string())) for name in columns])


def _close_all(files: list[IO[bytes]], *, sync: bool) -> None:
    """Close from the outermost in; the innermost is on the disk before it is renamed."""
    *outer, raw = files
    with ExitStack() as stack:
        stack.callback(raw.close)
        for file in outer:
            file.close()
        if sync:
            raw.flush()
            os.fsync(raw.fileno())


def _string(cell: Cell) -> str | None:
    return cell if cell is None or isinstance(cell, str) else _plain(cell)


def _plain(cell: Cell) -> str:
    """A cell as text: nothing for None, true and false, JSON for lists and objects."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False, default=_as_text)
    return _as_text(cell)


def _as_text(cell: Cell) -> str:
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return cell.decode("utf-8", errors="replace") if isinstance(cell, bytes) else str(cell)
