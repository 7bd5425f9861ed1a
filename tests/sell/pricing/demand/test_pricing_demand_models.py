"""Every model of demand obeys what demand obeys, and the special cases meet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.core.errors import ConfigError, InputError
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.mixed import MixedLogit
from undercut.sell.pricing.demand.model import Demand, diversion, elasticities
from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.demand.nodes import gauss_hermite, sobol_normal


def _market(kind: str, seed: int) -> tuple[Demand, np.ndarray]:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 7))
    values, prices = rng.normal(1.0, 2.0, count), rng.uniform(0.2, 3.0, count)
    if kind == "logit":
        return Logit(values, -rng.uniform(0.3, 4.0)), prices
    if kind == "nested":
        nests = rng.integers(0, 3, count)
        return NestedLogit(values, -1.5, nests, rng.uniform(0.0, 0.9, 3)), prices
    nodes = sobol_normal(2, 32, seed=seed)
    tastes = values[:, None] + rng.normal(size=(count, 1)) * nodes.points[:, 0]
    return MixedLogit(tastes, -np.exp(0.3 * nodes.points[:, 1]), nodes.weights), prices


kinds = pytest.mark.parametrize("kind", ["logit", "nested", "mixed"])


@kinds
@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_demand_obeys_its_laws(kind: str, seed: int) -> None:
    demand, prices = _market(kind, seed)
    before = prices.copy()
    shares, jacobian = demand.shares(prices), demand.jacobian(prices)
    assert (prices == before).all()
    assert (shares > 0.0).all()
    assert shares.sum() < 1.0
    assert (np.diag(jacobian) < 0.0).all()
    off = jacobian - np.diag(np.diag(jacobian))
    assert (off >= 0.0).all()  # substitutes
    np.testing.assert_allclose(jacobian, jacobian.T, atol=1e-12)  # no income effect
    width = 1e-5
    for place in range(prices.size):
        up, down = prices.copy(), prices.copy()
        up[place] += width
        down[place] -= width
        slope = (demand.shares(up) - demand.shares(down)) / (2 * width)
        np.testing.assert_allclose(jacobian[:, place], slope, atol=1e-8)
        # Roy: a dearer price costs buyers as much as they buy
        lost = (demand.surplus(up) - demand.surplus(down)) / (2 * width)
        assert lost == pytest.approx(-shares[place], abs=1e-8)
    np.testing.assert_allclose(diversion(demand, prices).sum(axis=1), 1.0, atol=1e-12)


def test_logit_elasticities_have_the_textbook_form() -> None:
    demand, prices = Logit(np.array([1.0, 2.0]), -0.7), np.array([1.5, 2.5])
    shares = demand.shares(prices)
    found = elasticities(demand, prices)
    np.testing.assert_allclose(np.diag(found), -0.7 * prices * (1 - shares))
    assert found[0, 1] == pytest.approx(0.7 * prices[1] * shares[1])


def test_special_cases_meet() -> None:
    values, prices = np.array([1.0, 0.5, 2.0]), np.array([1.0, 2.0, 1.5])
    plain = Logit(values, -1.2)
    nested = NestedLogit(values, -1.2, np.array([0, 0, 1]), np.zeros(2))
    mixed = MixedLogit(values[:, None], np.array([-1.2]), np.array([1.0]))
    for other in (nested, mixed):
        np.testing.assert_allclose(other.shares(prices), plain.shares(prices))
        np.testing.assert_allclose(other.jacobian(prices), plain.jacobian(prices), atol=1e-15)
        assert other.surplus(prices) == pytest.approx(plain.surplus(prices))


def test_huge_utilities_neither_overflow_nor_vanish() -> None:
    values = np.array([2000.0, 1999.0])
    for demand in (
        Logit(values, -1.0),
        NestedLogit(values, -1.0, np.array([0, 1]), np.array([0.5, 0.5])),
        MixedLogit(values[:, None], np.array([-1.0]), np.array([1.0])),
    ):
        shares = demand.shares(np.zeros(2))
        np.testing.assert_allclose(shares, [1 / (1 + np.exp(-1)), 1 / (1 + np.e)], rtol=1e-9)


def test_quadrature_is_exact_for_polynomials_and_sobol_is_seeded() -> None:
    nodes = gauss_hermite(2, 5)
    x, y = nodes.points.T
    assert nodes.weights @ (x**4 * y**2) == pytest.approx(3.0)
    assert nodes.weights.sum() == pytest.approx(1.0)
    one, two = (sobol_normal(3, 64, seed=7) for _ in range(2))
    np.testing.assert_array_equal(one.points, two.points)
    assert abs(one.points.mean()) < 0.05
    with pytest.raises(ConfigError, match="power of two"):
        sobol_normal(2, 100, seed=0)
    with pytest.raises(ConfigError, match="nodes"):
        gauss_hermite(12, 9)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Logit(np.array([1.0]), 0.5), "must be below 0"),
        (lambda: Logit(np.array([np.nan]), -1.0), "finite"),
        (lambda: Logit(np.array([]), -1.0), "non-empty"),
        (lambda: NestedLogit(np.ones(2), -1.0, np.array([0, 0]), np.array([1.0])), "correlation"),
        (lambda: NestedLogit(np.ones(2), -1.0, np.array([0, 2]), np.array([0.5])), "lie in"),
        (lambda: MixedLogit(np.ones((2, 3)), -np.ones(2), np.ones(3)), "3 buyers"),
        (lambda: MixedLogit(np.ones((2, 2)), np.ones(2), np.ones(2)), "nobody minds"),
    ],
)
def test_wrong_models_are_refused(build, said: str) -> None:
    with pytest.raises(InputError, match=said):
        build()


def test_surplus_is_refused_where_a_buyer_likes_high_prices() -> None:
    demand = MixedLogit(np.ones((1, 2)), np.array([-1.0, 0.5]), np.array([0.5, 0.5]))
    with pytest.raises(InputError, match="1 of 2 simulated buyers"):
        demand.surplus(np.ones(1))
