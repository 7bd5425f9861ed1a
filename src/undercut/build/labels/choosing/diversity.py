"""Items far from all labelled ones, and doubtful items that are not each other's copies."""

from __future__ import annotations

import numpy as np

from undercut.build.labels.choosing.clusters import k_means
from undercut.build.labels.choosing.doubt import margin, most_doubtful
from undercut.build.labels.choosing.pool import Pool
from undercut.build.labels.votes import IntArray

# Doubtful items looked at for one that is taken.
WIDER = 5


def far_apart(pool: Pool, size: int, random: np.random.Generator) -> IntArray:
    """Greedy k-centre: again and again the item farthest from labelled and chosen ones.

    Source: Sener and Savarese, Active learning for CNNs: a core-set approach (ICLR 2018).
    """
    open_ = pool.open
    vectors = pool.vectors[open_]
    nearest = np.full(len(open_), -np.inf)
    for at in range(0, len(pool.labelled), 512):
        known = pool.vectors[pool.labelled[at : at + 512]]
        nearest = np.maximum(nearest, (vectors @ known.T).max(axis=1))
    chosen: list[int] = []
    if not len(pool.labelled):
        chosen.append(int(random.integers(len(open_))))
        nearest = vectors @ vectors[chosen[0]]
    while len(chosen) < min(size, len(open_)):
        nearest[chosen] = np.inf
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
    return np.asarray(open_[chosen])


def doubtful_and_diverse(pool: Pool, size: int, random: np.random.Generator) -> IntArray:
    """The items of least lead, clustered; from each cluster the most doubtful one.

    Source: Citovsky et al., Batch active learning at scale (NeurIPS 2021): diversity over a
    margin-filtered set, with k-means in place of their hierarchical clusters.
    """
    open_, doubt = pool.open, margin(pool.believed())
    wide = most_doubtful(doubt, min(WIDER * size, len(open_)), random)
    if len(wide) <= size:
        return np.asarray(open_[wide])
    cluster = k_means(pool.vectors[open_[wide]], size, random)
    taken: list[int] = []
    seen: set[int] = set()
    for place, name in enumerate(cluster.tolist()):  # most doubtful first
        if name not in seen:
            seen.add(name)
            taken.append(place)
    rest = [place for place in range(len(wide)) if place not in set(taken)]
    return np.asarray(open_[wide[(taken + rest)[:size]]])
