"""Bertrand-Nash prices: published figures, independent solvers, pyblp on real markets."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, root

from undercut.core.errors import ConfigError, InputError
from undercut.sell.pricing.demand.blp.estimate_blp import BlpConfig, estimate_blp
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.mixed import MixedLogit
from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.demand.nodes import gauss_hermite
from undercut.sell.pricing.equilibrium.bertrand import bertrand_nash, implied_costs
from undercut.sell.pricing.equilibrium.best_response import best_response
from undercut.sell.pricing.equilibrium.check import check_equilibrium
from undercut.sell.pricing.equilibrium.lambert import lambert_best_response

AS_GIVEN = BlpConfig(steps=1, optimise=False)
# Calvano et al. (2020): a - c = 1 with a = 2, outside 0, mu = 1/4, two firms
CALVANO, COSTS = Logit(np.array([8.0, 8.0]), -4.0), np.ones(2)


def test_calvano_baseline_to_the_digits_given() -> None:
    nash = bertrand_nash(CALVANO, COSTS, ["a", "b"])
    assert nash.converged
    np.testing.assert_array_equal(nash.prices.round(6), 1.472927)
    np.testing.assert_array_equal(nash.shares.round(6), 0.471377)
    np.testing.assert_array_equal(nash.profits.round(6), 0.222927)
    monopoly = bertrand_nash(CALVANO, COSTS, ["one", "one"])
    np.testing.assert_array_equal(monopoly.prices.round(6), 1.924981)
    np.testing.assert_array_equal(monopoly.profits.round(6), 0.337490)
    assert monopoly.profits.sum() == pytest.approx(0.67498, abs=1e-5)
    assert check_equilibrium(CALVANO, nash).holds


@pytest.mark.parametrize(
    ("kept", "best", "profits"),
    [
        (0.5, 1.27842, (0.02347, -0.13135, 0.02842)),
        (0.8, 1.36446, (0.10821, 0.08753, 0.11446)),
    ],
)
def test_best_response_to_a_cut_to_the_digits_given(kept, best, profits) -> None:
    nash = bertrand_nash(CALVANO, COSTS, ["a", "b"]).prices[0]
    rival = kept * nash
    prices = np.array([nash, rival])
    answer = lambert_best_response(CALVANO, prices, COSTS, [0])
    assert round(answer[0], 5) == best
    assert answer[1] == rival
    for own, profit in zip((nash, rival, answer[0]), profits, strict=True):
        earned = (own - 1.0) * CALVANO.shares(np.array([own, rival]))[0]
        assert round(earned, 5) == profit


def test_unequal_costs_and_more_firms_against_forty_digits() -> None:
    """Calvano's market with unequal costs and four firms, from its own conditions in mpmath."""
    values, costs, mu = [2.0, 2.0, 2.2, 1.9], [1.0, 0.8, 1.1, 0.5], 0.25
    found = bertrand_nash(Logit(np.array(values) / mu, -1 / mu), np.array(costs), list("abcd"))

    def conditions(*prices):
        odds = [mpmath.e ** ((a - p) / mu) for a, p in zip(values, prices, strict=True)]
        total = 1 + sum(odds)
        return [p - c - mu / (1 - o / total) for p, c, o in zip(prices, costs, odds, strict=True)]

    with mpmath.workdps(40):
        exact = mpmath.findroot(conditions, [1.5, 1.3, 1.6, 1.1])
    np.testing.assert_allclose(found.prices, [float(p) for p in exact], atol=1e-12)
    assert check_equilibrium(Logit(np.array(values) / mu, -1 / mu), found).holds


def _random_market(seed: int):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 6))
    values, costs = rng.normal(1.5, 1.0, count), rng.uniform(0.3, 1.5, count)
    firms = [str(each) for each in rng.integers(0, 3, count)]
    kind = seed % 3
    if kind == 0:
        return Logit(values, -rng.uniform(0.8, 4.0)), costs, firms
    if kind == 1:
        nests = rng.integers(0, 2, count)
        return NestedLogit(values, -2.0, nests, rng.uniform(0.0, 0.7, 2)), costs, firms
    nodes = gauss_hermite(2, 5)
    tastes = values[:, None] + 0.7 * nodes.points[:, 0] * rng.normal(size=(count, 1))
    return MixedLogit(tastes, -2.0 * np.exp(0.2 * nodes.points[:, 1]), nodes.weights), costs, firms


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_a_general_solver_finds_the_same_prices_and_no_deviation_pays(seed: int) -> None:
    demand, costs, firms = _random_market(seed)
    found = bertrand_nash(demand, costs, firms)
    assert found.converged
    owned = np.array(firms)[:, None] == np.array(firms)[None, :]

    def conditions(prices):
        return demand.shares(prices) + (owned * demand.jacobian(prices)).T @ (prices - costs)

    other = root(conditions, found.prices * 1.01, tol=1e-13)
    np.testing.assert_allclose(other.x, found.prices, atol=1e-7)
    np.testing.assert_allclose(implied_costs(demand, found.prices, firms), costs, atol=1e-8)
    # a direct optimiser from elsewhere gives no firm more
    for firm in set(firms):
        own = np.flatnonzero(np.array(firms) == firm)

        def loss(prices, own=own):
            moved = found.prices.copy()
            moved[own] = prices
            return -((moved - costs) * demand.shares(moved))[own].sum()

        free = minimize(loss, costs[own] + 0.1, method="Nelder-Mead")
        assert -free.fun <= found.profits[own].sum() * (1 + 1e-9)
    assert check_equilibrium(demand, found).holds


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_lambert_and_the_general_best_response_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    demand = Logit(rng.normal(2.0, 2.0, 4), -rng.uniform(0.5, 5.0))
    prices, costs = rng.uniform(0.1, 4.0, 4), rng.uniform(0.0, 2.0, 4)
    closed = lambert_best_response(demand, prices, costs, [0, 2])
    general = best_response(demand, prices, costs, [0, 2])
    assert general.settled
    assert len(general.peaks) == 1
    np.testing.assert_allclose(general.prices, closed, rtol=1e-8)


