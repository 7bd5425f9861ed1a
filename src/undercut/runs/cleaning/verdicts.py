"""Rejections of steps that look at all rows at once: as arrays, written part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from undercut.build.data.steps import Outcome, Reason, Rejection
from undercut.core.dataset import IntArray
from undercut.runs.cleaning.parts import Part, read_table, write_outcome
from undercut.runs.cleaning.rows import Rows, delta_folder

Why = Callable[[int], Reason]


def write_verdicts(folder: Path, rows: Rows, rejected: IntArray, why: Why) -> None:
    """Leave rejections in the folders of their sources.

    rejected: ascending row numbers of the run. why: the reason of the i-th of them.
    """
    for source in rows.sources:
        delta_folder(folder, source.number).mkdir()
    for part, held in parts_of(rejected, rows.parts):
        reasons = [Rejection(int(rejected[i]), why(i)) for i in held]
        write_outcome(delta_folder(folder, part.source), part, Outcome(tuple(reasons)))


def parts_of(rows: IntArray, parts: Sequence[Part]) -> Iterator[tuple[Part, range]]:
    """Each part that holds some of the ascending row numbers, with their positions."""
    for part in parts:
        start, stop = np.searchsorted(rows, [part.first, part.first + part.rows])
        if stop > start:
            yield part, range(int(start), int(stop))


def places(parts: Sequence[Part], rows: IntArray) -> dict[int, str]:
    """Where some rows stand in their source; only the parts that hold one are read."""
    found: dict[int, str] = {}
    wanted = np.unique(rows)
    for part, held in parts_of(wanted, parts):
        column = read_table(part.file)["place"]
        for row in wanted[held.start : held.stop].tolist():
            found[row] = column[row - part.first].as_py()
    return found
