"""How good predictions are, with bootstrap intervals: accuracy, macro-F1, figures per class.

Resampling rows is the same as drawing the counts of their distinct (label, prediction) pairs
from a multinomial; a thousand resamples are one small matrix product instead of a thousand
passes over the rows. Intervals are percentile intervals (Efron 1979): they show the noise of
the test rows, they certify nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import IntArray
from undercut.core.errors import ConfigError, InputError

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the ends of its bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassQuality:
    """One class; a figure whose denominator is 0 is 0. support: rows with this label."""

    name: str
    support: int
    precision: Interval
    recall: Interval
    f1: Interval


@dataclass(frozen=True, slots=True)
class Quality:
    """Predictions against labels. Macro-F1 is the mean over classes seen as label or prediction."""

    rows: int
    confidence: float
    accuracy: Interval
    macro_f1: Interval
    classes: tuple[ClassQuality, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Second minus first on the same rows."""

    accuracy: Interval
    macro_f1: Interval


@dataclass(frozen=True, slots=True)
class Confusion:
    """`rows` rows of class `label` were called `prediction`: `share` of the class, in [0, 1]."""

    label: str
    prediction: str
    rows: int
    share: float


def accuracy(labels: IntArray, predictions: IntArray) -> float:
    """Share of rows predicted right."""
    _check(labels, predictions)
    return float(np.mean(labels == predictions))


def macro_f1(labels: IntArray, predictions: IntArray) -> float:
    """Mean F1 over the classes seen as label or prediction, as scikit-learn's default."""
    _check(labels, predictions)
    classes = int(max(labels.max(), predictions.max())) + 1
    cells, counts = _cells(labels, predictions)
    return float(_scores(cells[:, 0], cells[:, 1], counts[None, :], classes).macro_f1[0])


def quality(
    labels: IntArray,
    predictions: IntArray,
    classes: tuple[str, ...],
    *,
    seed: int,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> Quality:
    """All figures with bootstrap percentile intervals.

    labels, predictions: (rows,) ids into `classes`. Same seed, same result.
    A class that a resample misses altogether is left out of that resample's macro-F1.
    Raises InputError for empty or unequal arrays or ids outside `classes`.
    """
    _check(labels, predictions, classes=len(classes))
    cells, counts = _cells(labels, predictions)
    draws = _resample(counts, seed=seed, resamples=resamples)
    # Row 0 holds the data themselves, so that value and interval come from the same code.
    scores = _scores(cells[:, 0], cells[:, 1], np.vstack([counts, draws]), len(classes))
    support = np.bincount(labels, minlength=len(classes))
    return Quality(
        rows=labels.size,
        confidence=confidence,
        accuracy=_interval(scores.accuracy, confidence),
        macro_f1=_interval(scores.macro_f1, confidence),
        classes=tuple(
            ClassQuality(
                name=name,
                support=int(support[k]),
                precision=_interval(scores.precision[:, k], confidence),
                recall=_interval(scores.recall[:, k], confidence),
                f1=_interval(scores.f1[:, k], confidence),
            )
            for k, name in enumerate(classes)
        ),
    )


def paired_difference(
    labels: IntArray,
    first: IntArray,
    second: IntArray,
    *,
    seed: int,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> Difference:
    """Second minus first, rows resampled together, so that what both get wrong cancels."""
    _check(labels, first)
    _check(labels, second)
    classes = int(max(labels.max(), first.max(), second.max())) + 1
    cells, counts = _cells(labels, first, second)
    draws = np.vstack([counts, _resample(counts, seed=seed, resamples=resamples)])
    one = _scores(cells[:, 0], cells[:, 1], draws, classes)
    two = _scores(cells[:, 0], cells[:, 2], draws, classes)
    return Difference(
        accuracy=_interval(two.accuracy - one.accuracy, confidence),
        macro_f1=_interval(two.macro_f1 - one.macro_f1, confidence),
    )


def top_confusions(
    labels: IntArray, predictions: IntArray, classes: tuple[str, ...], *, most: int = 10
) -> tuple[Confusion, ...]:
    """The most frequent mistakes, most rows first, ties in class order."""
    _check(labels, predictions, classes=len(classes))
    cells, counts = _cells(labels, predictions)
    wrong = cells[:, 0] != cells[:, 1]
    cells, counts = cells[wrong], counts[wrong]
    support = np.bincount(labels, minlength=len(classes))
    order = np.argsort(-counts, kind="stable")[:most]
    return tuple(
        Confusion(
            label=classes[cells[i, 0]],
            prediction=classes[cells[i, 1]],
            rows=int(counts[i]),
            share=float(counts[i] / support[cells[i, 0]]),
        )
        for i in order
    )


@dataclass(frozen=True, slots=True)
class _Scores:
    """accuracy, macro_f1: (draws,); the others: (draws, classes)."""

    accuracy: Float64Array
    macro_f1: Float64Array
    precision: Float64Array
    recall: Float64Array
    f1: Float64Array


def _scores(labels: IntArray, predictions: IntArray, counts: IntArray, classes: int) -> _Scores:
    """Figures from counts of distinct rows: labels, predictions (cells,), counts (draws, cells)."""
    weights = counts.astype(np.float64)
    right = labels == predictions
    ids = np.arange(classes)
    is_label = (labels[:, None] == ids).astype(np.float64)
    is_prediction = (predictions[:, None] == ids).astype(np.float64)
    hits = weights @ (is_label * right[:, None])
    support, predicted = weights @ is_label, weights @ is_prediction
    f1 = _ratio(2.0 * hits, support + predicted)
    seen = (support + predicted) > 0.0
    return _Scores(
        accuracy=_ratio(weights[:, right].sum(axis=1), weights.sum(axis=1)),
        macro_f1=_ratio(f1.sum(axis=1), seen.sum(axis=1).astype(np.float64)),
        precision=_ratio(hits, predicted),
        recall=_ratio(hits, support),
        f1=f1,
    )


def _ratio(above: Float64Array, below: Float64Array) -> Float64Array:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0.0)


def _cells(*columns: IntArray) -> tuple[IntArray, IntArray]:
    """Distinct rows (cells, columns) and how often each occurs (cells,)."""
    cells, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    return cells.astype(np.int64), counts.astype(np.int64)


def _resample(counts: IntArray, *, seed: int, resamples: int) -> IntArray:
    if resamples < 1:
        raise ConfigError(f"resamples is {resamples}, expected at least 1", hint="1000")
    rows = int(counts.sum())
    draws = np.random.default_rng(seed).multinomial(rows, counts / rows, size=resamples)
    return draws.astype(np.int64)


def _interval(values: Float64Array, confidence: float) -> Interval:
    """values: the figure on the data, then on each resample."""
    if not 0.0 < confidence < 1.0:
        raise ConfigError(f"confidence is {confidence}, expected a share in (0, 1)", hint="0.95")
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(values[1:], [tail, 1.0 - tail])
    return Interval(value=float(values[0]), low=float(low), high=float(high))


def _check(labels: IntArray, predictions: IntArray, *, classes: int | None = None) -> None:
    if labels.ndim != 1 or labels.shape != predictions.shape or labels.size == 0:
        raise InputError(
            f"labels have shape {labels.shape} and predictions {predictions.shape}, "
            "expected the same, non-empty (rows,)"
        )
    ids = np.concatenate([labels, predictions])
    if ids.min() < 0 or (classes is not None and ids.max() >= classes):
        raise InputError(
            f"class ids lie in {ids.min()}..{ids.max()}, expected 0..{(classes or 0) - 1}"
            if classes is not None
            else f"the least class id is {ids.min()}, expected 0 or more"
        )
