"""Small regressions for what controls say of prices and demand: no framework behind them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from undercut.core.errors import ConfigError
from undercut.sell.pricing.demand.model import FloatArray

_PENALTIES = np.geomspace(1e-6, 1e4, 21)
_MOST_COLUMNS = 2000


@dataclass(frozen=True, slots=True)
class PolynomialRidge:
    """Ridge on polynomials of the standardised columns, penalty by generalised cross-validation.

    Source: Golub, Heath & Wahba (1979). Raises ConfigError for a degree below 1.
    """

    degree: int = 3

    def __post_init__(self) -> None:
        if self.degree < 1:
            raise ConfigError(f"the degree must be at least 1, got {self.degree}")

    def fit_predict(self, known: FloatArray, outcome: FloatArray, new: FloatArray) -> FloatArray:
        """(M,) predictions at `new`; the mean where there are no columns."""
        centre, spread = known.mean(axis=0), known.std(axis=0)
        keep = spread > 0.0
        if not keep.any():
            return np.full(new.shape[0], outcome.mean())
        scale = (known[:, keep] - centre[keep]) / spread[keep]
        powers = self._powers(scale.shape[1])
        # beyond what was seen a cubic runs away: hold new rows within the known range
        moved = np.clip(
            (new[:, keep] - centre[keep]) / spread[keep], scale.min(axis=0), scale.max(axis=0)
        )
        left, right = _terms(scale, powers), _terms(moved, powers)
        middle, size = left.mean(axis=0), np.maximum(left.std(axis=0), 1e-12)
        left, right = (left - middle) / size, (right - middle) / size
        found: FloatArray = outcome.mean() + right @ _ridge(left, outcome - outcome.mean())
        return found

    def _powers(self, columns: int) -> list[tuple[int, ...]]:
        powers: list[tuple[int, ...]] = []
        for degree in range(1, self.degree + 1):
            more = list(combinations_with_replacement(range(columns), degree))
            if len(powers) + len(more) > _MOST_COLUMNS:
                break
            powers += more
        return powers


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The mean of the nearest rows, in standardised columns."""

    count: int = 15

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ConfigError(f"at least one neighbour is needed, got {self.count}")

    def fit_predict(self, known: FloatArray, outcome: FloatArray, new: FloatArray) -> FloatArray:
        """(M,) predictions at `new`; all rows where there are fewer than `count`."""
        from scipy.spatial import KDTree

        spread = np.where(known.std(axis=0) > 0.0, known.std(axis=0), 1.0)
        count = min(self.count, known.shape[0])
        nearest = KDTree(known / spread).query(new / spread, k=count)[1]
        near = outcome[np.asarray(nearest).reshape(new.shape[0], count)]
        found: FloatArray = near.mean(axis=1)
        return found


def _terms(columns: FloatArray, powers: list[tuple[int, ...]]) -> FloatArray:
    return np.column_stack([columns[:, list(each)].prod(axis=1) for each in powers])


def _ridge(design: FloatArray, outcome: FloatArray) -> FloatArray:
    left, singular, right = np.linalg.svd(design, full_matrices=False)
    inner = left.T @ outcome
    rows = outcome.size
    outside = float(outcome @ outcome - inner @ inner)

    def criterion(penalty: float) -> float:
        shrink = singular**2 / (singular**2 + penalty * rows)
        missed = outside + float((((1.0 - shrink) * inner) ** 2).sum())
        return missed / max(rows - 1.0 - float(shrink.sum()), 1e-9) ** 2

    best = min(_PENALTIES, key=criterion)
    found: FloatArray = right.T @ (singular / (singular**2 + best * rows) * inner)
    return found
