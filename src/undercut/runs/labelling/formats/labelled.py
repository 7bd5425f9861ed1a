"""Labelled sets as tables: CSV, TSV, JSON lines, Parquet, saved `datasets` folders.

Every column is carried in its order; Parquet and `datasets` keep their types and class names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from undercut.core.errors import InputError
from undercut.core.tabular import RowProblem, RowStream, guess_columns, open_rows, open_writer
from undercut.core.tabular.writer import ColumnType


@dataclass(frozen=True, slots=True)
class LabelledTable:
    """A table with a column of texts and one of labels.

    rows: a cell for each of `columns`. like: the table it was read from, whose types it has.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    text_column: str
    label_column: str
    like: RowStream | None = field(default=None, compare=False)

    @property
    def texts(self) -> list[str]:
        """The texts, empty where there is none."""
        at = self.columns.index(self.text_column)
        return ["" if row[at] is None else str(row[at]) for row in self.rows]

    @property
    def labels(self) -> list[str | None]:
        """The labels, None where there is none."""
        at = self.columns.index(self.label_column)
        return [None if row[at] in (None, "") else str(row[at]) for row in self.rows]

    def with_column(self, name: str, cells: Sequence[object]) -> LabelledTable:
        """The table with a column more, or one replaced; raises InputError for another length."""
        if len(cells) != len(self.rows):
            raise InputError(f"{len(cells)} cells for {len(self.rows)} rows in column {name!r}")
        if name in self.columns:
            at = self.columns.index(name)
            rows = [(*r[:at], cell, *r[at + 1 :]) for r, cell in zip(self.rows, cells, strict=True)]
            return replace(self, rows=tuple(rows))
        rows = [(*row, cell) for row, cell in zip(self.rows, cells, strict=True)]
        return replace(self, columns=(*self.columns, name), rows=tuple(rows))


def read_labelled(
    path: Path, *, text_column: str | None = None, label_column: str | None = None
) -> LabelledTable:
    """A labelled set of any of these formats; columns are guessed where not named.

    Raises InputError for a row that cannot be read, ConfigError where a column is unclear.
    """
    stream = open_rows(path)
    found = guess_columns(stream, text_column=text_column, label_column=label_column)
    rows = []
    for row in stream:
        if isinstance(row, RowProblem):
            raise InputError(row.what, file=str(path), line=row.line)
        rows.append(row.values)
    return LabelledTable(stream.columns, tuple(rows), found.text, found.label or "", stream)


def write_labelled(
    path: Path, table: LabelledTable, *, types: Mapping[str, ColumnType] | None = None
) -> Path:
    """Write by the ending of `path`; a path without one becomes a saved `datasets` folder.

    types: of columns that the table it was read from did not have, where they are not text.
    Raises InputError where it cannot be written.
    """
    if path.suffix == "":
        from undercut.runs.labelling.formats.saved import write_saved

        write_saved(path, table, types=types or {})
        return path
    with open_writer(path, table.columns, types=types, like=table.like) as writer:
        for row in table.rows:
            writer.write(row)
    return path


def class_names(table: LabelledTable) -> tuple[str, ...]:
    """The classes of the label column: by its `datasets` feature, else those met, sorted."""
    reader: Any = table.like.reader if table.like is not None else None
    kept = getattr(reader, "class_names", {}).get(table.label_column)
    met = sorted({label for label in table.labels if label is not None})
    return tuple(kept) if kept and set(met) <= set(kept) else tuple(met)
