"""Who buys in each market: draws of tastes and demographics, and what their tastes are of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.blp.panel import PRICES, Panel
from undercut.sell.pricing.demand.model import FloatArray, matrix
from undercut.sell.pricing.demand.nodes import Nodes


@dataclass(frozen=True, slots=True)
class Buyers:
    """Simulated buyers and the characteristics on which they differ.

    characteristics: (N, K2), with names; the one named 'prices' is the price.
    nodes: (T, K2, I) of a standard normal, in the panel's order of markets.
    weights: (T, I). demographics: (T, D, I), D may be 0; names beside.
    Raises InputError for shapes that do not fit each other.
    """

    characteristics: FloatArray
    names: tuple[str, ...]
    nodes: FloatArray
    weights: FloatArray
    demographics: FloatArray
    demographic_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        markets, dimensions, count = self.nodes.shape
        if self.characteristics.ndim != 2 or self.characteristics.shape[1] != dimensions:
            raise InputError(
                f"nodes are of {dimensions} characteristics, got {self.characteristics.shape}"
            )
        if len(self.names) != dimensions:
            raise InputError(f"{dimensions} characteristics need names, got {len(self.names)}")
        if self.weights.shape != (markets, count):
            raise InputError(f"weights must be ({markets}, {count}), got {self.weights.shape}")
        kinds = len(self.demographic_names)
        if self.demographics.shape != (markets, kinds, count):
            raise InputError(
                f"demographics must be ({markets}, {kinds}, {count}), got {self.demographics.shape}"
            )
        for name in ("characteristics", "nodes", "weights", "demographics"):
            if not np.isfinite(getattr(self, name)).all():
                raise InputError(f"{name} of the buyers must be finite numbers")

    @property
    def price_place(self) -> int | None:
        """Which characteristic is the price, None where tastes for it do not differ."""
        return self.names.index(PRICES) if PRICES in self.names else None


def same_buyers(
    panel: Panel, characteristics: FloatArray, names: tuple[str, ...], nodes: Nodes
) -> Buyers:
    """Buyers that are the same draws in every market of the panel, without demographics."""
    markets, count = panel.market_count, nodes.weights.size
    return Buyers(
        matrix("characteristics", characteristics, panel.rows),
        names,
        np.broadcast_to(nodes.points.T, (markets, nodes.points.shape[1], count)).copy(),
        np.broadcast_to(nodes.weights, (markets, count)).copy(),
        np.empty((markets, 0, count)),
    )
