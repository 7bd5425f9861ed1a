"""A linear head on a frozen encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from tiny_texts import sentences

from undercut.core.dataset import weighted_targets
from undercut.neural.classifier import Classifier
from undercut.neural.encoder import load_encoder
from undercut.neural.fit import predict_proba, smoothed_targets
from undercut.neural.linear_head import HeadConfig, fit_head, text_vectors
from undercut.neural.tokens import TokenisedTexts, tokenise


@pytest.fixture
def prepared(tiny_bert: Path) -> tuple[Classifier, TokenisedTexts, np.ndarray]:
    torch.manual_seed(0)
    encoder = load_encoder(str(tiny_bert))
    texts, labels = sentences(96)
    tokens = tokenise(encoder.tokenizer, texts, max_tokens=32, pad_id=encoder.pad_id)
    return Classifier(encoder, 2), tokens, np.array(labels)


def test_only_the_head_changes_and_it_learns(
    prepared: tuple[Classifier, TokenisedTexts, np.ndarray],
) -> None:
    classifier, tokens, labels = prepared
    before = {name: value.clone() for name, value in classifier.encoder.state_dict().items()}
    fit = fit_head(
        classifier, tokens, smoothed_targets(labels, 2, 0.0), tokens, labels, HeadConfig()
    )
    for name, value in classifier.encoder.state_dict().items():
        assert torch.equal(value, before[name]), name
    accuracy = (predict_proba(classifier, tokens, half=False).argmax(1) == labels).mean()
    assert accuracy == pytest.approx(max(fit.tune_accuracy), abs=0.02)
    assert accuracy > 0.9


def test_it_is_the_solution_of_another_library(
    prepared: tuple[Classifier, TokenisedTexts, np.ndarray],
) -> None:
    classifier, tokens, labels = prepared
    penalty = 1e-2
    config = HeadConfig(penalties=(penalty,))
    fit_head(classifier, tokens, smoothed_targets(labels, 2, 0.0), tokens, labels, config)
    vectors = text_vectors(classifier, tokens).numpy()
    scaled = (vectors - vectors.mean(0)) / vectors.std(0, ddof=1)
    # Two softmax rows ±w/2 weigh w²/2 together: half the penalty of one logistic row w.
    other = LogisticRegression(C=2 / (penalty * len(labels)), tol=1e-8, max_iter=5000)
    other.fit(scaled, labels)
    ours = predict_proba(classifier, tokens, half=False)
    np.testing.assert_allclose(ours, other.predict_proba(scaled), atol=5e-3)


def test_a_long_file_is_sampled(
    prepared: tuple[Classifier, TokenisedTexts, np.ndarray],
) -> None:
    classifier, tokens, labels = prepared
    seen: list[float] = []
    fit_head(
        classifier,
        tokens,
        smoothed_targets(labels, 2, 0.0),
        tokens,
        labels,
        HeadConfig(penalties=(1e-2,), most_rows=40),
        report=seen.append,
    )
    assert seen[-1] == 1.0
    accuracy = (predict_proba(classifier, tokens, half=False).argmax(1) == labels).mean()
    assert accuracy > 0.8


def test_weighted_rows_give_the_solution_of_another_library(
    prepared: tuple[Classifier, TokenisedTexts, np.ndarray],
) -> None:
    classifier, tokens, labels = prepared
    penalty = 1e-2
    weights = np.random.default_rng(0).uniform(0.1, 3.0, len(labels)).astype(np.float32)
    targets = weighted_targets(smoothed_targets(labels, 2, 0.0), weights)
    fit_head(classifier, tokens, targets, tokens, labels, HeadConfig(penalties=(penalty,)))
    vectors = text_vectors(classifier, tokens).numpy()
    scaled = (vectors - vectors.mean(0)) / vectors.std(0, ddof=1)
    other = LogisticRegression(C=2 / (penalty * len(labels)), tol=1e-8, max_iter=5000)
    other.fit(scaled, labels, sample_weight=weights / weights.mean())
    ours = predict_proba(classifier, tokens, half=False)
    np.testing.assert_allclose(ours, other.predict_proba(scaled), atol=5e-3)
