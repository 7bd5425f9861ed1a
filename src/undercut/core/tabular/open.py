"""One way to open any table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undercut.core.tabular.delimited import open_delimited
from undercut.core.tabular.jsonl import open_jsonl
from undercut.core.tabular.parquet import open_parquet
from undercut.core.tabular.rows import Limits, RowStream, TableReader
from undercut.core.tabular.saved_dataset import open_saved_dataset
from undercut.core.tabular.source import Format, recognise


def open_rows(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    split: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
) -> RowStream:
    """Open a CSV, TSV, JSONL or Parquet file (each also gzipped) or a saved `datasets` folder.

    columns: the ones to load, in this order; all by default. split: which one of a folder with
    several. encoding: a Python codec for text formats, detected by default. limits: see `Limits`.
    A text file is scanned once here, so that bad bytes are found before the first row is used.
    Raises InputError where the file cannot be used, ConfigError for an unknown column or split,
    MissingExtraError where pyarrow is needed and absent.

    >>> for row in open_rows("tickets.csv", columns=["text"]):  # doctest: +SKIP
    ...     print(row.line, row.values)
    """
    source = str(path)
    path = Path(path)
    bounds = limits or Limits()
    format = recognise(path)
    reader = _reader(path, format, source=source, split=split, encoding=encoding, limits=bounds)
    stream = RowStream(
        source=source,
        format=format,
        columns=reader.columns,
        encoding=reader.encoding,
        rows_at_most=reader.rows_at_most,
        reader=reader,
    )
    return stream if columns is None else stream.select(columns)


def _reader(
    path: Path,
    format: Format,
    *,
    source: str,
    split: str | None,
    encoding: str | None,
    limits: Limits,
) -> TableReader:
    match format:
        case "csv" | "tsv":
            return open_delimited(
                path, source=source, format=format, encoding=encoding, limits=limits
            )
        case "jsonl":
            return open_jsonl(path, source=source, encoding=encoding, limits=limits)
        case "parquet":
            return open_parquet(path, source=source, limits=limits)
        case "saved_dataset":
            return open_saved_dataset(path, source=source, split=split, limits=limits)
