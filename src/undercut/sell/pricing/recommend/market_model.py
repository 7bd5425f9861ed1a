"""A situation as a demand model with costs: what buyers do, what each firm's answer costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.money import Money
from undercut.sell.pricing.demand.calibrate import FittedDemand
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says
from undercut.sell.pricing.demand.kinds import Kinds
from undercut.sell.pricing.demand.model import FloatArray, elasticities
from undercut.sell.pricing.recommend.market_facts import Evidence, market_facts
from undercut.sell.pricing.situation.situation import Situation


@dataclass(frozen=True, slots=True)
class MarketModel:
    """demand: of all products, the own one first. prices, shares: (J,) as observed.

    costs: (J,) marginal, payment included: the own measured, rivals' given or implied by their
    prices. cost_known: (J,) whether somebody gave it. own: places of the own firm's products.
    price_coefficient: with its range; of buyers on average where they differ. notes: what to mind.
    nests, correlation: as in `Facts`; kinds: how buyers differ; None where the model has none.
    """

    demand: FittedDemand
    prices: FloatArray
    shares: FloatArray
    costs: FloatArray
    cost_known: NDArray[np.bool_]
    firms: tuple[str, ...]
    names: tuple[str, ...]
    price_coefficient: Estimate
    evidence: Evidence
    notes: tuple[Note, ...]
    nests: NDArray[np.int64] | None = None
    correlation: FloatArray | None = None
    kinds: Kinds | None = None

    @property
    def own(self) -> tuple[int, ...]:
        """Places of the own firm's products."""
        return tuple(at for at, firm in enumerate(self.firms) if firm == self.firms[0])

    @property
    def own_elasticity(self) -> float:
        """Of the own product's share in its own price, at today's prices."""
        return float(elasticities(self.demand, self.prices)[0, 0])


def market_model(situation: Situation, marginal: Money) -> MarketModel:
    """The model of a situation. marginal: own cost of one more million answers, with payment.

    Raises InputError where a share is not known, where nothing says how buyers react, or where the
    own price lies below the own cost and no other margin is known.
    """
    facts, evidence, notes = market_facts(situation, marginal)
    found = facts.calibrate(situation.own.margin_error)
    known = np.array([False] + [each.cost is not None for each in situation.products[1:]])
    known[0] = True
    costs = found.costs.copy()
    costs[0] = float(marginal.amount)
    for place, each in enumerate(situation.products[1:], start=1):
        if each.cost is not None:
            costs[place] = float(each.cost.amount)
    below = [situation.products[at].name for at in np.flatnonzero(costs < 0.0)]
    if below:
        costs = np.maximum(costs, 0.0)
        text = f"the model implies costs below 0 for {', '.join(below)}: taken as 0"
        zero = Note(
            Caution.INCONSISTENT, text, Says.COSTS_TAKEN_AS_ZERO, {"names": ", ".join(below)}
        )
        notes = (*notes, zero)
    return MarketModel(
        found.demand,
        facts.prices,
        facts.shares,
        costs,
        known,
        facts.firms,
        tuple(each.name for each in situation.products),
        found.price_coefficient,
        evidence,
        (*notes, *found.notes),
        facts.nests,
        facts.correlation,
        facts.kinds,
    )
