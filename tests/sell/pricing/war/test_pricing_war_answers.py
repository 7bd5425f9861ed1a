"""How best answers are looked for: the pieces that make it fast change nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import wrightomega
from war_market import SCENE

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.kinds import Kinds, utilities_behind
from undercut.sell.pricing.war.buying_models import buying_of
from undercut.sell.pricing.war.closed_forms import lambert, nested, nested_logs
from undercut.sell.pricing.war.crowd import Crowd
from undercut.sell.pricing.war.markup_map import settle
from undercut.sell.pricing.war.remembering import Remembering
from undercut.sell.pricing.war.scene import Nests

KINDS = Kinds(np.array([0.6, 0.4]), np.array([1.2, 0.7]), np.zeros((4, 2)))
MODELS = [{}, {"nests": Nests((0,), (0, 1, 0), (0.5, 0.2))}, {"kinds": KINDS}]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("version", [None, SCENE.own.version])
def test_where_no_rival_moved_the_answer_of_the_month_before_stands(model, version) -> None:
    scene = dataclasses.replace(SCENE, **model)
    buyers = buying_of(scene, np.linspace(0.6, 1.2, 8))
    rng, factors, present = np.random.default_rng(0), np.ones((2, 8)), np.ones(8)
    remembering = Remembering(buyers)
    for _month in range(5):
        factors = np.where(rng.random((2, 8)) < 0.2, factors * 0.8, factors)
        present[rng.random(8) < 0.1] = 0.0
        elsewhere, _ = buyers.elsewhere(factors, present)
        remembered = remembering.best_markups(elsewhere, version)
        np.testing.assert_allclose(
            remembered, buyers.best_markups(elsewhere, version), rtol=1e-9, atol=0.0
        )
    asked = []

    class Spy:
        def on(self, paths):
            asked.append(paths.tolist())
            return buyers.on(paths)

    remembering.buyers = Spy()
    remembering.best_markups(elsewhere, version)
    assert asked == []
    moved = factors.copy()
    moved[1, [2, 5]] *= 0.5
    remembering.best_markups(buyers.elsewhere(moved, present)[0], version)
    assert asked == [[2, 5]]


def test_the_best_equal_markup_is_lamberts() -> None:
    exponent = np.concatenate([np.linspace(-600.0, 600.0, 5001), np.linspace(-40.0, 40.0, 5001)])
    found = lambert(np.exp(exponent / 2.0), np.exp(-exponent / 2.0))
    np.testing.assert_allclose(found, 1.0 + wrightomega(exponent - 1.0), rtol=1e-14)
    assert lambert(np.zeros(1), np.ones(1)) == pytest.approx(1.0)  # what nobody wants


def test_a_nest_of_two_from_logarithms_is_the_same() -> None:
    first, second = np.array([0.0, 3.0, -5.0, 1.0]), np.array([1.0, -30.0, -5.0, 1e200])
    with np.errstate(over="ignore"):
        within, value = nested_logs(first[:3], second[:3], 0.7)
        expected = nested(np.exp(first[:3]), np.exp(second[:3]), 0.7)
    np.testing.assert_allclose(within, expected[0], rtol=1e-13, atol=1e-40)
    np.testing.assert_allclose(value, expected[1], rtol=1e-13)
    assert nested_logs(first, -second, 0.7)[0][3] == 1.0


def _crowd(rng: np.random.Generator, products: int, correlation: float) -> Crowd:
    kinds, paths = 3, 20
    return Crowd(
        rng.dirichlet(np.ones(kinds)),
        rng.uniform(0.5, 2.0, (kinds, paths)),
        rng.normal(0.0, 1.5, (products, kinds, paths)),
        rng.uniform(1.0, 5.0, (kinds, paths)),
        correlation,
    )


@pytest.mark.parametrize("correlation", [0.0, 0.6])
@pytest.mark.parametrize("products", [1, 2, 3, 4])
def test_one_product_along_a_grid_earns_what_all_together_earn(products, correlation) -> None:
    correlation = correlation if products > 1 else 0.0
    crowd = _crowd(np.random.default_rng(products), products, correlation)
    rng = np.random.default_rng(5)
    markups, grid = (
        rng.uniform(0.2, 3.0, (products, 20)),
        np.sort(rng.uniform(0.2, 3.0, (6, 20)), 0),
    )
    for place in range(products):
        tried = np.repeat(markups[None], 6, axis=0)
        tried[:, place] = grid
        profits = np.array([crowd.profit(each) for each in tried])
        best = crowd.highest(place, grid, markups, range(products))
        np.testing.assert_array_equal(best, grid[profits.argmax(axis=0), range(20)])
        alone = crowd.highest(place, grid, markups, ())
        tried[:, [other for other in range(products) if other != place]] = 1e200  # nobody's price
        profits = np.array([crowd.profit(each) for each in tried])
        np.testing.assert_array_equal(alone, grid[profits.argmax(axis=0), range(20)])


@pytest.mark.parametrize("products", [1, 2, 3])
@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_where_the_map_stands_still_no_small_step_earns_more(products, correlation) -> None:
    correlation = correlation if products > 1 else 0.0
    crowd = _crowd(np.random.default_rng(products), products, correlation)
    start = np.full((products, 20), 1.0)
    found, profit = settle(crowd, start)
    np.testing.assert_allclose(profit, crowd.profit(found), rtol=1e-12)
    most = crowd.profit(found)
    assert (most >= crowd.profit(start)).all()
    for place in range(products):
        for factor in (0.999, 1.001):
            beside = found.copy()
            beside[place] *= factor
            assert (crowd.profit(beside) <= most * (1.0 + 1e-12)).all()


def test_kinds_too_far_apart_for_a_newton_step_are_named() -> None:
    """A product that no kind would come to or leave stopped with numpy's "Singular matrix"."""
    rng = np.random.default_rng(1499)
    worth, weights = rng.normal(0.0, 2.0, (6, 3)), rng.dirichlet(np.ones(3))
    kinds = Kinds(weights, np.exp(rng.normal(0.0, 0.8, 3)), worth - (worth @ weights)[:, None])
    prices = rng.uniform(1.0, 3.0, 6)
    shares = rng.dirichlet(np.ones(7) * 2.0)[:-1] * 0.98 + 0.002
    with pytest.raises(InputError, match="differ too much"):
        utilities_behind(kinds, prices, shares, np.array([3.0]))
