"""Rows that a chain of near-duplicates connects: a split that cut the chain would leak."""

from __future__ import annotations

import numpy as np

from undercut.build.data.near_duplicates.result import NearDuplicates
from undercut.core.dataset import IntArray


def components(found: NearDuplicates, rows: int, together: IntArray | None = None) -> IntArray:
    """(rows,) the smallest position that pairs, equal texts and representatives connect each with.

    together: (rows,) ids from 0 on, equal for rows that are connected already.
    Only the first `rows` positions count: a chain over others does not connect. Each round hands
    the smallest position on and shortens the pointers (Shiloach & Vishkin 1982).
    """
    pairs = found.pairs
    every = np.arange(rows)
    left = np.concatenate([pairs.left, every, every])
    right = np.concatenate([pairs.right, found.exact[:rows], found.representative[:rows]])
    if together is not None:
        first = np.full(rows, rows)
        np.minimum.at(first, together, every)
        left, right = np.concatenate([left, every]), np.concatenate([right, first[together]])
    inside = (left < rows) & (right < rows) & (left != right)
    left, right = left[inside], right[inside]
    head = every.copy()
    while True:
        a, b = head[left], head[right]
        apart = a != b
        if not apart.any():
            return head
        np.minimum.at(head, np.maximum(a, b)[apart], np.minimum(a, b)[apart])
        while (head != head[head]).any():
            head = head[head]
