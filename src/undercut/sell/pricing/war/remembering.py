"""Best answers from month to month: where no rival has moved, that of the month before stands.

About half of all months of all paths are such; to look for them costs far less than to answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.buying import Buying
from undercut.sell.pricing.war.scene import Own, Version


@dataclass(slots=True)
class Remembering:
    """`buyers`, with what they were last answered. For one policy on one block of paths.

    seen: what was elsewhere then; None before the first answer. version: beside which.
    """

    buyers: Buying
    seen: FloatArray | None = None
    answered: FloatArray | None = None
    version: Version | None = None

    @property
    def own(self) -> Own:
        """The own side of the scene."""
        return self.buyers.own

    def best_markups(self, elsewhere: FloatArray, version: Version | None) -> FloatArray:
        """As of the buyers, who are asked on those paths alone where something has changed."""
        if self.answered is None or self.seen is None or version is not self.version:
            answered = self.buyers.best_markups(elsewhere, version)
        else:
            changed = elsewhere != self.seen
            moved = np.flatnonzero(changed.reshape(-1, changed.shape[-1]).any(axis=0))
            answered = self.answered.copy()
            if moved.size:
                there = self.buyers.on(moved)
                answered[:, moved] = there.best_markups(elsewhere[..., moved], version)
        self.seen, self.answered, self.version = elsewhere, answered, version
        return answered
