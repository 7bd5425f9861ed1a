"""Mergers, cost shocks, capacity, Hotelling: against optimisers, theory and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.equilibrium.bertrand import bertrand_nash
from undercut.sell.pricing.equilibrium.capacity import Limit, bertrand_with_capacity
from undercut.sell.pricing.equilibrium.hotelling import hotelling
from undercut.sell.pricing.equilibrium.ownership import merged
from undercut.sell.pricing.equilibrium.whatif import (
    concentration,
    cost_shock,
    merger,
    pass_through,
)

DEMAND = Logit(np.array([3.0, 2.5, 2.8, 2.0]), -1.5)
COSTS, FIRMS = np.array([1.0, 0.9, 1.1, 0.7]), ["a", "b", "c", "c"]


def test_a_merger_raises_prices_and_an_efficient_one_may_not() -> None:
    found = merger(DEMAND, COSTS, FIRMS, "a", "b")
    assert found.converged
    assert (found.price_change > 0.0).all()
    assert found.price_change[0] > found.price_change[2]  # the merged raise most
    assert found.surplus_change is not None
    assert found.surplus_change < 0.0
    shares = found.before.shares
    gain = 2 * shares[0] * shares[1] / shares.sum() ** 2 * 10_000
    assert concentration(shares, merged(FIRMS, "a", "b")) - found.hhi_before == pytest.approx(gain)
    joined = bertrand_nash(DEMAND, COSTS, ["x", "x", "c", "c"])
    np.testing.assert_allclose(found.after.prices, joined.prices, atol=1e-10)
    cheaper = merger(DEMAND, COSTS, FIRMS, "a", "b", cost_saving=0.6)
    assert cheaper.surplus_change is not None
    assert cheaper.surplus_change > 0.0


def test_a_saving_that_keeps_prices_is_that_of_werden() -> None:
    """Werden (1996): marginal-cost cuts that leave every price as it was before the merger."""
    demand, costs = Logit(np.array([2.0, 2.0]), -1.0), np.ones(2)
    before = bertrand_nash(demand, costs, ["a", "b"])
    share, markup = before.shares[0], before.prices[0] - 1.0
    diversion = share / (1.0 - share)
    cut = markup * diversion / (1.0 - diversion)  # symmetric case of his equation 3
    after = cost_shock(demand, costs, ["a", "a"], costs - cut).after
    np.testing.assert_allclose(after.prices, before.prices, atol=1e-10)


def test_pass_through_of_one_logit_product_has_its_closed_form() -> None:
    demand, costs = Logit(np.array([1.0]), -2.0), np.array([0.3])
    share = bertrand_nash(demand, costs, ["a"]).shares[0]
    np.testing.assert_allclose(pass_through(demand, costs, ["a"]), [[1.0 - share]], rtol=1e-6)


def test_wrong_what_ifs_are_named() -> None:
    with pytest.raises(InputError, match="no product is sold by 'z'"):
        merger(DEMAND, COSTS, FIRMS, "a", "z")
    with pytest.raises(InputError, match="cannot merge with itself"):
        merged(FIRMS, "a", "a")
    with pytest.raises(InputError, match="saving"):
        merger(DEMAND, COSTS, FIRMS, "a", "b", cost_saving=1.0)


def test_capacity_that_does_not_bind_changes_nothing() -> None:
    free = bertrand_nash(DEMAND, COSTS, FIRMS)
    found = bertrand_with_capacity(DEMAND, COSTS, FIRMS, [Limit((0,), 0.95)])
    np.testing.assert_array_equal(found.equilibrium.prices, free.prices)
    assert found.shadow_prices.tolist() == [0.0]
    assert found.used[0] < 1.0
    assert bertrand_with_capacity(DEMAND, COSTS, FIRMS, []).converged


@given(seed=st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_under_capacity_each_firm_does_its_constrained_best(seed: int) -> None:
    rng = np.random.default_rng(seed)
    demand = NestedLogit(
        rng.normal(2.0, 0.7, 4), -1.5, np.array([0, 0, 1, 1]), rng.uniform(0.0, 0.6, 2)
    )
    costs = rng.uniform(0.5, 1.0, 4)
    free = bertrand_nash(demand, costs, FIRMS)
    limits = [
        Limit((0,), float(free.shares[0] * rng.uniform(0.4, 1.3))),
        Limit((2, 3), float(free.shares[2:].sum() * rng.uniform(0.4, 1.3))),
    ]
    found = bertrand_with_capacity(demand, costs, FIRMS, limits)
    assert found.converged
    assert (found.shadow_prices >= 0.0).all()
    assert (found.used <= 1.0 + 1e-8).all()
    assert (np.minimum(found.shadow_prices, 1.0 - found.used) <= 1e-8).all()
    prices = found.equilibrium.prices
    for limit in limits:
        own = list(limit.products)

        def sold(own_prices, own=own):
            moved = prices.copy()
            moved[own] = own_prices
            return moved, demand.shares(moved)

        def loss(own_prices, own=own, sold=sold):
            moved, shares = sold(own_prices)
            return -((moved - costs) * shares)[own].sum()

        room = {
            "type": "ineq",
            "fun": lambda p, own=own, sold=sold, most=limit.most: most - sold(p)[1][own].sum(),
        }
        best = minimize(loss, prices[own] * 1.05, constraints=[room], method="SLSQP", tol=1e-12)
        assert -best.fun <= -loss(prices[own]) * (1 + 1e-6)


def test_wrong_capacities_are_named() -> None:
    for limits, said in (
        ([Limit((0,), 0.0)], "above 0"),
        ([Limit((0, 1), 0.5)], "one firm"),
        ([Limit((9,), 0.5)], "one firm"),
        ([Limit((2,), 0.5), Limit((2, 3), 0.5)], "two capacities"),
    ):
        with pytest.raises(InputError, match=said):
            bertrand_with_capacity(DEMAND, COSTS, FIRMS, limits)


def test_hotelling_to_the_digits_given() -> None:
    found = hotelling(1.0, 0.5, 1.0)
    assert [round(price, 4) for price in found.prices] == [1.8333, 1.6667]
    assert round(found.shares[0], 5) == 0.41667


@given(costs=st.tuples(st.floats(0.0, 5.0), st.floats(0.0, 5.0)), transport=st.floats(0.1, 3.0))
def test_no_hotelling_firm_gains_alone(costs, transport: float) -> None:
    found = hotelling(*costs, transport)
    assert sum(found.shares) == pytest.approx(1.0)
    for mine in (0, 1):
        rival = found.prices[1 - mine]

        def profit(price, mine=mine, rival=rival):
            share = np.clip(0.5 + (rival - price) / (2 * transport), 0.0, 1.0)
            return (price - costs[mine]) * share

        best = minimize_scalar(
            lambda p, profit=profit: -profit(p),
            bounds=(0.0, max(costs) + 4 * transport),
            method="bounded",
        )
        assert -best.fun <= found.profits[mine] + 1e-6


def test_wrong_lines_are_named() -> None:
    with pytest.raises(InputError, match="transport"):
        hotelling(1.0, 1.0, 0.0)
    with pytest.raises(InputError, match="below 0"):
        hotelling(-1.0, 1.0, 1.0)
