"""Many markets settled together: the same prices as one by one, where those settle, and a bound."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.equilibrium.bertrand import settle, zeta
from undercut.sell.pricing.equilibrium.many_markets import MOST_EVALUATIONS, settle_many
from undercut.sell.pricing.equilibrium.markup_pairs import held, markets_of, pairs_of, slopes
from undercut.sell.pricing.equilibrium.ownership import ownership

NESTS = np.array([0, 0, 1, 1, 1])
FIRMS = ["a", "b", "a", "a", "c"]
COSTS = np.array([1.0, 1.2, 0.8, 0.5, 1.1])


def nested(correlation: float, seed: int) -> NestedLogit:
    rng = np.random.default_rng(seed)
    return NestedLogit(rng.normal(2.0, 1.0, 5), -1.7, NESTS, np.array([correlation, 0.3]))


def test_prices_are_those_of_calvano() -> None:
    found = settle_many([Logit(np.array([8.0, 8.0]), -4.0)], np.ones((1, 2)), ["a", "b"])
    assert found.prices[0] == pytest.approx([1.472927, 1.472927], abs=5e-7)


def test_each_draw_is_what_the_map_finds_alone() -> None:
    demands = [nested(0.6, seed) for seed in range(20)]
    costs = np.stack([COSTS * (1.0 + 0.02 * seed) for seed in range(20)])
    found = settle_many(demands, costs, FIRMS)
    assert found.settled.all()
    for demand, cost, prices in zip(demands, costs, found.prices, strict=True):
        alone = settle(demand, cost, cost, ownership(FIRMS))[0]
        assert prices == pytest.approx(alone, rel=1e-9)


def test_first_order_conditions_hold_where_firms_share_nests() -> None:
    demand = nested(0.95, 3)
    prices = settle_many([demand], COSTS[None, :], FIRMS).prices[0]
    gap = prices - COSTS - zeta(demand, prices, COSTS, ownership(FIRMS))
    assert np.abs(gap).max() < 1e-8


def test_slopes_are_the_derivatives() -> None:
    pairs = pairs_of(FIRMS, NESTS, np.array([0.6, 0.3]))
    rng = np.random.default_rng(1)
    markets = markets_of(pairs, rng.normal(2, 1, (3, 5)), np.ones(3), np.ones((3, 5)), 0.0)
    logs = rng.normal(0.0, 0.3, (3, pairs.firm.size))
    found = slopes(markets, logs, held(markets, logs))
    for place in range(pairs.firm.size):
        width = np.zeros(pairs.firm.size)
        width[place] = 1e-6
        up, down = held(markets, logs + width).gap, held(markets, logs - width).gap
        assert found[:, :, place] == pytest.approx((up - down) / 2e-6, abs=1e-6)


def test_a_firm_that_sells_nearly_everything_settles() -> None:
    """Plain logit has one equilibrium always, however lopsided the market."""
    demand = Logit(np.array([300.0, 250.0, 3.0]), -6.0)
    costs = np.array([1.0, 0.1, 1.0])
    found = settle_many([demand], costs[None, :], ["a", "a", "b"])
    assert found.settled[0]
    prices = found.prices[0]
    gap = prices - costs - zeta(demand, prices, costs, ownership(["a", "a", "b"]))
    assert np.abs(gap / prices).max() < 1e-8


def test_what_does_not_settle_is_said_and_costs_no_more_than_the_bound() -> None:
    demands = [nested(0.6, seed) for seed in range(6)]
    found = settle_many(demands, np.tile(COSTS, (6, 1)), FIRMS, tolerance=-1.0)
    assert not found.settled.any()
    assert found.evaluations <= 6 * MOST_EVALUATIONS
