"""What rows count when the encoder and the static model learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_texts import sentences
from tokenizers import Tokenizer

from undercut.core.dataset import weighted_targets
from undercut.neural.classifier import Classifier
from undercut.neural.encoder import load_encoder
from undercut.neural.fit import FitConfig, fit, predict_proba, smoothed_targets
from undercut.neural.static import StaticConfig, distil_static
from undercut.neural.tokens import tokenise


def contradicting(light: int) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Every text twice, rightly and wrongly labelled; weights make one side light."""
    texts, labels = sentences(64)
    right = np.array(labels)
    both = np.concatenate([right, 1 - right])
    weights = np.ones(128, np.float32)
    weights[64 * light : 64 * (light + 1)] = 0.05
    return [*texts, *texts], right, both, weights


@pytest.mark.parametrize("light", [0, 1])
def test_an_encoder_believes_the_heavier_rows(tiny_bert: Path, light: int) -> None:
    texts, right, labels, weights = contradicting(light)
    torch.manual_seed(0)
    encoder = load_encoder(str(tiny_bert))
    classifier = Classifier(encoder, 2)
    tokens = tokenise(encoder.tokenizer, texts, max_tokens=32, pad_id=encoder.pad_id)
    targets = weighted_targets(smoothed_targets(labels, 2, 0.0), weights)
    config = FitConfig(epochs=8, batch_rows=8, learning_rate=5e-3, patience=8)
    heavy = right if light else 1 - right
    tune = tokens.take(np.arange(64))
    fit(classifier, tokens, targets, tune, heavy, config)
    said = predict_proba(classifier, tune, half=False)
    assert (said.argmax(1) == heavy).mean() > 0.95
    assert said[np.arange(64), heavy].mean() > 0.8  # the light rows hold it below 1


@pytest.mark.parametrize("light", [0, 1])
def test_the_static_model_believes_the_heavier_rows(tiny_bert: Path, light: int) -> None:
    texts, right, labels, weights = contradicting(light)
    targets = weighted_targets(smoothed_targets(labels, 2, 0.0), weights)
    model = distil_static(
        Tokenizer.from_file(str(tiny_bert / "tokenizer.json")),
        texts,
        targets,
        ("city", "meal"),
        StaticConfig(width=16, most_pairs=0),
        tune_texts=[],
        tune_labels=np.zeros(0, np.int64),
    )
    heavy = right if light else 1 - right
    assert (model.predict_proba(texts[:64]).argmax(1) == heavy).mean() > 0.95
