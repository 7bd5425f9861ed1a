"""What a merger or a change of costs does to prices: two equilibria beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import Demand, FloatArray, vector
from undercut.sell.pricing.equilibrium.bertrand import Equilibrium, bertrand_nash
from undercut.sell.pricing.equilibrium.ownership import merged


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Two equilibria of one market.

    price_change: (J,) as a share of the price before. surplus_change: of consumers, a buyer, None
    where the model defines none. hhi_before, hhi_after: Herfindahl-Hirschman index, 0 to 10,000,
    of firms' shares among what is bought. converged: whether both settled.
    """

    before: Equilibrium
    after: Equilibrium
    price_change: FloatArray
    surplus_change: float | None
    hhi_before: float
    hhi_after: float
    converged: bool


def merger(
    demand: Demand,
    costs: FloatArray,
    firms: Sequence[str],
    buyer: str,
    bought: str,
    *,
    cost_saving: float = 0.0,
) -> WhatIf:
    """Prices when `buyer` also sets those of `bought`.

    costs: (J,). cost_saving: by which share the costs of both firms' products fall, in [0, 1).
    Raises InputError for firms that sell nothing or a saving outside [0, 1).
    """
    if not 0.0 <= cost_saving < 1.0:
        raise InputError(f"a cost saving must lie in [0, 1), got {cost_saving}")
    costs = vector("costs", costs, demand.products)
    joined = merged(firms, buyer, bought)
    theirs = np.isin(np.array(list(firms)), [buyer, bought])
    after = costs * np.where(theirs, 1.0 - cost_saving, 1.0)
    return _compare(demand, costs, firms, after, joined)


def cost_shock(
    demand: Demand, costs: FloatArray, firms: Sequence[str], new_costs: FloatArray
) -> WhatIf:
    """Prices when (J,) costs become `new_costs`, firms as they are."""
    costs = vector("costs", costs, demand.products)
    return _compare(demand, costs, firms, vector("new costs", new_costs, demand.products), firms)


def pass_through(
    demand: Demand, costs: FloatArray, firms: Sequence[str], *, step: float = 1e-4
) -> FloatArray:
    """(J, J) d price_j / d cost_k at equilibrium, by central differences of `step` in money.

    Raises InputError where a neighbouring equilibrium is not found.
    """
    costs = vector("costs", costs, demand.products)
    start = bertrand_nash(demand, costs, firms).prices
    columns = []
    for place in range(costs.size):
        ends = []
        for sign in (1.0, -1.0):
            moved = costs.copy()
            moved[place] += sign * step
            near = bertrand_nash(demand, moved, firms, start=start)
            if not near.converged:
                raise InputError(f"no equilibrium was found near the present one: {near.why}")
            ends.append(near.prices)
        columns.append((ends[0] - ends[1]) / (2.0 * step))
    return np.column_stack(columns)


def concentration(shares: FloatArray, firms: Sequence[str]) -> float:
    """Herfindahl-Hirschman index, 0 to 10,000, over firms' shares of what is bought."""
    names = np.array(list(firms))
    total = shares.sum()
    parts = [shares[names == firm].sum() / total for firm in dict.fromkeys(firms)]
    return float(10_000.0 * np.square(parts).sum())


def compare(before: Equilibrium, after: Equilibrium) -> WhatIf:
    """Two states of one market beside each other."""
    change = None
    if before.surplus is not None and after.surplus is not None:
        change = after.surplus - before.surplus
    return WhatIf(
        before,
        after,
        after.prices / before.prices - 1.0,
        change,
        concentration(before.shares, before.firms),
        concentration(after.shares, after.firms),
        before.converged and after.converged,
    )


def _compare(
    demand: Demand,
    costs: FloatArray,
    firms: Sequence[str],
    new_costs: FloatArray,
    new_firms: Sequence[str],
) -> WhatIf:
    before = bertrand_nash(demand, costs, firms)
    return compare(before, bertrand_nash(demand, new_costs, new_firms, start=before.prices))
