"""Cost that falls with experience: each doubling of what was ever made takes off the same share.

Sources: Wright (1936), "Factors affecting the cost of airplanes", for the average of all units made
so far; Crawford's variant for the unit made last.
"""

from __future__ import annotations

import math

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray


def learning_exponent(progress_ratio: float) -> float:
    """b of cost ~ volume^-b where each doubling multiplies cost by `progress_ratio` in (0, 1].

    >>> round(learning_exponent(0.8), 4)
    0.3219
    """
    if not 0.0 < progress_ratio <= 1.0:
        raise InputError(
            f"a progress ratio must lie in (0, 1], got {progress_ratio}",
            hint="0.85: each doubling of all units ever made takes 15% off",
        )
    return -math.log2(progress_ratio)


def learned_cost(
    cost: float, made: FloatArray | float, *, progress_ratio: float, known_at: float = 1.0
) -> FloatArray:
    """Cost at cumulative volume `made`, known to be `cost` at `known_at`; Wright or Crawford.

    Raises InputError for volumes that are not above 0.
    """
    exponent = learning_exponent(progress_ratio)
    volumes = np.asarray(made, dtype=np.float64)
    if known_at <= 0.0 or (volumes.size and volumes.min() <= 0.0):
        raise InputError("cumulative volumes must be above 0")
    found: FloatArray = cost * (volumes / known_at) ** -exponent
    return found


def wright_unit_cost(
    cost: float, unit: float, *, progress_ratio: float, known_at: float = 1.0
) -> float:
    """Cost of one more unit when the *average* of all follows the curve (Wright's reading).

    cost: average of the first `known_at` units. The n-th unit costs n a(n) - (n - 1) a(n - 1).
    """
    total = unit * learned_cost(cost, unit, progress_ratio=progress_ratio, known_at=known_at)
    if unit <= 1.0:
        return float(total)
    before = unit - 1.0
    less = before * learned_cost(cost, before, progress_ratio=progress_ratio, known_at=known_at)
    return float(total - less)
