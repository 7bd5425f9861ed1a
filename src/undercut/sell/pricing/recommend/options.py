"""What can be done about the price today: hold it, answer rivals as they stand, or settle."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np

from undercut.core.money import Money
from undercut.sell.pricing.cost.serving import ServingCost
from undercut.sell.pricing.cost.unit_cost import unit_cost
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.equilibrium.bertrand import Equilibrium, bertrand_nash
from undercut.sell.pricing.equilibrium.best_response import best_response
from undercut.sell.pricing.equilibrium.capacity import Limit, bertrand_with_capacity
from undercut.sell.pricing.equilibrium.check import EquilibriumCheck, check_equilibrium
from undercut.sell.pricing.recommend.market_model import MarketModel
from undercut.sell.pricing.situation.situation import Situation


class Move(StrEnum):
    """Ways to set the own price."""

    HOLD = "hold"
    BEST_RESPONSE = "best_response"
    EQUILIBRIUM = "equilibrium"
    RECOMMENDED = "recommended"


@dataclass(frozen=True, slots=True)
class Option:
    """One price and what follows. prices: (J,) of all products. share: own product's.

    monthly_answers: at that share; monthly_profit: after all costs; floor: at that load.
    """

    move: Move
    prices: FloatArray
    share: float
    monthly_answers: Decimal
    monthly_profit: Money
    floor: Money

    @property
    def price(self) -> float:
        """Of the own product."""
        return float(self.prices[0])


@dataclass(frozen=True, slots=True)
class Settled:
    """Where prices settle. holds: whether it is an equilibrium as far as the check looked.

    shadow_price: what one more unit of own capacity would earn, 0 where it does not bind.
    check: None where the own capacity binds: its own condition was checked then.
    """

    equilibrium: Equilibrium
    holds: bool
    said: str
    shadow_price: float
    check: EquilibriumCheck | None = None


def settle_market(model: MarketModel, situation: Situation) -> Settled:
    """Bertrand-Nash prices, with the own capacity where it is given and buyers are counted."""
    limit = _limit(model, situation)
    plain = bertrand_nash(model.demand, model.costs, model.firms, start=model.prices)
    if limit is None or _load(plain, limit) <= limit.most:
        check = check_equilibrium(model.demand, plain)
        return Settled(plain, check.holds, check.said, 0.0, check)
    bound = bertrand_with_capacity(model.demand, model.costs, model.firms, [limit])
    said = f"with the own capacity as a limit: {bound.why}"
    return Settled(bound.equilibrium, bound.converged, said, float(bound.shadow_prices[0]))


def _limit(model: MarketModel, situation: Situation) -> Limit | None:
    capacity = situation.own.load.capacity
    if capacity is None or situation.buyers is None:
        return None
    return Limit((0,), float(capacity / situation.buyers))


def _load(found: Equilibrium, limit: Limit) -> float:
    return float(found.shares[list(limit.products)].sum())


def best_prices(model: MarketModel) -> tuple[FloatArray, bool]:
    """(J,) prices with the own ones at their best against rivals as they stand; whether found."""
    found = best_response(model.demand, model.prices, model.costs, model.own)
    return found.prices, found.settled


def option(
    move: Move,
    model: MarketModel,
    situation: Situation,
    serving: ServingCost,
    prices: FloatArray,
) -> Option:
    """What the own product earns at (J,) prices; sales never exceed the own capacity."""
    share = float(model.demand.shares(prices)[0])
    answers = answers_at(share, model, situation)
    unit = unit_cost(serving, situation.own, monthly_answers=answers)
    price = situation.market().money(float(prices[0]))
    return Option(move, prices, share, answers, unit.monthly_profit(price), unit.floor)


def answers_at(share: float, model: MarketModel, situation: Situation) -> Decimal:
    """Answers a month at a share of all buyers: of the market's size, else of the forecast's."""
    load = situation.own.load
    if situation.buyers is not None:
        answers = situation.buyers * Decimal(repr(share))
    else:
        assert load.monthly_answers is not None  # unit_cost has refused the rest
        answers = load.monthly_answers * Decimal(repr(share / float(model.shares[0])))
    answers = max(answers, Decimal(1))
    return answers if load.capacity is None else min(answers, load.capacity)


def with_own_price(prices: FloatArray, price: float) -> FloatArray:
    """(J,) prices with the own product's replaced."""
    changed = np.array(prices, dtype=np.float64)
    changed[0] = price
    return changed
