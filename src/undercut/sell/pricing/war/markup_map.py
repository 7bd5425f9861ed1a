"""Best markups of one firm against a crowd of logit buyers, for many paths at once.

The zeta map of Morrow & Skerlos (2011, eq. 14) for one firm, all else as it is. A version, where
there is one, is the last product and shares a nest with the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.buying import nested

_NEAR = 1e-10
_MOST = 300


@dataclass(frozen=True, slots=True)
class Crowd:
    """I kinds of buyers on P paths who may take one of K own products.

    weights: (I,). coefficient: (I, P), above 0. values: (K, I, P) utility at cost. elsewhere:
    (I, P) sum of exp of utility of all else. correlation: of the last product with the first;
    0 says that there is no version.
    """

    weights: FloatArray
    coefficient: FloatArray
    values: FloatArray
    elsewhere: FloatArray
    correlation: float

    def of(self, paths: NDArray[np.int64]) -> Crowd:
        """The same crowd on some of the paths."""
        return Crowd(
            self.weights,
            self.coefficient[:, paths],
            self.values[:, :, paths],
            self.elsewhere[:, paths],
            self.correlation,
        )

    def choices(self, markups: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(K, I, P) choice probabilities at (K, P) markups; (I, P) the first's part of its nest."""
        pull = np.exp(self.values - self.coefficient * markups[:, None, :])
        if not self.correlation:
            return pull / (self.elsewhere + pull.sum(axis=0)), np.ones_like(self.elsewhere)
        within, nest = nested(pull[0], pull[-1], self.correlation)
        pull[0], pull[-1] = nest * within, nest * (1.0 - within)
        return pull / (self.elsewhere + pull.sum(axis=0)), within

    def at_cost(self) -> FloatArray:
        """(I, P) exp of the value of all own products at cost: what equal markups start from."""
        pull = np.exp(self.values)
        found: FloatArray = pull.sum(axis=0)
        if self.correlation:
            found = nested(pull[0], pull[-1], self.correlation)[1] + pull[1:-1].sum(axis=0)
        return found

    def profit(self, markups: FloatArray) -> FloatArray:
        """(P,) profit a buyer at (K, P) markups."""
        choices, _ = self.choices(markups)
        found: FloatArray = self.weights @ (choices * markups[:, None, :]).sum(axis=0)
        return found

    def map(self, markups: FloatArray) -> FloatArray:
        """(K, P) the markups that the first-order conditions give from those before."""
        choices, within = self.choices(markups)
        weighed = self.weights[:, None] * self.coefficient
        earned = (choices * markups[:, None, :]).sum(axis=0)
        gained = np.broadcast_to(earned, choices.shape)
        spread = np.ones(len(choices))
        if self.correlation:
            spread[[0, -1]] = 1.0 - self.correlation
            nearer = self.correlation / (1.0 - self.correlation)
            inside = nearer * (within * markups[0] + (1.0 - within) * markups[-1])
            gained = gained.copy()
            gained[[0, -1]] += inside
        slopes = (weighed * choices).sum(axis=1) / spread[:, None]
        bought = np.einsum("i,kip->kp", self.weights, choices)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (bought + (weighed * choices * gained).sum(axis=1)) / slopes
        # what nobody buys at any price has no best one
        return np.where(slopes > 0.0, found, markups)


def settle(crowd: Crowd, start: FloatArray) -> FloatArray:
    """(K, P) markups where the map stands still, path by path from `start`.

    Each step is led by the one before (Anderson 1965, depth one: the secant of one product), which
    is taken back where it leads far away. A path whose end earns less than its start keeps the
    start.
    """
    found, active, here = start.copy(), np.arange(start.shape[1]), crowd
    before = start
    image = here.map(before)
    now = image
    for _ in range(_MOST):
        after = here.map(now)
        gap, last = after - now, image - before
        still = np.abs(gap).max(axis=0) <= _NEAR * np.abs(after).max(axis=0)
        found[:, active] = after
        going = np.flatnonzero(~still)
        if not going.size:
            break
        moved = _led(after, image, gap, last)
        if going.size < 0.7 * active.size:  # fewer paths: worth a copy
            active, here = active[going], here.of(going)
            before, image, now = now[:, going], after[:, going], moved[:, going]
        else:
            before, image, now = now, after, np.where(still, after, moved)
    worse = crowd.profit(found) < crowd.profit(start)
    return np.where(worse, start, found)


def _led(after: FloatArray, image: FloatArray, gap: FloatArray, last: FloatArray) -> FloatArray:
    """(K, P) where two steps of the map point to."""
    bend = gap - last
    size = (bend * bend).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(size > 0.0, (gap * bend).sum(axis=0) / size, 0.0)
    found: FloatArray = np.clip(after - weight * (after - image), 0.5 * after, 2.0 * after)
    return found
