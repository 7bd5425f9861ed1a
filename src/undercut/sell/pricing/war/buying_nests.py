"""Nested logit for many paths at once: products of one nest are nearer to each other.

All own products of one nest carry one markup, as all of a firm do in plain logit
(`nest_markups.py`). A version shares a nest of its own with its parent, inside the parent's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.buying import Wanted
from undercut.sell.pricing.war.closed_forms import nested
from undercut.sell.pricing.war.nest_markups import best_nest_markups
from undercut.sell.pricing.war.scene import Nests, Own, Rivals, Scene, Version


@dataclass(frozen=True, slots=True)
class NestedBuyers:
    """Nested logit. coefficient: (P,). own_values (J,), rival_values (R,): utility before the war.

    home: the nests that hold own products. In what `elsewhere` returns, row 0 holds exp of the
    value of all other nests and of nothing, the rows after it the logarithm of rivals' pull within
    each nest of `home`; `named` has the named rival's part of the first, and its fraction of the
    rivals' pull in the others.
    """

    own: Own
    rivals: Rivals
    coefficient: FloatArray
    nests: Nests
    home: tuple[int, ...]
    own_values: FloatArray
    rival_values: FloatArray
    named: int

    @classmethod
    def of(cls, scene: Scene, nests: Nests, coefficient: FloatArray) -> NestedBuyers:
        """Demand that reproduces the scene's shares at its prices: Berry (1994), eq. 27."""
        shares = np.concatenate([scene.own.shares, scene.rivals.shares])
        nest = np.array([*nests.own, *nests.rivals])
        within = shares / np.bincount(nest, weights=shares)[nest]
        correlation = np.array(nests.correlation)[nest]
        values = np.log(shares / (1.0 - shares.sum())) - correlation * np.log(within)
        count = scene.own.shares.size
        home = tuple(dict.fromkeys(nests.own))
        parts = (values[:count], values[count:], scene.named)
        return cls(scene.own, scene.rivals, coefficient, nests, home, *parts)

    def elsewhere(self, factors: FloatArray, present: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As in `Buying`; both (1 + nests of `home`, P)."""
        shape = (1 + len(self.home), self.coefficient.size)
        rest, named = np.ones(shape), np.zeros(shape)
        rest[1:] = -np.inf
        for nest in dict.fromkeys(self.nests.rivals):
            spread = 1.0 - self.nests.correlation[nest]
            pull, part = self._rivals_in(nest, spread, factors, present)
            if nest in self.home:
                row = 1 + self.home.index(nest)
                rest[row], named[row] = pull, part
            else:
                value = np.exp(spread * pull)
                rest[0] += value
                named[0] += value * part
        return rest, named

    def _rivals_in(
        self, nest: int, spread: float, factors: FloatArray, present: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """(P,) logarithm of rivals' pull within the nest, and the named rival's fraction of it."""
        inside = [at for at, where in enumerate(self.nests.rivals) if where == nest]
        places = self.rivals.places
        scaled = np.empty((len(inside), self.coefficient.size))
        for row, at in enumerate(inside):
            change = self.rivals.prices[at] * (factors[places[at]] - 1.0)
            scaled[row] = (self.rival_values[at] - self.coefficient * change) / spread
        top = scaled.max(axis=0)
        pull = np.exp(scaled - top)
        mine = np.array([places[at] == self.named for at in inside])
        pull[mine] *= present
        total = pull.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(total > 0.0, pull[mine].sum(axis=0) / total, 0.0)
            return top + np.log(total), part

    def wanted(
        self,
        prices: FloatArray,
        elsewhere: FloatArray,
        named: FloatArray,
        version: Version | None = None,
        version_price: FloatArray | None = None,
    ) -> Wanted:
        """As in `Buying`."""
        logs, parent = self._own_logs(prices, version, version_price)
        values, own_part = self._home_values(logs, elsewhere)
        total = elsewhere[0] + values.sum(axis=0)
        of_nest = values / total
        own = np.empty_like(prices)
        named_share = named[0] / total
        for place, nest in enumerate(self.home):
            inside = self._own_in(nest)
            pull = np.exp(logs[inside] - logs[inside].max(axis=0))
            own[inside] = of_nest[place] * own_part[place] * pull / pull.sum(axis=0)
            named_share += of_nest[place] * (1.0 - own_part[place]) * named[1 + place]
        version_share = own[0] * (1.0 - parent)
        own[0] *= parent
        return Wanted(own, version_share, named_share)

    def best_markups(self, elsewhere: FloatArray, version: Version | None) -> FloatArray:
        """(J, P) or (J + 1, P), the version's as its parent's."""
        paths = self.coefficient.size
        costs = np.repeat(self.own.costs[:, None], paths, axis=1)
        at_cost = None if version is None else np.full(paths, version.cost)
        logs, _ = self._own_logs(costs, version, at_cost)
        pulls = np.stack([_log_sum(logs[self._own_in(nest)]) for nest in self.home])
        best = best_nest_markups(pulls, elsewhere[1:], elsewhere[0], self._spread())
        found = best / self.coefficient
        rows = [self.home.index(nest) for nest in self.nests.own]
        if version is not None:
            rows.append(rows[0])
        return found[rows]

    def on(self, paths: NDArray[np.int64]) -> NestedBuyers:
        """The same demand on some of the paths."""
        return replace(self, coefficient=self.coefficient[paths])

    def _own_in(self, nest: int) -> list[int]:
        return [at for at, where in enumerate(self.nests.own) if where == nest]

    def _own_logs(
        self, prices: FloatArray, version: Version | None, version_price: FloatArray | None
    ) -> tuple[FloatArray, FloatArray]:
        """(J, P) logs of pull in the nest, the first with its version; (P,) its part of both."""
        correlation = np.array([self.nests.correlation[nest] for nest in self.nests.own])[:, None]
        change = prices - self.own.prices[:, None]
        values = self.own_values[:, None] - self.coefficient * change
        parent = np.ones(self.coefficient.size)
        if version is not None and version_price is not None:
            less = version_price + version.worth_less - self.own.prices[0]
            alone = self.own_values[0] - self.coefficient * less
            # a version is at least as near to its parent as the parent's nest is
            near = max(version.correlation, float(correlation[0, 0]))
            top = np.maximum(values[0], alone)
            parent, both = nested(np.exp(values[0] - top), np.exp(alone - top), near)
            values[0] = top + np.log(both)
        return values / (1.0 - correlation), parent

    def _home_values(
        self, logs: FloatArray, elsewhere: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """exp of the value of each nest of `home`, and the own part of it."""
        pulls = np.stack([_log_sum(logs[self._own_in(nest)]) for nest in self.home])
        together = np.logaddexp(pulls, elsewhere[1:])
        return np.exp(self._spread() * together), np.exp(pulls - together)

    def _spread(self) -> FloatArray:
        """(nests of `home`, 1) one less their correlation."""
        return np.array([1.0 - self.nests.correlation[nest] for nest in self.home])[:, None]


def _log_sum(logs: FloatArray) -> FloatArray:
    """(P,) logarithm of the sum of (K, P) exponentials."""
    found: FloatArray = logs[0] if len(logs) == 1 else np.logaddexp.reduce(logs, axis=0)
    return found
