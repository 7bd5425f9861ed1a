"""Macro-F1 against scikit-learn, and what the interval of a difference must do."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.data.paired_bootstrap import macro_f1, macro_f1_difference, sign_test


def answers(rows: int, classes: int, right: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows)
    return truth, np.where(rng.random(rows) < right, truth, rng.integers(0, classes, rows))


@pytest.mark.parametrize("seed", range(5))
def test_macro_f1_is_that_of_scikit_learn(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    truth, said = answers(200, 7, 0.6, seed)
    expected = metrics.f1_score(truth, said, average="macro", labels=np.unique(truth))
    assert macro_f1(truth, said, 7) == pytest.approx(expected)


def test_a_clear_gain_has_an_interval_above_zero() -> None:
    truth, worse = answers(2_000, 5, 0.6, 0)
    _, better = answers(2_000, 5, 0.6, 0)
    better = np.where(np.arange(2_000) % 4 == 0, truth, better)
    found = macro_f1_difference(truth, worse, better, 5, draws=300)
    assert 0 < found.low < found.value < found.high


def test_equal_answers_differ_by_nothing() -> None:
    truth, said = answers(300, 4, 0.7, 1)
    found = macro_f1_difference(truth, said, said, 4, draws=100)
    assert (found.low, found.value, found.high) == (0.0, 0.0, 0.0)


def test_the_interval_covers_zero_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(60):
        truth, one = answers(300, 3, 0.7, 2 * seed)
        rng = np.random.default_rng(10_000 + seed)
        other = np.where(rng.random(300) < 0.7, truth, rng.integers(0, 3, 300))
        found = macro_f1_difference(truth, one, other, 3, confidence=0.9, draws=200, seed=seed)
        covered += found.low <= 0 <= found.high
    assert 48 <= covered <= 60


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (5, 0), (0, 5), (7, 3), (120, 80), (900, 1)])
def test_the_sign_test_is_scipys(better: int, worse: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = 1.0
    if better + worse:
        expected = stats.binomtest(better, better + worse, alternative="greater").pvalue
    assert sign_test(better, worse) == pytest.approx(expected)
