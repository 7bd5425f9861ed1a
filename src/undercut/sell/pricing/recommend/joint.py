"""Plan and price together: each plan of the frontier at the prices that rivals answer it with.

A better plan raises what buyers value and what an answer costs. Which pays more depends on the
market: for each plan the whole market is settled anew, and the plan with the highest profit wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.mixed import MixedLogit
from undercut.sell.pricing.equilibrium.bertrand import Equilibrium, bertrand_nash
from undercut.sell.pricing.equilibrium.check import check_equilibrium
from undercut.sell.pricing.recommend.market_model import MarketModel


@dataclass(frozen=True, slots=True)
class PlanOption:
    """One plan that could serve. quality: index of the market; cost: marginal, payment included."""

    name: str
    quality: float
    cost: float
    certified: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.quality) and np.isfinite(self.cost) and self.cost >= 0.0):
            raise InputError(
                f"the plan {self.name} needs a quality and a cost that is not below 0, "
                f"got {self.quality} and {self.cost}"
            )


@dataclass(frozen=True, slots=True)
class PlanAtPrice:
    """A plan with the prices that settle around it. profit: of the own firm, a buyer.

    holds: whether the point passed the check of deviations.
    """

    plan: PlanOption
    equilibrium: Equilibrium
    profit: float
    holds: bool

    @property
    def price(self) -> float:
        """Of the own product."""
        return float(self.equilibrium.prices[0])

    @property
    def share(self) -> float:
        """Of the own product."""
        return float(self.equilibrium.shares[0])


@dataclass(frozen=True, slots=True)
class JointChoice:
    """best: highest profit at equilibrium. cheapest_first: cheapest plan, then its price.

    tried: every plan, cheapest first.
    """

    best: PlanAtPrice
    cheapest_first: PlanAtPrice
    tried: tuple[PlanAtPrice, ...]


def joint_choice(
    model: MarketModel,
    plans: Sequence[PlanOption],
    *,
    quality_value: float,
    base_quality: float,
) -> JointChoice:
    """The plan and price that earn the own firm most where rivals answer.

    model: the market with the own product at `base_quality`. quality_value: money for a million
    answers that buyers pay for a unit more of quality. Of equal profits the cheaper plan wins.
    Raises InputError for no plans, a quality_value below 0, or where no plan has an equilibrium.
    """
    if not plans:
        raise InputError("no plan to choose from")
    if not (np.isfinite(quality_value) and quality_value >= 0.0):
        raise InputError(f"quality_value must not be below 0, got {quality_value}")
    ordered = sorted(plans, key=lambda each: (each.cost, -each.quality))
    tried = tuple(
        found
        for plan in ordered
        if (found := _settled(model, plan, quality_value, base_quality)) is not None
    )
    if not tried:
        raise InputError("no plan has prices that settle", hint="check shares and margins")
    best = max(tried, key=lambda each: each.profit)
    return JointChoice(best, tried[0], tried)


def with_quality(
    model: MarketModel, plan: PlanOption, quality_value: float, base_quality: float
) -> MarketModel:
    """The market where the own product is this plan: its utility and cost change.

    Where buyers differ, each kind values quality as it does; `quality_value` where that is unknown.
    """
    better, demand = plan.quality - base_quality, model.demand
    values = demand.values.copy()
    if isinstance(demand, MixedLogit):
        known = None if model.kinds is None else model.kinds.quality_value
        values[0] -= (
            demand.price_coefficients * (quality_value if known is None else known) * better
        )
    else:
        values[0] -= demand.price_coefficient * quality_value * better
    costs = model.costs.copy()
    costs[0] = plan.cost
    return replace(model, demand=replace(demand, values=values), costs=costs)


def _settled(
    model: MarketModel, plan: PlanOption, quality_value: float, base_quality: float
) -> PlanAtPrice | None:
    """The market around one plan, None where prices do not settle."""
    market = with_quality(model, plan, quality_value, base_quality)
    found = bertrand_nash(market.demand, market.costs, market.firms, start=market.prices)
    if not found.converged:
        return None
    holds = check_equilibrium(market.demand, found).holds
    return PlanAtPrice(plan, found, float(found.profits[list(market.own)].sum()), holds)
