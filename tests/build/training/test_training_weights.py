"""Rows that count less: the oracle's solution, and who wins where rows contradict each other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from undercut.build.training.ngram import NgramConfig, train_ngram
from undercut.build.training.softmax_regression import Design, fit_softmax
from undercut.core.dataset import weighted_targets
from undercut.core.errors import InputError

CONFIG = NgramConfig(penalties=(1e-4,), iterations=60)
TEXTS = ["pay my card", "close the account", "lost the parcel"] * 8


def test_weighted_rows_give_the_solution_of_another_library() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(90, 5)).astype(np.float32)
    labels = rng.integers(0, 3, 90)
    weights = rng.uniform(0.1, 3.0, 90).astype(np.float32)
    design = Design(sparse.csr_array(features), sparse.csr_array(np.eye(5, dtype=np.float32)))
    targets = weighted_targets(np.eye(3, dtype=np.float32)[labels], weights)
    ours = fit_softmax(design, targets, penalty=1e-2, iterations=500, tolerance=1e-9)
    other = LogisticRegression(C=1 / (1e-2 * 90), tol=1e-9, max_iter=5000)
    other.fit(features, labels, sample_weight=weights / weights.mean())
    logits = features @ ours[:-1] + ours[-1]
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(proba, other.predict_proba(features), atol=2e-3)


@pytest.mark.parametrize("light", [0, 1])
def test_the_heavier_of_two_contradicting_rows_is_believed(light: int) -> None:
    texts = [*TEXTS, *["where is my money"] * 8]
    labels = np.array([0, 1, 2] * 8 + [0, 1] * 4)
    weights = np.ones(len(texts), np.float32)
    weights[24 + light :: 2] = 0.1
    model = train_ngram(texts, labels, ("a", "b", "c"), CONFIG, weights=weights)
    assert model.predict_proba(["where is my money"]).argmax() == 1 - light


def test_equal_weights_change_nothing() -> None:
    labels = np.array([0, 1, 2] * 8)
    plain = train_ngram(TEXTS, labels, ("a", "b", "c"), CONFIG)
    weights = np.full(24, 0.25, np.float32)
    equal = train_ngram(TEXTS, labels, ("a", "b", "c"), CONFIG, weights=weights)
    np.testing.assert_array_equal(plain.predict_proba(TEXTS), equal.predict_proba(TEXTS))


def test_a_missing_weight_is_refused() -> None:
    with pytest.raises(InputError, match="24 numbers above 0"):
        train_ngram(
            TEXTS, np.array([0, 1, 2] * 8), ("a", "b", "c"), CONFIG, weights=np.ones(23, np.float32)
        )
