"""A measured learning curve: error against the number of labels, carried on to more of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EXPONENTS = np.linspace(0.1, 1.5, 57)


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """error(n) = floor + scale * n ** -exponent, floor and scale >= 0."""

    floor: float
    scale: float
    exponent: float

    def __call__(self, labels: float) -> float:
        """Expected share of wrong predictions after training on so many labels."""
        return float(min(self.floor + self.scale * labels**-self.exponent, 1.0))


def fit_power_law(sizes: Sequence[int], errors: Sequence[float]) -> PowerLaw:
    """The best law by least squares, larger sizes weighing more.

    sizes, errors: (points,), at least two. Source of the form: Hestness et al., Deep learning
    scaling is predictable, empirically, 2017; Viering and Loog, The shape of learning curves, 2021.
    """
    n, e = np.asarray(sizes, np.float64), np.asarray(errors, np.float64)
    weight = n / n.sum()
    best: tuple[float, PowerLaw] | None = None
    for exponent in EXPONENTS:
        x = n**-exponent
        mean_x, mean_e = float((weight * x).sum()), float((weight * e).sum())
        spread = float((weight * (x - mean_x) ** 2).sum())
        slope = float((weight * (x - mean_x) * (e - mean_e)).sum()) / max(spread, 1e-300)
        slope = max(slope, 0.0)
        floor = mean_e - slope * mean_x
        if floor < 0:  # through the origin: labels without end leave no error
            floor, slope = 0.0, float((weight * x * e).sum() / (weight * x * x).sum())
        miss = float((weight * (floor + slope * x - e) ** 2).sum())
        if best is None or miss < best[0] - 1e-15:
            best = (miss, PowerLaw(floor, slope, float(exponent)))
    assert best is not None
    return best[1]
