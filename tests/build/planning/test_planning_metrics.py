"""Figures against scikit-learn, intervals against a plain bootstrap over rows."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.planning.metrics import (
    accuracy,
    macro_f1,
    paired_difference,
    quality,
    top_confusions,
)
from undercut.core.errors import ConfigError, InputError

sk = pytest.importorskip("sklearn.metrics")


def noisy(
    rows: int, classes: int, error: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and two predictions that err independently."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    guesses = rng.integers(0, classes, (2, rows))
    wrong = rng.random((2, rows)) < error
    return labels, *np.where(wrong, guesses, labels)


@given(
    st.integers(1, 6).flatmap(
        lambda k: st.lists(
            st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=1, max_size=40
        )
    )
)
@settings(max_examples=60, deadline=None)
def test_figures_match_scikit_learn(rows: list[tuple[int, int]]) -> None:
    labels, predictions = np.array(rows).T
    names = tuple("abcdef")
    result = quality(labels, predictions, names, seed=0, resamples=5)
    assert accuracy(labels, predictions) == pytest.approx(sk.accuracy_score(labels, predictions))
    expected = sk.f1_score(labels, predictions, average="macro", zero_division=0)
    assert macro_f1(labels, predictions) == pytest.approx(expected)
    assert result.macro_f1.value == pytest.approx(expected)
    columns = sk.precision_recall_fscore_support(
        labels, predictions, labels=range(6), zero_division=0
    )
    for k, one in enumerate(result.classes):
        got = (one.precision.value, one.recall.value, one.f1.value, one.support)
        assert got == pytest.approx([column[k] for column in columns])


def test_intervals_match_a_bootstrap_over_rows() -> None:
    labels, predictions, _ = noisy(300, 5, 0.2, seed=1)
    got = quality(labels, predictions, tuple("abcde"), seed=2, resamples=4000)
    rng = np.random.default_rng(3)
    picks = rng.integers(0, 300, (1500, 300))
    scores = [
        sk.f1_score(labels[rows], predictions[rows], average="macro", zero_division=0)
        for rows in picks[:400]
    ]
    right = (labels == predictions)[picks].mean(axis=1)
    assert [got.accuracy.low, got.accuracy.high] == pytest.approx(
        np.quantile(right, [0.025, 0.975]), abs=0.008
    )
    assert [got.macro_f1.low, got.macro_f1.high] == pytest.approx(
        np.quantile(scores, [0.025, 0.975]), abs=0.015
    )


def test_same_seed_same_result_and_input_unchanged() -> None:
    labels, predictions, _ = noisy(100, 4, 0.3, seed=5)
    before = labels.copy(), predictions.copy()
    first = quality(labels, predictions, tuple("abcd"), seed=7, resamples=50)
    assert first == quality(labels, predictions, tuple("abcd"), seed=7, resamples=50)
    assert first != quality(labels, predictions, tuple("abcd"), seed=8, resamples=50)
    assert np.array_equal(before[0], labels)
    assert np.array_equal(before[1], predictions)


def test_one_row() -> None:
    result = quality(np.array([1]), np.array([1]), ("a", "b"), seed=0)
    assert (result.accuracy.value, result.accuracy.low, result.macro_f1.value) == (1.0, 1.0, 1.0)
    assert result.classes[0].f1.value == 0.0


def test_difference_is_paired() -> None:
    labels, first, _ = noisy(500, 4, 0.2, seed=9)
    second = first.copy()
    second[:10] = labels[:10]
    result = paired_difference(labels, first, second, seed=0)
    gained = accuracy(labels, second) - accuracy(labels, first)
    assert result.accuracy.value == pytest.approx(gained)
    assert result.macro_f1.value == pytest.approx(
        macro_f1(labels, second) - macro_f1(labels, first)
    )
    # Nothing but the few changed rows can move it; unpaired the interval would be far wider.
    assert 0.0 <= result.accuracy.low <= gained <= result.accuracy.high < 3 * gained + 1e-9
    same = paired_difference(labels, first, first, seed=0)
    assert (same.accuracy.low, same.accuracy.high) == (0.0, 0.0)


def test_confusions_come_most_frequent_first() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    predictions = np.array([1, 1, 0, 2, 0, 1, 2])
    top = top_confusions(labels, predictions, ("card", "cash", "fee"), most=2)
    assert [(one.label, one.prediction, one.rows, one.share) for one in top] == [
        ("card", "cash", 2, 0.5),
        ("card", "fee", 1, 0.25),
    ]
    assert top_confusions(labels, labels, ("card", "cash", "fee")) == ()


def test_fast_enough_for_every_report() -> None:
    labels, predictions, _ = noisy(3080, 77, 0.08, seed=11)
    start = time.process_time()
    quality(labels, predictions, tuple(f"c{k:02}" for k in range(77)), seed=0, resamples=1000)
    assert time.process_time() - start < 2.0


def test_bad_input_is_refused() -> None:
    ids = np.array([0, 1])
    with pytest.raises(InputError, match="shape"):
        quality(ids, ids[:1], ("a", "b"), seed=0)
    with pytest.raises(InputError, match="non-empty"):
        accuracy(ids[:0], ids[:0])
    with pytest.raises(InputError, match=r"0\.\.1, expected 0\.\.0"):
        quality(ids, ids, ("a",), seed=0)
    with pytest.raises(InputError, match="least class id is -1"):
        macro_f1(ids - 1, ids)
    with pytest.raises(ConfigError, match="resamples"):
        quality(ids, ids, ("a", "b"), seed=0, resamples=0)
    with pytest.raises(ConfigError, match="confidence"):
        quality(ids, ids, ("a", "b"), seed=0, confidence=95)
