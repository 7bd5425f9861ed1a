"""What-ifs as people write them, and what they do to a market."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from undercut.core.errors import ConfigError, InputError
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.equilibrium.bertrand import Equilibrium, bertrand_nash
from undercut.sell.pricing.equilibrium.best_response import best_response
from undercut.sell.pricing.equilibrium.capacity import Limit, bertrand_with_capacity
from undercut.sell.pricing.equilibrium.ownership import merged
from undercut.sell.pricing.equilibrium.whatif import WhatIf, compare
from undercut.sell.pricing.recommend.market_model import MarketModel

_CHANGE = re.compile(
    r"(?P<what>cost|price)(?::(?P<firm>[^=]+))?=(?P<sign>[-+])(?P<per>\d+(\.\d+)?)%"
)
_MERGE = re.compile(r"merge=(?P<first>[^+]+)\+(?P<second>.+)")
_CAPACITY = re.compile(r"capacity=(?P<share>\d+(\.\d+)?)%")
_FORMS = "cost=+20%, cost:acme=-30%, price:acme=-50%, merge=acme+borealis or capacity=8%"


@dataclass(frozen=True, slots=True)
class Supposition:
    """text: as written. kind: cost, price, merge or capacity. firms: whom it is about.

    change: as a share, +0.2 for +20%; of all buyers where the own capacity is meant.
    """

    text: str
    kind: str
    firms: tuple[str, ...]
    change: float


@dataclass(frozen=True, slots=True)
class Supposed:
    """What follows. own_profit: a buyer, at cost. shadow_price: of own capacity, 0: not bound."""

    supposition: Supposition
    outcome: WhatIf
    own_profit_before: float
    own_profit_after: float
    shadow_price: float = 0.0


def parse_supposition(text: str, own_firm: str) -> Supposition:
    """A what-if; ConfigError with the forms there are for anything else."""
    written = text.strip()
    if found := _CHANGE.fullmatch(written):
        change = float(found["per"]) / 100.0 * (-1.0 if found["sign"] == "-" else 1.0)
        firm = (found["firm"] or own_firm).strip()
        if found["what"] == "price" and firm == own_firm:
            raise ConfigError(
                f"{text!r}: a price what-if is about a rival, your own price is what is asked",
                hint="price:acme=-50%",
            )
        if change <= -1.0:
            raise ConfigError(f"{text!r}: nothing falls by 100% or more")
        return Supposition(written, found["what"], (firm,), change)
    if found := _MERGE.fullmatch(written):
        firms = (found["first"].strip(), found["second"].strip())
        return Supposition(written, "merge", firms, 0.0)
    if found := _CAPACITY.fullmatch(written):
        return Supposition(written, "capacity", (own_firm,), float(found["share"]) / 100.0)
    raise ConfigError(f"what-if {text!r} cannot be read", hint=_FORMS)


def suppose(model: MarketModel, what: Supposition) -> Supposed:
    """Equilibria before and after.

    A rival's price change is answered by the own best response, all other prices as they are.
    Raises InputError for a firm that sells nothing here.
    """
    for firm in what.firms:
        if firm not in model.firms:
            known = ", ".join(dict.fromkeys(model.firms))
            raise InputError(
                f"what-if {what.text!r}: no product is sold by {firm!r}", hint=f"one of {known}"
            )
    before = bertrand_nash(model.demand, model.costs, model.firms, start=model.prices)
    changed, shadow = _after(model, what, before)
    outcome = compare(before, changed)
    own = list(model.own)
    return Supposed(
        what,
        outcome,
        float(outcome.before.profits[own].sum()),
        float(outcome.after.profits[own].sum()),
        shadow,
    )


def _after(model: MarketModel, what: Supposition, before: Equilibrium) -> tuple[Equilibrium, float]:
    mine = np.array([firm in what.firms for firm in model.firms])
    if what.kind == "cost":
        costs = model.costs * np.where(mine, 1.0 + what.change, 1.0)
        return bertrand_nash(model.demand, costs, model.firms, start=before.prices), 0.0
    if what.kind == "merge":
        firms = merged(model.firms, *what.firms)
        return bertrand_nash(model.demand, model.costs, firms, start=before.prices), 0.0
    if what.kind == "capacity":
        limit = Limit((0,), what.change)
        bound = bertrand_with_capacity(model.demand, model.costs, model.firms, [limit])
        return bound.equilibrium, float(bound.shadow_prices[0])
    prices: FloatArray = before.prices * np.where(mine, 1.0 + what.change, 1.0)
    answer = best_response(model.demand, prices, model.costs, model.own)
    return _at(model, before, answer.prices, answer.settled), 0.0


def _at(model: MarketModel, before: Equilibrium, prices: FloatArray, settled: bool) -> Equilibrium:
    """The state of the market at prices that are the own best answer only."""
    shares = model.demand.shares(prices)
    return replace(
        before,
        prices=prices,
        shares=shares,
        profits=(prices - model.costs) * shares,
        surplus=model.demand.surplus(prices),
        converged=settled,
        why="own best answer to the changed price, others as they were",
    )
