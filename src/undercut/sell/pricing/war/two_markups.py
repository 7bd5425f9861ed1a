"""Where a firm's profit from two products peaks on a grid of both markups, for many paths at once.

Product by product a search stops where no single markup can be bettered: two peaks that differ in
both are then told apart by where it began. With two products all pairs can be looked at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.crowd import Crowd

IntArray = NDArray[np.int64]

_NEARLY = 0.9  # of the highest: a point of the grid below that is of no higher peak


def highest_pairs(crowd: Crowd, grids: list[FloatArray]) -> list[tuple[FloatArray, FloatArray]]:
    """(2, P) markups and (P,) profit of the highest point of the grid, and of the next peak.

    crowd: of two products, neither a version. grids: (G, P) of each. A peak is a point that none
    of its four neighbours passes. The next one is nan where none comes near the highest.
    """
    profit = _on_grid(crowd, grids)
    peaks = np.ones(profit.shape, dtype=np.bool_)
    for axis in (0, 1):
        along, peak = np.moveaxis(profit, axis, 0), np.moveaxis(peaks, axis, 0)
        peak[1:] &= along[1:] > along[:-1]
        peak[:-1] &= along[:-1] >= along[1:]
    paths = np.arange(profit.shape[2])
    heights = profit.reshape(-1, paths.size)
    place = heights.argmax(axis=0)
    first = _markups(grids, place, paths)
    most = heights[place, paths]
    second, less = np.full_like(first, np.nan), np.full_like(most, np.nan)
    several = np.flatnonzero(peaks.reshape(heights.shape).sum(axis=0) > 1)
    lower = np.where(peaks.reshape(heights.shape)[:, several], heights[:, several], -np.inf)
    each = np.arange(several.size)
    lower[place[several], each] = -np.inf
    after = lower.argmax(axis=0)
    height = lower[after, each]
    near = height > _NEARLY * most[several]
    second[:, several[near]] = _markups(grids, after[near], several[near])
    less[several[near]] = height[near]
    return [(first, most), (second, less)]


def _markups(grids: list[FloatArray], place: IntArray, paths: IntArray) -> FloatArray:
    """(2, N) markups at N places of the grid, counted along its last axis first."""
    rows, columns = np.divmod(place, len(grids[1]))
    return np.stack([grids[0][rows, paths], grids[1][columns, paths]])


def _on_grid(crowd: Crowd, grids: list[FloatArray]) -> FloatArray:
    """(G, G, P) profit a buyer."""
    pulls = [
        np.exp(values - crowd.coefficient * grid[:, None, :])
        for values, grid in zip(crowd.values, grids, strict=True)
    ]
    earned = [pull * grid[:, None, :] for pull, grid in zip(pulls, grids, strict=True)]
    found = np.empty((len(grids[0]), *grids[1].shape))
    for row, line in enumerate(found):
        beside = crowd.elsewhere + pulls[0][row]
        for column, place in enumerate(line):
            gain = earned[0][row] + earned[1][column]
            place[:] = crowd.weights @ (gain / (beside + pulls[1][column]))
    return found
