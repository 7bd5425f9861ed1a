"""Make confidences mean what they say, and turn them into the score by which a cascade defers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import ConfigError, InputError

Float64Array = NDArray[np.float64]
Probabilities = FloatArray | Float64Array
ScoreKind = Literal["max_probability", "margin", "entropy"]

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


def temper(probabilities: Probabilities, temperature: float) -> FloatArray:
    """Probabilities at another temperature: p ** (1 / T), rows scaled to sum to 1.

    T > 1 makes them less sure, T < 1 surer; the order of the classes stays.
    """
    if not temperature > 0.0:
        raise ConfigError(f"temperature is {temperature}, expected more than 0")
    logits = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST)) / temperature
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    tempered: FloatArray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return tempered


def negative_log_likelihood(probabilities: Probabilities, labels: IntArray) -> float:
    """Mean of -log p(label), in nats."""
    _check(probabilities, labels)
    of_label = probabilities[np.arange(labels.size), labels].astype(np.float64)
    return float(-np.log(np.maximum(of_label, _SMALLEST)).mean())


def expected_calibration_error(
    probabilities: Probabilities, labels: IntArray, *, bins: int = 15
) -> float:
    """Mean gap between confidence and accuracy over equally wide bins of confidence, in [0, 1].

    Source: Naeini et al. (2015); binning as in Guo et al. (2017).
    """
    _check(probabilities, labels)
    if bins < 1:
        raise ConfigError(f"bins is {bins}, expected at least 1", hint="15")
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    # Bins are open on the left, as published: a confidence on an edge belongs below it.
    which = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(which, weights=right - confidence, minlength=bins)
    return float(np.abs(gap).sum() / labels.size)


def deferral_score(probabilities: Probabilities, kind: ScoreKind) -> FloatArray:
    """How sure a stage is of its answer, (rows,) float32 in [0, 1]; a cascade defers the low ones.

    max_probability: of the best class; margin: best minus second best; entropy: 1 - H / log K,
    so that here too more is surer. With one class every row is sure.
    """
    if kind not in _SCORES:
        raise ConfigError(f"kind is {kind!r}, expected one of {', '.join(_SCORES)}")
    p = probabilities.astype(np.float64)
    if p.shape[1] == 1:
        return np.ones(p.shape[0], dtype=np.float32)
    score: FloatArray = np.clip(_SCORES[kind](p), 0.0, 1.0).astype(np.float32)
    return score


def _max_probability(p: Float64Array) -> Float64Array:
    best: Float64Array = p.max(axis=1)
    return best


def _margin(p: Float64Array) -> Float64Array:
    ranked: Float64Array = np.partition(p, p.shape[1] - 2, axis=1)
    return ranked[:, -1] - ranked[:, -2]


def _one_minus_entropy(p: Float64Array) -> Float64Array:
    negative_entropy: Float64Array = (p * np.log(np.maximum(p, _SMALLEST))).sum(axis=1)
    return 1.0 + negative_entropy / float(np.log(p.shape[1]))


_SCORES: dict[ScoreKind, Callable[[Float64Array], Float64Array]] = {
    "max_probability": _max_probability,
    "margin": _margin,
    "entropy": _one_minus_entropy,
}


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
