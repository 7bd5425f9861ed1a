"""Weights of a mixture of models: the linear opinion pool with the best likelihood."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from undercut.core.dataset import FloatArray, IntArray

SMALLEST_WEIGHT = 0.02
STEPS = 200


def mixture_weights(probabilities: Mapping[str, FloatArray], labels: IntArray) -> dict[str, float]:
    """Shares of each model in the mixture, positive, summing to 1; useless models are left out.

    probabilities: model -> (rows, classes); labels: (rows,) of rows that trained none of them.
    The log-likelihood is concave in the weights, and expectation-maximisation climbs it.
    Source: Dempster, Laird & Rubin 1977; linear pool: Stone 1961.
    """
    names = list(probabilities)
    if len(names) == 1:
        return {names[0]: 1.0}
    rows = np.arange(len(labels))
    likelihood = np.stack([probabilities[name][rows, labels] for name in names]).astype(float)
    likelihood = np.maximum(likelihood, 1e-12)
    weights = np.full(len(names), 1.0 / len(names))
    for _ in range(STEPS):
        shares = weights[:, None] * likelihood
        weights = (shares / shares.sum(axis=0)).mean(axis=1)
    weights[weights < SMALLEST_WEIGHT] = 0.0
    weights = np.round(weights / weights.sum(), 4)
    weights[weights.argmax()] += 1.0 - weights.sum()
    return {name: float(weight) for name, weight in zip(names, weights, strict=True) if weight > 0}
