"""For the cold start: the most typical item of each large cluster without a label.

Source: Hacohen, Dekel and Weinshall, Active learning on a budget: opposite strategies suit high
and low budgets (ICML 2022).
"""

from __future__ import annotations

import numpy as np

from undercut.build.labels.choosing.clusters import k_means, typicality
from undercut.build.labels.choosing.pool import Pool
from undercut.build.labels.votes import IntArray

MOST_CLUSTERS = 500
LEAST_MEMBERS = 5


def typiclust(pool: Pool, size: int, random: np.random.Generator) -> IntArray:
    """As many clusters as labels then; from each without a label, largest first, one item.

    Beyond `MOST_CLUSTERS` clusters with labels are taken again, those with the fewest first.
    """
    clusters = min(len(pool.labelled) + size, MOST_CLUSTERS, len(pool.label))
    cluster = k_means(pool.vectors, clusters, random)
    known = np.bincount(cluster[pool.labelled], minlength=clusters)
    left = np.bincount(cluster[pool.open], minlength=clusters)
    members = np.bincount(cluster, minlength=clusters)
    queues: dict[int, list[int]] = {}
    chosen: list[int] = []
    while len(chosen) < size and left.any():
        # small clusters are outliers: last among those with as few labels
        rank = np.lexsort((-members, members < LEAST_MEMBERS, known + 10**9 * (left == 0)))
        at = int(rank[0])
        if at not in queues:
            inside = np.flatnonzero(cluster == at)
            order = np.argsort(-typicality(pool.vectors, inside), kind="stable")
            queues[at] = [int(row) for row in inside[order] if pool.label[row] < 0]
        chosen.append(queues[at].pop(0))
        known[at] += 1
        left[at] -= 1
    return np.array(chosen, dtype=np.int64)
