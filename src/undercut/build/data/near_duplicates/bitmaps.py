"""A quick, safe no: pairs of sets that cannot be alike, seen from 512 bits of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.near_duplicates.ragged import NO_HASH, HashSets
from undercut.core.dataset import IntArray

BitmapArray = NDArray[np.uint64]

BITS = 512
_ROWS = 4_096
_PAIRS = 1 << 15


def bitmaps(sets: HashSets) -> BitmapArray:
    """(rows, 8) uint64: bit h modulo 512 is set for each hash h of a row.

    Source: the bitmap filter of Sandes, Teodoro & Melo 2020.
    """
    result = np.empty((len(sets), BITS // 64), dtype=np.uint64)
    for start in range(0, len(sets), _ROWS):
        counts = sets.counts[start : start + _ROWS]
        first = int(sets.starts[start])
        values = sets.values[first : first + int(counts.sum(dtype=np.int64))]
        cells = np.zeros(len(counts) * BITS, dtype=bool)
        row = np.repeat(np.arange(len(counts)) * BITS, counts)
        cells[row + (values & np.uint32(BITS - 1))] = True
        packed = np.packbits(cells).view(np.uint64)
        result[start : start + _ROWS] = packed.reshape(len(counts), -1)
    return result


def possible(
    sets: HashSets,
    bits: BitmapArray,
    left: IntArray,
    right: IntArray,
    *,
    threshold: float,
    agreement: float,
) -> IntArray:
    """Positions of the pairs that may reach both thresholds; none that does is left out.

    A bit that differs stands for at least one hash of one set only, so differing bits bound the
    symmetric difference from below. Sets that are not kept whole always may.
    """
    kept = []
    for start in range(0, len(left), _PAIRS):
        a, b = left[start : start + _PAIRS], right[start : start + _PAIRS]
        size_a, size_b = sets.counts[a].astype(np.int64), sets.counts[b].astype(np.int64)
        total, smaller = size_a + size_b, np.minimum(size_a, size_b)
        # |A xor B| = |A| + |B| - 2 |A and B|, and each threshold asks for an |A and B|.
        asked = np.maximum(threshold / (1.0 + threshold) * total, agreement * smaller)
        room = total - 2.0 * asked + 1e-6
        room[np.minimum(sets.limits[a], sets.limits[b]) < NO_HASH - np.uint32(1)] = np.inf
        near = np.flatnonzero(total - 2 * smaller <= room)
        differing = np.bitwise_count(bits[a[near]] ^ bits[b[near]]).sum(axis=1, dtype=np.int64)
        kept.append(near[differing <= room[near]] + start)
    return np.concatenate(kept) if kept else np.zeros(0, dtype=np.int64)
