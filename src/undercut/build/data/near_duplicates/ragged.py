"""Many small sets of 32-bit hashes in one array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import IntArray

HashArray = NDArray[np.uint32]

NO_HASH = np.uint32(0xFFFFFFFF)  # fills rows up; no shingle has this hash
_CELLS = 1 << 18  # a block of this many cells stays in the second-level cache


@dataclass(frozen=True)
class HashSets:
    """Row i holds `values[starts[i] : starts[i] + counts[i]]`, ascending and distinct.

    values: (hashes,) uint32; starts: (rows,) int64; counts: (rows,) int32.
    limits: (rows,) uint32: the set is complete up to this value. A set too large to keep whole
    keeps its smallest hashes and ends there.
    """

    values: HashArray
    starts: IntArray
    counts: NDArray[np.int32]
    limits: HashArray

    def __len__(self) -> int:
        return len(self.counts)


def hash_sets(values: HashArray, counts: IntArray, *, most: int) -> HashSets:
    """Sets from hashes with repeats, (hashes,) grouped by row; at most `most` a row are kept."""
    starts = np.cumsum(counts) - counts
    kept = np.zeros(len(counts), dtype=np.int32)
    limits = np.full(len(counts), NO_HASH - np.uint32(1), dtype=np.uint32)
    flat = np.empty(len(values), dtype=np.uint32)
    for rows, width in width_blocks(counts):
        cells = padded(values, starts[rows], counts[rows], width)
        cells.sort(axis=1)
        distinct = np.empty(cells.shape, dtype=bool)
        np.not_equal(cells[:, 1:], cells[:, :-1], out=distinct[:, 1:])
        distinct[:, 0] = True
        distinct &= cells != NO_HASH
        if width > most:
            over = distinct.cumsum(axis=1) > most
            whole = ~(over & distinct).any(axis=1)
            distinct &= ~over
            last = np.where(distinct, cells, np.uint32(0)).max(axis=1)
            limits[rows] = np.where(whole, limits[rows], last)
        size = distinct.sum(axis=1)
        kept[rows] = size
        # Written at the start of the row's own stretch; the gaps close below.
        flat[ranges(starts[rows], size)] = cells[distinct]
    ends = np.cumsum(kept, dtype=np.int64)
    if int(kept.sum()) < len(values):
        flat = flat[ranges(starts, kept)]
    return HashSets(flat, ends - kept, kept, limits)


def concatenated(parts: Sequence[HashSets], values: HashArray) -> HashSets:
    """The rows of all parts, in order; values: theirs, one after the other."""
    sizes = np.array([len(part.values) for part in parts], dtype=np.int64)
    offsets = np.cumsum(sizes) - sizes
    return HashSets(
        values,
        np.concatenate([part.starts + at for part, at in zip(parts, offsets, strict=True)]),
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.limits for part in parts]),
    )


def taken(sets: HashSets, rows: IntArray) -> HashSets:
    """The given rows, in the given order."""
    counts = sets.counts[rows]
    ends = np.cumsum(counts, dtype=np.int64)
    values = sets.values[ranges(sets.starts[rows], counts)]
    return HashSets(values, ends - counts, counts, sets.limits[rows])


def width_blocks(counts: NDArray[np.int64] | NDArray[np.int32]) -> Iterator[tuple[IntArray, int]]:
    """Rows of about the same length together: (rows, width) with width >= counts of the rows.

    Widths grow by a quarter, so at most a fifth of the cells of a block is filled up, and blocks
    have about `_CELLS` cells. Rows with count 0 are left out.
    """
    if not len(counts):
        return
    widths = [8]
    while widths[-1] < int(counts.max()):
        widths.append(-(-(widths[-1] * 5 // 4) // 8) * 8 + 8 * (widths[-1] < 32))
    size = np.searchsorted(widths, counts)
    size[counts == 0] = len(widths)
    order = np.argsort(size.astype(np.uint16), kind="stable")
    bounds = np.searchsorted(size[order], np.arange(len(widths) + 1))
    for i, width in enumerate(widths):
        step = max(1, _CELLS // width)
        for start in range(int(bounds[i]), int(bounds[i + 1]), step):
            yield order[start : min(start + step, int(bounds[i + 1]))], width


def padded(
    values: HashArray, starts: IntArray, counts: NDArray[np.int64] | NDArray[np.int32], width: int
) -> HashArray:
    """(rows, width) uint32: the rows' hashes, then NO_HASH."""
    place = np.arange(width)
    cells = values.take(starts[:, None] + place, mode="clip")
    cells[place >= counts[:, None]] = NO_HASH
    return cells


def ranges(starts: IntArray, counts: IntArray | NDArray[np.int32]) -> IntArray:
    """starts[0], starts[0] + 1, ... (counts[0] of them), starts[1], ..."""
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    place: IntArray = np.arange(total) + np.repeat(starts - (ends - counts), counts)
    return place
