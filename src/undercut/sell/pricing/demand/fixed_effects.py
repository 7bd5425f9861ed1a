"""Taking group means out of every column: fixed effects without their dummies."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray

_CLOSE = 1e-12
_MOST_SWEEPS = 10_000


def codes(ids: Sequence[Hashable] | NDArray[np.generic]) -> NDArray[np.int64]:
    """(N,) group numbers 0 to G - 1 of ids, in order of first appearance."""
    seen: dict[Hashable, int] = {}
    listed = ids.tolist() if isinstance(ids, np.ndarray) else ids
    return np.array([seen.setdefault(each, len(seen)) for each in listed], dtype=np.int64)


def absorb(columns: FloatArray, groups: Sequence[NDArray[np.int64]]) -> FloatArray:
    """(N, K) columns less all group effects: exact for one grouping, iterated for several.

    Several groupings are swept in turns until nothing moves by more than 1e-12 of a column's size
    (alternating projections, Guimaraes & Portugal 2010). Raises InputError where they do not end.
    """
    result = columns.copy()
    size = np.maximum(np.abs(columns).max(axis=0, initial=0.0), 1e-300)
    for _ in range(_MOST_SWEEPS if len(groups) > 1 else len(groups)):
        before = result
        for group in groups:
            result = _demeaned(result, group)
        if len(groups) == 1 or np.max(np.abs(result - before) / size, initial=0.0) <= _CLOSE:
            return result
    if groups:
        raise InputError("the fixed effects do not separate: absorbing them does not settle")
    return result


def _demeaned(columns: FloatArray, group: NDArray[np.int64]) -> FloatArray:
    counts = np.bincount(group).astype(np.float64)
    sums = np.zeros((counts.size, columns.shape[1]))
    np.add.at(sums, group, columns)
    return columns - (sums / counts[:, None])[group]
