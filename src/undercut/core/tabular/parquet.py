"""Parquet files, a batch at a time through pyarrow."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from undercut.core.tabular.arrow import (
    BATCH_ROWS,
    ClassNames,
    class_names_of,
    import_pyarrow,
    named_schema,
    rows_of,
    unreadable,
)
from undercut.core.tabular.rows import Limits, Row, RowProblem, checked_columns
from undercut.core.tabular.source import is_gzipped, open_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetReader:
    """One Parquet file; a gzipped one is unzipped to a temporary file, since Parquet needs seeks.

    class_names: names of `datasets` ClassLabel columns, where the file carries them.
    """

    path: Path
    source: str
    columns: tuple[str, ...]
    rows_at_most: int
    arrow_schema: Any
    class_names: ClassNames
    limits: Limits
    encoding: None = None

    def rows(self, positions: tuple[int, ...]) -> Iterator[Row | RowProblem]:
        names = [self.columns[p] for p in positions]
        with _open_parquet(self.path, source=self.source, limits=self.limits) as file:
            batches = file.iter_batches(batch_size=BATCH_ROWS, columns=names, use_threads=False)
            yield from rows_of(
                batches, names, self.class_names, source=self.source, limits=self.limits
            )


def open_parquet(path: Path, *, source: str, limits: Limits) -> ParquetReader:
    """Read the schema. Raises InputError where the file is no Parquet file."""
    with _open_parquet(path, source=source, limits=limits) as file:
        schema = file.schema_arrow
        info = (schema.metadata or {}).get(b"huggingface", b"{}")
        try:
            features = json.loads(info).get("info", {}).get("features", {})
        except (ValueError, AttributeError):
            features = {}  # an optional note of another tool; the columns read the same without it
        classes = class_names_of(features)
        return ParquetReader(
            path=path,
            source=source,
            columns=checked_columns(list(schema.names), source=source, most=limits.columns),
            rows_at_most=int(file.metadata.num_rows),
            arrow_schema=named_schema(schema, classes),
            class_names=classes,
            limits=limits,
        )


@contextmanager
def _open_parquet(path: Path, *, source: str, limits: Limits) -> Iterator[Any]:
    parquet = import_pyarrow("pyarrow.parquet")
    try:
        if not is_gzipped(path):
            with parquet.ParquetFile(path, memory_map=True, pre_buffer=False) as file:
                yield file
            return
        with tempfile.TemporaryFile() as unzipped:
            with open_bytes(path, limits=limits) as stream:
                shutil.copyfileobj(stream, unzipped)
            unzipped.seek(0)
            with parquet.ParquetFile(unzipped, pre_buffer=False) as file:
                yield file
    except (import_pyarrow().ArrowException, OSError) as error:
        raise unreadable(error, "a Parquet file", source) from error
