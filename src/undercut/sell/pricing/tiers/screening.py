"""The dearest bills at which every kind of buyer still takes the contract meant for it.

A contract is a version and an allowance. For given contracts the constraints are differences:
bill_k <= worth_k(own contract) - worth_k(free allowance), and bill_k - bill_l <= worth_k(own) -
worth_k(l's). The largest bills that keep all of them are shortest paths from the outside option;
a negative cycle says that no bills do. Source: Rochet (1987); Mussa & Rosen (1978) and Maskin &
Riley (1984) are the case where buyers can be ordered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.rounding import rounded_down

_CLOSE = 1e-12


def dearest_bills(worths: FloatArray, outside: FloatArray) -> FloatArray | None:
    """(K,) the largest bills, all at once; None where no bills sort the buyers.

    worths: (K, K), row k column l: what l's contract is worth to k. outside: (K,) what k gains by
    taking none.
    """
    kinds = outside.size
    own = np.diag(worths)
    bills: FloatArray = own - outside
    steps = own[:, None] - worths  # bill_k may exceed bill_l by so much
    for _ in range(kinds):
        shorter: FloatArray = np.minimum(bills, (bills[None, :] + steps).min(axis=1))
        if np.all(bills - shorter <= _CLOSE * np.maximum(1.0, np.abs(bills))):
            return shorter
        bills = shorter
    return None


def sorts(
    worths: FloatArray, bills: Sequence[float] | FloatArray, outside: FloatArray, slack: float = 0.0
) -> bool:
    """Whether no buyer gains more than `slack` by another contract or by none."""
    gains = worths - np.asarray(bills)[None, :]
    own = np.diag(gains)
    return bool((own >= gains.max(axis=1) - slack).all() and (own >= outside - slack).all())


def rounded_bills(worths: FloatArray, bills: FloatArray, outside: FloatArray) -> FloatArray:
    """(K,) the bills in four figures, rounded down one after the other, cheapest first.

    Each is kept low enough for its buyer not to move to one that was rounded before.
    """
    own = np.diag(worths)
    found = np.array(bills, dtype=np.float64)
    done: list[int] = []
    for kind in np.argsort(bills, kind="stable").tolist():
        most = min(
            [float(found[kind]), float(own[kind] - outside[kind])]
            + [float(found[other] + own[kind] - worths[kind, other]) for other in done]
        )
        found[kind] = rounded_down(max(most, 0.0))
        done.append(kind)
    return found