def test_a_stationary_point_that_is_no_equilibrium_is_seen() -> None:
    """Many buyers who pay little and few who pay much: profit has two peaks."""
    demand = MixedLogit(
        np.array([[12.0, 20.0], [9.0, 4.0]]), np.array([-12.0, -2.0]), np.array([0.85, 0.15])
    )
    costs = np.array([0.1, 0.1])
    answers = {
        start: bertrand_nash(demand, costs, ["a", "b"], start=np.array([start, 1.0]))
        for start in (0.2, 9.0)
    }
    low, high = answers[0.2], answers[9.0]
    assert low.converged
    assert high.converged
    assert abs(low.prices[0] - high.prices[0]) > 1.0  # two stationary points
    checks = [check_equilibrium(demand, each) for each in (low, high)]
    assert sum(each.holds for each in checks) <= 1
    wrong = next(each for each in checks if not each.holds)
    assert "gains" in wrong.said
    assert max(each.gain for each in wrong.firms) > 0.01


def test_what_does_not_settle_is_a_result_that_says_so() -> None:
    found = bertrand_nash(CALVANO, COSTS, ["a", "b"], most_iterations=3)
    assert not found.converged
    assert "did not settle in 3 steps" in found.why
    assert not check_equilibrium(CALVANO, found).holds
    odd = MixedLogit(np.ones((1, 2)), np.array([-1.0, 4.0]), np.array([0.2, 0.8]))
    lost = bertrand_nash(odd, np.ones(1), ["a"])
    assert not lost.converged
    assert lost.surplus is None
    assert "no longer falls" in lost.why


def test_broken_inputs_are_named() -> None:
    with pytest.raises(InputError, match="costs must have 2 entries"):
        bertrand_nash(CALVANO, np.ones(3), ["a", "b"])
    with pytest.raises(InputError, match="firms must have 2"):
        bertrand_nash(CALVANO, COSTS, ["a"])
    with pytest.raises(ConfigError, match="tolerance"):
        bertrand_nash(CALVANO, COSTS, ["a", "b"], tolerance=0.0)
    with pytest.raises(InputError, match="places in 0 to 1"):
        lambert_best_response(CALVANO, COSTS, COSTS, [2])
    captive = Logit(np.array([1.0]), -1.0, outside=-np.inf)
    with pytest.raises(InputError, match="nowhere else"):
        lambert_best_response(captive, np.ones(1), np.ones(1), [0])


def test_cereal_prices_are_those_of_pyblp(cereal, pyblp_cereal) -> None:
    from undercut.sell.pricing.demand.blp.parameters import Tastes

    theirs, firms = pyblp_cereal.results, cereal.firms
    markets = cereal.panel.market_names[:12]
    joined = np.where(firms == 2, 1, firms)  # the tutorial's merger: firm 1 buys firm 2
    ours = estimate_blp(cereal.panel, cereal.buyers, Tastes(theirs.sigma, theirs.pi), AS_GIVEN)
    for market in markets:
        rows = cereal.panel.rows_of(market)
        costs = theirs.compute_costs(market_id=market).ravel()
        expected = theirs.compute_prices(
            firm_ids=joined[rows][:, None],
            costs=costs[:, None],
            iteration=pyblp_cereal.pyblp.Iteration("simple", {"atol": 1e-13}),
            market_id=market,
        ).ravel()
        demand, observed = ours.demand_in(market)
        before = [str(each) for each in firms[rows]]
        np.testing.assert_allclose(implied_costs(demand, observed, before), costs, atol=1e-9)
        after = [str(each) for each in joined[rows]]
        found = bertrand_nash(demand, costs, after, start=observed)
        assert found.converged
        np.testing.assert_allclose(found.prices, expected, atol=1e-10)


@pytest.mark.slow
def test_one_car_market_has_a_stationary_point_that_is_no_equilibrium(cars) -> None:
    """1980 at the published estimates: observed prices are stationary, firm 19 would deviate."""
    ours = estimate_blp(cars.panel, cars.buyers, cars.start, AS_GIVEN)
    demand, observed = ours.demand_in(1980.0)
    rows = cars.panel.rows_of(1980.0)
    firms = [str(int(each)) for each in cars.firms[rows]]
    costs = implied_costs(demand, observed, firms)
    stationary = bertrand_nash(demand, costs, firms, start=observed)
    np.testing.assert_allclose(stationary.prices, observed, atol=1e-8)
    check = check_equilibrium(demand, stationary)
    assert not check.holds
    assert "19 gains" in check.said
    other = bertrand_nash(demand, costs, firms)
    assert check_equilibrium(demand, other).holds
    assert np.abs(other.prices - observed).max() > 3.0
