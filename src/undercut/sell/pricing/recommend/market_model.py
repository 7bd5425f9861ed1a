"""A situation as a demand model with costs: what buyers do, what each firm's answer costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.demand.calibrate import (
    CalibratedLogit,
    calibrate_logit,
    calibrate_nested,
)
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.model import FloatArray, elasticities
from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.situation.situation import Situation


class Evidence(StrEnum):
    """What says how buyers react to prices."""

    ELASTICITY = "elasticity"  # measured elsewhere and given
    MARGINS = "margins"  # margins of firms whose prices are taken for their best
    OWN_PRICE = "own_price"  # only the own margin: today's price is taken for the best one


@dataclass(frozen=True, slots=True)
class MarketModel:
    """demand: of all products, the own one first. prices, shares: (J,) as observed.

    costs: (J,) marginal, payment included: the own measured, rivals' given or implied by their
    prices. cost_known: (J,) whether somebody gave it. own: places of the own firm's products.
    price_coefficient: with its range. notes: what to mind.
    """

    demand: Logit | NestedLogit
    prices: FloatArray
    shares: FloatArray
    costs: FloatArray
    cost_known: NDArray[np.bool_]
    firms: tuple[str, ...]
    names: tuple[str, ...]
    price_coefficient: Estimate
    evidence: Evidence
    notes: tuple[Note, ...]

    @property
    def own(self) -> tuple[int, ...]:
        """Places of the own firm's products."""
        return tuple(at for at, firm in enumerate(self.firms) if firm == self.firms[0])

    @property
    def own_elasticity(self) -> float:
        """Of the own product's share in its own price, at today's prices."""
        return float(elasticities(self.demand, self.prices)[0, 0])


@dataclass(frozen=True, slots=True)
class Facts:
    """What calibration starts from; draws of an uncertain market differ in these."""

    prices: FloatArray
    shares: FloatArray
    margins: FloatArray
    firms: tuple[str, ...]
    nests: NDArray[np.int64] | None
    correlation: FloatArray | None

    def calibrate(self, margin_error: float = 0.1) -> CalibratedLogit:
        """Demand from these facts; InputError as `calibrate_logit` has it."""
        if self.nests is None or self.correlation is None:
            return calibrate_logit(
                self.prices, self.shares, self.firms, self.margins, margin_error=margin_error
            )
        return calibrate_nested(
            self.prices,
            self.shares,
            self.firms,
            self.margins,
            nests=self.nests,
            correlation=self.correlation,
            margin_error=margin_error,
        )


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
    )


def market_facts(situation: Situation, marginal: Money) -> tuple[Facts, Evidence, tuple[Note, ...]]:
    """Prices, shares and the margins that demand is calibrated by."""
    market = situation.market()
    nests, correlation = _nests(situation)
    margins, evidence, notes = _margins(situation, marginal)
    facts = Facts(market.prices, market.shares, margins, market.firms, nests, correlation)
    if situation.own.elasticity is not None:
        margin = _margin_of_elasticity(facts, situation.own.elasticity.value)
        facts = Facts(*_with_margin(facts, margin), nests, correlation)
    return facts, evidence, notes


def _with_margin(
    facts: Facts, margin: float
) -> tuple[FloatArray, FloatArray, FloatArray, tuple[str, ...]]:
    margins = np.full(facts.prices.size, np.nan)
    margins[0] = margin
    return facts.prices, facts.shares, margins, facts.firms


def _margin_of_elasticity(facts: Facts, elasticity: float) -> float:
    """The own margin that a price at its best would have at this elasticity.

    Both the elasticity and 1 / margin grow in proportion to the price coefficient: one calibration
    at any margin gives the factor.
    """
    trial = Facts(*_with_margin(facts, 0.5), facts.nests, facts.correlation).calibrate(0.0)
    at_trial = float(elasticities(trial.demand, facts.prices)[0, 0])
    margin = 0.5 * at_trial / elasticity
    if not 0.0 < margin < 1.0:
        raise InputError(
            f"an own elasticity of {elasticity:g} is too small for any price to be the best: firms "
            f"raise prices until it is past {-abs(0.5 * at_trial):.3g}",
            hint="check its sign and its interval; short-run elasticities of logs are often too "
            "small: give a margin instead",
        )
    return margin


def _margins(
    situation: Situation, marginal: Money
) -> tuple[FloatArray, Evidence, tuple[Note, ...]]:
    own, notes = situation.own, []
    margins = np.full(len(situation.products), np.nan)
    for place, each in enumerate(situation.products[1:], start=1):
        if each.cost is not None:
            margins[place] = float(1 - each.cost.amount / each.price.amount)
            if margins[place] <= 0.0:
                raise InputError(
                    f"{each.name} is priced at {each.price} and said to cost {each.cost}: what is "
                    "sold at or below cost says nothing of demand",
                    hint="leave its cost out: the model infers it from the price",
                )
    if own.elasticity is not None:
        return margins, Evidence.ELASTICITY, ()
    others = bool((~np.isnan(margins)).any())
    if own.margin is not None:
        margins[0] = own.margin
        return margins, Evidence.MARGINS, ()
    if others:
        return margins, Evidence.MARGINS, ()
    measured = float(1 - marginal.amount / own.product.price.amount)
    if measured <= 0.0:
        raise InputError(
            f"the own price {own.product.price} lies below what one more million answers costs, "
            f"{marginal}, and no other margin is known: nothing says how buyers react",
            hint="give own: elasticity, or the cost of a rival",
        )
    margins[0] = measured
    notes.append(
        Note(
            Caution.NOT_IDENTIFIED,
            "only the own margin is known, so today's own price is taken for the best one: the "
            "equilibrium repeats it; give own: elasticity or the cost of a rival",
            Says.OWN_MARGIN_ONLY,
        )
    )
    return margins, Evidence.OWN_PRICE, tuple(notes)


def _nests(situation: Situation) -> tuple[NDArray[np.int64] | None, FloatArray | None]:
    """Nest of each product and correlations; a product without a nest is a nest of its own."""
    if all(each.nest is None for each in situation.products):
        return None, None
    numbers: dict[str, int] = {}
    correlation: list[float] = []
    nests = []
    for each in situation.products:
        if each.nest is None or each.nest not in numbers:
            if each.nest is not None:
                numbers[each.nest] = len(correlation)
            nests.append(len(correlation))
            correlation.append(0.0 if each.nest is None else situation.nest_correlation[each.nest])
        else:
            nests.append(numbers[each.nest])
    return np.array(nests, dtype=np.int64), np.array(correlation)


def firm_profit(model: MarketModel, prices: FloatArray, places: Sequence[int]) -> float:
    """Variable profit a buyer of the products at `places`."""
    earned = (prices - model.costs) * model.demand.shares(prices)
    return float(earned[list(places)].sum())
