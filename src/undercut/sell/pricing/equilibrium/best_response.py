"""One firm's best prices while all others stay, searched globally.

Stationary points are found by the zeta map from several starts; the starts span markups from
nearly nothing to far above any buyer's reach, so that a second peak (buyers who differ: sell dear
to few or cheap to many) is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import Demand, FloatArray, vector
from undercut.sell.pricing.equilibrium.bertrand import TOLERANCE, settle
from undercut.sell.pricing.equilibrium.lambert import own_mask

_STARTS = 12
_SPAN = 30.0
# the search for peaks is coarse and short; only the best one is brought to rounding error
_ROUGH = 1e-7
_SHORT = 300


@dataclass(frozen=True, slots=True)
class BestResponse:
    """prices: (J,), the firm's own at their best. profit: a buyer, all its products together.

    peaks: different stationary points seen, by falling profit; more than one says that small steps
    would not find the best price. settled: whether `prices` is one of them; False where the best
    seen is only a point of the grid.
    """

    prices: FloatArray
    profit: float
    peaks: tuple[float, ...]
    settled: bool


def best_response(
    demand: Demand,
    prices: FloatArray,
    costs: FloatArray,
    own: Sequence[int],
    *,
    most_iterations: int = 2000,
) -> BestResponse:
    """The prices of the products `own` that earn the firm most, the others' prices as given.

    prices, costs: (J,). Raises InputError for shapes that do not fit.
    """
    prices = vector("prices", prices, demand.products)
    costs = vector("costs", costs, demand.products)
    mine = own_mask(own, demand.products)
    owned = np.outer(mine, mine).astype(np.float64)
    starts = _starts(demand, prices, costs, owned, mine)
    ends = [
        settle(demand, start, costs, owned, free=mine, tolerance=_ROUGH, most_iterations=_SHORT)
        for start in starts
    ]
    rough = [each[0] for each in ends if np.isfinite(each[0]).all()]
    seen = [(profit_of(demand, each, costs, mine), each) for each in [*starts, *rough]]
    top = max(seen, key=lambda each: each[0])
    # the best point seen, brought to rounding error; kept as it was where that earns less
    end, _, step = settle(demand, top[1], costs, owned, free=mine, most_iterations=most_iterations)
    profit = profit_of(demand, end, costs, mine)
    settled = bool(step <= TOLERANCE and profit >= top[0] * (1.0 - _ROUGH))
    peaks = _distinct([profit_of(demand, e[0], costs, mine) for e in ends if e[2] <= _ROUGH])
    if settled:
        return BestResponse(end, profit, peaks, True)
    return BestResponse(top[1], top[0], peaks, False)


def profit_of(
    demand: Demand,
    prices: FloatArray,
    costs: FloatArray,
    mine: NDArray[np.bool_],
) -> float:
    """Profit a buyer of the products where `mine` is True."""
    return float(((prices - costs) * demand.shares(prices))[mine].sum())


def _starts(
    demand: Demand,
    prices: FloatArray,
    costs: FloatArray,
    owned: FloatArray,
    mine: NDArray[np.bool_],
) -> list[FloatArray]:
    """The prices as they are, and equal markups on a geometric grid about the natural scale."""
    response = demand.response(prices)
    semi = -response.slope[mine].sum() / max(response.shares[mine].sum(), 1e-300)
    if not (np.isfinite(semi) and semi > 0.0):
        raise InputError("demand does not fall in the firm's own prices: no best price exists")
    scale = 1.0 / semi
    markups = scale * np.geomspace(1.0 / _SPAN, _SPAN, _STARTS)
    return [prices, *(np.where(mine, costs + markup, prices) for markup in markups)]


def _distinct(profits: list[float]) -> tuple[float, ...]:
    """Profits that differ by more than the search's own error, highest first."""
    peaks: list[float] = []
    for profit in sorted(profits, reverse=True):
        if not peaks or peaks[-1] - profit > 1e-5 * abs(peaks[-1]):
            peaks.append(profit)
    return tuple(peaks)
