"""Sums of table rows per owner: an embedding bag in numpy."""

from __future__ import annotations

import numpy as np

from undercut.core.dataset import FloatArray, IntArray

_PIECE = 64
_FEW_OWNERS = 16


def sum_rows(table: FloatArray, ids: IntArray, counts: IntArray) -> FloatArray:
    """Row sums: owner i sums the next counts[i] rows named in `ids`.

    table: (rows, columns) float32; ids: (n,) row numbers, grouped by owner in order;
    counts: (owners,) how many ids each owner has, with sum n.
    Returns (owners, columns) float32; an owner without ids gets zeros.

    Owners are cut in pieces of at most 64 ids and the pieces added position by position, the
    longest first: 64 gathers and additions of whole blocks, ten times faster than reduceat over
    the gathered rows, and a text of ten thousand words does not slow its neighbours down.
    """
    if len(counts) <= _FEW_OWNERS:
        return _segments(table[ids], counts)
    pieces = np.maximum((counts + _PIECE - 1) // _PIECE, 1)
    if pieces.max(initial=1) == 1:
        return _by_position(table, ids, counts)
    lengths = np.full(int(pieces.sum()), _PIECE, dtype=np.int64)
    lengths[np.cumsum(pieces) - 1] = counts - (pieces - 1) * _PIECE
    parts = _by_position(table, ids, lengths)
    result: FloatArray = parts[np.cumsum(pieces) - pieces]
    several = pieces > 1
    result[several] = _segments(parts[np.repeat(several, pieces)], pieces[several])
    return result


def _by_position(table: FloatArray, ids: IntArray, counts: IntArray) -> FloatArray:
    order = np.argsort(-counts, kind="stable")
    starts = (np.cumsum(counts) - counts)[order]
    total = np.zeros((len(counts), table.shape[1]), dtype=np.float32)
    rows = np.empty_like(total)
    longest = int(counts.max(initial=0))
    # active[j]: how many owners have more than j ids; they come first in `order`.
    active = len(counts) - np.cumsum(np.bincount(counts, minlength=longest + 1))
    for position in range(longest):
        n = int(active[position])
        np.take(table, ids[starts[:n] + position], axis=0, out=rows[:n], mode="clip")
        total[:n] += rows[:n]
    result = rows  # every row is overwritten: reuse the buffer
    result[order] = total
    return result


def _segments(rows: FloatArray, counts: IntArray) -> FloatArray:
    result = np.zeros((len(counts), rows.shape[1]), dtype=np.float32)
    filled = np.flatnonzero(counts)
    if len(filled):
        starts = np.cumsum(counts) - counts
        result[filled] = np.add.reduceat(rows, starts[filled], axis=0)
    return result
