"""How the buyers of a situation differ: its segments, and a spread of what money means to them."""

from __future__ import annotations

import numpy as np

from undercut.sell.pricing.demand.kinds import Kinds
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.demand.nodes import gauss_hermite
from undercut.sell.pricing.situation.situation import Situation

_NODES = 5


def kinds_of(situation: Situation) -> Kinds | None:
    """The kinds of buyers of the demand model, None where all are alike.

    Segments: weighted by what they take. The own products are worth to one what its answers are
    worth on average (willingness falls by `taper` to the last one), compared with the mean of all;
    a product of other quality, where both qualities are known, its `quality_value` a unit more or
    less. The spread: lognormal, at Gauss-Hermite nodes, mean 1.
    """
    differing = situation.differing
    if not differing.at_all:
        return None
    worth, weights = np.zeros((len(situation.products), 1)), np.ones(1)
    quality = None
    if differing.segments:
        worth, weights, quality = _segments(situation)
    nodes = gauss_hermite(1, _NODES if differing.price_spread > 0.0 else 1)
    factors = np.exp(differing.price_spread * nodes.points[:, 0])
    factors /= factors @ nodes.weights
    count = weights.size
    return Kinds(
        np.repeat(weights, factors.size) * np.tile(nodes.weights, count),
        np.tile(factors, count),
        np.repeat(worth, factors.size, axis=1),
        None if quality is None else np.repeat(quality, factors.size),
    )


def _segments(situation: Situation) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """(J, S) worth, (S,) weights, (S,) money for a unit of quality or None."""
    segments, products = situation.segments, situation.products
    weights = np.array([each.share * float(each.monthly_answers) for each in segments])
    weights /= weights.sum()
    values = np.array([float(e.willingness.amount) * (1.0 - e.taper / 2.0) for e in segments])
    worth = np.zeros((len(products), weights.size))
    own = 1 + len(situation.own.others)
    worth[:own] = values - weights @ values
    known = [e.quality_value.amount for e in segments if e.quality_value is not None]
    if len(known) < len(segments):
        return worth, weights, None
    quality = np.array([float(each) for each in known])
    base = situation.own.product.quality
    if base is not None:
        gaps = [0.0 if e.quality is None else e.quality - base for e in products]
        worth += np.outer(gaps, quality - weights @ quality)
    return worth, weights, quality
