"""How far the price may lie off: margins and shares are not known exactly, so draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money
from undercut.sell.pricing.demand.calibrate import CalibratedLogit, FittedDemand
from undercut.sell.pricing.demand.mixed import MixedLogit
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.equilibrium.bertrand import bertrand_nash
from undercut.sell.pricing.equilibrium.many_markets import settle_many
from undercut.sell.pricing.recommend.market_facts import Evidence, Facts, market_facts
from undercut.sell.pricing.recommend.market_model import MarketModel
from undercut.sell.pricing.situation.situation import Situation

_LARGEST_MARGIN = 0.98
_MOST_STEPS = 500


@dataclass(frozen=True, slots=True)
class RangeConfig:
    """draws: of the market. seed: of them. mass: of the range between its ends, in (0, 1)."""

    draws: int = 200
    seed: int = 0
    mass: float = 0.8

    def __post_init__(self) -> None:
        if self.draws < 20 or not 0.0 < self.mass < 1.0:
            raise ConfigError(f"at least 20 draws and a mass in (0, 1), got {self}")


@dataclass(frozen=True, slots=True)
class PriceRange:
    """low, high: ends of the middle `mass` of equilibrium prices of the own product.

    prices: (D,) of the draws that settled, in the order drawn. unsettled: share of draws whose
    prices did not settle within the bound of steps. unexplained: share of draws whose margins no
    demand explains. evaluations: how often shares were worked out over all draws, which is what a
    range costs.
    """

    low: float
    high: float
    mass: float
    prices: FloatArray
    unsettled: float = 0.0
    unexplained: float = 0.0
    evaluations: int = 0

    @property
    def failed(self) -> float:
        """Share of draws that the range leaves out."""
        return self.unsettled + self.unexplained


def price_range(
    situation: Situation, model: MarketModel, marginal: Money, config: RangeConfig | None = None
) -> PriceRange:
    """Equilibrium prices over margins and shares as wrong as they are said to be.

    Margins: times uniform(1 - e, 1 + e) with the situation's margin_error, or an elasticity drawn
    evenly from its interval. Shares, the outside one too: times exp(normal(0, share_error)), made
    to sum to 1. All independent. nan ends where fewer than half of the draws have an equilibrium.
    Draws of (nested) logit are settled together, each within the bound of `settle_many`; where
    buyers differ, one after the other within as many steps of the map.
    """
    config = config or RangeConfig()
    rng = np.random.default_rng(config.seed)
    facts, evidence, _ = market_facts(situation, marginal)
    drawn = [_explained(_drawn(facts, evidence, situation, rng)) for _ in range(config.draws)]
    explained = [each for each in drawn if each is not None]
    unexplained = 1.0 - len(explained) / config.draws
    if not explained:
        return PriceRange(np.nan, np.nan, config.mass, np.empty(0), unexplained=unexplained)
    costs = np.stack([_costs(model, each) for each in explained])
    prices, evaluations = _settled([each.demand for each in explained], costs, model)
    kept = prices[np.isfinite(prices)]
    tail = (1.0 - config.mass) / 2.0
    ends = (np.nan, np.nan)
    if kept.size >= config.draws / 2:
        low, high = np.quantile(kept, [tail, 1.0 - tail])
        ends = (float(low), float(high))
    unsettled = float(prices.size - kept.size) / config.draws
    return PriceRange(*ends, config.mass, kept, unsettled, unexplained, evaluations)


def _settled(
    demands: Sequence[FittedDemand], costs: FloatArray, model: MarketModel
) -> tuple[FloatArray, int]:
    """(D,) own prices of drawn markets, nan where they do not settle; evaluations of shares."""
    plain = [each for each in demands if not isinstance(each, MixedLogit)]
    if len(plain) == len(demands):
        many = settle_many(plain, costs, model.firms)
        return np.where(many.settled, many.prices[:, 0], np.nan), many.evaluations
    found = [
        bertrand_nash(demand, row, model.firms, start=model.prices, most_iterations=_MOST_STEPS)
        for demand, row in zip(demands, costs, strict=True)
    ]
    prices = np.array([each.prices[0] if each.converged else np.nan for each in found])
    return prices, sum(each.iterations for each in found)


def _drawn(
    facts: Facts, evidence: Evidence, situation: Situation, rng: np.random.Generator
) -> Facts:
    every = np.append(facts.shares, 1.0 - facts.shares.sum())
    every = every * np.exp(rng.normal(0.0, situation.share_error, every.size))
    shares = (every / every.sum())[:-1]
    if evidence is Evidence.ELASTICITY and situation.own.elasticity is not None:
        given = situation.own.elasticity
        # a margin at the best price is inverse to the elasticity
        factors = np.full(shares.size, given.value / rng.uniform(given.low, given.high))
    else:
        error = situation.own.margin_error
        factors = rng.uniform(1.0 - error, 1.0 + error, shares.size)
    margins = np.minimum(facts.margins * factors, _LARGEST_MARGIN)
    return replace(facts, shares=shares, margins=margins)


def _explained(facts: Facts) -> CalibratedLogit | None:
    """Demand of one drawn market, None where a drawn margin is one that no demand explains."""
    try:
        return facts.calibrate(0.0)
    except InputError:
        return None


def _costs(model: MarketModel, drawn: CalibratedLogit) -> FloatArray:
    """(J,) known costs as they are, the others as this draw implies them."""
    return np.where(model.cost_known, model.costs, np.maximum(drawn.costs, 0.0))
