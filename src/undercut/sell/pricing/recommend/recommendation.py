"""The price to ask, its range, and why; never below the floor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from undercut.core.money import Money
from undercut.sell.pricing.cost.serving import ServingCost
from undercut.sell.pricing.cost.unit_cost import UnitCost
from undercut.sell.pricing.demand.estimate import Caution, Note, Says
from undercut.sell.pricing.recommend.market_model import MarketModel
from undercut.sell.pricing.recommend.options import (
    Move,
    Option,
    Settled,
    best_prices,
    option,
    settle_market,
    with_own_price,
)
from undercut.sell.pricing.recommend.uncertainty import PriceRange, RangeConfig, price_range
from undercut.sell.pricing.rounding import rounded_up
from undercut.sell.pricing.situation.situation import Situation


class Why(StrEnum):
    """Why this price; each has a sentence in every language."""

    EQUILIBRIUM = "equilibrium"
    BEST_RESPONSE = "best_response"
    FLOOR = "floor"
    NOTHING = "nothing"
    RAISE = "raise"
    CUT = "cut"
    HOLD = "hold"
    LOSS = "loss"
    CAPACITY = "capacity"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """price: None where no price can be defended. low, high: its range, None where unknown.

    options: hold, best response and equilibrium side by side, then the recommended price where the
    floor moved it. settled: the equilibrium and whether it holds.
    """

    price: Money | None
    low: Money | None
    high: Money | None
    options: tuple[Option, ...]
    settled: Settled
    spread: PriceRange
    why: tuple[Why, ...]
    notes: tuple[Note, ...]

    @property
    def chosen(self) -> Option | None:
        """What follows at the recommended price."""
        if self.price is None:
            return None
        wanted = float(self.price.amount)
        return min(self.options, key=lambda each: abs(each.price - wanted))


def recommend(
    situation: Situation,
    model: MarketModel,
    serving: ServingCost,
    unit: UnitCost,
    config: RangeConfig | None = None,
) -> Recommendation:
    """The equilibrium price where it holds, else the best answer to rivals as they stand.

    Raised to the floor of the load that it leads to. Raises InputError where the load is unknown.
    """
    settled = settle_market(model, situation)
    answer, answered = best_prices(model)
    spread = price_range(situation, model, unit.marginal, config)

    def at(move: Move, prices: np.ndarray) -> Option:
        return option(move, model, situation, serving, prices)

    options = [at(Move.HOLD, model.prices)]
    if answered:
        options.append(at(Move.BEST_RESPONSE, answer))
    if settled.equilibrium.converged:
        options.append(at(Move.EQUILIBRIUM, settled.equilibrium.prices))
    notes = list(model.notes) + list(_notes(settled, spread))
    picked = options[-1] if settled.holds else (options[1] if answered else None)
    if picked is None:
        return Recommendation(
            None, None, None, tuple(options), settled, spread, (Why.NOTHING,), tuple(notes)
        )
    why = [Why.EQUILIBRIUM if settled.holds else Why.BEST_RESPONSE]
    lowest = max(float(picked.floor.amount), float(unit.floor.amount))
    if picked.price < lowest:
        picked = _at_floor(situation, model, serving, picked, lowest)
        options.append(picked)
        why.append(Why.FLOOR)
    if settled.shadow_price > 0.0:
        why.append(Why.CAPACITY)
    if picked.monthly_profit.amount < 0:
        why.append(Why.LOSS)
    why.append(_direction(picked.price, float(model.prices[0])))
    money = situation.market().money
    low, high = _ends(spread, picked, lowest)
    return Recommendation(
        money(rounded_up(picked.price)),
        None if low is None else money(rounded_up(low)),
        None if high is None else money(rounded_up(high)),
        tuple(options),
        settled,
        spread,
        tuple(why),
        tuple(notes),
    )


def _at_floor(
    situation: Situation,
    model: MarketModel,
    serving: ServingCost,
    picked: Option,
    lowest: float,
) -> Option:
    """The lowest price that covers the floor of the load it leads to, rivals as picked.

    A higher price sells less, which may rent idle time to fewer answers: a few steps find a price
    that covers its own floor, or stop at the last one.
    """
    for _ in range(20):
        picked = option(
            Move.RECOMMENDED, model, situation, serving, with_own_price(picked.prices, lowest)
        )
        if picked.price >= float(picked.floor.amount) * (1.0 - 1e-9):
            break
        lowest = float(picked.floor.amount)
    return picked


def _ends(spread: PriceRange, picked: Option, lowest: float) -> tuple[float | None, float | None]:
    if not np.isfinite(spread.low):
        return None, None
    low, high = min(spread.low, picked.price), max(spread.high, picked.price)
    return max(low, lowest), max(high, lowest)


def _direction(price: float, today: float) -> Why:
    if abs(price / today - 1.0) < 0.01:
        return Why.HOLD
    return Why.RAISE if price > today else Why.CUT


def _notes(settled: Settled, spread: PriceRange) -> tuple[Note, ...]:
    notes = []
    if not settled.equilibrium.converged:
        steps = {"steps": f"{settled.equilibrium.iterations:,}"}
        notes.append(Note(Caution.NO_CONVERGENCE, settled.said, Says.NOT_SETTLED, steps))
    elif not settled.holds:
        notes.append(_unsound(settled))
    if spread.failed > 0.05:
        notes.append(
            Note(
                Caution.NO_CONVERGENCE,
                f"{spread.failed:.0%} of the drawn markets are left out of the range: in "
                f"{spread.unsettled:.0%} prices did not settle, in {spread.unexplained:.0%} no "
                "demand explains the margins; margins and costs in the market file disagree",
                Says.FAILED_DRAWS,
                {
                    "share": f"{spread.failed:.0%}",
                    "unsettled": f"{spread.unsettled:.0%}",
                    "unexplained": f"{spread.unexplained:.0%}",
                },
            )
        )
    return tuple(notes)


def _unsound(settled: Settled) -> Note:
    """Why prices that settled are no equilibrium."""
    check = settled.check
    if check is None:
        return Note(Caution.INCONSISTENT, settled.said, Says.CAPACITY_NOT_MET)
    worst = check.tempted
    if worst is not None:
        values = {"firm": worst.firm, "gain": f"{worst.gain:.3%}"}
        return Note(Caution.INCONSISTENT, settled.said, Says.DEVIATION_PAYS, values)
    values = {"firms": ", ".join(check.flat)}
    return Note(Caution.INCONSISTENT, settled.said, Says.NO_STRICT_MAXIMUM, values)
