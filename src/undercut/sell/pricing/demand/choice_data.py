"""Choices as arrays: what was on offer, what was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray


@dataclass(frozen=True, slots=True)
class ChoiceData:
    """N choices among J alternatives described by K attributes.

    attributes: (N, J, K), with K names. available: (N, J). chosen: (N,) alternative taken.
    """

    attributes: FloatArray
    names: tuple[str, ...]
    available: NDArray[np.bool_]
    chosen: NDArray[np.int64]

    @property
    def rows(self) -> int:
        """N."""
        return int(self.chosen.size)


def choice_data(
    attributes: ArrayLike,
    names: Sequence[str],
    chosen: ArrayLike,
    *,
    available: ArrayLike | None = None,
) -> ChoiceData:
    """Checked choices; attributes of what is not available may be anything.

    Raises InputError for shapes that do not fit, a choice that was not on offer, missing numbers,
    or rows with nothing to choose between.
    """
    table = np.array(attributes, dtype=np.float64)
    if table.ndim != 3 or 0 in table.shape:
        raise InputError(f"attributes must be (choices, alternatives, K), got {table.shape}")
    rows, alternatives, count = table.shape
    if len(names) != count:
        raise InputError(f"{count} attributes need names, got {len(names)}")
    taken = np.array(chosen)
    if taken.shape != (rows,) or not np.issubdtype(taken.dtype, np.integer):
        raise InputError(f"chosen must be {rows} whole numbers")
    if taken.min() < 0 or taken.max() >= alternatives:
        raise InputError(
            f"chosen must lie in 0 to {alternatives - 1}, got {taken.min()} to {taken.max()}"
        )
    offered = np.ones((rows, alternatives), dtype=np.bool_)
    if available is not None:
        offered = np.array(available, dtype=np.bool_)
        if offered.shape != (rows, alternatives):
            raise InputError(f"available must be {(rows, alternatives)}, got {offered.shape}")
    missing = np.flatnonzero(~offered[np.arange(rows), taken])
    if missing.size:
        raise InputError(
            f"{missing.size} choice(s) took what was not on offer, the first in row {missing[0]}"
        )
    if not np.isfinite(table[offered]).all():
        raise InputError("attributes of what is available must be finite numbers")
    if not (offered.sum(axis=1) > 1).any():
        raise InputError("no row offers more than one alternative: choices say nothing")
    table[~offered] = 0.0
    return ChoiceData(table, tuple(names), offered, taken.astype(np.int64))
