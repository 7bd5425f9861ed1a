"""Best markups in nests: the written-down miss, the conditions of the best, no grid above it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from war_market import SCENE

from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.equilibrium.best_response import best_response, profit_of
from undercut.sell.pricing.war.buying_models import buying_of
from undercut.sell.pricing.war.nest_markups import best_nest_markups
from undercut.sell.pricing.war.scene import Nests, Own, Rivals


def test_a_nest_of_high_correlation_is_not_stepped_to_and_fro_in() -> None:
    """Newton's method on the markup went from 0.188 to 2.602 and back: 1.6% of profit was lost."""
    nest, correlation = np.array([2, 0, 0, 0, 0, 2]), np.array([0.9375, 0.4, 0.0])
    room = NestedLogit(
        np.array([7.25488829, 3.49575648, 5.49545772, 5.78359342, 3.89184244, 6.17042547]),
        -2.97437783,
        nest,
        correlation,
    )
    costs = np.array([0.90856204, 0.97935898, 0.0, 0.0, 0.0, 0.0])
    prices = np.array([1.9196, 1.8541, 1.86625388, 1.9581026, 1.31947783, 2.4691543])
    shares = room.shares(prices)
    own = Own(prices[:2], costs[:2], np.zeros(2), shares[:2], fixed_costs=1.0, cash=1e3,
              cash_spread=0.0)  # fmt: skip
    rivals = Rivals(prices[2:], costs[2:], shares[2:], ("acme", "acme", "bolt", "cord"))
    nests = Nests((2, 0), (0, 0, 0, 2), tuple(correlation))
    scene = dataclasses.replace(SCENE, own=own, rivals=rivals, nests=nests)
    buyers = buying_of(scene, np.array([2.97437783]))
    elsewhere, _ = buyers.elsewhere(np.ones((3, 1)), np.ones(1))
    found = costs[:2] + buyers.best_markups(elsewhere, None)[:, 0]
    np.testing.assert_allclose(found, [1.930618, 1.151456], atol=1e-6)
    mine, ours = np.arange(6) < 2, np.append(found, prices[2:])
    earned = profit_of(room, ours, costs, mine)
    assert earned > 1.016 * profit_of(room, prices, costs, mine)
    # the other room's map does not settle here: the best point of its grid is what it says
    assert earned >= best_response(room, prices, costs, [0, 1]).profit
    grid = np.geomspace(0.1, 2.0, 80)
    for markups in np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2):
        other = np.append(costs[:2] + markups, prices[2:])
        assert earned >= profit_of(room, other, costs, mine)


def _profit(markups, at_cost, rivals, rest, spread):
    """(P,) profit a buyer times the coefficient; (G, P) the own part of each nest."""
    together = np.logaddexp(at_cost - markups / spread, rivals)
    values = np.exp(spread * together)
    part = np.exp(at_cost - markups / spread - together)
    return (values * part * markups).sum(axis=0) / (rest + values.sum(axis=0)), part


@given(
    seed=st.integers(0, 2**32 - 1),
    own=st.floats(0.5, 6.0),
    correlation=st.lists(st.floats(0.0, 0.995), min_size=1, max_size=3),
)
def test_the_conditions_of_the_best_hold_and_no_markups_earn_more(seed, own, correlation) -> None:
    rng = np.random.default_rng(seed)
    spread = 1.0 - np.array(correlation)[:, None]
    shape = (len(correlation), 50)
    at_cost, rivals = rng.normal(0.0, own, (2, *shape)) / spread
    rivals[rng.random(shape) < 0.1] = -np.inf
    rest = 1.0 + np.exp(rng.normal(0.0, 2.0, 50))
    found = best_nest_markups(at_cost, rivals, rest, spread)
    profit, part = _profit(found, at_cost, rivals, rest, spread)
    asked = spread * (1.0 + profit) / (spread + (1.0 - spread) * (1.0 - part))
    np.testing.assert_allclose(found, asked, rtol=1e-9)
    for _ in range(40):
        other = found * np.exp(rng.normal(0.0, rng.choice([0.01, 0.3, 2.0]), shape))
        assert (_profit(other, at_cost, rivals, rest, spread)[0] <= profit * (1.0 + 1e-12)).all()


@pytest.mark.parametrize("far", [-5e3, 5e3])
def test_a_product_far_above_or_below_its_nest_has_finite_markups(far: float) -> None:
    at_cost, rivals = np.array([[far]]), np.zeros((1, 1))
    found = best_nest_markups(at_cost, rivals, np.ones(1), np.array([[0.1]]))
    profit, _ = _profit(found, at_cost, rivals, np.ones(1), np.array([[0.1]]))
    assert np.isfinite(found).all()
    if far < 0.0:  # nobody buys: the markup of a product alone among many
        assert found[0, 0] == pytest.approx(0.1)
        assert profit[0] == 0.0
    else:  # all of the nest, priced down to where the rivals begin
        assert 0.9 < found[0, 0] / profit[0] < 1.1
