"""Whether one set of answers beats another on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import IntArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """value: macro-F1 of the second answers less that of the first; low, high: its interval."""

    value: float
    low: float
    high: float


def macro_f1(truth: IntArray, answers: IntArray, classes: int) -> float:
    """Mean F1 over the classes that stand in `truth`; (rows,) class ids."""
    ones = np.ones(len(truth))
    return float(_weighted_f1(truth, answers, classes, ones))


def macro_f1_difference(
    truth: IntArray,
    first: IntArray,
    second: IntArray,
    classes: int,
    *,
    confidence: float = 0.95,
    draws: int = 1_000,
    seed: int = 0,
) -> Difference:
    """The difference in macro-F1 and its percentile interval over resampled rows.

    truth, first, second: (rows,) class ids. Rows are drawn with replacement, the same for both.
    Source: Efron & Tibshirani (1993), chapter 13.
    """
    rng = np.random.default_rng(seed)
    rows = len(truth)
    values = np.empty(draws)
    for i in range(draws):
        weight = np.bincount(rng.integers(0, rows, rows), minlength=rows).astype(np.float64)
        values[i] = _gain(truth, first, second, classes, weight)
    value = macro_f1(truth, second, classes) - macro_f1(truth, first, classes)
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(value, float(low), float(high))


def pooled_macro_f1_difference(
    truth: IntArray,
    first: IntArray,
    second: IntArray,
    classes: int,
    *,
    confidence: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Difference:
    """The mean difference in macro-F1 over repeated trainings, with both kinds of chance in it.

    truth: (rows,) class ids; first, second: (repeats, rows), one line for each training. Repeats
    and rows are drawn with replacement at once, the same rows for every repeat drawn, since all
    answer one test. Drawing both ways overstates the variance of the mean rather than
    understates it.
    Source: Owen (2007), The pigeonhole bootstrap, section 3.
    """
    rng = np.random.default_rng(seed)
    repeats, rows = first.shape
    values = np.empty(draws)
    for i in range(draws):
        weight = np.bincount(rng.integers(0, rows, rows), minlength=rows).astype(np.float64)
        drawn = np.bincount(rng.integers(0, repeats, repeats), minlength=repeats)
        values[i] = sum(
            drawn[r] * _gain(truth, first[r], second[r], classes, weight)
            for r in np.flatnonzero(drawn)
        )
    ones = np.ones(rows)
    value = np.mean([_gain(truth, a, b, classes, ones) for a, b in zip(first, second, strict=True)])
    low, high = np.quantile(values / repeats, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(float(value), float(low), float(high))


def sign_test(better: int, worse: int) -> float:
    """The chance of `better` or more successes in fair tosses, one for each row that differs.

    Exact, one-sided. Source: McNemar (1947) in its exact form.
    """
    tosses = better + worse
    ways, favourable = 1, 0  # of choosing k of the tosses, from k = tosses down to `better`
    for k in range(tosses, better - 1, -1):
        favourable += ways
        ways = ways * k // (tosses - k + 1)
    return float(Fraction(favourable, 2**tosses))


def _gain(
    truth: IntArray, first: IntArray, second: IntArray, classes: int, weight: Floats
) -> float:
    return _weighted_f1(truth, second, classes, weight) - _weighted_f1(
        truth, first, classes, weight
    )


def _weighted_f1(truth: IntArray, answers: IntArray, classes: int, weight: Floats) -> float:
    right = np.bincount(truth, weights=weight * (truth == answers), minlength=classes)
    said = np.bincount(answers, weights=weight, minlength=classes)
    given = np.bincount(truth, weights=weight, minlength=classes)
    total = said + given
    f1 = np.divide(2 * right, total, out=np.zeros(classes), where=total > 0)
    return float(f1[given > 0].mean())
