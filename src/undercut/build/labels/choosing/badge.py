"""BADGE: far apart in the gradients that their own best guess would give the last layer.

Source: Ash et al., Deep batch active learning by diverse, uncertain gradient lower bounds (ICLR
2020). A gradient is the outer product of (probabilities - guess) and the vector; distances follow
from the two parts, so the (items, classes x width) matrix is never made.
"""

from __future__ import annotations

import numpy as np

from undercut.build.labels.choosing.pool import Pool
from undercut.build.labels.votes import IntArray


def badge(pool: Pool, size: int, random: np.random.Generator) -> IntArray:
    """Rows by k-means++ over the gradients of open items, the longest gradient first."""
    open_ = pool.open
    error = np.asarray(pool.believed(), dtype=np.float32).copy()
    error[np.arange(len(error)), error.argmax(axis=1)] -= 1.0
    vectors = pool.vectors[open_]
    length = (error**2).sum(axis=1)  # vectors have length one
    chosen = [int(length.argmax())]
    nearest = np.full(len(open_), np.inf)
    for _ in range(min(size, len(open_)) - 1):
        last = chosen[-1]
        together = (error @ error[last]) * (vectors @ vectors[last])
        nearest = np.minimum(nearest, (length + length[last] - 2 * together).clip(min=0))
        nearest[chosen] = 0
        if nearest.sum() <= 0:
            rest = np.setdiff1d(np.arange(len(open_)), chosen)
            chosen.append(int(random.choice(rest)))
            continue
        chosen.append(int(random.choice(len(open_), p=nearest / nearest.sum())))
    return np.asarray(open_[chosen])
