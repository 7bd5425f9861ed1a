"""Which rows of a table may judge a model: its random sample, where it says which that is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.picked import CHOSEN, PICKED, RANDOM, Picks, picks_of
from undercut.build.data.read import Table
from undercut.core.dataset import Dataset


def picks_in(table: Table) -> Picks:
    """Which rows of the table may judge; raises InputError as `picks_of` does."""
    return picks_of(table.picked, table.lines.tolist(), table.source)


def judging(picks: Picks, table: Table, train: Dataset) -> NDArray[np.bool_] | None:
    """(rows,) False for texts that were chosen for what they teach; None where all are a sample.

    picks: of the table that the rows come from.
    """
    if picks.judges is None:
        return None
    return np.asarray(picks.judges[np.searchsorted(table.lines, train.lines)])


def sample_alone(table: Table) -> Table:
    """A test table without the rows that were chosen: nothing is measured on these."""
    picks = picks_in(table)
    if picks.judges is None:
        return table
    kept = np.flatnonzero(picks.judges)
    return replace(
        table,
        texts=tuple(table.texts[i] for i in kept),
        labels=None if table.labels is None else tuple(table.labels[i] for i in kept),
        lines=table.lines[kept],
        groups=None if table.groups is None else table.groups[kept],
        weights=None if table.weights is None else table.weights[kept],
        picked=None,
    )


def said_of_picks(source: str, picks: Picks, rows: int) -> str | None:
    """What the reader should know of a file's column `picked`; None where there is nothing."""
    if picks.foreign is not None:
        return (
            f"{source}: column {PICKED!r} is not read, since it holds {picks.foreign!r}; it would "
            f"say which rows may judge a model if each were {RANDOM!r} or {CHOSEN!r}"
        )
    if picks.judges is None:
        return None
    random = int(picks.judges.sum())
    return (
        f"{source}: column {PICKED!r} calls {random:,} of {rows:,} rows {RANDOM!r}; these alone "
        "judge models, the others train"
    )
