"""What the certificate will say, foreseen: which results pass, how likely, with how many rows.

The search over plans asks thousands of times "would this one pass on the certify rows?", with
nothing but counts on the tune rows. The set of passing results is computed once per certify
split (`pass_frontier`); each question is then a sum over a small table (`pass_probability`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.planning.binomial import Float64Array, log_factorials
from undercut.build.planning.certificate import (
    checked_alpha,
    loss_alpha,
    teacher_floor,
    would_pass,
)
from undercut.build.planning.paired_exact import loss_excluded
from undercut.core.errors import ConfigError, InputError

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PassFrontier:
    """Results that pass: n10 <= most_lost[n01], for n01 = 0..len(most_lost) - 1.

    most_lost: (up to rows + 1,) int64, never falls, -1 where nothing passes. Beyond its end the
    last entry counts, which errs towards failing.
    """

    rows: int
    keep: float
    confidence: float
    teacher_accuracy: float
    most_lost: Int64Array


def pass_frontier(
    rows: int, *, keep: float, confidence: float, teacher_accuracy: float, most_won: int = 60
) -> PassFrontier:
    """Which results on `rows` certify rows meet the target.

    teacher_accuracy: what the teacher is expected to reach on them; most_won: largest n01 wanted.
    Walks along the border, which only moves up: about most_won + most_lost[-1] tests.
    """
    alpha = checked_alpha(keep, confidence)
    right = _teacher_right(teacher_accuracy, rows)
    allowed = (1.0 - keep) * teacher_floor(right, rows, alpha)
    lost = -1
    border: list[int] = []
    for won in range(min(most_won, rows) + 1):
        while lost + 1 + won <= rows and loss_excluded(
            lost + 1, won, rows, allowed, alpha=loss_alpha(alpha)
        ):
            lost += 1
        border.append(lost)
    return PassFrontier(
        rows=rows,
        keep=keep,
        confidence=confidence,
        teacher_accuracy=teacher_accuracy,
        most_lost=np.array(border, dtype=np.int64),
    )


def pass_probability(
    lost: Int64Array, won: Int64Array, *, tune_rows: int, frontier: PassFrontier
) -> Float64Array:
    """Probability that a plan with these tune counts passes on the certify rows.

    lost, won: (plans,) rows of the tune split on which the teacher alone or the plan alone was
    right. Returns (plans,), the exact sum of the Dirichlet-multinomial predictive distribution
    under Jeffreys' prior (1/2, 1/2, 1/2); 0 where nothing passes.
    Counts of a plan that was picked because of them are too good: rank with this, then certify.
    Raises InputError where the counts do not fit `tune_rows`.
    """
    lost, won = np.asarray(lost, dtype=np.int64), np.asarray(won, dtype=np.int64)
    if lost.shape != won.shape or lost.ndim != 1:
        raise InputError(
            f"lost has shape {lost.shape} and won {won.shape}, expected the same (plans,)"
        )
    if np.any((lost < 0) | (won < 0) | (lost + won > tune_rows)):
        raise InputError(f"counts of discordant rows must lie in 0..{tune_rows} (the tune rows)")
    pairs, which = np.unique(np.stack([lost, won], axis=1), axis=0, return_inverse=True)
    table = _PassingTable(frontier)
    each = np.array([table.probability(int(a), int(b), tune_rows) for a, b in pairs])
    result: Float64Array = each[which.reshape(-1)] if lost.size else np.zeros(0)
    return result


class _PassingTable:
    """All passing results (i lost, j won) as flat arrays, with their log multiplicities."""

    def __init__(self, frontier: PassFrontier) -> None:
        border = frontier.most_lost
        self.rows = frontier.rows
        j = np.repeat(np.arange(border.size), border + 1)
        i = np.concatenate([np.arange(top + 1) for top in border]) if border.size else j
        self.i, self.j, self.same = i, j, frontier.rows - i - j
        table = log_factorials(frontier.rows)
        self.log_ways = table[frontier.rows] - table[i] - table[j] - table[self.same]

    def probability(self, lost: int, won: int, tune_rows: int) -> float:
        same = tune_rows - lost - won
        half = _log_gamma_half(tune_rows + self.rows)
        log_p = (
            self.log_ways
            + (half[lost + self.i] - half[lost])
            + (half[won + self.j] - half[won])
            + (half[same + self.same] - half[same])
            + math.lgamma(tune_rows + 1.5)
            - math.lgamma(tune_rows + self.rows + 1.5)
        )
        return min(float(np.exp(log_p).sum()), 1.0)


def rows_needed(
    *,
    lost_fraction: float,
    won_fraction: float,
    teacher_accuracy: float,
    keep: float,
    confidence: float,
    most_rows: int = 200_000,
) -> int | None:
    """About how many certify rows this plan needs, if it goes on as observed.

    lost_fraction, won_fraction: observed n10 / rows and n01 / rows.
    Returns the least row count (to about 1%) at which the expected counts, rounded against the
    plan, pass; half of all splits of that size will fail. None where `most_rows` would not do,
    in particular where the observed loss itself is too large.
    """
    checked_alpha(keep, confidence)
    if min(lost_fraction, won_fraction) < 0.0 or lost_fraction + won_fraction > 1.0:
        raise ConfigError(
            f"lost_fraction {lost_fraction} and won_fraction {won_fraction} must be shares of rows"
        )

    def passes(rows: int) -> bool:
        lost = min(math.ceil(lost_fraction * rows - 1e-9), rows)
        won = min(math.floor(won_fraction * rows + 1e-9), rows - lost)
        right = min(max(_teacher_right(teacher_accuracy, rows), lost), rows - won)
        return would_pass(
            rows=rows, teacher_right=right, lost=lost, won=won, keep=keep, confidence=confidence
        )

    if lost_fraction - won_fraction >= (1.0 - keep) * teacher_accuracy and keep < 1.0:
        return None
    low, high = 0, 16
    while not passes(high):
        if high >= most_rows:
            return None
        low, high = high, min(2 * high, most_rows)
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high


def _teacher_right(teacher_accuracy: float, rows: int) -> int:
    if not 0.0 <= teacher_accuracy <= 1.0 or rows < 1:
        raise ConfigError(
            f"teacher_accuracy is {teacher_accuracy} on {rows} rows, "
            "expected a share in [0, 1] and at least one row"
        )
    return math.floor(teacher_accuracy * rows + 1e-9)


def _log_gamma_half(largest: int) -> Float64Array:
    """log Gamma(k + 1/2) for k = 0..largest, by Gamma(x + 1) = x Gamma(x)."""
    steps = np.log(np.arange(largest) + 0.5)
    return np.concatenate([[0.0], np.cumsum(steps)]) + 0.5 * math.log(math.pi)
