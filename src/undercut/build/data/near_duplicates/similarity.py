"""Exact Jaccard similarity of pairs of hash sets, thousands at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.data.near_duplicates.ragged import NO_HASH, HashSets, padded, width_blocks
from undercut.core.dataset import FloatArray, IntArray


@dataclass(frozen=True)
class Overlap:
    """Sizes for pairs of sets: what they share and what each holds, (pairs,) int64."""

    shared: IntArray
    left: IntArray
    right: IntArray

    def jaccard(self) -> FloatArray:
        """(pairs,) in [0, 1]; 0 where both are empty."""
        return _ratio(self.shared, self.left + self.right - self.shared)

    def containment(self) -> FloatArray:
        """(pairs,) share of the smaller set that the other holds."""
        return _ratio(self.shared, np.minimum(self.left, self.right))


def overlap(sets: HashSets, left: IntArray, right: IntArray) -> Overlap:
    """What the sets of rows left[i] and right[i] share.

    Where a set was too large to keep whole, both are cut at the lower limit: their Jaccard
    similarity is then estimated without bias from the hashes below it.
    Source: bottom-k sketches, Cohen & Kaplan 2007; Beyer et al. 2007 for the cut.
    """
    shared, sizes = np.zeros(len(left), np.int64), np.zeros((2, len(left)), np.int64)
    larger = np.maximum(sets.counts[left], sets.counts[right])
    limit = np.minimum(sets.limits[left], sets.limits[right])
    cut = limit < NO_HASH - np.uint32(1)
    for pairs, width in width_blocks(larger):
        both = np.empty((len(pairs), 2 * width), dtype=np.uint32)
        for side, rows in enumerate((left[pairs], right[pairs])):
            cells = padded(sets.values, sets.starts[rows], sets.counts[rows], width)
            sizes[side, pairs] = sets.counts[rows]
            if cut[pairs].any():
                cells[cells > limit[pairs][:, None]] = NO_HASH
                sizes[side, pairs] = np.count_nonzero(cells != NO_HASH, axis=1)
            both[:, side * width : (side + 1) * width] = cells
        both.sort(axis=1)
        twice = (both[:, 1:] == both[:, :-1]) & (both[:, 1:] != NO_HASH)
        shared[pairs] = np.count_nonzero(twice, axis=1)
    return Overlap(shared, sizes[0], sizes[1])


def _ratio(part: IntArray, whole: IntArray) -> FloatArray:
    return (part / np.maximum(whole, 1)).astype(np.float32)
