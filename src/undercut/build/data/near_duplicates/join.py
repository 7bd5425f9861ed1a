"""From sketches to groups: who shares a bucket, who really is alike, who stands for whom."""

from __future__ import annotations

import numpy as np

from undercut.build.data.near_duplicates.candidates import alike, largest, unpacked
from undercut.build.data.near_duplicates.components import leaders
from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.likeness import Likeness, View, likeness_of, view
from undercut.build.data.near_duplicates.result import NearDuplicates, Pairs
from undercut.build.data.near_duplicates.sketch import Sketches
from undercut.core.dataset import FloatArray, IntArray


def join(sketches: Sketches, config: NearDuplicateConfig, *, threads: int = 1) -> NearDuplicates:
    """Groups of the sketched texts.

    Distinct texts are numbered in order of their exact keys, so that nothing depends on the
    order in which texts came.
    """
    _, first, number = np.unique(sketches.keys, return_index=True, return_inverse=True)
    views = distinct_views(sketches, first)
    likeness = likeness_of(config, threads=threads)
    found = [alike(each, config, likeness) for each in views]
    packed, similarity = largest([pair for pair, _ in found], [value for _, value in found])
    left, right = unpacked(packed)
    head, near = heads(views, left, right, likeness=likeness, least=config.chain_threshold)
    return NearDuplicates(
        representative=first[head][number],
        similarity=near[number],
        exact=first[number],
        pairs=row_pairs(first[left], first[right], similarity),
    )


def distinct_views(sketches: Sketches, first: IntArray) -> tuple[View, View]:
    """first: (distinct,) the row of `sketches` at which each distinct text stands."""
    rows = len(sketches)
    return view(sketches.short, first, rows=rows), view(sketches.long, first, rows=rows)


def heads(
    views: tuple[View, View], left: IntArray, right: IntArray, *, likeness: Likeness, least: float
) -> tuple[IntArray, FloatArray]:
    """Who stands for each distinct text, and how alike they are, both (distinct,).

    left, right: (pairs,) verified pairs of distinct texts.
    """
    nodes = len(views[0].at)

    def similar(a: IntArray, b: IntArray) -> FloatArray:
        return likeness.among(views, a, b)

    rank = _ranks(views, left, right, nodes=nodes)
    head = leaders(nodes, left, right, rank=rank, similarity=similar, least=least)
    near = np.ones(nodes, dtype=np.float32)
    member = np.flatnonzero(head != np.arange(nodes))
    near[member] = similar(head[member], member)
    return head, near


def row_pairs(a: IntArray, b: IntArray, similarity: FloatArray) -> Pairs:
    """Pairs of rows in order."""
    left, right = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((right, left))
    return Pairs(left[order], right[order], similarity[order])


def _ranks(views: tuple[View, View], left: IntArray, right: IntArray, *, nodes: int) -> IntArray:
    """Who leads sooner: more pairs, then more shingles, then the larger key."""
    degree = np.bincount(left, minlength=nodes) + np.bincount(right, minlength=nodes)
    size = np.zeros(nodes, dtype=np.int64)
    for each in views:
        seen = np.flatnonzero(each.at >= 0)
        size[seen] = np.maximum(size[seen], each.sets.counts[each.at[seen]])
    rank = np.empty(nodes, dtype=np.int64)
    rank[np.lexsort((np.arange(nodes), size, degree))] = np.arange(nodes)
    return rank
