"""Linear GMM and the covariance of moments: shared by every estimator with instruments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray

_RANK = 1e-10


def first_weight(instruments: FloatArray) -> FloatArray:
    """(M, M) inverse of Z'Z / N: the weight that makes GMM two-stage least squares.

    Raises InputError where instruments repeat each other.
    """
    check_rank("instruments", instruments)
    product = instruments.T @ instruments / instruments.shape[0]
    weight: FloatArray = np.linalg.inv(product)
    return (weight + weight.T) / 2.0


def check_rank(name: str, columns: FloatArray) -> None:
    """InputError unless the columns are linearly independent, each scaled to length 1."""
    rows, count = columns.shape
    if rows < count:
        raise InputError(
            f"{rows} rows cannot carry {count} {name}", hint="more observations or fewer columns"
        )
    lengths = np.linalg.norm(columns, axis=0)
    if lengths.min(initial=1.0) == 0.0:
        raise InputError(
            f"column {int(lengths.argmin())} of the {name} is zero after fixed effects",
            hint="drop columns that do not vary within the fixed effects",
        )
    singular = np.linalg.svd(columns / lengths, compute_uv=False)
    if singular[-1] < _RANK * singular[0]:
        raise InputError(
            f"the {name} are linearly dependent", hint="drop columns that repeat others"
        )


@dataclass(frozen=True, slots=True)
class Concentrated:
    """The linear parameters that minimise the GMM objective, as a function of the left side.

    design: (N, K). instruments: (N, M). weight: (M, M).
    """

    design: FloatArray
    instruments: FloatArray
    weight: FloatArray
    projector: FloatArray

    @classmethod
    def of(cls, design: FloatArray, instruments: FloatArray, weight: FloatArray) -> Concentrated:
        """Precompute (X'ZWZ'X)^-1 X'ZW; InputError where instruments do not identify the design."""
        if instruments.shape[1] < design.shape[1]:
            raise InputError(
                f"{design.shape[1]} linear parameters need as many instruments, got "
                f"{instruments.shape[1]}",
                hint="cost shifters, or characteristics of rival products",
            )
        root = np.linalg.cholesky(weight)
        crossed = root.T @ (instruments.T @ design)
        if design.shape[1]:
            check_rank("instrumented regressors", crossed)
        return cls(design, instruments, weight, np.linalg.pinv(crossed) @ root.T)

    def fit(self, left: FloatArray) -> FloatArray:
        """(K,) parameters, or (K, P) for (N, P) left sides."""
        found: FloatArray = self.projector @ (self.instruments.T @ left)
        return found

    def residual(self, left: FloatArray) -> FloatArray:
        """Left side less the fitted linear part."""
        return left - self.design @ self.fit(left)


def moment_covariance(
    residual: FloatArray,
    instruments: FloatArray,
    *,
    clusters: NDArray[np.int64] | None = None,
    centred: bool = False,
) -> FloatArray:
    """(M, M) covariance of the moments, robust to unequal variance or to (N,) clusters.

    centred: less the mean moment, as a weight wants that is right under misspecification.
    """
    moments = residual[:, None] * instruments
    if centred:
        moments = moments - moments.mean(axis=0)
    if clusters is not None:
        sums = np.zeros((int(clusters.max()) + 1, moments.shape[1]))
        np.add.at(sums, clusters, moments)
        moments = sums
    covariance: FloatArray = moments.T @ moments / residual.shape[0]
    return covariance


def sandwich(
    slopes: FloatArray, weight: FloatArray, covariance: FloatArray, rows: int
) -> FloatArray:
    """(P, P) covariance of GMM estimates from (M, P) slopes of the mean moments.

    Source: Hansen (1982), theorem 3.1.
    """
    bread = np.linalg.inv(slopes.T @ weight @ slopes)
    inner = slopes.T @ weight @ covariance @ weight @ slopes
    found: FloatArray = bread @ inner @ bread / rows
    return found
