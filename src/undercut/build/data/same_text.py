"""Rows of one text: whose label wins, and which row stands for the others.

Shared by the in-memory rules (`rules.py`) and the pipeline over files: both say which rows hold the
same text by group ids, and get back positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.core.dataset import IntArray

NO_LABEL = -1


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Rows that contradict others of the same text; both int64 positions, ascending.

    lost: the label of most rows of the text is another. tied: no label has most rows.
    """

    lost: IntArray
    tied: IntArray


def conflicts(groups: IntArray, labels: IntArray) -> Conflicts:
    """Rows to drop where one text has several labels: the minority's, or all where votes tie.

    groups: (rows,) ids, equal for equal texts; labels: (rows,) ids, -1 where there is none: such
    a row neither votes nor is dropped.
    """
    voting = np.flatnonzero(labels != NO_LABEL)
    if not len(voting):
        return Conflicts(voting, voting)
    order = voting[np.lexsort((labels[voting], groups[voting]))]
    own, given = groups[order], labels[order]
    new_pair = np.concatenate(([True], (own[1:] != own[:-1]) | (given[1:] != given[:-1])))
    pair = np.cumsum(new_pair) - 1
    votes = np.bincount(pair)
    pair_groups = own[new_pair]
    new_group = np.concatenate(([True], pair_groups[1:] != pair_groups[:-1]))
    group = np.cumsum(new_group) - 1
    most = np.maximum.reduceat(votes, np.flatnonzero(new_group))
    winners = np.bincount(group, weights=votes == most[group]).astype(np.int64)
    minority = (votes < most[group]) & (winners[group] == 1)
    tied = winners[group] > 1
    return Conflicts(np.sort(order[minority[pair]]), np.sort(order[tied[pair]]))


def representatives(groups: IntArray, labels: IntArray | None = None) -> IntArray:
    """(rows,) the position that stands for each row's text: its first labelled row, or its first.

    labels: as in `conflicts`; without them the first row stands for all.
    """
    rows = len(groups)
    if not rows:
        return np.zeros(0, dtype=np.int64)
    unlabelled = np.zeros(rows, bool) if labels is None else labels == NO_LABEL
    order = np.lexsort((np.arange(rows), unlabelled, groups))
    first = np.concatenate(([True], groups[order][1:] != groups[order][:-1]))
    result = np.empty(rows, dtype=np.int64)
    result[order] = order[np.flatnonzero(first)][np.cumsum(first) - 1]
    return result
