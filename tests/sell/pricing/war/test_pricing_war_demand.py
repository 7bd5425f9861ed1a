"""The war's demand and best answers are those of the other rooms, model by model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from war_market import SCENE

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.kinds import Kinds, mixed_logit, utilities_behind
from undercut.sell.pricing.demand.mixed import MixedLogit
from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.demand.nodes import gauss_hermite
from undercut.sell.pricing.equilibrium.best_response import best_response, profit_of
from undercut.sell.pricing.war.buying import Buying
from undercut.sell.pricing.war.buying_models import buying_of
from undercut.sell.pricing.war.outcome import outcome_of
from undercut.sell.pricing.war.policies import charge
from undercut.sell.pricing.war.scene import Nests, Own, Policy, Rivals, Scene
from undercut.sell.pricing.war.simulate import WarConfig, simulate

FIRMS = ("acme", "acme", "bolt", "cord")


def _scene(rng: np.random.Generator, own: int, **model: object) -> Scene:
    """A random market: `own` products of ours, four of three rivals, floors of nothing."""
    prices = rng.uniform(1.0, 3.0, own + 4)
    shares = rng.dirichlet(np.ones(own + 5) * 2.0)[:-1] * 0.98 + 0.002
    shares = np.minimum(shares, 0.6) * (0.95 if shares.sum() > 0.95 else 1.0)
    costs = prices * rng.uniform(0.2, 0.9, own + 4)
    ours = Own(
        prices[:own], costs[:own], np.zeros(own), shares[:own], fixed_costs=1.0, cash=1e3,
        cash_spread=0.0,
    )  # fmt: skip
    rivals = Rivals(prices[own:], costs[own:], shares[own:], FIRMS)
    return dataclasses.replace(SCENE, own=ours, rivals=rivals, **model)


def _whole(scene: Scene) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    own, rivals = scene.own, scene.rivals
    return (
        np.concatenate([own.prices, rivals.prices]),
        np.concatenate([own.costs, rivals.costs]),
        np.concatenate([own.shares, rivals.shares]),
    )


def _nested_room(scene: Scene, coefficient: float) -> NestedLogit:
    prices, _, shares = _whole(scene)
    assert scene.nests is not None
    nest = np.array([*scene.nests.own, *scene.nests.rivals])
    correlation = np.array(scene.nests.correlation)
    within = shares / np.bincount(nest, weights=shares)[nest]
    levels = np.log(shares / (1.0 - shares.sum())) - correlation[nest] * np.log(within)
    return NestedLogit(levels + coefficient * prices, -coefficient, nest, correlation)


def _mixed_room(scene: Scene, coefficient: float) -> MixedLogit:
    prices, _, shares = _whole(scene)
    assert scene.kinds is not None
    return mixed_logit(scene.kinds, prices, shares, coefficient)


def _compare(scene: Scene, buyers: Buying, room: NestedLogit | MixedLogit, factors) -> None:
    """Shares and best answers of paths with rivals' prices at (3, P) factors."""
    prices, costs, _ = _whole(scene)
    own = scene.own.prices.size
    paths = factors.shape[1]
    elsewhere, named = buyers.elsewhere(factors, np.ones(paths))
    at = np.repeat(scene.own.prices[:, None], paths, axis=1)
    wanted = buyers.wanted(at, elsewhere, named)
    answered = charge(Policy.ANSWER, buyers, elsewhere, factors[0], selling_version=False).prices
    for path in range(paths):
        now = prices.copy()
        now[own:] *= factors[[0, 0, 1, 2], path]
        shares = room.shares(now)
        np.testing.assert_allclose(wanted.own[:, path], shares[:own], rtol=1e-9)
        np.testing.assert_allclose(wanted.named[path], shares[own : own + 2].sum(), rtol=1e-9)
        best = best_response(room, now, costs, range(own))
        mine = np.arange(own + 4) < own
        ours = now.copy()
        ours[:own] = answered[:, path]
        # two peaks of one height are one answer: profit decides, also where ours is the higher
        earned = profit_of(room, ours, costs, mine)
        assert earned >= best.profit * (1.0 - 1e-9)
        if len(best.peaks) == 1 and best.settled and earned <= best.profit * (1.0 + 1e-9):
            np.testing.assert_allclose(answered[:, path], best.prices[:own], rtol=1e-6)


