"""Buyers who differ, for many paths at once: a crowd of logit buyers (random coefficients).

Levels of utility are those at which the crowd has the scene's shares, found anew for each price
coefficient. Products of one firm carry different markups here and profit may have several peaks,
near the best markups of single kinds: the highest of a grid between those, with equal markups and
with unequal ones (all pairs of two products; more of them, or a version, one by one), is brought
to rounding error by the map of Morrow & Skerlos (2011), path by path.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.kinds import Kinds, utilities_behind
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.buying import Wanted
from undercut.sell.pricing.war.closed_forms import lambert, nested
from undercut.sell.pricing.war.crowd import Crowd
from undercut.sell.pricing.war.markup_map import settle
from undercut.sell.pricing.war.scene import Own, Rivals, Scene, Version
from undercut.sell.pricing.war.two_markups import highest_pairs

_GRID = 8
_APART = 0.2  # logarithm: a start nearer than this to the peak, and no higher, is of that peak


@dataclass(frozen=True, slots=True)
class KindsBuyers:
    """Mixed logit. coefficient: (I, P) of each kind; own_values (J, I, P), rival_values (R, I, P):
    utility at prices before. `elsewhere` and `named` are (I, P) sums of exp of utility.
    """

    own: Own
    rivals: Rivals
    weights: FloatArray
    coefficient: FloatArray
    own_values: FloatArray
    rival_values: FloatArray
    named: int

    @classmethod
    def of(cls, scene: Scene, kinds: Kinds, coefficient: FloatArray) -> KindsBuyers:
        """Demand that reproduces the scene's shares at its prices."""
        prices = np.concatenate([scene.own.prices, scene.rivals.prices])
        shares = np.concatenate([scene.own.shares, scene.rivals.shares])
        different, place = np.unique(coefficient, return_inverse=True)
        values = np.moveaxis(utilities_behind(kinds, prices, shares, different), 0, 2)[:, :, place]
        count = scene.own.shares.size
        sizes = kinds.sensitivity[:, None] * coefficient
        parts = (values[:count], values[count:], scene.named)
        return cls(scene.own, scene.rivals, kinds.weights, sizes, *parts)

    def elsewhere(self, factors: FloatArray, present: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As in `Buying`; both (I, P)."""
        total, named = np.ones_like(self.coefficient), np.zeros_like(self.coefficient)
        for place, firm in enumerate(self.rivals.places):
            change = self.rivals.prices[place] * (factors[firm] - 1.0)
            pull = np.exp(self.rival_values[place] - self.coefficient * change)
            if firm == self.named:
                pull *= present
                named += pull
            total += pull
        return total, named

    def wanted(
        self,
        prices: FloatArray,
        elsewhere: FloatArray,
        named: FloatArray,
        version: Version | None = None,
        version_price: FloatArray | None = None,
    ) -> Wanted:
        """As in `Buying`."""
        pull = np.exp(self._own_values(prices))
        if version is None or version_price is None:
            total = elsewhere + pull.sum(axis=0)
            nothing = np.zeros(total.shape[1])
            return Wanted(self._mean(pull / total), nothing, self._mean(named / total))
        alone = np.exp(self._version_values(version, version_price))
        within, nest = nested(pull[0], alone, version.correlation)
        total = elsewhere + nest + pull[1:].sum(axis=0)
        first, beside = nest * within / total, nest * (1.0 - within) / total
        own = self._mean(np.concatenate([first[None], pull[1:] / total]))
        return Wanted(own, self._mean(beside), self._mean(named / total))

    def best_markups(self, elsewhere: FloatArray, version: Version | None) -> FloatArray:
        """(J, P) or (J + 1, P), the version's last."""
        paths = elsewhere.shape[1]
        values = self._own_values(np.repeat(self.own.costs[:, None], paths, axis=1))
        if version is not None:
            beside = self._version_values(version, np.full(paths, version.cost))
            values = np.concatenate([values, beside[None]])
        crowd = Crowd(
            self.weights,
            self.coefficient,
            values,
            elsewhere,
            0.0 if version is None else version.correlation,
        )
        found, most = settle(crowd, self._start(crowd))
        if len(values) == 1:
            return found
        # few buyers may want one product so much that it is best left to them alone
        for start, height in self._unequal(crowd):
            far = (np.abs(np.log(start / found)) > _APART).any(axis=0)
            away = np.flatnonzero(far | (height > most))
            other, profit = settle(crowd.of(away), start[:, away])
            better = profit > most[away]
            found[:, away[better]], most[away[better]] = other[:, better], profit[better]
        return found

    def on(self, paths: NDArray[np.int64]) -> KindsBuyers:
        """The same demand on some of the paths."""
        return replace(
            self,
            coefficient=self.coefficient[:, paths],
            own_values=self.own_values[:, :, paths],
            rival_values=self.rival_values[:, :, paths],
        )

    def _start(self, crowd: Crowd) -> FloatArray:
        """(K, P) the best of equal markups between those that single kinds would be asked."""
        at_cost = crowd.at_cost()
        grid = self._grid(at_cost, crowd.elsewhere)
        best, most = grid[0], np.full(grid.shape[1], -np.inf)
        for markup in grid:
            pull = at_cost * np.exp(-self.coefficient * markup)
            profit = markup * (self.weights @ (pull / (crowd.elsewhere + pull)))
            best, most = np.where(profit > most, markup, best), np.maximum(profit, most)
        return np.repeat(best[None, :], len(crowd.values), axis=0)

    def _unequal(self, crowd: Crowd) -> list[tuple[FloatArray, FloatArray]]:
        """(K, P) starts and their (P,) profit: of two products the highest pairs; of more, or
        with a version, each at its best first beside none of ours, then beside the others.
        """
        grids = [self._grid(np.exp(values), crowd.elsewhere) for values in crowd.values]
        if len(grids) == 2 and not crowd.correlation:
            return highest_pairs(crowd, grids)
        found = np.empty((len(grids), crowd.elsewhere.shape[1]))
        everything = range(len(grids))
        for place, grid in enumerate(grids):
            found[place] = crowd.highest(place, grid, found, everything[:place])
        for place, grid in enumerate(grids):
            found[place] = crowd.highest(place, grid, found, everything)
        return [(found, crowd.profit(found))]

    def _grid(self, at_cost: FloatArray, elsewhere: FloatArray) -> FloatArray:
        """(_GRID, P) markups between those that single kinds would be asked."""
        each = lambert(at_cost, elsewhere) / self.coefficient
        low, high = each.min(axis=0), each.max(axis=0)
        found: FloatArray = low * (high / low) ** np.linspace(0.0, 1.0, _GRID)[:, None]
        return found

    def _own_values(self, prices: FloatArray) -> FloatArray:
        change = prices - self.own.prices[:, None]
        found: FloatArray = self.own_values - self.coefficient * change[:, None, :]
        return found

    def _version_values(self, version: Version, price: FloatArray) -> FloatArray:
        """(I, P) utility of the version at its (P,) price, as if it stood alone."""
        by_kind = version.worth_less_by_kind
        less = version.worth_less if by_kind is None else by_kind[:, None]
        found: FloatArray = self.own_values[0] - self.coefficient * (
            price + less - self.own.prices[0]
        )
        return found

    def _mean(self, by_kind: FloatArray) -> FloatArray:
        """Over kinds: the last axis but one."""
        found: FloatArray = self.weights @ by_kind
        return found
