"""Multinomial logistic regression on a sparse design given as a product of two matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from undercut.build.training.lbfgs import Progress, minimise
from undercut.core.dataset import FloatArray, IntArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_HELD_FRACTION = 0.2
_MOST_ROWS_TO_CHOOSE = 20_000


@dataclass(frozen=True)
class Design:
    """The features of the training texts, `texts @ units`, never multiplied out.

    texts: (texts, units) csr float32; units: (units, features) csr float32.
    """

    texts: csr_array
    units: csr_array

    def take(self, rows: IntArray) -> Design:
        """The design of some of the texts."""
        return Design(texts=self.texts[rows], units=self.units)


def fit_softmax(
    design: Design,
    targets: FloatArray,
    *,
    penalty: float,
    iterations: int,
    tolerance: float,
    start: FloatArray | None = None,
    progress: Progress | None = None,
) -> FloatArray:
    """Weights that minimise mean cross-entropy + penalty / 2 * squared weights.

    targets: (texts, classes) probabilities; start: weights to begin with, else zeros.
    Returns (features + 1, classes) float32; the last row is the bias, which is not penalised.
    """
    rows = len(targets)
    to_units, to_features = design.texts.T.tocsr(), design.units.T.tocsr()

    def objective(weights: FloatArray) -> tuple[float, FloatArray]:
        log_likely = _log_softmax(_logits(design, weights))
        loss = -float(np.vdot(log_likely, targets)) / rows
        error = (np.exp(log_likely) * mass - targets) / np.float32(rows)
        gradient = np.empty_like(weights)
        gradient[:-1] = to_features @ (to_units @ error)
        gradient[:-1] += np.float32(penalty) * weights[:-1]
        gradient[-1] = error.sum(axis=0)
        return loss + penalty / 2 * float(np.vdot(weights[:-1], weights[:-1])), gradient

    mass = targets.sum(axis=1, keepdims=True)
    if start is None:
        start = np.zeros((design.units.shape[1] + 1, targets.shape[1]), dtype=np.float32)
    return minimise(objective, start, iterations=iterations, tolerance=tolerance, progress=progress)


def choose_penalty(
    design: Design,
    targets: FloatArray,
    penalties: Sequence[float],
    *,
    iterations: int,
    tolerance: float,
    seed: int,
) -> float:
    """The penalty with the least cross-entropy on a fifth of the rows held out.

    penalties: tried from the largest down, each from the weights of the one before, until the
    held-out loss rises. At most 20,000 rows take part; the penalty is then scaled so that it
    weighs as much against one text.
    """
    penalties = sorted(penalties, reverse=True)
    rows = np.random.default_rng(seed).permutation(len(targets))[:_MOST_ROWS_TO_CHOOSE]
    held, rest = np.split(rows, [int(len(rows) * _HELD_FRACTION)])
    if len(penalties) == 1 or not len(held):
        return penalties[0]
    fitted, asked = design.take(rest), design.take(held)
    best, least, weights = penalties[0], np.inf, None
    for penalty in penalties:
        weights = fit_softmax(
            fitted,
            targets[rest],
            penalty=penalty,
            iterations=iterations,
            tolerance=tolerance,
            start=weights,
        )
        log_likely = _log_softmax(_logits(asked, weights))
        loss = -float(np.vdot(log_likely, targets[held])) / len(held)
        if loss >= least:
            break
        best, least = penalty, loss
    return best * len(rows) / len(targets)


def _logits(design: Design, weights: FloatArray) -> FloatArray:
    return np.asarray(design.texts @ (design.units @ weights[:-1]) + weights[-1])


def _log_softmax(logits: FloatArray) -> FloatArray:
    logits = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))
