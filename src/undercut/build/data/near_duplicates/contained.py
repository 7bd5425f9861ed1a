"""Short texts that stand inside longer ones: candidates by their rarest shingles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from undercut.build.data.near_duplicates.buckets import PairArray
from undercut.build.data.near_duplicates.likeness import View
from undercut.build.data.near_duplicates.ragged import ranges
from undercut.core.dataset import IntArray

_COMMON = 1024  # shingles in more texts than this tell nothing; they are looked up nowhere
_PAIRS_AT_ONCE = 1 << 22


def contained_pairs(view: View, share: float) -> Iterator[PairArray]:
    """Pairs whose smaller set may lie in the larger to at least `share`, packed.

    If |A and B| >= share |A|, then B holds one of any |A| - ceil(share |A|) + 1 shingles of A:
    only the rarest so many are looked up. Misses only pairs all of whose rare shingles stand in
    more than 1,024 texts. Keeps about 40 bytes a shingle while it runs.
    Source: prefix filtering, Chaudhuri, Ganti & Kaushik 2006; Bayardo, Ma & Srikant 2007.
    """
    nodes = np.flatnonzero(view.at >= 0)
    row = view.at[nodes]
    size = view.sets.counts[row].astype(np.int64)
    value = view.sets.values[ranges(view.sets.starts[row], size)]
    owner = np.repeat(np.arange(len(nodes)), size)
    order = np.argsort(value, kind="stable")
    value, owner = value[order], owner[order]
    new = np.ones(len(value), dtype=bool)
    new[1:] = value[1:] != value[:-1]
    starts = np.flatnonzero(new)
    holders = np.diff(starts, append=len(value)).astype(np.int64)
    bucket = np.repeat(np.arange(len(starts)), holders)
    asked = _rarest(owner, holders[bucket], size, share)
    asked = asked[(holders[bucket[asked]] > 1) & (holders[bucket[asked]] <= _COMMON)]
    work = np.cumsum(holders[bucket[asked]])
    cuts = np.searchsorted(
        work, np.arange(_PAIRS_AT_ONCE, int(work[-1]) if len(work) else 0, _PAIRS_AT_ONCE)
    )
    for part in np.split(asked, cuts):
        number = holders[bucket[part]]
        inner = np.repeat(owner[part], number)
        outer = owner[ranges(starts[bucket[part]], number)]
        fits = (size[inner] < size[outer]) | ((size[inner] == size[outer]) & (inner < outer))
        low, high = np.minimum(inner, outer)[fits], np.maximum(inner, outer)[fits]
        packed = nodes[low].astype(np.uint64) << np.uint64(32) | nodes[high].astype(np.uint64)
        yield np.unique(packed)


def _rarest(owner: IntArray, holders: IntArray, size: IntArray, share: float) -> IntArray:
    """Positions of each owner's first |A| - ceil(share |A|) + 1 shingles, rarest first."""
    order = np.lexsort((holders, owner))
    place = np.arange(len(owner)) - np.repeat(np.cumsum(size) - size, size)
    wanted = size - np.ceil(share * size - 1e-9).astype(np.int64) + 1
    return np.sort(order[place < np.repeat(wanted, size)])
