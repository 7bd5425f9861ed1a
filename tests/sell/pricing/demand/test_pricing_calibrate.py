"""Calibration returns the demand that made the market; broken markets are named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.demand.calibrate import calibrate_logit, calibrate_nested
from undercut.sell.pricing.demand.estimate import Caution
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.market import Market, Product
from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.equilibrium.bertrand import bertrand_nash

FIRMS = ["a", "a", "b", "c"]


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_one_margin_recovers_the_market_it_came_from(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = Logit(rng.normal(2.0, 1.0, 4), -rng.uniform(0.5, 3.0))
    costs = rng.uniform(0.5, 2.0, 4)
    market = bertrand_nash(truth, costs, FIRMS)
    margins = np.full(4, np.nan)
    margins[2] = 1.0 - costs[2] / market.prices[2]
    found = calibrate_logit(market.prices, market.shares, FIRMS, margins)
    assert found.demand.price_coefficient == pytest.approx(truth.price_coefficient, rel=1e-8)
    np.testing.assert_allclose(found.costs, costs, rtol=1e-7)
    np.testing.assert_allclose(found.demand.shares(market.prices), market.shares, rtol=1e-9)
    low, high = found.price_coefficient.low, found.price_coefficient.high
    assert low < truth.price_coefficient < high < 0.0


def test_nested_with_known_correlation_recovers_its_market() -> None:
    nests, correlation = np.array([0, 0, 0, 1]), np.array([0.6, 0.2])
    truth = NestedLogit(np.array([1.0, 1.5, 2.0, 1.0]), -1.3, nests, correlation)
    costs = np.array([0.5, 0.6, 0.7, 0.4])
    market = bertrand_nash(truth, costs, FIRMS)
    margins = 1.0 - costs / market.prices
    found = calibrate_nested(
        market.prices, market.shares, FIRMS, margins, nests=nests, correlation=correlation
    )
    assert found.demand.price_coefficient == pytest.approx(-1.3, rel=1e-8)
    np.testing.assert_allclose(found.costs, costs, rtol=1e-8)


def test_single_product_logit_has_the_closed_form() -> None:
    # Werden & Froeb (1994): margin * price * (1 - share) * |coefficient| = 1
    found = calibrate_logit(
        np.array([10.0]), np.array([0.25]), ["a"], np.array([0.4]), margin_error=0.0
    )
    assert found.demand.price_coefficient == pytest.approx(-1.0 / (0.4 * 10.0 * 0.75))


def test_margins_that_contradict_the_model_are_said() -> None:
    found = calibrate_logit(
        np.array([1.0, 1.0]), np.array([0.3, 0.3]), ["a", "b"], np.array([0.2, 0.8])
    )
    assert Caution.INCONSISTENT in [each.caution for each in found.notes]
    assert Caution.FEW_OBSERVATIONS in [each.caution for each in found.notes]


@pytest.mark.parametrize(
    ("shares", "margins", "said"),
    [
        ([0.7, 0.6], [0.5, np.nan], "sum to 1.3"),
        ([0.5, 0.5], [0.5, np.nan], "less than 1"),
        ([0.0, 0.5], [0.5, np.nan], "above 0"),
        ([0.2, 0.3], [np.nan, np.nan], "no margin is known"),
        ([0.2, 0.3], [-0.1, np.nan], "between 0 and 1"),
        ([0.2, 0.3], [1.2, np.nan], "between 0 and 1"),
        ([0.2, np.nan], [0.5, np.nan], "finite"),
    ],
)
def test_broken_facts_are_named(shares: list, margins: list, said: str) -> None:
    with pytest.raises(InputError, match=said):
        calibrate_logit(np.ones(2), np.array(shares), ["a", "b"], np.array(margins))


def _product(name: str, price: str = "2 USD", **more) -> Product:
    return Product(name, "firm", Money.parse(price), **more)


def test_a_market_reads_as_arrays_and_unknown_cost_stays_unknown() -> None:
    market = Market(
        (
            _product("ours", share=0.2, cost=Money.parse("0.5 USD")),
            _product("theirs", "3 USD", share=0.3),
        ),
        date(2026, 11, 1),
    )
    np.testing.assert_array_equal(market.prices, [2.0, 3.0])
    assert market.margins[0] == 0.75
    assert np.isnan(market.margins[1])
    with pytest.raises(InputError, match="cost of theirs is not known"):
        _ = market.costs
    assert market.money(1.23456) == Money(Decimal("1.23456"), "USD")
    with pytest.raises(InputError, match="no price follows"):
        market.money(float("nan"))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Market((), date(2026, 1, 1)), "at least one"),
        (lambda: Market((_product("x"), _product("x")), date(2026, 1, 1)), "twice"),
        (lambda: Market((_product("x"),), None), "the day its prices held"),
        (lambda: Market((_product("x"), _product("y", "2 CNY")), date(2026, 1, 1)), "one currency"),
        (lambda: _product("x", "0 USD"), "above 0"),
        (lambda: _product("x", cost=Money.parse("-1 USD")), "must not be below 0"),
        (
            lambda: Market((_product("x", share=0.6), _product("y", share=0.6)), date(2026, 1, 1)),
            "sum to 1.2",
        ),
    ],
)
def test_broken_markets_are_named(build, said: str) -> None:
    with pytest.raises(InputError, match=said):
        build()
