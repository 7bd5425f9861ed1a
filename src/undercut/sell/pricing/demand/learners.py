"""A small regression for what controls say of prices and demand: no framework behind it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from undercut.core.errors import ConfigError
from undercut.sell.pricing.demand.model import FloatArray

_PENALTIES = np.geomspace(1e-8, 1e2, 21)
_KNOTS = (3, 5, 8, 12)


@dataclass(frozen=True, slots=True)
class SplineRidge:
    """Ridge on natural cubic splines of each column, and squares and products of columns.

    Splines are straight beyond the outer knots, so that rare rows are not thrown far off, as
    polynomials would. The number of knots (at quantiles) and the penalty are those with the lowest
    generalised cross-validation error (Golub, Heath & Wahba 1979); a basis with more terms than a
    third of the rows is not tried. most_knots: of a column; ConfigError below 3.
    """

    most_knots: int = 12

    def __post_init__(self) -> None:
        if self.most_knots < 3:
            raise ConfigError(f"a natural spline needs at least 3 knots, got {self.most_knots}")

    def fit_predict(self, known: FloatArray, outcome: FloatArray, new: FloatArray) -> FloatArray:
        """(M,) predictions at `new`; the mean where there are no columns."""
        centre, spread = known.mean(axis=0), known.std(axis=0)
        keep = spread > 0.0
        if not keep.any():
            return np.full(new.shape[0], outcome.mean())
        before = (known[:, keep] - centre[keep]) / spread[keep]
        after = (new[:, keep] - centre[keep]) / spread[keep]
        level = float(outcome.mean())
        fits = []
        for knots in (None, *(each for each in _KNOTS if each <= self.most_knots)):
            left, right = _basis(before, before, knots), _basis(before, after, knots)
            if knots is None or left.shape[1] <= outcome.size / 3:
                fits.append(_fit(left, right, outcome - level))
        best: FloatArray = min(fits, key=lambda each: each[0])[1]
        return level + best


def _basis(known: FloatArray, rows: FloatArray, knots: int | None) -> FloatArray:
    """Columns, products of two, and splines with knots at quantiles of `known` (None: none)."""
    parts = [rows]
    if knots is None:
        return rows
    pairs = list(combinations_with_replacement(range(rows.shape[1]), 2))
    if pairs:
        parts.append(np.column_stack([rows[:, one] * rows[:, two] for one, two in pairs]))
    for place in range(rows.shape[1]):
        at = np.unique(np.quantile(known[:, place], np.linspace(0.0, 1.0, knots)))
        if at.size >= 3:
            parts.append(_natural_spline(rows[:, place], at))
    return np.column_stack(parts)


def _natural_spline(column: FloatArray, knots: FloatArray) -> FloatArray:
    """(N, K - 2) curved terms of the natural cubic spline.

    Source: Hastie, Tibshirani & Friedman (2009), eqs. 5.4 and 5.5.
    """
    cubes = np.maximum(column[:, None] - knots, 0.0) ** 3
    slopes = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
    found: FloatArray = slopes[:, :-1] - slopes[:, -1:]
    return found


def _fit(left: FloatArray, right: FloatArray, outcome: FloatArray) -> tuple[float, FloatArray]:
    """Cross-validation error and predictions of one basis."""
    middle, size = left.mean(axis=0), np.maximum(left.std(axis=0), 1e-12)
    error, slopes = _ridge((left - middle) / size, outcome)
    found: FloatArray = (right - middle) / size @ slopes
    return error, found


def _ridge(design: FloatArray, outcome: FloatArray) -> tuple[float, FloatArray]:
    """The lowest cross-validation error over the penalties, and the slopes there."""
    rows = outcome.size
    # by the eigenvectors of X'X: columns are few, rows many; the smallest penalty is far above
    # the rounding error of squaring
    roots, vectors = np.linalg.eigh(design.T @ design)
    roots = np.maximum(roots, 0.0)
    inner = vectors.T @ (design.T @ outcome)
    total = float(outcome @ outcome)

    def criterion(penalty: float) -> float:
        shrunk = inner / (roots + penalty * rows)
        missed = total - 2.0 * float(inner @ shrunk) + float(roots @ shrunk**2)
        free = rows - 1.0 - float((roots / (roots + penalty * rows)).sum())
        return max(missed, 0.0) / max(free, 1e-9) ** 2

    best = min(_PENALTIES, key=criterion)
    slopes: FloatArray = vectors @ (inner / (roots + best * rows))
    return criterion(best), slopes
