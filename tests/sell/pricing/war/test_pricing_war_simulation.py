"""The simulated war: closed forms where there are any, laws where there are none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from war_market import SCENE

from undercut.core.errors import ConfigError, InputError
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.equilibrium.lambert import lambert_best_response
from undercut.sell.pricing.war.buying import Buyers
from undercut.sell.pricing.war.draws import BEHAVIOURS, draw_worlds
from undercut.sell.pricing.war.outcome import outcome_of
from undercut.sell.pricing.war.ranges import Kind, Range, exactly
from undercut.sell.pricing.war.ruin import ruin_probability
from undercut.sell.pricing.war.scene import Behaviour, Policy
from undercut.sell.pricing.war.simulate import WarConfig, simulate

FEW = WarConfig(paths=1_000, months=12, worlds=60)


def test_survival_is_that_of_the_closed_form_within_half_a_point(changed) -> None:
    """A seller that earns nothing and pays 1 a month with spread 1 from 12 in the bank."""
    burning = changed(
        prices=np.array([0.9]), costs=np.array([0.9]), fixed_costs=1.0, cash=12.0, cash_spread=1.0
    )
    war = simulate(burning, WarConfig(paths=100_000, months=18), [Policy.HOLD])
    course = war.courses[0]
    ruined = [float((course.ruined_in <= month).mean()) for month in range(1, 19)]
    assert abs(ruined[11] - 0.55645) < 0.005
    assert abs(ruined[17] - 0.94171) < 0.005
    exact = [ruin_probability(12.0, -1.0, 1.0, month) for month in range(1, 19)]
    assert np.abs(np.array(ruined) - exact).max() < 0.005
    assert (course.cash[-1] <= 0.0).mean() == ruined[17]
    # month ends alone would miss who was below zero in between
    assert 0.55645 - _ruined_at_month_ends(12) > 0.01


def _ruined_at_month_ends(months: int) -> float:
    rng = np.random.default_rng(3)
    cash = 12.0 + np.cumsum(rng.normal(-1.0, 1.0, (months, 50_000)), axis=0)
    return float((cash.min(axis=0) <= 0.0).mean())


def test_before_and_after_the_cut_demand_is_the_logit_of_its_room(scene) -> None:
    """Shares, and the best answer in closed form, against the demand and equilibrium rooms."""
    coefficient = 0.8
    shares = np.concatenate([scene.own.shares, scene.rivals.shares])
    prices = np.concatenate([scene.own.prices, scene.rivals.prices])
    values = np.log(shares / (1.0 - shares.sum())) + coefficient * prices
    demand = Logit(values, -coefficient)
    buyers = Buyers.of(scene, np.array([coefficient]))
    factors = np.array([[0.5], [1.0]])
    elsewhere, named = buyers.elsewhere(factors, np.ones(1))
    wanted = buyers.wanted(scene.own.prices[:, None], elsewhere, named)
    cut = prices * np.array([1.0, 0.5, 0.5, 1.0])
    np.testing.assert_allclose(wanted.own[0, 0], demand.shares(cut)[0], rtol=1e-12)
    np.testing.assert_allclose(wanted.named[0], demand.shares(cut)[1:3].sum(), rtol=1e-12)
    costs = np.concatenate([scene.own.costs, scene.rivals.costs])
    best = lambert_best_response(demand, cut, costs, [0])[0]
    markup = buyers.best_markups(elsewhere, None)[0, 0]
    assert scene.own.costs[0] + markup == pytest.approx(best, rel=1e-12)


@given(correlation=st.floats(0.0, 0.95), worth_less=st.floats(-1.0, 2.0), cost=st.floats(0.0, 2.0))
@settings(max_examples=25, deadline=None)
def test_equal_markups_are_best_with_a_version_in_the_nest(correlation, worth_less, cost) -> None:
    from scipy.optimize import minimize

    version = dataclasses.replace(
        SCENE.own.version, correlation=correlation, worth_less=worth_less, cost=cost
    )
    scene = dataclasses.replace(SCENE, own=dataclasses.replace(SCENE.own, version=version))
    buyers = Buyers.of(scene, np.array([0.8]))
    elsewhere, named = buyers.elsewhere(np.array([[0.5], [1.0]]), np.ones(1))

    def loss(markups):
        wanted = buyers.wanted(
            np.array([[0.6 + markups[0]]]), elsewhere, named, version, np.array([cost + markups[1]])
        )
        return -float(wanted.own[0, 0] * markups[0] + wanted.version[0] * markups[1])

    closed = float(buyers.best_markups(elsewhere, version)[0, 0])
    searched = minimize(loss, [1.5, 1.5], method="Nelder-Mead", options={"fatol": 1e-13})
    assert loss([closed, closed]) <= searched.fun + 1e-9


def test_equal_seeds_equal_wars_whatever_the_threads(scene) -> None:
    first = simulate(scene, WarConfig(paths=9_000, months=6, threads=1))
    again = simulate(scene, WarConfig(paths=9_000, months=6, threads=2))
    other = simulate(scene, WarConfig(paths=9_000, months=6, seed=1))
    for one, two in zip(first.courses, again.courses, strict=True):
        np.testing.assert_array_equal(one.cash, two.cash)
        np.testing.assert_array_equal(one.ruined_in, two.ruined_in)
    assert not np.array_equal(first.courses[0].cash, other.courses[0].cash)


@given(seed=st.integers(0, 10**6), cut=st.floats(0.01, 0.99), cash=st.floats(1.0, 1e6))
@settings(max_examples=15, deadline=None)
def test_laws_of_every_war(seed: int, cut: float, cash: float) -> None:
    own = dataclasses.replace(SCENE.own, cash=cash)
    scene = dataclasses.replace(SCENE, cut=cut, own=own)
    war = simulate(scene, WarConfig(paths=300, months=8, worlds=30, seed=seed))
    for course in war.courses:
        assert np.isfinite(course.profit).all()
        assert ((course.share >= 0.0) & (course.share < 1.0)).all()
        assert (course.cash >= 0.0).all()
        dead = course.ruined_in[None, :] <= np.arange(1, 9)[:, None]
        assert (course.cash[dead] == 0.0).all()
        assert (course.share[dead] == 0.0).all()
        if course.policy is not Policy.LEAVE:
            assert course.price.min() >= own.floors[0] - 1e-6
    outcome = outcome_of(war)
    assert min(each.regret for each in outcome.policies) >= 0.0
    assert sum(each.best_in for each in outcome.policies) == pytest.approx(1.0)
    for each in outcome.policies:
        assert 0.0 <= each.survival.low <= each.survival.value + 1e-9
        assert each.survival.value <= each.survival.high + 1e-9 <= 1.0 + 1e-8
        assert (np.diff(each.cash.quantiles, axis=0) >= 0.0).all()
        assert (np.diff(each.survival.curve) <= 1e-12).all()


def test_matching_stops_at_the_floor_and_goes_below_only_when_it_is_lowered(changed) -> None:
    deep = changed(cut=0.8)
    held = simulate(deep, FEW, [Policy.MATCH]).courses[0]
    assert held.floored > 0.2
    assert held.price.min() >= 0.9 - 1e-6
    freed = simulate(changed(cut=0.8, floors=np.zeros(1)), FEW, [Policy.MATCH]).courses[0]
    assert freed.price[0] == pytest.approx(2.4 * 0.2)
    assert freed.floored == 0.0


def test_leaving_costs_the_notice_and_nothing_more(scene) -> None:
    course = simulate(scene, FEW, [Policy.LEAVE]).courses[0]
    assert course.profit[:, 0].tolist() == [-6_000.0] * 3 + [0.0] * 9
    assert (course.share == 0.0).all()


def _only(changed, behaviour: Behaviour, **more):
    return changed(weights={behaviour: 1.0}, **more)


def _share(scene, policy: Policy) -> np.ndarray:
    return simulate(scene, FEW, [policy]).courses[0].share.mean(axis=1)


def test_rivals_do_what_their_behaviour_says(changed) -> None:
    """By what it does to the own share: no rival's price is reported, all act through demand."""
    calm = {"reconsider": exactly(0.95, Kind.FRACTION), "market_spread": 0.0}
    follow = _share(_only(changed, Behaviour.FOLLOW, cut=0.2, **calm), Policy.ANSWER)
    stay = _share(_only(changed, Behaviour.STAY, cut=0.2, **calm), Policy.HOLD)
    burn = _share(
        _only(changed, Behaviour.BURN, cut=0.7, rival_cash_months=exactly(2.0), cash=1e6, **calm),
        Policy.HOLD,
    )
    learn = _share(_only(changed, Behaviour.LEARN, cut=0.2, **calm), Policy.HOLD)
    assert follow[-1] <= follow[1] + 0.01  # nothing is won from who follows
    assert stay[-1] > stay[1]  # holding brings its price back
    assert burn[-1] > 1.3 * burn[1]  # gone when its cash is
    assert learn[-1] < learn[1]  # ever cheaper


