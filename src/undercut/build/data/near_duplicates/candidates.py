"""Pairs of one view that share a bucket and pass the exact comparison."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from undercut.build.data.near_duplicates.buckets import PairArray, bucket_pairs
from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.contained import contained_pairs
from undercut.build.data.near_duplicates.likeness import Likeness, View
from undercut.build.data.near_duplicates.similarity import can_reach
from undercut.core.dataset import FloatArray, IntArray
from undercut.models.threads import map_blocks

_PAIRS_KEPT = 1 << 23
_LOW = np.uint64(0xFFFFFFFF)


def alike(
    view: View, config: NearDuplicateConfig, likeness: Likeness
) -> tuple[PairArray, FloatArray]:
    """Verified pairs of distinct texts, packed and ascending, and their similarities."""
    pairs, values = [], []
    for packed in _candidates(view, config, likeness.threads):
        left, right = unpacked(packed)
        if config.containment is None:
            possible = can_reach(view.sets, view.at[left], view.at[right], config.threshold)
            packed, left, right = packed[possible], left[possible], right[possible]
        similarity = likeness.of_sets(view.sets, view.at[left], view.at[right])
        good = similarity >= config.threshold
        pairs.append(packed[good])
        values.append(similarity[good])
    return largest(pairs, values)


def unpacked(packed: PairArray) -> tuple[IntArray, IntArray]:
    """The smaller and the larger number of each pair."""
    return (packed >> np.uint64(32)).astype(np.int64), (packed & _LOW).astype(np.int64)


def largest(
    pairs: list[PairArray], values: list[FloatArray]
) -> tuple[PairArray, FloatArray]:
    """Each pair once, ascending, with the largest of its values."""
    if not pairs:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.float32)
    every, value = np.concatenate(pairs), np.concatenate(values)
    order = np.lexsort((-value, every))
    every, value = every[order], value[order]
    keep = np.ones(len(every), dtype=bool)
    keep[1:] = every[1:] != every[:-1]
    return every[keep], value[keep]


def _candidates(view: View, config: NearDuplicateConfig, threads: int) -> Iterator[PairArray]:
    """Pairs to compare, distinct within each array; arrays of bounded size."""
    nodes = np.flatnonzero(view.at >= 0)
    nodes = nodes[view.grain.banded[view.at[nodes]]]
    column = view.at[nodes]
    bands = view.grain.bands

    def pairs(band: int) -> PairArray:
        near = bands[(band + 1) % len(bands)][column]
        return bucket_pairs(bands[band][column], nodes, giant=config.giant_bucket, order=near)

    waiting: list[PairArray] = []
    for start in range(0, len(bands), threads):
        waiting += map_blocks(
            pairs, range(start, min(start + threads, len(bands))), threads=threads
        )
        if sum(map(len, waiting)) > _PAIRS_KEPT:
            yield np.unique(np.concatenate(waiting))
            waiting = []
    if waiting:
        yield np.unique(np.concatenate(waiting))
    if config.containment is not None:
        yield from contained_pairs(view, config.containment)
