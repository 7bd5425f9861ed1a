"""Rows whose label is doubted: they teach nothing, and judge like all others.

A model that finds doubtful labels finds those that it cannot answer itself. Were they left out of
the rows that judge, every model like it would look better than it is, and the certificate would
speak of rows that were picked for being easy.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from undercut.build.data.cleaned import cleaned_folder
from undercut.build.data.read import Table, read_table
from undercut.core.dataset import IntArray


def with_doubted(path: str | Path, table: Table) -> Table:
    """The table of a cleaned folder with its doubted rows in their old places, of weight 0.

    table: what `read_table` makes of the folder. Lines then count the rows of both files. A table
    of anything else, or of a folder that doubts no label, comes back as it is.
    """
    folder = cleaned_folder(Path(path))
    if folder is None or folder.doubted is None or table.groups is None:
        return table
    numbers = folder.row_numbers(folder.doubted)
    if not len(numbers):
        return table
    more = read_table(
        folder.doubted, text_column=table.text_column, label_column=table.label_column
    )
    rows = np.concatenate(
        [folder.row_numbers(folder.data)[table.lines - 1], numbers[more.lines - 1]]
    )
    order = np.argsort(rows, kind="stable")
    assert table.labels is not None
    assert more.labels is not None
    texts, labels = (*table.texts, *more.texts), (*table.labels, *more.labels)
    weights = np.ones(len(table.texts), np.float32) if table.weights is None else table.weights
    return replace(
        table,
        texts=tuple(texts[i] for i in order),
        labels=tuple(labels[i] for i in order),
        lines=np.searchsorted(folder.every_row(), rows[order]) + 1,
        groups=np.concatenate([table.groups, folder.doubted_groups()[more.lines - 1]])[order],
        weights=np.concatenate([weights, np.zeros(len(more.texts), np.float32)])[order],
        picked=_picked(table, more, order),
    )


def _picked(table: Table, more: Table, order: IntArray) -> tuple[str | None, ...] | None:
    if table.picked is None and more.picked is None:
        return None
    parts = [each.picked or (None,) * len(each.texts) for each in (table, more)]
    joined = (*parts[0], *parts[1])
    return tuple(joined[i] for i in order)
