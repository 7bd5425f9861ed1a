"""Best markups of one firm against a crowd of logit buyers: where its map stands still."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.crowd import Crowd

BoolArray = NDArray[np.bool_]
_NEAR = 1e-10
_MOST = 300
_PARALLEL = 1e-8  # squared sine between two steps that say the same


def settle(crowd: Crowd, start: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(K, P) markups where the map stands still, path by path from `start`; their (P,) profit.

    Each step is led by those before (Anderson 1965): by two where there are several products, and
    once more by one alone where that came to nothing. A path whose end earns less than its start
    keeps the start.
    """
    before = crowd.profit(start)
    found, profit, failed = _settle(crowd, start, before, depth=min(len(start), 2))
    again = np.flatnonzero(failed)
    if len(start) > 1 and again.size:
        there = crowd.of(again)
        other, earned, _ = _settle(there, start[:, again], before[again], depth=1)
        better = earned > profit[again]
        found[:, again[better]], profit[again[better]] = other[:, better], earned[better]
    return found, profit


def _settle(
    crowd: Crowd, start: FloatArray, before: FloatArray, *, depth: int
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """As `settle`; and (P,) whether the search fell below the profit `before` it, or went on."""
    found, active, here, now = start.copy(), np.arange(start.shape[1]), crowd, start
    trail: list[tuple[FloatArray, FloatArray]] = []  # what the map gave, and how far it went
    for _ in range(_MOST):
        after = here.map(now)
        gap = after - now
        still = np.abs(gap).max(axis=0) <= _NEAR * np.abs(after).max(axis=0)
        found[:, active] = after
        going = np.flatnonzero(~still)
        if not going.size:
            active = active[:0]
            break
        moved = _led(after, gap, trail)
        trail = [(after, gap), *trail[: depth - 1]]
        if going.size < 0.7 * active.size:  # fewer paths: worth a copy
            active, here, now = active[going], here.of(going), moved[:, going]
            trail = [(image[:, going], left[:, going]) for image, left in trail]
        else:
            now = np.where(still, after, moved)
    profit = crowd.profit(found)
    failed = profit < before
    found = np.where(failed, start, found)
    profit = np.maximum(profit, before)
    failed[active] = True
    return found, profit, failed


def _led(
    after: FloatArray, gap: FloatArray, trail: list[tuple[FloatArray, FloatArray]]
) -> FloatArray:
    """(K, P) where the steps of the map point to: where a mix of them would not go anywhere."""
    if not trail:
        return after
    bends = [gap - left for _, left in trail]
    ways = [after - image for image, _ in trail]
    squares = [(bend * bend).sum(axis=0) for bend in bends]
    along = [(gap * bend).sum(axis=0) for bend in bends]
    with np.errstate(divide="ignore", invalid="ignore"):
        single = np.where(squares[0] > 0.0, along[0] / squares[0], 0.0)
        aim = after - single * ways[0]
        if len(trail) == 2:
            across = (bends[0] * bends[1]).sum(axis=0)
            size = squares[0] * squares[1] - across * across
            first = (along[0] * squares[1] - along[1] * across) / size
            second = (along[1] * squares[0] - along[0] * across) / size
            both = after - first * ways[0] - second * ways[1]
            apart = size > _PARALLEL * squares[0] * squares[1]
            aim = np.where(apart, both, aim)
    found: FloatArray = np.clip(aim, 0.5 * after, 2.0 * after)
    return found
