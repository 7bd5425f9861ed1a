"""What was seen at each price, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray

_DRAWS = 20_000


@dataclass(frozen=True, slots=True)
class Counts:
    """visitors: (K,) whose outcome is known, sales: (K,) of them who bought.

    Raises InputError for more sales than visitors or numbers below 0.
    """

    visitors: NDArray[np.int64]
    sales: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.visitors.shape != self.sales.shape or self.visitors.ndim != 1:
            raise InputError("visitors and sales must have one entry a price")
        if (self.sales < 0).any() or (self.sales > self.visitors).any():
            bad = int(np.flatnonzero((self.sales < 0) | (self.sales > self.visitors))[0])
            raise InputError(
                f"price {bad + 1} has {self.sales[bad]} sales by {self.visitors[bad]} visitors"
            )


@dataclass(frozen=True, slots=True)
class Belief:
    """From the posterior of buying at each price, uniform before the first visitor.

    best_chance: (K,) that the price earns most a visitor. expected_loss: (K,) money a visitor that
    choosing it loses against the best. profit: (K,) mean money a visitor.
    """

    best_chance: FloatArray
    expected_loss: FloatArray
    profit: FloatArray


def belief(counts: Counts, margins: FloatArray, rng: np.random.Generator) -> Belief:
    """Posterior by simulation, 20,000 draws: chances are good to half a point."""
    first, second = counts.sales + 1.0, counts.visitors - counts.sales + 1.0
    profit = rng.beta(first, second, size=(_DRAWS, first.size)) * margins
    top = profit.max(axis=1)
    winners = np.bincount(profit.argmax(axis=1), minlength=first.size) / _DRAWS
    loss: FloatArray = (top[:, None] - profit).mean(axis=0)
    return Belief(winners, loss, margins * first / (first + second))


def loss_so_far(counts: Counts, margins: FloatArray, control: int) -> float:
    """Money that the test is expected to have cost against always showing today's price."""
    mean = margins * (counts.sales + 1.0) / (counts.visitors + 2.0)
    return float(np.maximum(mean[control] - mean, 0.0) @ counts.visitors)
