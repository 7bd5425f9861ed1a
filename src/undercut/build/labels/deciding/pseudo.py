"""A model's own labels on texts nobody labelled, where it is sure enough: for training, not truth.

Ridge regression on text vectors. How sure is enough is read off the labelled texts, each predicted
from all others: the least margin above which its answers there were right often enough.
"""

from __future__ import annotations

import numpy as np

from undercut.build.labels.deciding.panel import leave_one_out
from undercut.build.labels.votes import Floats, IntArray

RIDGE = 1.0
# Share of the labelled texts above the margin that must be predicted rightly.
CONFIDENCE = 0.95
# What one counts in training; a label that was bought counts 1.
PSEUDO_WEIGHT = 0.3


def pseudo_labels(
    vectors: Floats, labels: IntArray, belief: Floats, others: Floats, classes: int
) -> IntArray:
    """(others,) class ids, -1 where the model is not sure enough.

    vectors: (labelled, width), others: (others, width), rows of length 1. labels: (labelled,).
    belief: (labelled,) chance that each is right.
    """
    targets = np.eye(classes)[labels]
    held_out = leave_one_out(vectors, targets, np.ones(len(labels)), RIDGE)
    least = _least_margin(held_out, labels, belief)
    scores = padded(others) @ fit_ridge(vectors, targets, np.ones(len(labels)))
    return np.where(_margin(scores) >= least, scores.argmax(axis=1), -1)


def fit_ridge(vectors: Floats, targets: Floats, weight: Floats) -> Floats:
    """(width + 1, classes): from vectors (items, width), targets and a weight of each item."""
    wide = padded(vectors)
    weighted = wide * weight[:, None]
    gram = wide.T @ weighted + RIDGE * np.eye(wide.shape[1])
    return np.asarray(np.linalg.solve(gram, weighted.T @ targets))


def padded(vectors: Floats) -> Floats:
    """The vectors with a column for the bias."""
    return np.column_stack([vectors, np.full(len(vectors), 0.3)])


def _least_margin(scores: Floats, labels: IntArray, belief: Floats) -> float:
    """Infinite where the model is right often enough at no margin."""
    margin = _margin(scores)
    order = np.argsort(-margin, kind="stable")
    right = ((scores.argmax(axis=1) == labels) * belief)[order]
    share = np.cumsum(right) / np.maximum(np.cumsum(belief[order]), 1e-12)
    enough = np.flatnonzero(share >= CONFIDENCE)
    return float(margin[order[enough[-1]]]) if len(enough) else float("inf")


def _margin(scores: Floats) -> Floats:
    best = np.partition(scores, -2, axis=1)
    return np.asarray(best[:, -1] - best[:, -2])
