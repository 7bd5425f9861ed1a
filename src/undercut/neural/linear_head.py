"""A linear head on a frozen encoder: softmax regression on vectors computed once a text."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from undercut.core.dataset import FloatArray, IntArray
from undercut.neural.classifier import Classifier
from undercut.neural.encoder import encode
from undercut.neural.tokens import TokenisedTexts

MOST_STEPS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadConfig:
    """How to train the head.

    penalties: candidates for the weight of half the squared weights (of standardised features)
    beside the mean cross-entropy; the tune texts choose. most_rows: a seeded sample of longer
    files is used, so that vectors and solver stay within memory and minutes.
    """

    penalties: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
    most_rows: int = 50_000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class HeadFit:
    """penalty: the one that was kept; tune_accuracy: of each penalty in the config's order."""

    penalty: float
    tune_accuracy: tuple[float, ...]
    seconds: float


def fit_head(
    classifier: Classifier,
    train: TokenisedTexts,
    targets: FloatArray,
    tune: TokenisedTexts,
    tune_labels: IntArray,
    config: HeadConfig,
    *,
    report: Callable[[float], None] | None = None,
) -> HeadFit:
    """Train only the classifier's head, in place; the encoder stays as it came.

    targets: (rows, classes), rows sum to 1 or to what the row counts. Of all penalties the one with
    the least log-loss on the tune texts is kept. report: gets the fraction done.
    """
    started = time.perf_counter()
    classifier.encoder.requires_grad_(False)
    classifier.eval()
    if len(train) > config.most_rows:
        sample = np.random.default_rng(config.seed).permutation(len(train))[: config.most_rows]
        train, targets = train.take(sample), targets[sample]
    vectors = text_vectors(classifier, train, report)
    mean, spread = vectors.mean(0), vectors.std(0).clamp(min=1e-6)
    scaled = (vectors - mean) / spread
    tuned = (text_vectors(classifier, tune) - mean) / spread
    labels = torch.from_numpy(tune_labels).to(tuned.device)
    wanted = torch.from_numpy(targets).to(scaled.device)

    weights = torch.zeros(scaled.shape[1] + 1, wanted.shape[1], device=scaled.device)
    best, best_loss, chosen = weights, float("inf"), config.penalties[0]
    accuracies: dict[float, float] = {}
    # From the strongest penalty down, each fit starts where the last one ended.
    for penalty in sorted(config.penalties, reverse=True):
        weights = softmax_regression(scaled, wanted, penalty, weights)
        logits = tuned @ weights[:-1] + weights[-1]
        loss = float(torch.nn.functional.cross_entropy(logits, labels))
        accuracies[penalty] = float((logits.argmax(1) == labels).float().mean())
        if loss < best_loss:
            best, best_loss, chosen = weights, loss, penalty
    with torch.no_grad():
        slopes = best[:-1] / spread[:, None]
        classifier.head.weight.copy_(slopes.T)
        classifier.head.bias.copy_(best[-1] - mean @ slopes)
    return HeadFit(
        chosen,
        tuple(accuracies[penalty] for penalty in config.penalties),
        time.perf_counter() - started,
    )


def text_vectors(
    classifier: Classifier,
    texts: TokenisedTexts,
    report: Callable[[float], None] | None = None,
) -> Tensor:
    """What the encoder says of each text, (rows, width) float32, in the order of the texts."""
    return encode(classifier.encoder, texts, report)


def softmax_regression(features: Tensor, targets: Tensor, penalty: float, start: Tensor) -> Tensor:
    """(width + 1, classes) weights, the last row the bias, that minimise the mean cross-entropy
    plus half the penalty times the squared weights: convex, solved by L-BFGS."""
    weights = start.clone().requires_grad_(True)
    solver = torch.optim.LBFGS(
        [weights], max_iter=MOST_STEPS, history_size=10, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        solver.zero_grad()
        logits = features @ weights[:-1] + weights[-1]
        loss = -(targets * torch.log_softmax(logits, dim=1)).sum(1).mean()
        loss = loss + 0.5 * penalty * weights[:-1].square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(closure)  # type: ignore[no-untyped-call]
    return weights.detach()