@given(seed=st.integers(0, 10**6), own=st.integers(1, 3), tight=st.floats(0.0, 0.97))
@settings(max_examples=40, deadline=None)
def test_in_nests_shares_and_best_answers_are_those_of_the_rooms(seed, own, tight) -> None:
    rng = np.random.default_rng(seed)
    nest = rng.integers(0, 3, own + 4).tolist()
    nests = Nests(tuple(nest[:own]), tuple(nest[own:]), (tight, 0.4, 0.0))
    scene = _scene(rng, own, nests=nests)
    coefficient = float(rng.uniform(0.5, 4.0))
    buyers = buying_of(scene, np.full(3, coefficient))
    factors = np.array([[1.0, 0.5, 0.3], [1.0, 1.0, 0.8], [1.0, 1.1, 0.6]])
    _compare(scene, buyers, _nested_room(scene, coefficient), factors)


@given(seed=st.integers(0, 10**6), own=st.integers(1, 2), apart=st.floats(0.0, 1.2))
@settings(max_examples=40, deadline=None)
def test_among_kinds_shares_and_best_answers_are_those_of_the_rooms(seed, own, apart) -> None:
    _compare_among_kinds(seed, own, apart)


@pytest.mark.parametrize(
    ("seed", "apart"),
    [
        (719470, 1.5560610447061172),
        (845074, 1.9231334305567414),
        (819477, 1.9503673281608254),
        (911838, 1.3295763293904812),
        (364218, 1.508610672931683),
        (748767, 1.9917754307795568),
        (252153, 1.8238154177499522),
        (134166, 1.6587912117603105),
        (242498, 1.564588995105206),
    ],
)
def test_a_product_for_the_few_who_want_it_much_is_priced_for_them(seed, apart) -> None:
    """Peaks far from equal markups, which a search along those alone missed by up to a quarter."""
    _compare_among_kinds(seed, 2, apart)


def _compare_among_kinds(seed: int, own: int, apart: float) -> None:
    """apart: standard deviation of what a product is worth to kinds, in units of utility."""
    rng = np.random.default_rng(seed)
    worth = rng.normal(0.0, apart, (own + 4, 3))
    weights = rng.dirichlet(np.ones(3))
    kinds = Kinds(weights, np.exp(rng.normal(0.0, 0.3, 3)), worth - (worth @ weights)[:, None])
    scene = _scene(rng, own, kinds=kinds)
    coefficient = float(rng.uniform(0.5, 3.0))
    try:
        buyers = buying_of(scene, np.full(3, coefficient))
    except InputError:  # kinds so far apart that no demand has the scene's shares
        reject()
    factors = np.array([[1.0, 0.5, 0.3], [1.0, 1.0, 0.8], [1.0, 1.1, 0.6]])
    _compare(scene, buyers, _mixed_room(scene, coefficient), factors)


@pytest.mark.parametrize("sensitivity", [(2.0, 0.1), (3.0, 0.15), (5.0, 0.2)])
@pytest.mark.parametrize("many", [0.6, 0.7, 0.8, 0.9])
def test_the_higher_of_two_peaks_is_found(sensitivity, many) -> None:
    """Few who hardly mind the price: dear to them or cheap to all, depending on the rivals."""
    kinds = Kinds(np.array([many, 1.0 - many]), np.array(sensitivity), np.zeros((5, 2)))
    scene = _scene(np.random.default_rng(3), 1, kinds=kinds)
    own = dataclasses.replace(scene.own, shares=np.array([0.3]), costs=np.array([0.1]))
    rivals = dataclasses.replace(scene.rivals, shares=np.full(4, 0.05))
    scene = dataclasses.replace(scene, own=own, rivals=rivals)
    room = _mixed_room(scene, 2.5)
    prices, costs, _ = _whole(scene)
    factors = np.tile(np.array([1.0, 0.6, 0.3, 0.05]), (3, 1))
    peaks = []
    for factor in factors[0]:
        found = best_response(room, np.append(prices[:1], factor * prices[1:]), costs, [0])
        peaks.append(len(found.peaks))
    assert max(peaks) == 2
    _compare(scene, buying_of(scene, np.full(4, 2.5)), room, factors)


