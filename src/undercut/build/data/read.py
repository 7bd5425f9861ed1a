"""A labelled file as columns in memory: the text, the label, the line, nothing else."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import numpy as np

from undercut.build.data.cleaned import cleaned_folder
from undercut.build.data.labelled import labelled_table
from undercut.build.data.picked import picked_cell, picked_column
from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import InputError
from undercut.core.tabular import (
    Cell,
    Limits,
    Row,
    RowProblem,
    RowStream,
    guess_columns,
    open_rows,
)

RawLabel: TypeAlias = str | int | float | None
_PROBLEMS_KEPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file as read, before any cleaning.

    texts, labels: (rows,); a missing cell is "" and None; labels is None where no column was
    asked for. lines: (rows,) int64, 1-based. problems: the first hundred of `problem_count`
    records that could not be read. encoding: None for Parquet and saved data sets.
    groups: (rows,) int64, equal where rows must stand in one split; None where nobody says so.
    weights: (rows,) float32, what rows count in training; None where all count alike.
    picked: (rows,) how each came to be labelled, as the file has it; None where it says nothing.
    """

    source: str
    encoding: str | None
    text_column: str
    label_column: str | None
    texts: tuple[str, ...]
    labels: tuple[RawLabel, ...] | None
    lines: IntArray
    problems: tuple[RowProblem, ...]
    problem_count: int
    groups: IntArray | None = None
    weights: FloatArray | None = None
    picked: tuple[str | None, ...] | None = None

    @property
    def rows_read(self) -> int:
        """Records in the file, unreadable ones included."""
        return len(self.texts) + self.problem_count


def read_table(
    path: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    require_label: bool = True,
    split: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
) -> Table:
    """Read the text and the label of every record, and how it was picked (`build.data.picked`).

    path: what `open_rows` takes, a folder with labels.csv, or a folder of `undercut clean`, whose
    groups and weights are read too.

    Columns that are not stated are guessed where that is unambiguous (`guess_columns`).
    Raises InputError where no record can be read, ConfigError where a column is unclear,
    MissingExtraError where Parquet needs pyarrow.

    >>> read_table("tickets.csv", label_column="intent")  # doctest: +SKIP
    """
    folder = cleaned_folder(Path(path))
    file = (labelled_table(Path(path)) or path) if folder is None else folder.data
    stream = open_rows(file, split=split, encoding=encoding, limits=limits)
    columns = guess_columns(
        stream, text_column=text_column, label_column=label_column, require_label=require_label
    )
    wanted = [columns.text] if columns.label is None else [columns.text, columns.label]
    picked = picked_column(stream.columns, used=(columns.text, columns.label))
    found = _Columns(picked)
    for record in _checked(
        stream.select([*wanted, *([] if picked is None else [picked])]),
        columns.text,
        labelled=columns.label is not None,
    ):
        found.add(record)
    if not found.texts:
        first = found.problems[0] if found.problems else None
        raise InputError(
            f"no record can be read; the first: {first.what}"
            if first
            else "the file holds no rows below its column names",
            file=stream.source,
            line=first.line if first else None,
        )
    lines = np.array(found.lines, dtype=np.int64)
    weights = None if folder is None else folder.weights()
    return Table(
        source=str(path),
        encoding=stream.encoding,
        text_column=columns.text,
        label_column=columns.label,
        texts=tuple(found.texts),
        labels=None if columns.label is None else tuple(found.labels),
        lines=lines,
        problems=tuple(found.problems),
        problem_count=found.problem_count,
        groups=None if folder is None else folder.groups()[lines - 1],
        weights=None if weights is None else weights[lines - 1],
        picked=tuple(found.picked) if any(found.picked) else None,
    )


_Read: TypeAlias = tuple[int, str, RawLabel, Cell]


class _Columns:
    def __init__(self, picked_column: str | None) -> None:
        self.texts: list[str] = []
        self.labels: list[RawLabel] = []
        self.lines = array("q")
        self.problems: list[RowProblem] = []
        self.problem_count = 0
        self.picked: list[str | None] = []
        self._picked_column = picked_column
        self._seen: dict[str, str] = {}

    def add(self, record: RowProblem | _Read) -> None:
        if isinstance(record, RowProblem):
            self.problem_count += 1
            if len(self.problems) < _PROBLEMS_KEPT:
                self.problems.append(record)
            return
        line, text, label, picked = record
        if self._picked_column is not None:
            said = picked_cell(picked, column=self._picked_column)
            self.picked.append(None if said is None else self._seen.setdefault(said, said))
        self.lines.append(line)
        self.texts.append(text)
        # A million rows share few labels: keep one string of each.
        self.labels.append(self._seen.setdefault(label, label) if type(label) is str else label)


def _checked(rows: RowStream, text_column: str, *, labelled: bool) -> Iterator[RowProblem | _Read]:
    for record in rows:
        if not isinstance(record, Row):
            yield record
            continue
        text, *further = record.values
        label = further.pop(0) if labelled else None
        picked = further[0] if further else None
        if text is None:
            text = ""
        if not isinstance(text, str):
            kind = type(text).__name__
            yield RowProblem(record.line, f"{text_column!r} holds a {kind}, expected a string")
        elif not _is_label(label):
            yield RowProblem(record.line, f"the label is a {type(label).__name__}")
        else:
            yield record.line, text, _raw_label(label), picked


def _is_label(cell: Cell) -> bool:
    return cell is None or isinstance(cell, str | int | float | Decimal)


def _raw_label(cell: Cell) -> RawLabel:
    if isinstance(cell, Decimal):
        return str(cell)
    return cell if isinstance(cell, str | int | float) else None
