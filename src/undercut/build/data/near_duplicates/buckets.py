"""Texts that share a bucket, as pairs to compare."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.near_duplicates.ragged import HashArray
from undercut.core.dataset import IntArray

PairArray = NDArray[np.uint64]

_NEIGHBOURS = 8


def bucket_pairs(
    key: HashArray, row: IntArray, *, giant: int, order: HashArray | None = None
) -> PairArray:
    """Pairs of rows with equal keys, each packed as `smaller row << 32 | larger row`.

    key: (n,) of one band; row: (n,) ascending, below 2^32. A bucket of `giant` rows or more gives
    for each of its rows only its first row and the next eight, in order of `order` (n,) (another
    band's keys, so that likely pairs stand together) and then row: linear, not quadratic.
    """
    if not len(key):
        return np.zeros(0, dtype=np.uint64)
    member = _sorting(key)
    bucket = key[member]
    starts = np.flatnonzero(np.append(True, bucket[1:] != bucket[:-1]))
    sizes = np.diff(starts, append=len(key))
    name: PairArray = row.astype(np.uint64)
    small = (sizes > 1) & (sizes < giant)
    found = _all_pairs(name[member], starts[small], sizes[small])
    for start, size in zip(starts[sizes >= giant], sizes[sizes >= giant], strict=True):
        inside = member[start : start + size]
        tie = np.zeros(size, dtype=np.uint32) if order is None else order[inside]
        found.append(_near_pairs(name[inside], name[inside[np.argsort(tie, kind="stable")]]))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.uint64)


def _sorting(key: HashArray) -> IntArray:
    """Stable order of 32-bit keys: two passes of numpy's radix sort, which takes 16 bits."""
    order = np.argsort((key & np.uint32(0xFFFF)).astype(np.uint16), kind="stable")
    high = (key >> np.uint32(16)).astype(np.uint16)
    return order[np.argsort(high[order], kind="stable")]


def _all_pairs(member: PairArray, starts: IntArray, sizes: IntArray) -> list[PairArray]:
    found = []
    distance = 1
    ends = starts + sizes
    while len(starts):
        # The first `size - distance` members of each bucket have a partner at that distance.
        number = ends - starts - distance
        starts, ends, number = starts[number > 0], ends[number > 0], number[number > 0]
        if not len(starts):
            break
        ahead = np.cumsum(number)
        at = np.arange(int(ahead[-1])) + np.repeat(starts - (ahead - number), number)
        found.append(_packed(member[at], member[at + distance]))
        distance += 1
    return found


def _near_pairs(member: PairArray, near: PairArray) -> PairArray:
    """Of one bucket: each with the first, and with those that follow in order of `near`."""
    found = [_packed(np.full(len(member) - 1, member[0]), member[1:])]
    found += [_packed(near[:-d], near[d:]) for d in range(1, min(_NEIGHBOURS + 1, len(near)))]
    return np.concatenate(found)


def _packed(left: PairArray, right: PairArray) -> PairArray:
    return np.minimum(left, right) << np.uint64(32) | np.maximum(left, right)
