"""A linear head for few labels: its penalty chosen by cross-validation, as no row can be spared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from undercut.core.dataset import FloatArray, IntArray
from undercut.neural.classifier import Classifier
from undercut.neural.linear_head import softmax_regression

# Weights of half the squared weights beside the mean cross-entropy, on vectors of length one.
PENALTIES = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5)


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows that train and rows held out, and (rows, width) vectors of all rows by an encoder that
    never saw the held-out ones' labels."""

    train: IntArray
    held: IntArray
    vectors: Tensor


@dataclass(frozen=True, slots=True)
class FoldedHead:
    """penalty: of the least log-loss on held-out rows; probabilities: (rows, classes) of each row
    by the head that did not see it; accuracy: by penalty, in the order tried."""

    penalty: float
    probabilities: FloatArray
    accuracy: tuple[float, ...]


def folds_of(groups: IntArray, labels: IntArray, folds: int, seed: int) -> IntArray:
    """(rows,) fold of each row: groups stay together, classes are spread evenly.

    groups: (rows,) ids, texts that say the same among them.
    """
    random = np.random.default_rng(seed)
    first = np.unique(groups, return_index=True)[1]
    shuffled = random.permutation(len(first))
    by_class = shuffled[np.argsort(labels[first[shuffled]], kind="stable")]
    fold = np.empty(len(first), dtype=np.int64)
    fold[by_class] = np.arange(len(first)) % folds
    return np.asarray(fold[np.unique(groups, return_inverse=True)[1]])


def choose_head(
    folds: Sequence[Fold], labels: IntArray, classes: int, penalties: Sequence[float] = PENALTIES
) -> FoldedHead:
    """Choose the penalty by what heads say of rows that they did not see.

    penalties: from the strongest down, since each fit starts where the last one ended.
    """
    starts: list[Tensor | None] = [None] * len(folds)
    best: FoldedHead | None = None
    least, accuracies = np.inf, list[float]()
    for penalty in penalties:
        said = np.zeros((len(labels), classes), dtype=np.float32)
        for number, fold in enumerate(folds):
            known, names = fold.vectors[fold.train], labels[fold.train]
            weights, starts[number] = _fit(known, names, classes, penalty, starts[number])
            logits = fold.vectors[fold.held] @ weights[:-1] + weights[-1]
            said[fold.held] = torch.softmax(logits, dim=1).cpu().numpy()
        chosen = said[np.arange(len(labels)), labels]
        accuracies.append(float((said.argmax(axis=1) == labels).mean()))
        loss = float(-np.log(np.maximum(chosen, 1e-12)).mean())
        if loss < least:
            least, best = loss, FoldedHead(penalty, said, ())
    assert best is not None
    return FoldedHead(best.penalty, best.probabilities, tuple(accuracies))


def set_head(classifier: Classifier, vectors: Tensor, labels: IntArray, penalty: float) -> None:
    """Fit the classifier's head on all rows, in place."""
    weights, _ = _fit(vectors, labels, classifier.head.out_features, penalty)
    with torch.no_grad():
        classifier.head.weight.copy_(weights[:-1].T)
        classifier.head.bias.copy_(weights[-1])


def _fit(
    vectors: Tensor,
    labels: IntArray,
    classes: int,
    penalty: float,
    start: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """(width + 1, classes) weights for the vectors as they come, and those to start from next.

    Softmax regression on vectors moved to the middle and scaled to a length of one on average.
    """
    middle = vectors.mean(0)
    scale = (vectors - middle).norm(dim=1).mean().clamp(min=1e-6)
    targets = torch.zeros(len(labels), classes, device=vectors.device)
    targets[torch.arange(len(labels)), torch.from_numpy(labels).to(vectors.device)] = 1.0
    if start is None:
        start = torch.zeros(vectors.shape[1] + 1, classes, device=vectors.device)
    weights = softmax_regression((vectors - middle) / scale, targets, penalty, start)
    slopes = weights[:-1] / scale
    return torch.cat([slopes, (weights[-1] - middle @ slopes)[None]]), weights
