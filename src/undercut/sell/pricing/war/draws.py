"""Draws of what is not known (once a world) and of chance (every month of every path).

Worlds are Latin hypercube draws of all doubts, so that a few hundred cover each range evenly; each
world has one behaviour of the rival. A path lives in world `path % worlds`. Blocks of paths have
seeds of their own: the same numbers come out whatever the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.ranges import Range
from undercut.sell.pricing.war.scene import Behaviour, Scene

IntArray = NDArray[np.int64]
Float32Array = NDArray[np.float32]
BEHAVIOURS = tuple(Behaviour)
_WORLD_STREAM, _BLOCK_STREAM = 0, 1


@dataclass(frozen=True, slots=True)
class Worlds:
    """(W,) values of each doubt, as in `Doubts`, and the rival's behaviour as a place in Behaviour.

    undo: chance a month that the rival takes its cut back.
    """

    price_coefficient: FloatArray
    rival_cost: FloatArray
    reconsider: FloatArray
    growth: FloatArray
    progress_ratio: FloatArray
    rival_doubling_months: FloatArray
    relent: FloatArray
    rival_cash_months: FloatArray
    cuts: FloatArray
    raises: FloatArray
    undo: FloatArray
    behaviour: IntArray

    def of(self, places: IntArray) -> Worlds:
        """The worlds at (P,) places, one a path."""
        return Worlds(*(getattr(self, each.name)[places] for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Chances:
    """Chance of one block: (T, P) or, where each rival firm has its own, (T, F, P).

    market, cash: standard normal. touched, undo, relent: uniform. event: uniform, (T, F, P).
    cut_size, raise_size: fractions drawn from history, (T, F, P).
    """

    market: Float32Array
    cash: Float32Array
    touched: Float32Array
    undo: Float32Array
    relent: Float32Array
    event: Float32Array
    cut_size: Float32Array
    raise_size: Float32Array


def draw_worlds(scene: Scene, count: int, seed: int) -> Worlds:
    """`count` worlds; behaviours in proportion to their weights as nearly as whole numbers go."""
    from scipy.special import ndtri

    rng = np.random.default_rng([seed, _WORLD_STREAM])
    doubts, law = scene.doubts, scene.law

    def drawn(wanted: Range) -> FloatArray:
        even = (rng.permutation(count) + rng.random(count)) / count
        return wanted.at(ndtri(even))

    return Worlds(
        price_coefficient=drawn(doubts.price_coefficient),
        rival_cost=drawn(doubts.rival_cost),
        reconsider=drawn(doubts.reconsider),
        growth=drawn(doubts.growth),
        progress_ratio=drawn(doubts.progress_ratio),
        rival_doubling_months=drawn(doubts.rival_doubling_months),
        relent=drawn(doubts.relent),
        rival_cash_months=drawn(doubts.rival_cash_months),
        cuts=drawn(law.cuts),
        raises=drawn(law.raises),
        undo=1.0 - drawn(law.kept_half_year) ** (1.0 / 6.0),
        behaviour=_behaviours(scene, count, rng),
    )


def _behaviours(scene: Scene, count: int, rng: np.random.Generator) -> IntArray:
    weights = np.array([scene.weights.get(each, 0.0) for each in BEHAVIOURS])
    edges = np.cumsum(weights) / weights.sum()
    even = (np.arange(count) + 0.5) / count
    found: IntArray = np.searchsorted(edges, even).astype(np.int64)
    return rng.permutation(found)


def draw_chances(scene: Scene, months: int, paths: int, block: int, seed: int) -> Chances:
    """All chance of one block of `paths`."""
    rng = np.random.default_rng([seed, _BLOCK_STREAM, block])
    flat, deep = (months, paths), (months, len(scene.rivals.names), paths)
    cuts = np.array(scene.law.cut_fractions, dtype=np.float32)
    raises = np.array(scene.law.raise_fractions, dtype=np.float32)
    single = np.float32  # chance needs no more digits, and half the memory is moved
    return Chances(
        market=rng.standard_normal(flat, dtype=single),
        cash=rng.standard_normal(flat, dtype=single),
        touched=rng.random(flat, dtype=single),
        undo=rng.random(flat, dtype=single),
        relent=rng.random(flat, dtype=single),
        event=rng.random(deep, dtype=single),
        cut_size=cuts[rng.integers(0, cuts.size, deep, dtype=np.uint32)],
        raise_size=raises[rng.integers(0, raises.size, deep, dtype=np.uint32)],
    )
