"""Exact upper confidence bound for the accuracy lost by a plan against its teacher.

Both answer the same n rows. Only the rows on which exactly one is right speak about the loss:
n10 rows have the teacher right and the plan wrong, n01 the other way round. The counts are
trinomial with probabilities (p10, p01, rest); the loss is theta = p10 - p01, and the share of
rows on which they differ, pi = p10 + p01, is a nuisance.

The bound is Buehler's: order all possible results by a statistic T fixed in advance, call R
the results that are no worse than the one seen, and take the largest theta under which R still
has probability above alpha for some pi. It is exact for every n, and no bound that respects the
same order is smaller. T is Tango's approximate upper limit, which makes R look alike at every
pi, so that the worst pi costs little. Three things make it computable without a gap:

* R is closed under "the plan loses one row less" and "the plan wins one row more" (Barnard's
  convexity; `_close` builds it in). Hence P(R) falls in p10 and grows in p01 (couple the rows),
  so at fixed pi it falls in theta, and one bisection over theta finds the bound.
* For the same reason the worst pi of an interval of width w at theta is no worse than the
  middle of the interval at theta - w/2: the search over pi is a branch and bound with a proof,
  not a grid with a hope.
* pi is searched only below its own Clopper-Pearson limit at level gamma; gamma is taken off
  alpha (Berger & Boos). Results outside the enumerated window count against the plan.

Sources: Buehler (1957) JASA 52; Tango (1998) Stat. Med. 17; Berger & Boos (1994) JASA 89;
Röhmel & Mansmann (1999) Biom. J. 41; Lloyd & Moldovan (2007) Stat. Med. 26.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from undercut.build.planning.binomial import (
    Float64Array,
    clopper_pearson_upper,
    log_factorials,
    log_pmf,
)
from undercut.core.errors import ConfigError, InputError

# Share of alpha spent on limiting the nuisance. A fiftieth costs 0.3% of the bound, less gains
# nothing more.
_NUISANCE_SHARE = 1.0 / 500.0
# The search may stop this far above the exact bound, in standard errors of the loss.
_SLACK = 0.002
# Floating-point error allowed for in every probability; the sums are good to about 1e-13.
_ROUNDING = 1e-9
_FIRST_CELLS = 16
# Entries of one (points, window) table; bounds memory to some 50 MB.
_TABLE_ENTRIES = 1_000_000


def tango_score(n10: Float64Array, n01: Float64Array, n: int, theta: float) -> Float64Array:
    """Tango's score statistic for the hypothesis that the loss is `theta`; small means less loss.

    n10, n01: arrays of counts that broadcast; theta in (-1, 1).
    The variance uses the maximum-likelihood p01 under the hypothesis: the larger root of
    2 n q^2 - b q - c = 0, which always lies in the allowed range.
    """
    same = n - n10 - n01
    b = n10 * (1.0 - theta) + n01 * (1.0 - 3.0 * theta) - 2.0 * same * theta
    c = n01 * theta * (1.0 - theta)
    root = np.sqrt(np.maximum(b * b + 8.0 * n * c, 0.0))
    # Both forms are the same number; each loses no digits on its side.
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.where(b >= 0.0, (b + root) / (4.0 * n), 2.0 * c / (root - b))
    variance = np.maximum((2.0 * q + theta - theta * theta) / n, 1e-300)
    excess = (n10 - n01) / n - theta
    result: Float64Array = np.where(excess == 0.0, 0.0, excess / np.sqrt(variance))
    return result


def tango_upper_bound(n10: int, n01: int, n: int, *, alpha: float) -> float:
    """Tango's approximate upper limit for the loss; not a guarantee, used for ordering."""
    z = NormalDist().inv_cdf(1.0 - alpha)
    first, second = np.float64(n10), np.float64(n01)
    low, high = (n10 - n01) / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        above = float(tango_score(np.asarray(first), np.asarray(second), n, middle)) > -z
        low, high = (middle, high) if above else (low, middle)
    return high


