"""Is a found point an equilibrium? First order, second order, and a search for better deviations.

A fixed point of the zeta map only says that small changes do not pay to first order. Buyers who
differ can make profit have two peaks, so each firm's profit is also searched from several starts,
and each of its products alone on a grid of prices. What is not found is not proven absent: the
result says how far the search went.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import Demand, FloatArray
from undercut.sell.pricing.equilibrium.bertrand import Equilibrium
from undercut.sell.pricing.equilibrium.best_response import best_response, profit_of

_GRID = np.concatenate([np.linspace(0.05, 2.0, 14), np.geomspace(2.4, 20.0, 10)])
_LARGEST_GAIN = 1e-8


@dataclass(frozen=True, slots=True)
class FirmCheck:
    """One firm at the point: profit now, the best found by any deviation, and curvature.

    curvature: largest eigenvalue of the scaled Hessian of its profit in its own prices; below 0
    where the point is a strict local maximum.
    best_prices: (J,) the deviation that pays most, the point itself where none does.
    """

    firm: str
    profit: float
    best_profit: float
    curvature: float
    best_prices: FloatArray

    @property
    def gain(self) -> float:
        """What the best deviation adds to profit, as a share of it."""
        return max(0.0, self.best_profit - self.profit) / max(abs(self.profit), 1e-12)


@dataclass(frozen=True, slots=True)
class EquilibriumCheck:
    """holds: converged, every firm at a strict local maximum, and no deviation found that pays.

    said: the same in a sentence. firms: one entry a firm; none where the search did not settle:
    there is no point to check then.
    """

    holds: bool
    said: str
    firms: tuple[FirmCheck, ...]

    @property
    def tempted(self) -> FirmCheck | None:
        """The firm that gains most by other prices, None where none gains enough to count."""
        return _tempted(self.firms)

    @property
    def flat(self) -> tuple[str, ...]:
        """Firms that are not at a strict local maximum."""
        return tuple(each.firm for each in self.firms if not each.curvature < 0.0)


def check_equilibrium(demand: Demand, found: Equilibrium) -> EquilibriumCheck:
    """Second-order conditions and deviations of every firm at `found`.

    A deviation counts where it adds more than 1e-8 of the firm's profit. Deviations of whole firms
    start from 12 markups over three orders of magnitude; those of single products are 24 prices
    from 0.05 to 20 times the markup.
    """
    if not found.converged:
        return EquilibriumCheck(False, f"not an equilibrium: {found.why}", ())
    firms = tuple(_check_firm(demand, found, firm) for firm in dict.fromkeys(found.firms))
    said = _said(firms)
    return EquilibriumCheck(said == "", said or _GOOD, firms)


_GOOD = "first- and second-order conditions hold and no deviation that pays was found"


def _said(firms: tuple[FirmCheck, ...]) -> str:
    worst = _tempted(firms)
    if worst is not None:
        return (
            f"stationary, but not an equilibrium: {worst.firm} gains {worst.gain:.3%} of its "
            "profit by other prices"
        )
    flat = [each.firm for each in firms if not each.curvature < 0.0]
    if flat:
        return f"not a strict local maximum for {', '.join(flat)}; existence is not confirmed"
    return ""


def _tempted(firms: tuple[FirmCheck, ...]) -> FirmCheck | None:
    worst = max(firms, key=lambda each: each.gain, default=None)
    return worst if worst is not None and worst.gain > _LARGEST_GAIN else None


def _check_firm(demand: Demand, found: Equilibrium, firm: str) -> FirmCheck:
    own = [place for place, name in enumerate(found.firms) if name == firm]
    mine = np.isin(np.arange(len(found.firms)), own)
    now = profit_of(demand, found.prices, found.costs, mine)
    best_profit, best_prices = now, found.prices
    answer = best_response(demand, found.prices, found.costs, own)
    candidates = [(answer.profit, answer.prices), _best_alone(demand, found, mine, own)]
    for profit, prices in candidates:
        if profit > best_profit:
            best_profit, best_prices = profit, prices
    return FirmCheck(firm, now, best_profit, _curvature(demand, found, mine), best_prices)


def _best_alone(
    demand: Demand,
    found: Equilibrium,
    mine: NDArray[np.bool_],
    own: list[int],
) -> tuple[float, FloatArray]:
    best = (-np.inf, found.prices)
    for place in own:
        cost, markup = found.costs[place], found.prices[place] - found.costs[place]
        for factor in _GRID:
            prices = found.prices.copy()
            prices[place] = cost + factor * max(markup, 1e-6)
            profit = profit_of(demand, prices, found.costs, mine)
            if profit > best[0]:
                best = (profit, prices)
    return best


def _curvature(demand: Demand, found: Equilibrium, mine: NDArray[np.bool_]) -> float:
    """Largest eigenvalue of the Hessian, by central differences of the exact gradient.

    Scaled to a unit diagonal, so that prices of different size count alike.
    """
    places = np.flatnonzero(mine)
    hessian = np.empty((places.size, places.size))
    for column, place in enumerate(places):
        width = 1e-5 * max(abs(found.prices[place] - found.costs[place]), 1e-6)
        up, down = found.prices.copy(), found.prices.copy()
        up[place] += width
        down[place] -= width
        hessian[:, column] = (
            _gradient(demand, up, found.costs, mine) - _gradient(demand, down, found.costs, mine)
        ) / (2.0 * width)
    size = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    scaled = hessian / np.outer(size, size)
    return float(np.linalg.eigvalsh((scaled + scaled.T) / 2.0).max())


def _gradient(
    demand: Demand,
    prices: FloatArray,
    costs: FloatArray,
    mine: NDArray[np.bool_],
) -> FloatArray:
    """(own,) derivative of the firm's profit in its own prices."""
    response = demand.response(prices)
    margin = np.where(mine, prices - costs, 0.0)
    gradient: FloatArray = response.shares + response.slope * margin - response.overlap.T @ margin
    return gradient[mine]
