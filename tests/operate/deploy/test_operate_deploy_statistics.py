"""The sequential test, the split by hash and the latency reference: do they keep their word?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.operate.serving.answering import Answered, PlanFacts, TextAnswer
from undercut.operate.serving.deploy.betting import BettingTest
from undercut.operate.serving.deploy.bounds import DeploymentBounds
from undercut.operate.serving.deploy.comparison import Comparison
from undercut.operate.serving.deploy.latency_reference import LatencyReference
from undercut.operate.serving.deploy.routing import goes_to_canary


def steps_to_alarm(test: BettingTest, values: np.ndarray) -> int | None:
    for step, value in enumerate(values.tolist(), start=1):
        test.saw(value)
        if test.exceeded:
            return step
    return None


@pytest.mark.parametrize("bound", [0.01, 0.1, 0.4])
def test_false_alarms_stay_below_alpha_however_often_one_looks(bound: float) -> None:
    """The hardest case: the mean lies exactly on the bound, looked at after every observation."""
    random, runs, alpha = np.random.default_rng(1), 600, 0.1
    alarms = sum(
        steps_to_alarm(BettingTest(bound, alpha), (random.random(800) < bound).astype(float))
        is not None
        for _ in range(runs)
    )
    assert alarms / runs < alpha + 3 * np.sqrt(alpha * (1 - alpha) / runs)


def test_fractions_are_observations_too() -> None:
    random, runs, alpha = np.random.default_rng(2), 300, 0.1
    alarms = sum(
        steps_to_alarm(BettingTest(0.2, alpha), random.beta(0.4, 1.6, 600)) is not None
        for _ in range(runs)
    )
    assert alarms / runs < alpha + 3 * np.sqrt(alpha * (1 - alpha) / runs)


@pytest.mark.parametrize(("rate", "within"), [(1.0, 10), (0.3, 60), (0.05, 700)])
def test_a_rate_above_the_bound_is_found(rate: float, within: int) -> None:
    random = np.random.default_rng(3)
    steps = [
        steps_to_alarm(BettingTest(0.01, 0.003), (random.random(4000) < rate).astype(float))
        for _ in range(40)
    ]
    assert None not in steps
    assert np.median([step for step in steps if step is not None]) < within


def test_one_or_two_early_failures_fool_nobody() -> None:
    test = BettingTest(0.01, 0.01 / 3)
    test.saw(1.0)
    test.saw(1.0)
    assert not test.exceeded
    for _ in range(5000):
        test.saw(0.0)
    assert not test.exceeded


@given(st.lists(st.floats(0, 1), max_size=200), st.floats(0.01, 0.99))
def test_any_observations_leave_a_positive_wealth(values: list[float], bound: float) -> None:
    test = BettingTest(bound, 0.01)
    for value in values:
        test.saw(value)
    assert test.evidence >= 1
    assert test.count == len(values)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_the_canary_gets_its_share_within_noise(share: float) -> None:
    requests = 40_000
    taken = sum(goes_to_canary(f"request {i}", share, salt="plan") for i in range(requests))
    assert abs(taken - share * requests) <= 4 * np.sqrt(requests * share * (1 - share))


def test_the_split_is_the_same_for_the_same_request_and_salt_only() -> None:
    routes = [f"request {i}" for i in range(4000)]
    first = [goes_to_canary(route, 0.5, salt="one") for route in routes]
    assert first == [goes_to_canary(route, 0.5, salt="one") for route in routes]
    other = [goes_to_canary(route, 0.5, salt="two") for route in routes]
    assert 0.45 < np.mean([a == b for a, b in zip(first, other, strict=True)]) < 0.55
    # A larger share keeps all that the smaller one had: nobody is sent back and forth.
    small = [goes_to_canary(route, 0.1, salt="one") for route in routes]
    assert all(large for is_small, large in zip(small, first, strict=True) if is_small)


def test_the_reference_is_the_percentile_of_its_size() -> None:
    reference = LatencyReference()
    for i in range(200):
        reference.saw(50, 0.001 * (i % 100))
        reference.saw(5000, 1.0)
    assert reference.seconds(50) == pytest.approx(0.094, abs=0.002)
    assert reference.seconds(5000) == 1.0
    assert reference.seconds(10) is None
    reference.saw(50, 1e6)
    assert reference.seconds(50) == pytest.approx(0.094, abs=0.002)


def answered(*labels: str) -> Answered:
    plan = PlanFacts("d", "p", ("a", "b"), ("s",))
    texts = tuple(TextAnswer(label, 1.0, "s", ((label, 1.0),), None) for label in labels)
    return Answered(plan, texts, 1, {"s": len(labels)}, None)


def test_each_kind_of_complaint_is_raised_by_its_own_fault() -> None:
    reference = LatencyReference()
    for _ in range(100):
        reference.saw(50, 0.02)
    bounds = DeploymentBounds()

    slow = Comparison(bounds, reference)
    good = Comparison(bounds, reference)
    other = Comparison(bounds, reference)
    failing = Comparison(bounds, reference)
    for i in range(300):
        slow.took(50, 0.05)
        good.took(50, 0.021)
        good.answered()
        good.compared(answered("a", "b"), answered("a", "b" if i % 10 else "a"))
        other.compared(answered("a", "b"), answered("a", "a" if i % 2 else "b"))
        failing.failed() if i % 20 == 0 else failing.answered()
    assert good.complaint() is None
    assert good.state().disagreement_share == pytest.approx(0.05)
    assert "slow" in (slow.complaint() or "")
    assert "another label" in (other.complaint() or "")
    assert "fail" in (failing.complaint() or "")


def test_promotion_wants_a_run_without_failures_and_agreement() -> None:
    bounds = DeploymentBounds(promote_after=50)
    comparison = Comparison(bounds, LatencyReference())
    for _ in range(49):
        comparison.answered()
    assert not comparison.ready()
    comparison.failed()
    for _ in range(49):
        comparison.answered()
    assert not comparison.ready()
    comparison.answered()
    assert comparison.ready()
    comparison.compared(answered("a"), answered("b"))
    assert not comparison.ready()