@pytest.mark.parametrize("model", ["nests", "kinds"])
def test_no_prices_with_a_version_earn_more_than_those_found(model: str) -> None:
    from scipy.optimize import minimize

    version = SCENE.own.version
    assert version is not None
    if model == "nests":
        scene = dataclasses.replace(SCENE, nests=Nests((0,), (0, 1, 0), (0.5, 0.2)))
    else:
        kinds = Kinds(np.array([0.6, 0.4]), np.ones(2), np.array([[-0.4, 0.6], *[[0.0, 0.0]] * 3]))
        version = dataclasses.replace(version, worth_less_by_kind=np.array([0.2, 1.2]))
        scene = dataclasses.replace(SCENE, kinds=kinds)
    buyers = buying_of(scene, np.array([0.8]))
    elsewhere, named = buyers.elsewhere(np.array([[0.5], [1.0]]), np.ones(1))

    def loss(markups):
        wanted = buyers.wanted(
            np.array([[0.6 + markups[0]]]), elsewhere, named, version,
            np.array([version.cost + markups[1]]),
        )  # fmt: skip
        return -float(wanted.own[0, 0] * markups[0] + wanted.version[0] * markups[1])

    found = buyers.best_markups(elsewhere, version)
    assert found.shape == (2, 1)
    for start in ([0.5, 0.5], [1.5, 1.5], [3.0, 1.0]):
        searched = minimize(loss, start, method="Nelder-Mead", options={"fatol": 1e-14})
        assert loss(found[:, 0]) <= searched.fun * (1.0 - 1e-8)


def test_a_version_that_all_alike_find_equal_changes_nothing_without_correlation() -> None:
    """One kind of buyer is plain logit, version and all."""
    one = Kinds(np.ones(1), np.ones(1), np.zeros((4, 1)))
    alone = Nests((0,), (1, 2, 3), (0.0, 0.0, 0.0, 0.0))
    config = WarConfig(paths=400, months=8, worlds=40)
    plain = outcome_of(simulate(SCENE, config))
    for model in ({"kinds": one}, {"nests": alone}):
        same = outcome_of(simulate(dataclasses.replace(SCENE, **model), config))
        for here, there in zip(plain.policies, same.policies, strict=True):
            assert here.value == pytest.approx(there.value, rel=1e-6)


def test_nearer_products_lose_more_to_a_cut() -> None:
    config = WarConfig(paths=400, months=6, worlds=40)
    near = dataclasses.replace(SCENE, nests=Nests((0,), (0, 0, 1), (0.7, 0.0)))
    plain, nested = (simulate(s, config, [Policy.HOLD]).courses[0].share for s in (SCENE, near))
    assert nested[-1].mean() < 0.8 * plain[-1].mean()


def test_a_crowd_has_the_shares_it_was_given_for_every_coefficient() -> None:
    nodes = gauss_hermite(1, 5)
    factors = np.exp(1.2 * nodes.points[:, 0])
    kinds = Kinds(nodes.weights, factors / (factors @ nodes.weights), np.zeros((3, 5)))
    prices, shares = np.array([50.0, 80.0, 20.0]), np.array([0.3, 0.01, 0.6])
    coefficients = np.array([0.002, 0.02, 0.2])
    utilities = utilities_behind(kinds, prices, shares, coefficients)
    pull = np.exp(utilities)
    found = (pull / (1.0 + pull.sum(axis=1, keepdims=True))) @ kinds.weights
    np.testing.assert_allclose(found, np.tile(shares, (3, 1)), rtol=1e-9)


def test_broken_models_are_named() -> None:
    with pytest.raises(InputError, match="two models of demand"):
        dataclasses.replace(
            SCENE,
            nests=Nests((0,), (0, 0, 0), (0.5,)),
            kinds=Kinds(np.ones(1), np.ones(1), np.zeros((4, 1))),
        )
    with pytest.raises(InputError, match="nests must be given for 1 own and 3"):
        dataclasses.replace(SCENE, nests=Nests((0,), (0, 0), (0.5,)))
    with pytest.raises(InputError, match="sum to 1"):
        Kinds(np.array([0.5, 0.4]), np.ones(2), np.zeros((4, 2)))
    with pytest.raises(InputError, match="must mind the price"):
        Kinds(np.ones(1), np.zeros(1), np.zeros((4, 1)))
