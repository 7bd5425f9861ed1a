"""Rows whose label is probably wrong, by confident learning.

Source: Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
JAIR 70 (2021), sections 3.1 and 3.2; checked against cleanlab in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import InputError

Method: TypeAlias = Literal["confident_joint", "noise_rate"]
Floats: TypeAlias = NDArray[np.float64]

# A class that no row is sure of must not count every row as its own.
_LEAST_THRESHOLD = 2e-6
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Suspects:
    """Rows to look at, the most suspicious first.

    rows: (n,) positions. suggested: (n,) class ids of the label the rest of the data speaks for.
    margin: (n,) probability of the given label less that of the suggested one, ascending.
    """

    rows: IntArray
    suggested: IntArray
    margin: Floats

    def __len__(self) -> int:
        return len(self.rows)


def find_suspects(
    labels: IntArray, probabilities: FloatArray, *, method: Method = "confident_joint"
) -> Suspects:
    """Rows whose given label confident learning doubts.

    labels: (rows,) class ids as given; probabilities: (rows, classes) of models that did not see
    the row. confident_joint: rows counted off the diagonal of the confident joint. noise_rate: of
    each pair of classes as many rows as the joint says are swapped, those with the least margin;
    no class loses its last row. A row whose most likely class is its own is never a suspect.
    Raises InputError where shapes or ids do not fit.
    """
    _check(labels, probabilities)
    p = probabilities.astype(np.float64)
    counted = _confident_class(labels, p)
    given = p[np.arange(len(p)), labels]
    if method == "confident_joint":
        doubted = (counted >= 0) & (counted != labels)
        suggested = counted
    else:
        doubted = _by_noise_rate(labels, p, confident_joint(labels, probabilities))
        suggested = p.argmax(axis=1)
    doubted &= p.argmax(axis=1) != labels
    rows = np.flatnonzero(doubted)
    margin = given[rows] - p[rows, suggested[rows]]
    order = np.lexsort((rows, margin))
    return Suspects(rows[order], suggested[rows][order], margin[order])


def thresholds(labels: IntArray, probabilities: FloatArray) -> Floats:
    """(classes,) mean probability of a class over the rows that carry it; 1 where none does."""
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    sums = np.bincount(labels, weights=given, minlength=classes)
    means = np.divide(sums, counts, out=np.ones(classes), where=counts > 0)
    return np.asarray(np.maximum(means, _LEAST_THRESHOLD))


def confident_joint(labels: IntArray, probabilities: FloatArray) -> Floats:
    """(classes, classes) estimated rows by given label (first axis) and true label (second).

    Calibrated: each row of it sums to the number of rows given that label.
    """
    classes = probabilities.shape[1]
    counted = _confident_class(labels, probabilities.astype(np.float64))
    sure = counted >= 0
    cells = np.bincount(labels[sure] * classes + counted[sure], minlength=classes * classes)
    joint = cells.reshape(classes, classes).astype(np.float64)
    # A label that nobody is sure of counts as right once, so that its rows stay in the sum.
    joint[np.diag_indices(classes)] = np.maximum(joint.diagonal(), 1)
    counts = np.bincount(labels, minlength=classes)
    return np.asarray(joint / joint.sum(axis=1, keepdims=True) * counts[:, None])


def noise_fraction(labels: IntArray, probabilities: FloatArray) -> float:
    """The estimated share of wrong labels: what the confident joint holds off its diagonal."""
    joint = confident_joint(labels, probabilities)
    return float(1 - joint.trace() / joint.sum())


def _confident_class(labels: IntArray, p: Floats) -> IntArray:
    """(rows,) the likeliest class among those a row is sure of, -1 where it is sure of none."""
    sure = p >= thresholds(labels, p.astype(np.float64)) - _SLACK
    best = np.where(sure, p, -1.0).argmax(axis=1)
    return np.asarray(np.where(sure.any(axis=1), best, -1))


def _by_noise_rate(labels: IntArray, p: Floats, joint: Floats) -> NDArray[np.bool_]:
    doubted = np.zeros(len(labels), dtype=bool)
    wanted = _rounded(joint)
    for given in np.unique(labels):
        rows = np.flatnonzero(labels == given)
        for other in np.flatnonzero(wanted[given]):
            if other == given:
                continue
            margin = p[rows, other] - p[rows, given]
            most = min(wanted[given, other], len(rows) - 1)
            doubted[rows[np.argsort(-margin, kind="stable")[:most]]] = True
        if doubted[rows].all():
            doubted[rows[p[rows, given].argmax()]] = False
    return doubted


def _rounded(joint: Floats) -> IntArray:
    """Whole rows, by largest remainder, so that each row of the joint keeps its sum."""
    whole = np.floor(joint).astype(np.int64)
    left = np.rint(joint.sum(axis=1)).astype(np.int64) - whole.sum(axis=1)
    rank = np.argsort(np.argsort(whole - joint, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(whole + (rank < left[:, None]))


def _check(labels: IntArray, probabilities: FloatArray) -> None:
    if probabilities.ndim != 2 or len(labels) != len(probabilities) or not len(labels):
        raise InputError(
            "labels and probabilities must be (rows,) and (rows, classes) with at least one row, "
            f"got {labels.shape} and {probabilities.shape}"
        )
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise InputError(
            f"labels must lie in [0, {probabilities.shape[1]}), "
            f"got {labels.min()} to {labels.max()}"
        )
