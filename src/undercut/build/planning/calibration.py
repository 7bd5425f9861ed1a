"""Make confidences mean what they say: temperature scaling. `models.cascade.temper` applies it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import InputError

Float64Array = NDArray[np.float64]
Probabilities = FloatArray | Float64Array

# A temperature outside these says that the model is broken, not badly calibrated.
COLDEST, HOTTEST = 0.05, 20.0
# float32 cannot tell smaller probabilities from 0, and one 0 would cost an infinite loss.
_SMALLEST = 1e-12
_GOLDEN = (5.0**0.5 - 1.0) / 2.0
_STEPS = 60


def fit_temperature(probabilities: Probabilities, labels: IntArray) -> float:
    """The temperature in [0.05, 20] under which the labels are likeliest.

    probabilities: (rows, classes), rows sum to 1; labels: (rows,) ids.
    The loss is convex in 1 / T, so golden-section search finds its only minimum.
    Raises InputError for shapes or ids that do not fit.
    Source: Guo et al. (2017) "On Calibration of Modern Neural Networks", arXiv:1706.04599.
    """
    _check(probabilities, labels)
    logits = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST))
    logits -= logits.max(axis=1, keepdims=True)
    of_label = logits[np.arange(labels.size), labels]

    def loss(log_temperature: float) -> float:
        sharpness = np.exp(-log_temperature)
        partition = np.log(np.exp(logits * sharpness).sum(axis=1))
        return float(np.mean(partition - of_label * sharpness))

    low, high = float(np.log(COLDEST)), float(np.log(HOTTEST))
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    loss_left, loss_right = loss(left), loss(right)
    for _ in range(_STEPS):
        if loss_left <= loss_right:
            high, right, loss_right = right, left, loss_left
            left = high - _GOLDEN * (high - low)
            loss_left = loss(left)
        else:
            low, left, loss_left = left, right, loss_right
            right = low + _GOLDEN * (high - low)
            loss_right = loss(right)
    return float(np.exp((low + high) / 2.0))


def negative_log_likelihood(probabilities: Probabilities, labels: IntArray) -> float:
    """Mean of -log p(label), in nats."""
    _check(probabilities, labels)
    of_label = probabilities[np.arange(labels.size), labels].astype(np.float64)
    return float(-np.log(np.maximum(of_label, _SMALLEST)).mean())


def _check(probabilities: Probabilities, labels: IntArray) -> None:
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or labels.size == 0:
        raise InputError(
            f"probabilities have shape {probabilities.shape} and labels {labels.shape}, "
            "expected non-empty (rows, classes) and (rows,)"
        )
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise InputError(
            f"labels lie in {labels.min()}..{labels.max()}, "
            f"expected 0..{probabilities.shape[1] - 1}"
        )
