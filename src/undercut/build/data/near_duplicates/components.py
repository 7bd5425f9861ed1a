"""Groups from pairs: connected texts, cut so that every member resembles its representative."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from undercut.core.dataset import FloatArray, IntArray

# similarity(left, right): (pairs,) of any two nodes, (pairs,) each.
Similarity = Callable[[IntArray, IntArray], FloatArray]


def leaders(
    nodes: int,
    left: IntArray,
    right: IntArray,
    *,
    rank: IntArray,
    similarity: Similarity,
    least: float,
) -> IntArray:
    """(nodes,) the representative of each node's group, itself where it is alone.

    left, right: (pairs,) verified pairs; rank: (nodes,) distinct, the larger leads sooner.
    A node leads where nobody within two steps of it outranks it. The nodes within two steps of a
    leader join it if their similarity is at least `least`; what is left goes on without them.
    So a chain a-b-c-d does not pull a and d together, and each round shortens every chain.
    """
    leader = np.arange(nodes)
    open_nodes = np.ones(nodes, dtype=bool)
    by_rank = np.argsort(rank)
    while len(left):
        best = _best_near(nodes, left, right, rank)
        best = np.maximum(best, _best_near(nodes, left, right, best))
        touched = np.unique(np.concatenate([left, right]))
        head = by_rank[best[touched]]
        leads = best[head] == rank[head]
        node, head = touched[leads], head[leads]
        joins = node == head
        joins[~joins] = similarity(head[~joins], node[~joins]) >= least
        leader[node[joins]] = head[joins]
        open_nodes[node[joins]] = False
        going_on = open_nodes[left] & open_nodes[right]
        left, right = left[going_on], right[going_on]
    return leader


def _best_near(nodes: int, left: IntArray, right: IntArray, value: IntArray) -> IntArray:
    """The largest value of each node and its neighbours."""
    best = value.copy()
    np.maximum.at(best, left, value[right])
    np.maximum.at(best, right, value[left])
    return best
