"""Pairs of one view that share a bucket and pass the exact comparison."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from undercut.build.data.near_duplicates.bitmaps import possible
from undercut.build.data.near_duplicates.buckets import PairArray, bucket_pairs
from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.contained import contained_pairs
from undercut.build.data.near_duplicates.likeness import Likeness, View
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
        left, right = (view.at[side] for side in unpacked(packed))
        similarity = likeness.of_sets(view.sets, left, right)
        good = similarity >= config.threshold
        pairs.append(packed[good])
        values.append(similarity[good])
    return largest(pairs, values)


def unpacked(packed: PairArray) -> tuple[IntArray, IntArray]:
    """The smaller and the larger number of each pair."""
    return (packed >> np.uint64(32)).astype(np.int64), (packed & _LOW).astype(np.int64)


def largest(pairs: list[PairArray], values: list[FloatArray]) -> tuple[PairArray, FloatArray]:
    """Each pair once, ascending, with the largest of its values."""
    if not pairs:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.float32)
    every, value = np.concatenate(pairs), np.concatenate(values)
    order = np.lexsort((-value, every))
    every, value = every[order], value[order]
    keep = np.ones(len(every), dtype=bool)
    keep[1:] = every[1:] != every[:-1]
    return every[keep], value[keep]


def distinct(packed: list[PairArray]) -> PairArray:
    """Each pair once, ascending."""
    every = np.sort(np.concatenate(packed))
    keep = np.ones(len(every), dtype=bool)
    np.not_equal(every[1:], every[:-1], out=keep[1:])
    return every[keep]


def _candidates(view: View, config: NearDuplicateConfig, threads: int) -> Iterator[PairArray]:
    """Pairs to compare, distinct within each array; arrays of bounded size."""
    nodes = np.flatnonzero(view.at >= 0)
    nodes = nodes[view.grain.banded[view.at[nodes]]]
    bands = len(view.grain.bands)

    def pairs(band: int) -> PairArray:
        return _band_pairs(view, nodes, band, config)

    waiting: list[PairArray] = []
    for start in range(0, bands, threads):
        waiting += map_blocks(pairs, range(start, min(start + threads, bands)), threads=threads)
        if sum(map(len, waiting)) > _PAIRS_KEPT:
            yield distinct(waiting)
            waiting = []
    if waiting:
        yield distinct(waiting)
    if config.containment is not None:
        yield from contained_pairs(view, config.containment)


def _band_pairs(view: View, nodes: IntArray, band: int, config: NearDuplicateConfig) -> PairArray:
    """Pairs of one band that their bitmaps do not rule out."""
    bands, column = view.grain.bands, view.at[nodes]
    near = bands[(band + 1) % len(bands)][column]
    packed = bucket_pairs(bands[band][column], nodes, giant=config.giant_bucket, order=near)
    if config.containment is not None:
        return packed
    left, right = (view.at[side] for side in unpacked(packed))
    return packed[
        possible(
            view.sets,
            view.grain.bits,
            left,
            right,
            threshold=config.threshold,
            agreement=config.agreement,
        )
    ]
