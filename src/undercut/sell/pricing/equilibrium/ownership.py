"""Who sets which price: ownership matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray


def ownership(firms: Sequence[str]) -> FloatArray:
    """(J, J) with 1 where one firm sells both products, else 0."""
    names = np.array(list(firms))
    if names.size == 0:
        raise InputError("firms must name the firm of each product, got none")
    same: FloatArray = np.equal(names[:, None], names[None, :]).astype(np.float64)
    return same


def merged(firms: Sequence[str], first: str, second: str) -> tuple[str, ...]:
    """The firms after `first` has bought `second`; InputError where one of them sells nothing."""
    for name in (first, second):
        if name not in firms:
            raise InputError(f"no product is sold by {name!r}", hint=f"one of {sorted(set(firms))}")
    if first == second:
        raise InputError(f"{first!r} cannot merge with itself")
    return tuple(first if name == second else name for name in firms)
