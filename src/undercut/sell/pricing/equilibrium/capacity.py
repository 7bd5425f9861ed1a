"""Bertrand-Nash when a firm cannot sell more than it can make.

A firm whose capacity binds prices as if each unit cost more by the capacity's shadow price:
min(shadow, spare capacity) = 0 for each limit, prices Bertrand-Nash at cost plus shadow price.
Buyers who are turned away are not modelled: firms price so that none is (Froeb, Tschantz & Crooke
2003). What rationing does to a price war is Bertrand-Edgeworth and another story.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import Demand, FloatArray, vector
from undercut.sell.pricing.equilibrium.bertrand import Equilibrium, bertrand_nash

_CLOSE = 1e-10


@dataclass(frozen=True, slots=True)
class Limit:
    """One firm's `products` (places) may together sell at most `most`, a share of all buyers."""

    products: tuple[int, ...]
    most: float


@dataclass(frozen=True, slots=True)
class CapacityEquilibrium:
    """equilibrium: costs and profits without shadow prices: money that is really spent.

    shadow_prices: (L,) what one more unit of each limit would earn, 0 where it does not bind.
    used: (L,) share of each limit that is sold. converged: complementarity holds to 1e-8.
    """

    equilibrium: Equilibrium
    shadow_prices: FloatArray
    used: FloatArray
    converged: bool
    why: str


def bertrand_with_capacity(
    demand: Demand, costs: FloatArray, firms: Sequence[str], limits: Sequence[Limit]
) -> CapacityEquilibrium:
    """Equilibrium prices with shadow prices of the limits that bind.

    Raises InputError for a limit that is not above 0, spans two firms, or shares a product with
    another.
    """
    costs = vector("costs", costs, demand.products)
    loads, most = _loads(limits, firms)
    scale = float(np.mean(_markups(demand, costs, firms)))

    def solve(shadows: FloatArray) -> Equilibrium:
        return bertrand_nash(demand, costs + loads.T @ shadows, firms)

    shadows, equilibrium = _complementary(solve, loads, most, scale)
    used = loads @ equilibrium.shares / most
    gap = np.abs(np.minimum(shadows / scale, 1.0 - used)).max() if most.size else 0.0
    good = bool(equilibrium.converged and gap <= 1e-8)
    why = equilibrium.why if good else f"complementarity is off by {gap:.2g} of the limit"
    return CapacityEquilibrium(_without_shadows(equilibrium, costs), shadows, used, good, why)


def _complementary(
    solve: Callable[[FloatArray], Equilibrium],
    loads: FloatArray,
    most: FloatArray,
    scale: float,
) -> tuple[FloatArray, Equilibrium]:
    """Semismooth Newton on min(shadow, spare) = 0, with the set of binding limits as its state."""
    shadows = np.zeros(most.size)
    equilibrium = solve(shadows)
    for _ in range(100):
        over = loads @ equilibrium.shares / most - 1.0
        gap = np.minimum(shadows / scale, -over)
        if most.size == 0 or np.abs(gap).max() <= _CLOSE:
            break
        active = np.flatnonzero(shadows / scale > -over)
        slopes = _slopes(solve, shadows, over, active, loads, most, scale)
        wanted = np.where(np.isin(np.arange(most.size), active), shadows, 0.0)
        # limits that leave the binding set drop to 0; the others move to close their gap
        dropped = shadows - wanted
        remaining = over[active] - slopes @ dropped
        square = slopes[:, active]
        wanted[active] = np.maximum(0.0, shadows[active] - np.linalg.solve(square, remaining))
        shadows, equilibrium = _damped(solve, shadows, wanted, gap, loads, most, scale)
    return shadows, equilibrium


def _slopes(
    solve: Callable[[FloatArray], Equilibrium],
    shadows: FloatArray,
    over: FloatArray,
    active: NDArray[np.int64],
    loads: FloatArray,
    most: FloatArray,
    scale: float,
) -> FloatArray:
    """(active, L) d over / d shadow by forward differences."""
    width = 1e-6 * scale
    columns = []
    for place in range(most.size):
        moved = shadows.copy()
        moved[place] += width
        columns.append((loads @ solve(moved).shares / most - 1.0 - over)[active] / width)
    return np.column_stack(columns)


def _damped(
    solve: Callable[[FloatArray], Equilibrium],
    old: FloatArray,
    wanted: FloatArray,
    gap: FloatArray,
    loads: FloatArray,
    most: FloatArray,
    scale: float,
) -> tuple[FloatArray, Equilibrium]:
    """The longest of halved steps that narrows the gap; the shortest where none does."""
    share = 1.0
    while True:
        shadows = old + share * (wanted - old)
        equilibrium = solve(shadows)
        spare = 1.0 - loads @ equilibrium.shares / most
        new = np.minimum(shadows / scale, spare)
        if np.linalg.norm(new) < np.linalg.norm(gap) or share < 1e-3:
            return shadows, equilibrium
        share /= 2.0


def _loads(limits: Sequence[Limit], firms: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """(L, J) which products count against which limit, and (L,) the limits."""
    loads = np.zeros((len(limits), len(firms)))
    for row, limit in enumerate(limits):
        if not (np.isfinite(limit.most) and limit.most > 0.0):
            raise InputError(f"a capacity must be above 0, got {limit.most}")
        owners = {firms[place] for place in limit.products if 0 <= place < len(firms)}
        if len(owners) != 1 or any(not 0 <= p < len(firms) for p in limit.products):
            raise InputError(
                f"a capacity must be of products of one firm, got places {limit.products}"
            )
        loads[row, list(limit.products)] = 1.0
    if loads.size and loads.sum(axis=0).max() > 1.0:
        raise InputError("a product counts against two capacities; give it one")
    return loads, np.array([limit.most for limit in limits], dtype=np.float64)


def _markups(demand: Demand, costs: FloatArray, firms: Sequence[str]) -> FloatArray:
    free = bertrand_nash(demand, costs, firms)
    return np.maximum(free.prices - costs, 1e-9)


def _without_shadows(equilibrium: Equilibrium, costs: FloatArray) -> Equilibrium:
    profits = (equilibrium.prices - costs) * equilibrium.shares
    return replace(equilibrium, costs=costs, profits=profits)
