"""BG/NBD: how often customers without a contract come back, and whether they still will.

While active a customer buys at random at a rate that differs between customers (gamma), and after
each purchase leaves with a chance that differs too (beta).
The model is that of Fader, Hardie & Lee (2005), "Counting your customers the easy way", Marketing
Science 24; likelihood and conditional expectation are checked by simulation and by the figures
known for CDNOW.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undercut.core.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Histories:
    """(N,) each. repeats: purchases after the first. last: time of the last one since the first, 0
    where there was none. watched: time since the first purchase.

    Raises InputError for counts that are not whole, times out of order, or nobody.
    """

    repeats: FloatArray
    last: FloatArray
    watched: FloatArray

    @classmethod
    def of(cls, repeats: ArrayLike, last: ArrayLike, watched: ArrayLike) -> Histories:
        """Checked copies."""
        made = [np.array(each, dtype=np.float64) for each in (repeats, last, watched)]
        if made[0].ndim != 1 or made[0].size == 0 or len({each.shape for each in made}) > 1:
            raise InputError("histories need three equally long lists with one customer or more")
        counts, times, ends = made
        broken = (
            ~np.isfinite(np.stack(made)).all(axis=0)
            | (counts < 0.0)
            | (counts != np.floor(counts))
            | (times < 0.0)
            | (times > ends)
            | (ends <= 0.0)
            | ((counts == 0.0) != (times == 0.0))
        )
        if broken.any():
            place = int(np.flatnonzero(broken)[0])
            raise InputError(
                f"customer {place + 1} has {counts[place]:g} repeat purchases, the last at "
                f"{times[place]:g}, watched for {ends[place]:g}: that cannot be",
                hint="times since the first purchase, in one unit; 0 where nobody came back",
            )
        return cls(*made)


@dataclass(frozen=True, slots=True)
class BgNbd:
    """r, alpha: shape and rate of purchasing (a unit of time). a, b: of leaving after a purchase.

    log_likelihood: of the data it was fitted to. converged: whether the search ended well.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    converged: bool

    def alive(self, seen: Histories) -> FloatArray:
        """(N,) chance that each is still a customer; 1 for who has never come back."""
        return 1.0 / (1.0 + self._left(seen))

    def expected_purchases(self, seen: Histories, ahead: float) -> FloatArray:
        """(N,) purchases to expect in the next `ahead` units of time.

        Raises InputError for a time below 0.
        """
        from scipy.special import hyp2f1

        if not ahead >= 0.0:
            raise InputError(f"the time ahead must not be below 0, got {ahead}")
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        if abs(a - 1.0) < 1e-6:
            a += 2e-6  # the formula has a removable gap at a = 1
        counts, now = seen.repeats, alpha + seen.watched
        shape = r + counts
        series = hyp2f1(shape, b + counts, a + b + counts - 1.0, ahead / (now + ahead))
        grown = 1.0 - (now / (now + ahead)) ** shape * series
        found: FloatArray = (a + b + counts - 1.0) / (a - 1.0) * grown / (1.0 + self._left(seen))
        return found

    def _left(self, seen: Histories) -> FloatArray:
        """(N,) odds of having left, 0 for who has never come back."""
        counts = np.maximum(seen.repeats, 1.0)
        ratio = (self.alpha + seen.watched) / (self.alpha + seen.last)
        odds = self.a / (self.b + counts - 1.0) * ratio ** (self.r + seen.repeats)
        return np.where(seen.repeats > 0.0, odds, 0.0)


def log_likelihood(seen: Histories, r: float, alpha: float, a: float, b: float) -> float:
    """Log likelihood of all histories."""
    from scipy.special import betaln, gammaln

    x, counts = seen.repeats, np.maximum(seen.repeats, 1.0)
    first = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    stays = -(r + x) * np.log(alpha + seen.watched)
    left = np.log(a) - np.log(b + counts - 1.0) - (r + x) * np.log(alpha + seen.last)
    both = np.logaddexp(stays, np.where(x > 0.0, left, -np.inf))
    return float((first + both).sum())


def fit_bg_nbd(seen: Histories) -> BgNbd:
    """Maximum likelihood from three starts. Raises InputError where nobody ever came back."""
    from scipy.optimize import minimize

    if seen.repeats.sum() == 0.0:
        raise InputError(
            "nobody came back: how often customers do cannot be learned from these histories"
        )
    scale = float(seen.watched.mean())

    def loss(logs: FloatArray) -> float:
        r, alpha, a, b = np.exp(np.clip(logs, -12.0, 12.0))
        return -log_likelihood(seen, r, alpha * scale, a, b) / seen.repeats.size

    ends = [
        minimize(loss, np.full(4, start), method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-9})
        for start in (-1.0, 0.0, 1.0)
    ]
    best = min(ends, key=lambda end: end.fun)
    r, alpha, a, b = (float(each) for each in np.exp(best.x))
    height = -float(best.fun) * seen.repeats.size
    return BgNbd(r, alpha * scale, a, b, height, bool(best.success and np.abs(best.x).max() < 11.9))