@dataclass(frozen=True, slots=True)
class _Region:
    """Results no worse than the one seen: with d discordant rows, n10 <= most[d].

    most: (window + 1,) int64, -1 where no n10 qualifies; grows by 0 or 1 from d to d + 1.
    discordant_upper: upper limit of pi.
    slack: how far above the exact bound the search may stop.
    """

    n: int
    most: NDArray[np.int64]
    discordant_upper: float
    slack: float

    def probability(self, theta: Float64Array, pi: Float64Array) -> Float64Array:
        """P(R), (points,), rounded up; all results beyond the window count as in R."""
        batch = max(1, _TABLE_ENTRIES // self.most.size)
        parts = [
            self._probability(theta[at : at + batch], pi[at : at + batch])
            for at in range(0, pi.size, batch)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _probability(self, theta: Float64Array, pi: Float64Array) -> Float64Array:
        """One batch of `probability`.

        Given d discordant rows n10 is Bin(d, rho). P(n10 <= most[d] | d) follows from d - 1 by
        one binomial term, since `most` moves by 0 or 1: a running sum instead of a double one.
        """
        window = self.most.size - 1
        rho = np.clip((pi + theta) / (2.0 * np.maximum(pi, 1e-300)), 1e-300, 1.0 - 1e-16)[:, None]
        table = log_factorials(self.n)
        d, before = np.arange(window), self.most[:-1]
        step = np.diff(self.most)
        k = before + step
        possible = (k >= 0) & (k <= d)
        k = np.where(possible, k, 0)
        log_term = table[d] - table[k] - table[d - k] + k * np.log(rho) + (d - k) * np.log1p(-rho)
        term = np.where(possible, np.exp(log_term), 0.0)
        inside = np.empty((pi.size, window + 1))
        inside[:, 0] = 1.0 if self.most[0] >= 0 else 0.0
        inside[:, 1:] = np.where(step == 1, (1.0 - rho) * term, -rho * term)
        weight = np.exp(log_pmf(self.n, pi, window))
        beyond = np.maximum(1.0 - weight.sum(axis=1), 0.0) if window < self.n else 0.0
        result: Float64Array = (weight * np.cumsum(inside, axis=1)).sum(axis=1) + beyond
        return result + _ROUNDING

    def excludes(self, theta: float, *, level: float) -> bool:
        """Whether P(R) <= level for every pi the data allow, so that the loss is below `theta`."""
        start, end = abs(theta), self.discordant_upper
        if start > end:
            return True
        width = (end - start) / _FIRST_CELLS
        middle = np.linspace(start + width / 2.0, end - width / 2.0, _FIRST_CELLS, dtype=np.float64)
        while middle.size:
            bound = self.probability(np.full(middle.size, theta - width / 2.0), middle)
            middle = middle[bound > level]
            if np.any(self.probability(np.full(middle.size, theta), middle) > level):
                return False
            if middle.size and width <= self.slack:
                return False
            width /= 2.0
            middle = np.concatenate([middle - width / 2.0, middle + width / 2.0])
        return True


def _close(most: NDArray[np.int64]) -> NDArray[np.int64]:
    """The smallest Barnard-convex region around `most`: it grows by 0 or 1 at each step."""
    d = np.arange(most.size)
    grown = np.maximum.accumulate(most)
    closed: NDArray[np.int64] = d + np.maximum.accumulate((grown - d)[::-1])[::-1]
    return closed


def _raw_thresholds(limit: float, n: int, window: int, *, alpha: float) -> NDArray[np.int64]:
    """For each d = 0..window the largest n10 whose Tango limit is at most `limit`, else -1."""
    z = NormalDist().inv_cdf(1.0 - alpha)
    d = np.arange(window + 1)
    low, high = np.full(window + 1, -1), d.copy()
    while np.any(low < high):
        middle = (low + high + 1) // 2
        fits = tango_score(middle.astype(float), (d - middle).astype(float), n, limit) <= -z
        low, high = np.where(fits, middle, low), np.where(fits, high, middle - 1)
    return low.astype(np.int64)


def _window(n: int, pi: float) -> int:
    """A count of discordant rows that is exceeded with probability below 1e-9 at `pi`."""
    spread = (n * pi * (1.0 - pi)) ** 0.5
    return min(n, int(n * pi + 7.0 * spread + 25.0))


@lru_cache(maxsize=4096)
def _region(n10: int, n01: int, n: int, alpha: float) -> _Region:
    discordant = n10 + n01
    upper = clopper_pearson_upper(discordant, n, alpha * _NUISANCE_SHARE)
    window = max(_window(n, upper), discordant)
    limit = tango_upper_bound(n10, n01, n, alpha=alpha)
    most = np.arange(window + 1) if limit >= 1.0 else _raw_thresholds(limit, n, window, alpha=alpha)
    # The result seen belongs to its region, whatever the last digit of its score says.
    most[discordant] = max(most[discordant], n10)
    slack = _SLACK * (discordant + 1.0) ** 0.5 / n
    return _Region(n=n, most=_close(most), discordant_upper=upper, slack=slack)


def _check(n10: int, n01: int, n: int, alpha: float) -> None:
    if n < 1 or n10 < 0 or n01 < 0 or n10 + n01 > n:
        raise InputError(
            f"counts do not fit: n10={n10}, n01={n01}, rows={n}; expected n10, n01 >= 0, "
            "rows >= 1 and n10 + n01 <= rows",
            hint="compare teacher and plan on the same, non-empty rows",
        )
    if not 1e-6 <= alpha < 0.5:
        raise ConfigError(
            f"alpha is {alpha}, expected 1e-6 <= alpha < 0.5", hint="confidence 0.95 is alpha 0.05"
        )


def loss_excluded(n10: int, n01: int, n: int, theta: float, *, alpha: float) -> bool:
    """Whether `loss_upper_bound` is at most `theta`, several times faster than computing it."""
    _check(n10, n01, n, alpha)
    if theta >= 1.0:
        return True
    region = _region(n10, n01, n, alpha)
    if theta < -region.discordant_upper:
        return False
    return region.excludes(theta, level=alpha * (1.0 - _NUISANCE_SHARE))


def loss_upper_bound(n10: int, n01: int, n: int, *, alpha: float) -> float:
    """Exact upper confidence bound U for the loss theta = p10 - p01: P(theta <= U) >= 1 - alpha.

    n10: rows with the teacher right and the plan wrong; n01: the other way round; n: all rows,
    independent draws.
    Returns U in [-1, 1], above Buehler's bound by at most 0.2% of the standard error
    sqrt(n10 + n01 + 1) / n.
    Raises InputError for impossible counts, ConfigError for alpha outside [1e-6, 0.5).
    Source: the module's docstring.

    >>> round(loss_upper_bound(12, 5, 1600, alpha=0.05), 5)
    0.00912
    """
    _check(n10, n01, n, alpha)
    region = _region(n10, n01, n, alpha)
    level = alpha * (1.0 - _NUISANCE_SHARE)
    low, high = -region.discordant_upper, region.discordant_upper
    if not region.excludes(high, level=level):
        return high
    while high - low > region.slack / 2.0:
        middle = (low + high) / 2.0
        low, high = (low, middle) if region.excludes(middle, level=level) else (middle, high)
    return high
