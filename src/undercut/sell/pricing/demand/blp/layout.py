"""Markets of different size as one padded block, so that all are computed at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import FloatArray


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each row stands: market t, place j. mask: (T, J) True where there is a product."""

    market: NDArray[np.int64]
    place: NDArray[np.int64]
    mask: NDArray[np.bool_]

    @classmethod
    def of(cls, markets: NDArray[np.int64]) -> Layout:
        """Places in order of rows within each market; markets are 0 to T - 1."""
        counts = np.bincount(markets)
        order = np.argsort(markets, kind="stable")
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        place = np.empty_like(markets)
        place[order] = np.arange(markets.size) - first[markets[order]]
        mask = np.arange(int(counts.max()))[None, :] < counts[:, None]
        return cls(markets, place, mask)

    def block(self, rows: FloatArray, fill: float = 0.0) -> FloatArray:
        """(N, ...) rows as (T, J, ...), `fill` where there is no product."""
        blocked = np.full((*self.mask.shape, *rows.shape[1:]), fill)
        blocked[self.market, self.place] = rows
        return blocked

    def rows(self, block: FloatArray) -> FloatArray:
        """(T, J, ...) back to (N, ...)."""
        return block[self.market, self.place]
