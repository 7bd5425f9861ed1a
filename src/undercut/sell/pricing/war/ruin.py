"""How likely cash runs out: the closed form for Brownian cash, and its step in a simulation.

Cash x + m t + s B(t), with drift m a month and standard deviation s over a month. Looking at month
ends only misses paths that touch zero in between; the bridge between two ends says how likely that
was, so a simulation in monthly steps has no discretisation error of its own.
The closed form follows from the reflection principle.
"""

from __future__ import annotations

import math

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray


def ruin_probability(cash: float, drift: float, spread: float, months: float) -> float:
    """Probability that cash touches zero within `months`.

    cash: now, above 0. drift: a month. spread: standard deviation of a month, not below 0.
    Raises InputError for anything else.

    >>> round(ruin_probability(12.0, -1.0, 1.0, 12.0), 5)
    0.55645
    """
    _check(cash, drift, spread, months)
    if months == 0.0:
        return 0.0
    width = spread * math.sqrt(months)
    if width <= 1e-12 * (cash + abs(drift) * months):  # as good as certain
        return 1.0 if cash + drift * months <= 0.0 else 0.0
    from scipy.special import log_ndtr

    direct = math.exp(log_ndtr((-cash - drift * months) / width))
    # the exponent alone overflows for a steep fall; together with the tail it never does
    mirrored = -2.0 * drift * cash / spread**2 + log_ndtr((-cash + drift * months) / width)
    return min(1.0, direct + math.exp(min(mirrored, 0.0)))


def touched_between(before: FloatArray, after: FloatArray, spread: float) -> FloatArray:
    """Probability that cash touched zero within a month, given its two ends.

    before, after: (P,) money. spread: standard deviation of the month. 1 where the end is at or
    below zero; 0 where both ends are above and there is no spread.
    """
    above = (before > 0.0) & (after > 0.0)
    if spread <= 0.0:
        return np.where(above, 0.0, 1.0)
    exponent = -2.0 * (before / spread) * (after / spread)
    found: FloatArray = np.where(above, np.exp(np.minimum(exponent, 0.0)), 1.0)
    return found


def _check(cash: float, drift: float, spread: float, months: float) -> None:
    for name, value in (("drift", drift), ("spread", spread), ("months", months), ("cash", cash)):
        if not math.isfinite(value):
            raise InputError(f"{name} must be a finite number, got {value}")
    if cash <= 0.0:
        raise InputError(f"cash must be above 0, got {cash}", hint="money in the bank today")
    if spread < 0.0 or months < 0.0:
        raise InputError(f"spread and months must not be below 0, got {spread} and {months}")
