"""What happened to each model's price from one sighting of a router to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from undercut.sell.market.blend import Blend
from undercut.sell.market.months import DAYS_PER_MONTH
from undercut.sell.market.router_names import vendor_of
from undercut.sell.market.snapshot import Sighting

# Prices that differ by less are the same price, rounded twice.
SAME_FRACTION = 0.001


@dataclass(frozen=True, slots=True)
class Steps:
    """One row for each model seen with a price in two sightings that follow each other.

    before, after: (steps,) blended prices per million tokens, > 0. months: (steps,) between the
    two. days: (steps,) ordinals of the second. Offers at a price of zero are no prices.
    """

    models: tuple[str, ...]
    vendors: tuple[str, ...]
    days: NDArray[np.int64]
    months: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    start: date | None
    end: date | None

    @property
    def cut(self) -> NDArray[np.bool_]:
        """(steps,) where the price fell."""
        return np.asarray(self.after < self.before * (1 - SAME_FRACTION))

    @property
    def raised(self) -> NDArray[np.bool_]:
        """(steps,) where it rose."""
        return np.asarray(self.after > self.before * (1 + SAME_FRACTION))

    def only(self, chosen: NDArray[np.bool_]) -> Steps:
        """The chosen rows."""
        where = np.flatnonzero(chosen)
        return Steps(
            models=tuple(self.models[n] for n in where),
            vendors=tuple(self.vendors[n] for n in where),
            days=self.days[chosen],
            months=self.months[chosen],
            before=self.before[chosen],
            after=self.after[chosen],
            start=self.start,
            end=self.end,
        )


def price_steps(sightings: Sequence[Sighting], *, blend: Blend) -> Steps:
    """All steps of a router's history, by day and then by model."""
    rows = [
        (model, second.day.toordinal(), (second.day - first.day).days / DAYS_PER_MONTH, old, new)
        for first, second in pairwise(sightings)
        for model in sorted(first.prices.keys() & second.prices.keys())
        if (old := _blended(first, model, blend)) > 0
        and (new := _blended(second, model, blend)) > 0
    ]
    models = tuple(row[0] for row in rows)
    columns = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 4)
    return Steps(
        models=models,
        vendors=tuple(vendor_of(model) for model in models),
        days=columns[:, 0].astype(np.int64),
        months=columns[:, 1],
        before=columns[:, 2],
        after=columns[:, 3],
        start=sightings[0].day if sightings else None,
        end=sightings[-1].day if sightings else None,
    )


def _blended(sighting: Sighting, model: str, blend: Blend) -> float:
    given, taken = sighting.prices[model]
    return blend.input * float(given) + blend.output * float(taken)
