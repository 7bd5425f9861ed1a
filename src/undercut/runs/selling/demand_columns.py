"""Columns of numbers from a table, each bad cell with its line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.core.tabular import RowProblem, open_rows

MISSING = frozenset({"", "na", "nan", "null", "none", "-"})


@dataclass(frozen=True, slots=True)
class Columns:
    """numbers: by column name, (N,) floats, nan where empty. texts: the other columns asked for.
    lines: (N,) of the file.
    """

    source: str
    numbers: dict[str, NDArray[np.float64]]
    texts: dict[str, list[str]]
    lines: list[int]

    @property
    def rows(self) -> int:
        """N."""
        return len(self.lines)


def column_names(path: Path) -> tuple[str, ...]:
    """Names of a table's columns. Raises InputError or ConfigError."""
    return open_rows(path).columns


def read_columns(
    path: Path, numbers: Sequence[str], texts: Sequence[str] = (), *, empty: bool = False
) -> Columns:
    """The named columns of a table. empty: whether a number may be missing.

    Raises InputError with the line for a cell that is no finite number, ConfigError for a column
    that is not there.
    """
    stream = open_rows(path, columns=[*numbers, *texts])
    values: list[list[float]] = [[] for _ in numbers]
    words: list[list[str]] = [[] for _ in texts]
    lines: list[int] = []
    for row in stream:
        if isinstance(row, RowProblem):
            raise InputError(row.what, file=str(path), line=row.line)
        for place, name in enumerate(numbers):
            values[place].append(_number(row.values[place], name, path, row.line, empty=empty))
        for place in range(len(texts)):
            words[place].append(str(row.values[len(numbers) + place]))
        lines.append(row.line)
    if not lines:
        raise InputError("holds no rows below its header", file=str(path))
    return Columns(
        str(path),
        {name: np.array(each) for name, each in zip(numbers, values, strict=True)},
        dict(zip(texts, words, strict=True)),
        lines,
    )


def _number(cell: object, name: str, path: Path, line: int, *, empty: bool) -> float:
    written = "" if cell is None else str(cell).strip()
    if written.casefold() in MISSING:
        if empty:
            return math.nan
        raise InputError(f"{name} is empty", file=str(path), line=line, hint="leave the row out")
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"{name}: expected a number, got {written!r}",
            file=str(path),
            line=line,
            hint="plain numbers of one currency, without its sign",
        )
    return value