def test_behaviours_come_in_proportion_to_their_weights(changed) -> None:
    scene = changed(weights={Behaviour.FOLLOW: 3.0, Behaviour.BURN: 1.0})
    drawn = draw_worlds(scene, 400, 0).behaviour
    counts = {b: int((drawn == BEHAVIOURS.index(b)).sum()) for b in Behaviour}
    assert counts[Behaviour.FOLLOW] == 300
    assert counts[Behaviour.BURN] == 100


def test_worlds_keep_to_their_ranges(scene) -> None:
    worlds = draw_worlds(scene, 2_000, 5)
    for name in ("reconsider", "rival_cost", "growth"):
        wanted: Range = getattr(scene.doubts, name)
        drawn = getattr(worlds, name)
        low, middle, high = np.quantile(drawn, (0.05, 0.5, 0.95))
        assert (low, middle, high) == pytest.approx(
            (wanted.low, wanted.median, wanted.high), rel=0.02, abs=2e-4
        )


def test_what_would_turn_the_answer_is_named(changed) -> None:
    """Where buyers hardly move, holding wins; where they run, answering does."""
    scene = changed(reconsider=Range(0.01, 0.2, 0.9, Kind.FRACTION), version=None)
    policies = [Policy.HOLD, Policy.ANSWER]
    outcome = outcome_of(simulate(scene, WarConfig(paths=4_000, worlds=200), policies))
    turn = next(each for each in outcome.turns if each.doubt == "reconsider")
    assert turn.best_at_low is Policy.HOLD
    assert turn.best_at_high is Policy.ANSWER
    assert outcome.perfect_information > 0.0


def test_broken_scenes_are_named(scene, changed) -> None:
    with pytest.raises(InputError, match="no rival product is sold by 'acne'"):
        changed(rival="acne")
    with pytest.raises(InputError, match="between 0 and 1"):
        changed(cut=50.0)
    with pytest.raises(InputError, match="sum to less than 1"):
        changed(shares=np.array([0.6]))
    with pytest.raises(InputError, match="cash must be above 0"):
        changed(cash=0.0)
    with pytest.raises(InputError, match="finite"):
        changed(costs=np.array([np.nan]))
    with pytest.raises(InputError, match="own costs must not be below 0"):
        changed(costs=np.array([-1.0]))
    with pytest.raises(InputError, match="weights"):
        changed(weights={Behaviour.STAY: 0.0})
    with pytest.raises(ConfigError, match="paths must be"):
        WarConfig(paths=0)
    with pytest.raises(ConfigError, match="needs a cheaper version"):
        simulate(changed(version=None), FEW, [Policy.DIFFERENTIATE])
    with pytest.raises(InputError, match="low <= median"):
        Range(2.0, 1.0, 3.0)
    with pytest.raises(InputError, match="below 1"):
        Range(0.1, 0.5, 1.0, Kind.FRACTION)
