"""What finding near-duplicates returns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from undercut.core.dataset import FloatArray, IntArray


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows that were compared and found alike, ordered by left, then right.

    left, right: (pairs,) int64 with left < right; similarity: (pairs,) float32 in [0, 1].
    """

    left: IntArray
    right: IntArray
    similarity: FloatArray

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True)
class Group:
    """Rows that say the same; `representative` is one of `members`, which ascend."""

    representative: int
    members: tuple[int, ...]


@dataclass(frozen=True)
class NearDuplicates:
    """Near-duplicates among n texts.

    representative: (n,) int64, for each row the row that stands for its group (itself where it
    is alone). similarity: (n,) float32 of each row to its representative.
    exact: (n,) int64, the first row equal to each row after normalising.
    pairs: verified pairs, between first rows of equal texts only.
    """

    representative: IntArray
    similarity: FloatArray
    exact: IntArray
    pairs: Pairs

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups of two rows or more, by representative."""
        sizes = np.bincount(self.representative, minlength=len(self.representative))
        rows = np.flatnonzero(sizes[self.representative] > 1)
        rows = rows[np.argsort(self.representative[rows], kind="stable")]
        heads, starts = np.unique(self.representative[rows], return_index=True)
        parts = np.split(rows, starts[1:]) if len(heads) else []
        return tuple(
            Group(int(head), tuple(part.tolist())) for head, part in zip(heads, parts, strict=True)
        )

    @property
    def redundant(self) -> IntArray:
        """Rows that are not their group's representative, ascending."""
        return np.flatnonzero(self.representative != np.arange(len(self.representative)))
