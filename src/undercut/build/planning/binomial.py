"""Exact binomial tails and Clopper-Pearson limits in numpy, with no table and no scipy."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

# 60 halvings of [0, 1] end below the spacing of float64 around any limit that matters.
_HALVINGS = 60


@lru_cache(maxsize=8)
def log_factorials(largest: int) -> Float64Array:
    """log(k!) for k = 0..largest, shape (largest + 1,), read-only."""
    table = np.fromiter((math.lgamma(k + 1.0) for k in range(largest + 1)), np.float64)
    table.flags.writeable = False
    return table


def log_pmf(n: int, p: Float64Array, upto: int) -> Float64Array:
    """log P(X = k) for X ~ Bin(n, p) and k = 0..upto.

    p: (points,) probabilities; 0 and 1 are moved inwards by 1e-300 and 1e-16.
    Returns (points, upto + 1).
    """
    table = log_factorials(n)
    k = np.arange(upto + 1)
    inside = np.clip(p, 1e-300, 1.0 - 1e-16)[:, None]
    choose = table[n] - table[k] - table[n - k]
    result: Float64Array = choose + k * np.log(inside) + (n - k) * np.log1p(-inside)
    return result


def upper_tail(k: int, n: int, p: float) -> float:
    """P(X >= k) for X ~ Bin(n, p); the shorter of the two sums is taken."""
    if k <= 0:
        return 1.0
    pmf = np.exp(log_pmf(n, np.array([p]), n)[0])
    return float(pmf[k:].sum() if k > n * p else 1.0 - pmf[:k].sum())


def clopper_pearson_lower(successes: int, n: int, alpha: float) -> float:
    """One-sided exact lower limit for a proportion: P(limit <= p) >= 1 - alpha.

    Rounded down by at most 2**-60. Source: Clopper & Pearson (1934).
    """
    if successes == 0:
        return 0.0
    low, high = 0.0, successes / n
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if upper_tail(successes, n, middle) <= alpha else (low, middle)
    return low


def clopper_pearson_upper(successes: int, n: int, alpha: float) -> float:
    """One-sided exact upper limit for a proportion: P(p <= limit) >= 1 - alpha."""
    return 1.0 - clopper_pearson_lower(n - successes, n, alpha)
