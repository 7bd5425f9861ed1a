"""A linear head for few labels, its settings chosen by cross-validation, as no row can be spared.

A class's name is a text too: with five labels a class it tells about as much as one label more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from undercut.core.dataset import FloatArray, IntArray, weighted_targets
from undercut.neural.classifier import Classifier
from undercut.neural.linear_head import softmax_regression
from undercut.neural.one_thread import one_thread

# Weights of half the squared weights beside the mean cross-entropy, on vectors of length one.
PENALTIES = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5)


# What a class's name counts as a text of the class, beside one labelled text.
NAME_WEIGHTS = (1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Known:
    """What a head learns from: (rows, width) vectors by one encoder, their labels, and names.

    names: (classes, width) vectors of the classes' names, in the order of the ids. weights: (rows,)
    what each row counts, None where all count alike.
    """

    vectors: Tensor
    labels: IntArray
    names: Tensor
    weights: FloatArray | None = None

    def take(self, rows: IntArray) -> Known:
        """These rows; the names stay."""
        weights = None if self.weights is None else self.weights[rows]
        return Known(self.vectors[rows], self.labels[rows], self.names, weights)


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows that train and rows held out, and what is known of all rows, by an encoder that never
    saw the held-out ones' labels."""

    train: IntArray
    held: IntArray
    known: Known


@dataclass(frozen=True, slots=True)
class FoldedHead:
    """A head's settings by what heads said of rows that they did not see.

    penalty, name_weight: of the least log-loss. loss: the mean of it over the rows held out.
    probabilities: (rows, classes) of each row by the head that did not see it, zeros where none.
    accuracy: by penalty, as far as they were tried.
    """

    penalty: float
    name_weight: float
    loss: float
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


@one_thread()
def choose_head(
    folds: Sequence[Fold], classes: int, penalties: Sequence[float] = PENALTIES
) -> FoldedHead:
    """Choose the penalty, then whether the classes' names count as texts of theirs.

    penalties: from the strongest down, since each fit starts where the last one ended; the first
    that is worse than the one before ends the search.
    """
    starts: list[Tensor | None] = [None] * len(folds)
    best: FoldedHead | None = None
    accuracies = list[float]()
    for penalty in penalties:
        head = _folded(folds, classes, penalty, NAME_WEIGHTS[0], starts)
        accuracies += head.accuracy
        if best is not None and head.loss >= best.loss:
            break
        best = head
    assert best is not None
    for weight in NAME_WEIGHTS[1:]:
        head = _folded(folds, classes, best.penalty, weight, starts)
        best = head if head.loss < best.loss else best
    return replace(best, accuracy=tuple(accuracies))


@one_thread()
def set_head(classifier: Classifier, known: Known, head: FoldedHead) -> None:
    """Fit the classifier's head on all rows, in place."""
    classes = classifier.head.out_features
    weights, _ = _fit(known, classes, head.penalty, head.name_weight)
    with torch.no_grad():
        classifier.head.weight.copy_(weights[:-1].T)
        classifier.head.bias.copy_(weights[-1])


def _folded(
    folds: Sequence[Fold],
    classes: int,
    penalty: float,
    name_weight: float,
    starts: list[Tensor | None],
) -> FoldedHead:
    """One setting, tried on every fold; `starts` are used and moved on."""
    rows = len(folds[0].known.labels)
    said = np.zeros((rows, classes), dtype=np.float32)
    for number, fold in enumerate(folds):
        weights, starts[number] = _fit(
            fold.known.take(fold.train), classes, penalty, name_weight, starts[number]
        )
        logits = fold.known.vectors[fold.held] @ weights[:-1] + weights[-1]
        said[fold.held] = torch.softmax(logits, dim=1).cpu().numpy()
    held = np.concatenate([fold.held for fold in folds])
    labels = folds[0].known.labels[held]
    chosen = said[held, labels]
    loss = float(-np.log(np.maximum(chosen, 1e-12)).mean())
    accuracy = float((said[held].argmax(axis=1) == labels).mean())
    return FoldedHead(penalty, name_weight, loss, said, (accuracy,))


def _fit(
    known: Known, classes: int, penalty: float, name_weight: float, start: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """(width + 1, classes) weights for the vectors as they come, and those to start from next.

    Softmax regression on vectors moved to the middle and scaled to a length of one on average.
    """
    vectors, targets = _examples(known, classes, name_weight)
    middle = vectors.mean(0)
    scale = (vectors - middle).norm(dim=1).mean().clamp(min=1e-6)
    if start is None:
        start = torch.zeros(vectors.shape[1] + 1, classes, device=vectors.device)
    weights = softmax_regression((vectors - middle) / scale, targets, penalty, start)
    slopes = weights[:-1] / scale
    return torch.cat([slopes, (weights[-1] - middle @ slopes)[None]]), weights


def _examples(known: Known, classes: int, name_weight: float) -> tuple[Tensor, Tensor]:
    """Vectors and weighted targets of the rows, and of the names where they count."""
    eye = np.eye(classes, dtype=np.float32)
    targets, weights, vectors = eye[known.labels], known.weights, known.vectors
    if name_weight > 0:
        of_rows = np.ones(len(targets), np.float32) if weights is None else weights
        weights = np.concatenate([of_rows, np.full(classes, name_weight, np.float32)])
        targets, vectors = np.concatenate([targets, eye]), torch.cat([vectors, known.names])
    return vectors, torch.from_numpy(weighted_targets(targets, weights)).to(vectors.device)
