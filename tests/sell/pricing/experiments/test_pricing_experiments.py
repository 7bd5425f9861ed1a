"""Price tests: guard rails that hold, a stop rule that stops, intervals that cover."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.demand.estimate import Caution
from undercut.sell.pricing.experiments.analysis import analyse
from undercut.sell.pricing.experiments.confidence import always_valid, wilson
from undercut.sell.pricing.experiments.counts import Counts, belief, loss_so_far
from undercut.sell.pricing.experiments.terms import TestTerms
from undercut.sell.pricing.experiments.thompson import Verdict, next_price, standing

USD = Money.parse
TERMS = TestTerms(
    (USD("50usd"), USD("60usd"), USD("75usd")),
    1,
    USD("10usd"),
    USD("20usd"),
    USD("5000usd"),
    least_visitors=50,
)


def _counts(visitors, sales) -> Counts:
    return Counts(np.array(visitors, dtype=np.int64), np.array(sales, dtype=np.int64))


def _play(terms: TestTerms, chances: list[float], most: int, seed: int):
    """A whole test with buyers of known chances; outcomes come at once."""
    rng = np.random.default_rng(seed)
    visitors, sales = np.zeros(len(chances), int), np.zeros(len(chances), int)
    now = standing(terms, Counts(visitors, sales))
    for step in range(most):
        place = next_price(terms, Counts(visitors, sales), visitors)
        visitors[place] += 1
        sales[place] += rng.random() < chances[place]
        if step % 25 == 0:
            now = standing(terms, Counts(visitors, sales))
            if now.verdict is not Verdict.GOES_ON:
                break
    return now, visitors, sales


def test_the_best_price_is_found_and_bad_ones_are_shown_less() -> None:
    played = [_play(TERMS, [0.12, 0.10, 0.13], 1_500, seed) for seed in range(8)]
    assert all(now.winner in {2, None} for now, _, _ in played)
    assert sum(now.winner == 2 for now, _, _ in played) >= 6
    shown = np.sum([visitors for _, visitors, _ in played], axis=0)
    assert shown[2] > shown[0]
    assert shown[2] > shown[1]
    assert all(visitors.min() >= 50 for _, visitors, _ in played)


def test_a_test_that_costs_too_much_ends_at_todays_price() -> None:
    dear = dataclasses.replace(TERMS, loss_bound=USD("300usd"))
    now, visitors, sales = _play(dear, [0.01, 0.60, 0.01], 6_000, seed=2)
    assert now.verdict is Verdict.LOSS_BOUND
    assert now.winner == 1
    # the bound is overshot by what 25 customers between two looks can cost at most
    assert now.loss < 300.0 + 25 * 50 * 0.7
    assert loss_so_far(Counts(visitors, sales), np.array(dear.margins), 1) == now.loss


def test_equal_state_equal_choice() -> None:
    counts, shown = _counts([60, 60, 60], [6, 5, 9]), np.array([60, 60, 61])
    again = [next_price(TERMS, counts, shown) for _ in range(5)]
    assert len(set(again)) == 1
    chosen = {
        next_price(dataclasses.replace(TERMS, seed=seed), counts, shown) for seed in range(40)
    }
    assert len(chosen) > 1
    # before the least number, whoever was shown least often
    assert next_price(TERMS, _counts([0] * 3, [0] * 3), np.array([3, 1, 2])) == 1


@given(
    floor=st.integers(1, 100),
    prices=st.lists(st.integers(1, 200), min_size=1, max_size=5),
    cost=st.integers(0, 100),
)
def test_no_terms_sell_below_the_floor_or_at_cost(floor, prices, cost) -> None:
    made = [USD(f"{price}usd") for price in prices]
    try:
        terms = TestTerms(tuple(made), 0, USD(f"{cost}usd"), USD(f"{floor}usd"), USD("1usd"))
    except InputError:
        fine = len(prices) > 1 and prices == sorted(set(prices))
        assert not (fine and prices[0] >= floor and prices[0] > cost)
    else:
        assert min(prices) >= floor
        assert min(terms.margins) > 0.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prices": (USD("60usd"),)}, "two prices"),
        ({"prices": (USD("60usd"), USD("60usd"))}, "differ and rise"),
        ({"prices": (USD("15usd"), USD("60usd"))}, "below the floor"),
        ({"cost": USD("10cny")}, "one currency"),
        ({"cost": USD("55usd")}, "earns nothing"),
        ({"control": 3}, "today's price"),
        ({"loss_bound": USD("0usd")}, "loss bound"),
        ({"tolerance": 1.0}, "tolerance"),
    ],
)
def test_terms_that_do_not_hold_are_named(change, said) -> None:
    with pytest.raises(InputError, match=said):
        dataclasses.replace(TERMS, **change)


@given(sales=st.integers(0, 60), more=st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_the_always_valid_interval_is_the_level_set_of_its_martingale(sales, more) -> None:
    visitors = sales + more
    low, high = always_valid(sales, visitors)
    assert 0.0 <= low <= high <= 1.0
    if visitors == 0:
        assert (low, high) == (0.0, 1.0)
        return
    # wider than the interval of a fixed size, for it holds at every moment
    assert low <= wilson(sales, visitors)[0] + 1e-9
    assert high >= wilson(sales, visitors)[1] - 1e-9
    # inside iff a uniform prior explains the data less than 20 times as well: 1 / (n + 1) each
    for share in np.linspace(0.01, 0.99, 23):
        inside = binom.pmf(sales, visitors, share) * 20.0 > 1.0 / (visitors + 1)
        assert inside == (low < share < high) or min(abs(share - low), abs(share - high)) < 1e-6


def test_looking_always_breaks_ordinary_intervals_and_not_these() -> None:
    rng = np.random.default_rng(4)
    share, visitors = 0.3, np.arange(10, 1_001, 10)
    missed = {"wilson": 0, "always": 0}
    for _ in range(150):
        sales = np.cumsum(rng.random(1_000) < share)[visitors - 1]
        ends = [wilson(int(s), int(n)) for s, n in zip(sales, visitors, strict=True)]
        missed["wilson"] += any(not low <= share <= high for low, high in ends)
        # the sequence misses only where its martingale passes 20
        evidence = 1.0 / (visitors + 1) / binom.pmf(sales, visitors, share)
        missed["always"] += bool((evidence >= 20.0).any())
    assert missed["wilson"] > 0.2 * 150
    assert missed["always"] <= 0.05 * 150


def test_analysis_against_hand_and_exact_posteriors() -> None:
    prices = (USD("50usd"), USD("60usd"))
    counts = _counts([1_000, 1_000], [100, 60])
    found = analyse(prices, counts, cost=USD("10usd"), control=1, evenly=True)
    first, second = found.prices
    assert first.revenue == pytest.approx(5.0)
    assert first.profit == pytest.approx(4.0)
    assert second.profit == pytest.approx(3.0)
    assert first.gain is not None
    assert first.gain[0] == pytest.approx(1.0)
    assert first.gain[1] < 1.0 < first.gain[2]
    assert second.gain is None
    assert found.best == 0
    assert first.always[0] < first.interval[0] < first.profit < first.interval[1] < first.always[1]
    assert found.notes == ()
    # P(40 X > 50 Y) for the two beta posteriors, by numerical integration
    from scipy.integrate import quad
    from scipy.stats import beta

    exact = quad(
        lambda y: beta.pdf(y, 61, 941) * beta.sf(50 * y / 40, 101, 901), 0.0, 0.8, points=[0.06]
    )[0]
    assert first.best_chance == pytest.approx(exact, abs=0.01)


def test_a_clear_case_is_proven_and_a_small_one_is_not() -> None:
    prices = (USD("50usd"), USD("60usd"))
    large = analyse(prices, _counts([9_000, 9_000], [2_700, 900]), cost=USD("0usd"), control=1)
    assert large.proven
    small = analyse(prices, _counts([20, 20], [6, 2]), cost=USD("0usd"), control=1)
    assert not small.proven
    assert small.notes[0].caution is Caution.FEW_OBSERVATIONS
    kept = analyse(prices, _counts([9_000, 9_000], [900, 2_700]), cost=USD("0usd"), control=1)
    assert kept.best == 1
    assert kept.proven


def test_uneven_counts_nobody_and_impossible_counts_are_named() -> None:
    prices = (USD("50usd"), USD("60usd"))
    uneven = analyse(
        prices, _counts([1_000, 1_300], [90, 90]), cost=USD("0usd"), control=1, evenly=True
    )
    assert "not spread evenly" in uneven.notes[0].text
    with pytest.raises(InputError, match="nobody"):
        analyse(prices, _counts([0, 0], [0, 0]), cost=USD("0usd"), control=0)
    with pytest.raises(InputError, match="earns nothing"):
        analyse(prices, _counts([9, 9], [1, 1]), cost=USD("50usd"), control=0)
    with pytest.raises(InputError, match="11 sales by 10 visitors"):
        _counts([10, 10], [11, 1])
    one = analyse(prices, _counts([1, 0], [0, 0]), cost=USD("0usd"), control=0)
    assert np.isnan(one.prices[1].profit)
    assert not one.proven


def test_beliefs_sum_to_one() -> None:
    known = belief(
        _counts([10, 30, 50], [1, 3, 4]), np.array([40.0, 50.0, 65.0]), np.random.default_rng(0)
    )
    assert known.best_chance.sum() == pytest.approx(1.0)
    assert (known.expected_loss >= 0.0).all()
