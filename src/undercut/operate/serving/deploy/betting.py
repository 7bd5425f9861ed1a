"""Is a rate above its bound? A test that may be looked at after every observation.

A gambler bets that the mean exceeds the bound, at odds that are fair where it equals the bound.
While it does not exceed it, their wealth grows beyond 1/alpha with a chance of at most alpha, ever
(Ville's inequality); so no early handful of observations can fool it, and no peeking spoils it.
Source: Waudby-Smith & Ramdas 2024, Estimating means of bounded random variables by betting.
"""

from __future__ import annotations

import math

# The bet follows the mean seen so far, begun with as many observations at the bound.
_PRIOR = 10.0
# Of what one could lose in one observation, at most this share is staked.
_LARGEST_STAKE = 0.75


class BettingTest:
    """Observations in [0, 1] against a bound on their mean.

    bound: in (0, 1); alpha: chance of a false alarm, over any number of observations.
    """

    def __init__(self, bound: float, alpha: float) -> None:
        self._bound = bound
        self._needed = math.log(1 / alpha)
        self._log_wealth = 0.0
        self._most = 0.0
        self._sum = 0.0
        self.count = 0

    def saw(self, value: float) -> None:
        """One more observation."""
        bound = self._bound
        mean = (self._sum + _PRIOR * bound) / (self.count + _PRIOR)
        wanted = (mean - bound) / (bound * (1 - bound))
        stake = min(max(wanted, 0.0), _LARGEST_STAKE / bound)
        self._log_wealth += math.log1p(stake * (value - bound))
        self._most = max(self._most, self._log_wealth)
        self._sum += value
        self.count += 1

    @property
    def mean(self) -> float | None:
        """Of the observations; None before the first."""
        return self._sum / self.count if self.count else None

    @property
    def exceeded(self) -> bool:
        """Whether the mean is above the bound; once it is, it stays."""
        return self._most >= self._needed

    @property
    def evidence(self) -> float:
        """Wealth at its highest; 1 is none, 1/alpha raises the alarm."""
        return math.exp(min(self._most, 700.0))
