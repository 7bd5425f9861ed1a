"""What buyers want at given prices, for many paths at once: plain logit, and what all models share.

Logit with an outside option whose base shares are the observed ones, whatever the price
coefficient of a path: utility is log(share / outside share) - coefficient x (price - price before).
A version beside the first own product shares a nest with it. Where the scene has nests or kinds of
buyers, `buying_nests.py` and `buying_kinds.py` stand in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.closed_forms import lambert, nested
from undercut.sell.pricing.war.scene import Own, Rivals, Scene, Version


@dataclass(frozen=True, slots=True)
class Wanted:
    """Shares of all buyers who look around: own (J, P), version (P,), the rival that cut (P,)."""

    own: FloatArray
    version: FloatArray
    named: FloatArray


class Answering(Protocol):
    """Whoever knows the best answer to what the rivals charge. own: the own side of the scene."""

    @property
    def own(self) -> Own:
        """The own side of the scene."""
        ...

    def best_markups(self, elsewhere: FloatArray, version: Version | None) -> FloatArray:
        """(J, P) or (J + 1, P) markups over unit cost that earn most at once, the version's last.

        elsewhere: as `Buying` has it. Fewer rows stand for all: (1, P) where one markup is best for
        every product.
        """
        ...


class Buying(Answering, Protocol):
    """Demand of a block of paths.

    `elsewhere` and `named` are whatever a model needs to know of all that is not ours, and of the
    rival that cut; only the model itself reads them.
    """

    def elsewhere(self, factors: FloatArray, present: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Of all that is not ours, nothing included, and of the named rival alone.

        factors: (F, P) rivals' prices over those before. present: (P,) 0 where the named rival
        has left, else 1.
        """
        ...

    def wanted(
        self,
        prices: FloatArray,
        elsewhere: FloatArray,
        named: FloatArray,
        version: Version | None = None,
        version_price: FloatArray | None = None,
    ) -> Wanted:
        """Shares at (J, P) own prices; with the version where its price is given."""
        ...

    def on(self, paths: NDArray[np.int64]) -> Buying:
        """The same demand on some of the paths."""
        ...


@dataclass(frozen=True, slots=True)
class Buyers:
    """Plain logit. own, rivals as in the scene. coefficient: (P,), above 0."""

    own: Own
    rivals: Rivals
    coefficient: FloatArray
    own_odds: FloatArray
    rival_odds: FloatArray
    firm_of: tuple[int, ...]
    named: int

    @classmethod
    def of(cls, scene: Scene, coefficient: FloatArray) -> Buyers:
        """Demand that reproduces the scene's shares at its prices."""
        own, rivals = scene.own, scene.rivals
        outside = 1.0 - own.shares.sum() - rivals.shares.sum()
        return cls(
            own,
            rivals,
            coefficient,
            own.shares / outside,
            rivals.shares / outside,
            rivals.places,
            scene.named,
        )

    def elsewhere(self, factors: FloatArray, present: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(P,) exp of utility of all that is not ours, and of the named rival alone."""
        total, named = np.ones_like(self.coefficient), np.zeros_like(self.coefficient)
        for place, firm in enumerate(self.firm_of):
            change = self.rivals.prices[place] * (factors[firm] - 1.0)
            pull = self.rival_odds[place] * np.exp(-self.coefficient * change)
            if firm == self.named:
                pull *= present
                named += pull
            total += pull
        return total, named

    def own_pull(self, prices: FloatArray) -> FloatArray:
        """(J, P) exp of utility of the own products at (J, P) prices."""
        change = prices - self.own.prices[:, None]
        pull: FloatArray = self.own_odds[:, None] * np.exp(-self.coefficient * change)
        return pull

    def version_pull(self, version: Version, price: FloatArray) -> FloatArray:
        """(P,) exp of utility of the version at its price, as if it stood alone."""
        change = price + version.worth_less - self.own.prices[0]
        pull: FloatArray = self.own_odds[0] * np.exp(-self.coefficient * change)
        return pull

    def wanted(
        self,
        prices: FloatArray,
        elsewhere: FloatArray,
        named: FloatArray,
        version: Version | None = None,
        version_price: FloatArray | None = None,
    ) -> Wanted:
        """Shares at (J, P) own prices; with the version where its price is given."""
        pull = self.own_pull(prices)
        if version is None or version_price is None:
            total = elsewhere + pull.sum(axis=0)
            return Wanted(pull / total, np.zeros_like(total), named / total)
        parted = nested(pull[0], self.version_pull(version, version_price), version.correlation)
        within, nest = parted
        total = elsewhere + nest + pull[1:].sum(axis=0)
        own = pull / total
        own[0] = nest * within / total
        return Wanted(own, nest * (1.0 - within) / total, named / total)

    def best_markups(self, elsewhere: FloatArray, version: Version | None) -> FloatArray:
        """(1, P) the markup over unit cost, the same on all own products, that earns most at once.

        A firm that owns its nests whole puts equal markups on all its products under (nested) logit
        (Anderson & de Palma 1992), so the answer has Lambert's closed form.
        """
        own = self.own
        costs = np.broadcast_to(own.costs[:, None], (own.costs.size, elsewhere.size))
        pull = self.own_pull(costs)
        if version is None:
            at_cost = pull.sum(axis=0)
        else:
            alone = self.version_pull(version, np.full(elsewhere.size, version.cost))
            at_cost = nested(pull[0], alone, version.correlation)[1] + pull[1:].sum(axis=0)
        return (lambert(at_cost, elsewhere) / self.coefficient)[None, :]

    def on(self, paths: NDArray[np.int64]) -> Buyers:
        """The same demand on some of the paths."""
        return replace(self, coefficient=self.coefficient[paths])
