"""Bertrand-Nash prices of multi-product firms, by the fixed point of Morrow & Skerlos (2011).

First-order conditions s + (O * D)' (p - c) = 0, with D = diag(slope) - overlap, rearranged to
p = c + zeta(p). Unlike p = c + markup(p) this map is defined where own-firm derivatives are
near-singular, contracts in practice, and needs no linear solve. It is not proven to converge for
every demand; where it does not for (nested) logit, `many_markets.py` takes over. A fixed point is a
stationary point only: `check.py` looks for better deviations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import ConfigError, InputError
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.model import Demand, FloatArray, vector
from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.equilibrium.many_markets import settle_many
from undercut.sell.pricing.equilibrium.ownership import ownership

TOLERANCE = 1e-12
# steps that shrink more slowly than this are worth a leap, which costs two evaluations more
_SLOW = 0.35
# (nested) logit that the map has not settled by then is handed to Newton
_PATIENCE = 300


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """Prices at which no firm gains by a small change.

    prices, shares, costs: (J,). profits: (J,), (price - cost) * share, a buyer.
    surplus: consumer surplus a buyer, None where the model does not define it.
    converged: False says that `prices` are only where the search stopped, and `why` says why.
    residual: largest |first-order condition| over slope, in units of the price.
    """

    prices: FloatArray
    shares: FloatArray
    costs: FloatArray
    profits: FloatArray
    firms: tuple[str, ...]
    surplus: float | None
    converged: bool
    iterations: int
    residual: float
    why: str


def zeta(demand: Demand, prices: FloatArray, costs: FloatArray, owned: FloatArray) -> FloatArray:
    """(J,) the markup map: p - c = zeta(p) exactly at stationary prices.

    owned: (J, J) ownership matrix. Entries are not finite where demand does not fall in the own
    price. Source: Morrow & Skerlos (2011), eq. 14.
    """
    response = demand.response(prices)
    with np.errstate(divide="ignore", invalid="ignore"):
        numerator = (owned * response.overlap).T @ (prices - costs) - response.shares
        found: FloatArray = np.where(response.slope < 0.0, numerator / response.slope, np.nan)
    return found


def implied_costs(demand: Demand, prices: FloatArray, firms: Sequence[str]) -> FloatArray:
    """(J,) the costs at which `prices` are Bertrand-Nash: rivals' costs read off their prices.

    Raises InputError where the first-order conditions do not pin them down.
    """
    response = demand.response(vector("prices", prices, demand.products))
    slopes = (ownership(firms) * response.jacobian()).T
    try:
        markups = np.linalg.solve(slopes, -response.shares)
    except np.linalg.LinAlgError as error:
        raise InputError("the prices do not identify costs: demand slopes are singular") from error
    return prices - markups


def bertrand_nash(
    demand: Demand,
    costs: FloatArray,
    firms: Sequence[str],
    *,
    start: FloatArray | None = None,
    tolerance: float = TOLERANCE,
    most_iterations: int = 5000,
) -> Equilibrium:
    """Prices at which each firm's first-order conditions hold.

    costs: (J,) a unit. start: (J,) prices, costs where not given. tolerance: on a step of the map,
    in units of max(1, price); on the relative error of each markup where Newton had to help. Raises
    InputError for shapes that do not fit; a search that does not settle is a result with
    `converged` False.
    """
    costs = vector("costs", costs, demand.products)
    owned = ownership(firms)
    if owned.shape[0] != demand.products:
        raise InputError(f"firms must have {demand.products} entries, got {owned.shape[0]}")
    first = costs if start is None else vector("start", start, demand.products)
    handed_on = isinstance(demand, Logit | NestedLogit) and most_iterations > _PATIENCE
    most = _PATIENCE if handed_on else most_iterations
    prices, steps, step = settle(
        demand, first, costs, owned, tolerance=tolerance, most_iterations=most
    )
    if isinstance(demand, Logit | NestedLogit) and handed_on and not step <= tolerance:
        found = settle_many([demand], costs[None, :], firms, tolerance=tolerance)
        steps += found.evaluations
        if found.settled[0]:
            prices, step = found.prices[0], float(found.gap[0])
    return state(demand, prices, costs, firms, owned, steps, step, tolerance)


def settle(
    demand: Demand,
    start: FloatArray,
    costs: FloatArray,
    owned: FloatArray,
    *,
    free: NDArray[np.bool_] | None = None,
    tolerance: float = TOLERANCE,
    most_iterations: int = 5000,
) -> tuple[FloatArray, int, float]:
    """Iterate the map from `start`; prices where `free` is False stay as they are.

    Slow stretches are shortened by SQUAREM leaps that must prove themselves. Returns prices,
    evaluations of the map, and the last step in units of max(1, price), nan where the map left
    its domain.
    """
    if not tolerance > 0.0 or most_iterations < 1:
        raise ConfigError(f"tolerance must be above 0 and iterations, got {tolerance}")
    moves = np.ones(start.size, dtype=np.bool_) if free is None else free

    def move(prices: FloatArray) -> tuple[FloatArray, float]:
        found = np.where(moves, costs + zeta(demand, prices, costs, owned), prices)
        return found, float(np.max(np.abs(found - prices) / np.maximum(1.0, np.abs(prices))))

    prices, count, before = start, 0, np.inf
    while count < most_iterations:
        first, step = move(prices)
        count += 1
        if step <= tolerance or not np.isfinite(step):
            return (first, count, step) if np.isfinite(step) else (prices, count, float("nan"))
        if step > _SLOW * before and count < most_iterations - 1:
            second, after = move(first)
            leap, landing = _leap(prices, first, second), np.inf
            if after > tolerance and np.isfinite(leap).all():
                leap, landing = move(leap)
                count += 1
            # a leap is kept only where it lies nearer to a fixed point than plain steps do
            prices, before = (leap, landing) if landing < after else (second, after)
            count += 1
        else:
            prices, before = first, step
    return prices, count, before


def _leap(start: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Where two steps point to: SQUAREM, scheme S3 of Varadhan & Roland (2008)."""
    change, bend = first - start, second - 2.0 * first + start
    size, curve = float(np.linalg.norm(change)), float(np.linalg.norm(bend))
    length = max(1.0, size / max(curve, 1e-300))
    # steps of 1e200 and more come from demand at the edge of its domain: the caller drops the leap
    with np.errstate(over="ignore", invalid="ignore"):
        found: FloatArray = start + 2.0 * length * change + length * (length * bend)
    return found


def state(
    demand: Demand,
    prices: FloatArray,
    costs: FloatArray,
    firms: Sequence[str],
    owned: FloatArray,
    iterations: int,
    step: float,
    tolerance: float = TOLERANCE,
) -> Equilibrium:
    """Everything that follows from `prices`, and whether the search that found them settled."""
    shares = demand.shares(prices)
    residual = np.abs(prices - costs - zeta(demand, prices, costs, owned)).max()
    converged = bool(step <= tolerance)
    try:
        surplus: float | None = demand.surplus(prices)
    except InputError:
        surplus = None  # some simulated buyers like a higher price: the model defines none
    return Equilibrium(
        prices,
        shares,
        costs,
        (prices - costs) * shares,
        tuple(firms),
        surplus,
        converged,
        iterations,
        float(residual),
        _why(step, converged, iterations),
    )


def _why(step: float, converged: bool, iterations: int) -> str:
    if converged:
        return f"settled after {iterations} steps"
    if np.isnan(step):
        return (
            f"stopped at step {iterations}: some product's demand no longer falls in its own price"
        )
    return f"did not settle in {iterations} steps; the last moved prices by {step:.3g}"
