"""Surveys: crossing points by their definitions, curves by hand, intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money
from undercut.sell.pricing.demand.estimate import Caution
from undercut.sell.pricing.demand.survey.answers import one_currency, price_answers
from undercut.sell.pricing.demand.survey.bootstrap import BootstrapConfig
from undercut.sell.pricing.demand.survey.gabor_granger import from_highest_price, gabor_granger
from undercut.sell.pricing.demand.survey.newton_miller_smith import (
    calibrated,
    newton_miller_smith,
)
from undercut.sell.pricing.demand.survey.van_westendorp import van_westendorp

FEW = BootstrapConfig(draws=100)


def _prices(seed: int, rows: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.integers(1, 8, size=(rows, 4)), axis=1).astype(float)


def _share(table: np.ndarray, question: int, price: float, *, above: bool) -> float:
    answers = table[:, question]
    return float(np.mean(answers > price) if above else np.mean(answers <= price))


@given(seed=st.integers(0, 10**6), rows=st.integers(3, 40))
@settings(max_examples=25, deadline=None)
def test_crossing_points_follow_from_the_definitions(seed: int, rows: int) -> None:
    table = _prices(seed, rows)
    found = van_westendorp(price_answers(*table.T), FEW)
    named = sorted(set(table.ravel()))

    def first(meets) -> float:
        return next((price for price in named if meets(price)), float("nan"))

    def too_cheap(price: float) -> float:
        return _share(table, 0, price, above=True)

    def cheap(price: float) -> float:
        return _share(table, 1, price, above=True)

    def expensive(price: float) -> float:
        return _share(table, 2, price, above=False)

    def too_expensive(price: float) -> float:
        return _share(table, 3, price, above=False)

    close = 1e-12
    assert found.marginal_cheapness.value == first(lambda p: 1 - cheap(p) >= too_cheap(p) - close)
    assert found.marginal_expensiveness.value == first(
        lambda p: too_expensive(p) >= 1 - expensive(p) - close
    )
    assert found.indifference.value == first(lambda p: expensive(p) >= cheap(p) - close)
    assert found.optimal.value == first(lambda p: too_expensive(p) >= too_cheap(p) - close)
    low, high = found.narrow_range
    assert low.value == first(lambda p: expensive(p) >= too_cheap(p) - close)
    assert high.value == first(lambda p: too_expensive(p) >= cheap(p) - close)
    assert found.marginal_cheapness.value <= found.marginal_expensiveness.value


def test_a_survey_small_enough_to_do_by_hand() -> None:
    # too cheap: 1 2 3; cheap: 4 5 6; expensive: 7 8 9; too expensive: 10 11 12
    found = van_westendorp(price_answers([1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]), FEW)
    # 'too cheap' falls to 0 at 3, where 'not cheap' is still 0: they meet there
    assert found.marginal_cheapness.value == 3.0
    # 'not expensive' is 0 from 9 on, 'too expensive' starts at 10: they meet at 9
    assert found.marginal_expensiveness.value == 9.0
    assert found.indifference.value == 6.0
    assert found.optimal.value == 3.0


def test_answers_out_of_order_are_dropped_and_counted() -> None:
    answers = price_answers([1, 5, 1, np.nan], [2, 2, 2, 2], [3, 3, 2, 3], [4, 4, 4, 4])
    assert (answers.count, answers.dropped, answers.unanswered) == (1, 2, 1)
    assert answers.kept.tolist() == [0]
    notes = van_westendorp(answers, FEW).notes
    assert "2 of 4 answers contradict themselves and 1 are incomplete" in notes[0].text
    assert Caution.FEW_OBSERVATIONS in [each.caution for each in notes]


def test_the_same_seed_gives_the_same_interval_and_intervals_cover() -> None:
    rng = np.random.default_rng(1)

    def sample(count: int) -> np.ndarray:
        middle = rng.normal(20.0, 4.0, count)
        return np.clip(np.column_stack([middle - 9, middle - 3, middle + 3, middle + 9]), 0.1, 99)

    # halves of all answers lie at 17 and at 23: both curves pass the same share at 20
    covered = 0
    for _ in range(30):
        answers = price_answers(*sample(120).T)
        found = van_westendorp(answers, BootstrapConfig(draws=150))
        covered += found.indifference.low <= 20.0 <= found.indifference.high
    assert covered >= 25
    answers = price_answers(*sample(50).T)
    assert van_westendorp(answers, FEW).optimal == van_westendorp(answers, FEW).optimal


def test_trial_and_revenue_by_hand() -> None:
    answers = price_answers([0, 10], [10, 20], [20, 30], [30, 40])
    found = newton_miller_smith(answers, [0.6, 0.8], [0.2, 0.4], config=FEW)
    assert found.prices.tolist() == [0, 10, 20, 30, 40]
    # person 1: 0 .6 .2 0 0; person 2: 0 0 .8 .4 0
    np.testing.assert_allclose(found.trial, [0.0, 0.3, 0.5, 0.2, 0.0])
    np.testing.assert_allclose(found.revenue, [0, 3, 10, 6, 0])
    assert found.best_trial_price.value == 20
    assert (found.best_revenue_price.value, found.best_revenue.value) == (20, 10.0)
    np.testing.assert_array_equal(calibrated([5, 3, 1]), [0.7, 0.3, 0.0])
    with pytest.raises(InputError, match="intent 6"):
        calibrated([6])
    with pytest.raises(InputError, match="2 entries"):
        newton_miller_smith(answers, [0.5], [0.5], config=FEW)
    with pytest.raises(InputError, match=r"lie in \[0, 1\]"):
        newton_miller_smith(answers, [1.5, 0.5], [0.5, 0.5], config=FEW)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_pooled_demand_is_scikit_learns_isotonic_regression(seed: int) -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    rng = np.random.default_rng(seed)
    prices = np.arange(1.0, 6.0)
    answers = (rng.uniform(size=(30, 5)) < rng.uniform(0.1, 0.9, 5)).astype(float)
    answers[rng.uniform(size=answers.shape) < 0.2] = np.nan
    answers[0] = 1.0
    found = gabor_granger(prices, answers, config=FEW)
    model = isotonic.IsotonicRegression(increasing=False)
    counts = (~np.isnan(answers)).sum(axis=0)
    expected = model.fit_transform(prices, np.nanmean(answers, axis=0), sample_weight=counts)
    np.testing.assert_allclose([each.value for each in found.demand], expected, atol=1e-12)


def test_the_best_price_follows_revenue_or_profit() -> None:
    prices = [10.0, 20.0, 30.0]
    answers = from_highest_price(prices, [10, 10, 10, 20, 20, 20, 20, 30, 30, np.nan])
    found = gabor_granger(prices, answers, config=FEW)
    np.testing.assert_allclose([each.value for each in found.demand], [0.9, 0.6, 0.2])
    np.testing.assert_allclose(found.revenue, [9.0, 12.0, 6.0])
    assert found.best.value == 20.0
    dear = gabor_granger(prices, answers, cost=19.0, config=FEW)
    np.testing.assert_allclose(dear.profit, [-8.1, 0.6, 2.2])
    assert dear.best.value == 30.0
    assert Caution.AT_EDGE in [each.caution for each in dear.notes]
    np.testing.assert_allclose(found.elasticity[0], (-0.3 / 0.75) / (10 / 15))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: price_answers([5], [4], [3], [2]), "none of 1 answers"),
        (lambda: price_answers([1, 2], [2], [3], [4]), "same people"),
        (lambda: price_answers([-1], [2], [3], [4]), "below 0"),
        (lambda: gabor_granger([1.0], [[1.0]]), "two different prices"),
        (lambda: gabor_granger([1.0, 2.0], [[1.0, 0.5]]), "1 .would buy."),
        (lambda: gabor_granger([1.0, 2.0], [[1.0, np.nan]]), "nobody was asked"),
        (lambda: gabor_granger([0.0, 2.0], [[1.0, 1.0]]), "above 0"),
        (
            lambda: one_currency([Money.parse("1 USD"), Money.parse("7 CNY")]),
            "one currency",
        ),
    ],
)
def test_broken_surveys_are_named(build, said: str) -> None:
    with pytest.raises(InputError, match=said):
        build()


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ConfigError, match="100 draws"):
        BootstrapConfig(draws=10)
