"""What a quick model of the labels so far believes of each item: ridge made into probabilities."""

from __future__ import annotations

import numpy as np

from undercut.build.labels.deciding.panel import leave_one_out
from undercut.build.labels.deciding.pseudo import RIDGE, fit_ridge, padded
from undercut.build.labels.votes import Floats, IntArray

# How much a score counts in the exponent; the best of them on left-out labels is taken.
SHARPNESS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def believed_classes(vectors: Floats, label: IntArray, classes: int) -> Floats:
    """(items, classes): rows sum to 1.

    vectors: (items, width), rows of length 1. label: (items,) class id, -1 where unknown, at
    least one known. The scores of a ridge model of the known labels go through a softmax whose
    sharpness is the likeliest on the same labels, each left out of its own score.
    Source: temperature scaling, Guo et al., On calibration of modern neural networks (ICML 2017).
    """
    known = np.flatnonzero(label >= 0)
    taught, names = vectors[known], label[known]
    targets, weight = np.eye(classes)[names], np.ones(len(known))
    left_out = leave_one_out(taught, targets, weight, RIDGE)
    likelihood = [
        np.log(softmax(sharp * left_out)[np.arange(len(known)), names] + 1e-12).mean()
        for sharp in SHARPNESS
    ]
    sharp = SHARPNESS[int(np.argmax(likelihood))]
    return softmax(sharp * (padded(vectors) @ fit_ridge(taught, targets, weight)))


def softmax(scores: Floats) -> Floats:
    """(rows, classes) with rows that sum to 1."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
