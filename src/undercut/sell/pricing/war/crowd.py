"""A crowd of logit buyers before one firm, on many paths: what it takes and what that earns.

A version, where there is one, is the last product and shares a nest with the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.closed_forms import nested_logs


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

    def pulls(self, markups: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(K, I, P) exp of utility at (K, P) markups, a version's beside its parent; (I, P) the
        parent's part of both.
        """
        logs = self.values - self.coefficient * markups[:, None, :]
        if not self.correlation:
            return np.exp(logs, out=logs), np.ones_like(self.elsewhere)
        within, nest = nested_logs(logs[0], logs[-1], self.correlation)
        np.exp(logs[1:-1], out=logs[1:-1])
        logs[0] = nest * within
        logs[-1] = nest - logs[0]
        return logs, within

    def at_cost(self) -> FloatArray:
        """(I, P) exp of the value of all own products at cost: what equal markups start from."""
        pulls, _ = self.pulls(np.zeros((len(self.values), self.elsewhere.shape[1])))
        found: FloatArray = pulls.sum(axis=0)
        return found

    def profit(self, markups: FloatArray) -> FloatArray:
        """(P,) profit a buyer at (K, P) markups."""
        pulls, _ = self.pulls(markups)
        total = self.elsewhere + pulls.sum(axis=0)
        found: FloatArray = self.weights @ (_over_products(pulls, markups) / total)
        return found

    def highest(
        self, place: int, grid: FloatArray, markups: FloatArray, sold: Sequence[int]
    ) -> FloatArray:
        """(P,) that of (G, P) markups at which one product earns most.

        sold: the others that are for sale, at their rows of (K, P) markups.
        """
        beside = self._nearest(place)
        total, earned = self._others(
            [each for each in sold if each not in (place, beside)], markups
        )
        near = None
        if beside is not None and beside in sold:
            near = self._logs(beside, markups[beside])
        best: FloatArray = grid[0]
        most = np.full(grid.shape[1], -np.inf)
        for markup in grid:
            logs = self._logs(place, markup)
            if near is None:
                pull, margin = np.exp(logs), markup
            else:
                within, pull = nested_logs(logs, near, self.correlation)
                margin = within * markup + (1.0 - within) * markups[beside]
            profit = self.weights @ ((earned + pull * margin) / (total + pull))
            best, most = np.where(profit > most, markup, best), np.maximum(profit, most)
        return best

    def _nearest(self, place: int) -> int | None:
        """The product that shares a nest with one: a version and its parent."""
        ends = (0, len(self.values) - 1)
        return ends[1 - ends.index(place)] if self.correlation and place in ends else None

    def _others(self, places: Sequence[int], markups: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(I, P) exp of utility of all else and of these, and what these earn times that."""
        total, earned = self.elsewhere, np.zeros_like(self.elsewhere)
        for place in places:
            logs, near = self._logs(place, markups[place]), self._nearest(place)
            if near is None or near not in places:
                pull = np.exp(logs)
            else:
                within, nest = nested_logs(logs, self._logs(near, markups[near]), self.correlation)
                pull = nest * within
            total, earned = total + pull, earned + pull * markups[place]
        return total, earned

    def _logs(self, place: int, markup: FloatArray) -> FloatArray:
        """(I, P) utility of one product at a (P,) markup."""
        found: FloatArray = self.values[place] - self.coefficient * markup
        return found

    def map(self, markups: FloatArray) -> FloatArray:
        """(K, P) the markups that the first-order conditions give from those before.

        The zeta map of Morrow & Skerlos (2011, eq. 14) for one firm, all else as it is.
        """
        choices, within = self.pulls(markups)
        choices /= self.elsewhere + choices.sum(axis=0)
        bought = np.einsum("i,kip->kp", self.weights, choices)
        earned = _over_products(choices, markups)
        choices *= self.weights[:, None] * self.coefficient
        slopes = choices.sum(axis=1)
        gained = np.einsum("kip,ip->kp", choices, earned)
        if self.correlation:
            nearer = self.correlation / (1.0 - self.correlation)
            inside = nearer * (within * (markups[0] - markups[-1]) + markups[-1])
            for place in (0, -1):
                gained[place] += np.einsum("ip,ip->p", choices[place], inside)
                slopes[place] /= 1.0 - self.correlation
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (bought + gained) / slopes
        # what nobody buys at any price has no best one
        return np.where(slopes > 0.0, found, markups)


def _over_products(pulls: FloatArray, markups: FloatArray) -> FloatArray:
    """(I, P) the sum over products of (K, I, P) times (K, P)."""
    found: FloatArray = pulls[0] * markups[0]
    for pull, markup in zip(pulls[1:], markups[1:], strict=True):
        found += pull * markup
    return found
