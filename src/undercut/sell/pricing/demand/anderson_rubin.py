"""The Anderson-Rubin confidence set: every effect that the instruments do not contradict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.estimate import check_confidence
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.demand.moments import moment_covariance

_STEPS = 1800


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence set as disjoint pieces, ends -inf or inf where unbounded; none when empty."""

    pieces: tuple[tuple[float, float], ...]
    confidence: float

    @property
    def empty(self) -> bool:
        """Whether no effect is compatible with all instruments."""
        return not self.pieces

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return all(np.isfinite(end) for piece in self.pieces for end in piece)

    def covers(self, value: float) -> bool:
        """Whether the set holds `value`."""
        return any(low <= value <= high for low, high in self.pieces)

    def __str__(self) -> str:
        written = " and ".join(f"[{low:.4g}, {high:.4g}]" for low, high in self.pieces)
        return written or "empty"


def anderson_rubin(
    outcome: FloatArray,
    price: FloatArray,
    instruments: FloatArray,
    controls: FloatArray,
    clusters: NDArray[np.int64] | None = None,
    confidence: float = 0.95,
) -> Interval:
    """Effects b at which outcome - b price is unrelated to the (N, M) instruments.

    The statistic is followed over the whole line, b = centre + width * tan(angle), in steps of a
    tenth of a degree and finer at its lowest point; ends are then found to rounding error.
    Source: Anderson & Rubin (1949); robust form of Chernozhukov & Hansen (2008).
    """
    from scipy.stats import chi2

    check_confidence(confidence)
    rows, count = instruments.shape
    columns = np.column_stack([outcome, price, instruments])
    if controls.shape[1]:
        columns = columns - controls @ np.linalg.lstsq(controls, columns, rcond=None)[0]
    root = np.linalg.qr(columns[:, 2:])[0] * np.sqrt(rows)  # same span, no bad scaling
    first, second = columns[:, 0], columns[:, 1]
    test = _Statistic.of(first, second, root, clusters, float(chi2.ppf(confidence, count)))
    return Interval(test.accepted(), confidence)


@dataclass(frozen=True, slots=True)
class _Statistic:
    """N g(b)' S(b)^-1 g(b) with g and S of outcome residual less b times price residual."""

    moments: FloatArray
    spreads: tuple[FloatArray, FloatArray, FloatArray]
    rows: int
    critical: float
    centre: float
    width: float

    @classmethod
    def of(
        cls,
        outcome: FloatArray,
        price: FloatArray,
        root: FloatArray,
        clusters: NDArray[np.int64] | None,
        critical: float,
    ) -> _Statistic:
        """Residuals of each on the instruments give spreads; the moments are their projections."""
        rows = outcome.size
        moments = np.column_stack([root.T @ outcome, root.T @ price]) / rows
        residual = np.column_stack([outcome, price]) - root @ moments
        whole = moment_covariance(residual[:, 0], root, clusters=clusters)
        other = moment_covariance(residual[:, 1], root, clusters=clusters)
        both = moment_covariance(residual.sum(axis=1), root, clusters=clusters)
        strength = float(moments[:, 1] @ moments[:, 1])
        centre = float(moments[:, 0] @ moments[:, 1]) / strength
        error = outcome - centre * price
        width = float(np.sqrt(error @ error / rows / (rows * strength)))
        mixed = (both - whole - other) / 2.0
        return cls(
            moments, (whole, mixed, other), rows, critical, centre, max(width, 1e-12 * abs(centre))
        )

    def gap(self, angle: float) -> float:
        """Statistic less critical value, above 0 where rejected; angle +-pi/2 is b = +-infinity."""
        return float(self.gaps(np.array([angle]))[0])

    def gaps(self, angles: FloatArray) -> FloatArray:
        """(A,) of `gap`. Both sides are taken times cos(angle): finite at the ends of the line."""
        outcome = np.cos(angles)
        price = outcome * self.centre + np.sin(angles) * self.width
        whole, mixed, other = (each[None] for each in self.spreads)
        first, second = outcome[:, None, None], price[:, None, None]
        spread = first**2 * whole - 2.0 * first * second * mixed + second**2 * other
        moment = outcome[:, None] * self.moments[:, 0] - price[:, None] * self.moments[:, 1]
        solved = np.linalg.solve(spread, moment[:, :, None])[:, :, 0]
        found: FloatArray = self.rows * (moment * solved).sum(axis=1) - self.critical
        return found

    def effect(self, angle: float) -> float:
        """b at an angle."""
        return self.centre + self.width * float(np.tan(angle))

    def accepted(self) -> tuple[tuple[float, float], ...]:
        """The effects that are not rejected, as disjoint pieces."""
        angles = np.linspace(-np.pi / 2.0, np.pi / 2.0, _STEPS + 1)
        gaps = self.gaps(angles)
        angles, gaps = self._with_lowest(angles, gaps)
        inside = gaps <= 0.0
        pieces, low = [], -np.inf
        for place in range(1, angles.size):
            if inside[place] and not inside[place - 1]:
                low = self._crossing(angles[place - 1], angles[place])
            if not inside[place] and inside[place - 1]:
                pieces.append((low, self._crossing(angles[place - 1], angles[place])))
        if inside[-1]:
            pieces.append((low, np.inf))
        return tuple((float(start), float(end)) for start, end in pieces)

    def _with_lowest(self, angles: FloatArray, gaps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Joins in the lowest point, so that a narrow set is not stepped over."""
        from scipy.optimize import minimize_scalar

        place = int(np.clip(gaps.argmin(), 1, angles.size - 2))
        bounds = (angles[place - 1], angles[place + 1])
        lowest = float(minimize_scalar(self.gap, bounds=bounds, method="bounded").x)
        at = int(np.searchsorted(angles, lowest))
        return np.insert(angles, at, lowest), np.insert(gaps, at, self.gap(lowest))

    def _crossing(self, outside: float, inside: float) -> float:
        from scipy.optimize import brentq

        return self.effect(float(brentq(self.gap, outside, inside, xtol=1e-15, rtol=1e-14)))
