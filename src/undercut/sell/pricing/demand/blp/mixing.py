"""Choice probabilities of all simulated buyers in all markets, and how shares move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import FloatArray


def choices(utilities: FloatArray) -> FloatArray:
    """(T, J, I) probabilities from utilities, -inf where there is no product; outside option 0."""
    top = np.maximum(utilities.max(axis=1, keepdims=True), 0.0)
    odds = np.exp(utilities - top)
    found: FloatArray = odds / (odds.sum(axis=1, keepdims=True) + np.exp(-top))
    return found


def shares(probabilities: FloatArray, weights: FloatArray) -> FloatArray:
    """(T, J) shares of buyers with (T, I) weights."""
    found: FloatArray = np.matmul(probabilities, weights[:, :, None])[:, :, 0]
    return found


def utility_slopes(
    probabilities: FloatArray, weights: FloatArray, mask: NDArray[np.bool_]
) -> FloatArray:
    """(T, J, J) d shares_j / d mean utility_k, with 1 on the diagonal where there is no product."""
    weighted = probabilities * weights[:, None, :]
    slopes: FloatArray = -np.matmul(weighted, probabilities.transpose(0, 2, 1))
    places = np.arange(mask.shape[1])
    slopes[:, places, places] += weighted.sum(axis=2) + ~mask
    return slopes


def taste_slopes(
    probabilities: FloatArray,
    weights: FloatArray,
    characteristics: FloatArray,
    tastes: FloatArray,
) -> FloatArray:
    """(T, J, P) d shares_j / d parameter_p.

    In utility parameter p multiplies characteristics[:, :, p] (T, J, P) times tastes[:, p, :]
    (T, P, I).
    """
    weighted = probabilities * weights[:, None, :]
    average = np.matmul(probabilities.transpose(0, 2, 1), characteristics)  # (T, I, P)
    direct = characteristics * np.matmul(weighted, tastes.transpose(0, 2, 1))
    shared = np.matmul(weighted, tastes.transpose(0, 2, 1) * average)
    found: FloatArray = direct - shared
    return found
