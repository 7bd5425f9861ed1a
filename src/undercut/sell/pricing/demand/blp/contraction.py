"""Mean utilities behind observed shares: the BLP inversion, all markets at once.

SQUAREM (Varadhan & Roland 2008, scheme S3) on the contraction of Berry, Levinsohn & Pakes (1995)
brings every market near; Newton steps in log shares, whose slopes the gradient needs anyway, end
at rounding error (Conlon & Gortmaker 2020, section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.blp.mixing import choices, shares, utility_slopes
from undercut.sell.pricing.demand.model import FloatArray

_NEAR = 1e-6
_EXACT = 1e-13
_GOOD = 1e-10
_MOST_SQUAREM = 1000
_MOST_NEWTON = 12


@dataclass(frozen=True, slots=True)
class Inverted:
    """delta: (T, J) mean utilities, 0 where there is no product. converged: all markets.

    error: largest |log share missed|. evaluations: of the contraction, over all markets.
    """

    delta: FloatArray
    probabilities: FloatArray
    converged: bool
    error: float
    evaluations: int


def invert(
    start: FloatArray,
    log_shares: FloatArray,
    differences: FloatArray,
    weights: FloatArray,
    mask: NDArray[np.bool_],
) -> Inverted:
    """Mean utilities at which the simulated shares are the observed ones.

    start: (T, J). log_shares: (T, J) observed. differences: (T, J, I) what buyers' utilities
    differ by, -inf where there is no product. A failure is a result with `converged` False.
    """
    delta, evaluations = _squarem(start, log_shares, differences, weights, mask)
    best = Inverted(delta, choices(delta[:, :, None] + differences), False, np.inf, evaluations)
    for count in range(_MOST_NEWTON):
        probabilities = choices(delta[:, :, None] + differences)
        missed = _missed(probabilities, log_shares, weights, mask)
        worst = float(np.abs(missed).max())
        if not worst < best.error:
            break  # a step that no longer helps has reached rounding error, or left the domain
        converged = worst <= _GOOD
        best = Inverted(delta, probabilities, converged, worst, evaluations + count + 1)
        if worst <= _EXACT:
            break
        slopes = utility_slopes(probabilities, weights, mask)
        gap = missed * shares(probabilities, weights)
        delta = delta + np.linalg.solve(slopes, gap[:, :, None])[:, :, 0] * mask
    return best


def _missed(
    probabilities: FloatArray,
    log_shares: FloatArray,
    weights: FloatArray,
    mask: NDArray[np.bool_],
) -> FloatArray:
    found = shares(probabilities, weights)
    return np.where(mask, log_shares - np.log(np.where(mask, found, 1.0)), 0.0)


def _squarem(
    start: FloatArray,
    log_shares: FloatArray,
    differences: FloatArray,
    weights: FloatArray,
    mask: NDArray[np.bool_],
) -> tuple[FloatArray, int]:
    """Near the fixed point; a market leaves the work once it is there."""
    delta = start.copy()
    open_markets = np.arange(delta.shape[0])
    evaluations = 0

    def step(points: FloatArray, which: NDArray[np.int64]) -> FloatArray:
        probabilities = choices(points[:, :, None] + differences[which])
        return _missed(probabilities, log_shares[which], weights[which], mask[which])

    for _ in range(_MOST_SQUAREM):
        now = delta[open_markets]
        first = step(now, open_markets)
        second = step(now + first, open_markets)
        evaluations += 2
        change = second - first
        length = np.linalg.norm(first, axis=1) / np.maximum(np.linalg.norm(change, axis=1), 1e-300)
        length = np.clip(length, 1.0, 1e3)[:, None]
        moved = now + 2.0 * length * first + length**2 * change
        moved = np.where(np.isfinite(moved), moved, now + first + second)
        delta[open_markets] = moved + step(moved, open_markets)
        evaluations += 1
        near = np.abs(second).max(axis=1) <= _NEAR
        open_markets = open_markets[~near]
        if open_markets.size == 0:
            break
    return delta, evaluations
