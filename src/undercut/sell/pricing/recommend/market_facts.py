"""What a situation's demand is calibrated by: prices, shares, margins, nests, kinds of buyers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.demand.calibrate import (
    CalibratedLogit,
    calibrate_logit,
    calibrate_nested,
    optimal_markups,
)
from undercut.sell.pricing.demand.calibrate_kinds import calibrate_kinds, size_of_elasticity
from undercut.sell.pricing.demand.estimate import Caution, Note, Says
from undercut.sell.pricing.demand.kinds import Kinds, mixed_logit
from undercut.sell.pricing.demand.model import FloatArray, elasticities
from undercut.sell.pricing.recommend.market_kinds import kinds_of
from undercut.sell.pricing.situation.situation import Situation

_LARGEST_MARGIN = 0.999


class Evidence(StrEnum):
    """What says how buyers react to prices."""

    ELASTICITY = "elasticity"  # measured elsewhere and given
    MARGINS = "margins"  # margins of firms whose prices are taken for their best
    OWN_PRICE = "own_price"  # only the own margin: today's price is taken for the best one


@dataclass(frozen=True, slots=True)
class Facts:
    """What calibration starts from; draws of an uncertain market differ in these.

    nests: (J,) and correlation: (G,), None without nests. kinds: None where buyers are alike.
    """

    prices: FloatArray
    shares: FloatArray
    margins: FloatArray
    firms: tuple[str, ...]
    nests: NDArray[np.int64] | None
    correlation: FloatArray | None
    kinds: Kinds | None = None

    def calibrate(self, margin_error: float = 0.1) -> CalibratedLogit:
        """Demand from these facts; InputError as `calibrate_logit` has it."""
        if self.kinds is not None:
            return calibrate_kinds(
                self.prices,
                self.shares,
                self.firms,
                self.margins,
                kinds=self.kinds,
                margin_error=margin_error,
            )
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


def market_facts(situation: Situation, marginal: Money) -> tuple[Facts, Evidence, tuple[Note, ...]]:
    """Prices, shares and the margins that demand is calibrated by."""
    market = situation.market()
    nests, correlation = _nests(situation)
    margins, evidence, notes = _margins(situation, marginal)
    kinds = kinds_of(situation)
    facts = Facts(market.prices, market.shares, margins, market.firms, nests, correlation, kinds)
    if situation.own.elasticity is not None:
        facts = _with_margin(facts, _margin_of_elasticity(facts, situation.own.elasticity.value))
    return facts, evidence, notes


def _with_margin(facts: Facts, margin: float) -> Facts:
    margins = np.full(facts.prices.size, np.nan)
    margins[0] = margin
    return replace(facts, margins=margins)


def _margin_of_elasticity(facts: Facts, elasticity: float) -> float:
    """The own margin that a price at its best would have at this elasticity.

    Both the elasticity and 1 / margin grow in proportion to the price coefficient: one calibration
    at any margin gives the factor. Where buyers differ they do not, and it is searched.
    """
    if facts.kinds is not None:
        size = size_of_elasticity(facts.prices, facts.shares, elasticity, facts.kinds)
        demand = mixed_logit(facts.kinds, facts.prices, facts.shares, size)
        markups = optimal_markups(demand.response(facts.prices), facts.firms)
        return min(float(markups[0] / facts.prices[0]), _LARGEST_MARGIN)
    trial = _with_margin(facts, 0.5).calibrate(0.0)
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
