"""Bertrand-Nash prices of many (nested) logit markets at once, in a bounded number of steps.

The map of `bertrand.py` takes one market at a time and may run for thousands of steps, or leave
its domain, where one firm sells nearly everything. Here the unknowns are the markups of
`markup_pairs.py`, in logarithms: a few rounds of best answers, then Newton steps that are
shortened until they come nearer. A market that does not settle within the bound is said to have
not settled; no market costs more than the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.equilibrium.markup_pairs import (
    Held,
    Markets,
    held,
    markets_of,
    pairs_of,
    slopes,
)

_ANSWERS = 12
_NEWTON_STEPS = 40
_HALVINGS = 8
_LONGEST = 2.0  # of a step in a log markup: exp of more says nothing of where the answer lies
_MOST_NUMBERS = 4_000_000  # of one block of (D, P, P) slopes
MOST_EVALUATIONS = 1 + _ANSWERS + _NEWTON_STEPS * (1 + _HALVINGS)


@dataclass(frozen=True, slots=True)
class ManySettled:
    """prices: (D, J). gap: (D,) largest relative error of a markup. settled: (D,).

    evaluations: of shares and conditions, over all markets; never above D * MOST_EVALUATIONS.
    """

    prices: FloatArray
    gap: FloatArray
    settled: NDArray[np.bool_]
    evaluations: int


def settle_many(
    demands: Sequence[Logit | NestedLogit],
    costs: FloatArray,
    firms: Sequence[str],
    *,
    tolerance: float = 1e-10,
) -> ManySettled:
    """Prices of D markets that differ in values, price coefficient and costs only.

    costs: (D, J). firms: (J,). tolerance: on the relative error of each markup. All demands must
    have the nests, correlations and outside utility of the first.
    """
    first = demands[0]
    nests = np.zeros(first.products, dtype=np.int64)
    correlation, outside = np.zeros(1), 0.0
    if isinstance(first, NestedLogit):
        nests, correlation = first.nests, first.correlation
    else:
        outside = first.outside
    pairs = pairs_of(firms, nests, correlation)
    size = np.array([-each.price_coefficient for each in demands])
    values = np.stack([each.values for each in demands])
    markets = markets_of(pairs, values, size, costs, outside)
    logs = np.broadcast_to(-np.log(size)[:, None], markets.at_cost.shape).copy()
    gap, count = np.full(size.size, np.inf), 0
    rows = max(1, _MOST_NUMBERS // pairs.firm.size**2)
    for start in range(0, size.size, rows):
        block = np.arange(start, min(start + rows, size.size))
        logs[block], gap[block], spent = _settle(markets.at(block), logs[block], tolerance)
        count += spent
    prices = costs + np.exp(logs)[:, pairs.of]
    return ManySettled(prices, gap, gap <= tolerance, count)


def _settle(
    markets: Markets, logs: FloatArray, tolerance: float
) -> tuple[FloatArray, FloatArray, int]:
    """Log markups (D, P), their largest gaps (D,), and how many rows were evaluated."""
    now = held(markets, logs)
    gap, count = _largest(now), logs.shape[0]
    for step in range(_ANSWERS + _NEWTON_STEPS):
        open_rows = np.flatnonzero(~(gap <= tolerance))
        if open_rows.size == 0:
            break
        some, at = markets.at(open_rows), logs[open_rows]
        if step < _ANSWERS:
            moved, spent = _answers(some, at), open_rows.size
        else:
            moved, spent = _newton(some, at)
        logs[open_rows] = moved
        gap[open_rows] = _largest(held(some, moved))
        count += spent
    return logs, gap, count


def _answers(markets: Markets, logs: FloatArray) -> FloatArray:
    """Each firm's best answer to the others as they stand; exact for plain logit.

    Odds of buying from the firm fall with exp(-markup), so its markup has Lambert's closed form.
    From below, answers of plain logit rise towards the equilibrium and never pass it.
    """
    from scipy.special import wrightomega

    at, size = held(markets, logs), markets.size[:, None]
    bought = (at.share * at.k) @ markets.pairs.same_firm
    with np.errstate(divide="ignore"):
        odds = np.log(at.k) + np.log(bought) - np.log(np.maximum(at.lost, 1e-300))
    found: FloatArray = np.log((at.k + wrightomega(odds + size * np.exp(logs) - at.k)) / size)
    return found


def _newton(markets: Markets, logs: FloatArray) -> tuple[FloatArray, int]:
    """One step of every market, halved until its gaps shrink; the shortest one where none does."""
    at = held(markets, logs)
    step = _direction(slopes(markets, logs, at), at.gap)
    step *= np.minimum(1.0, _LONGEST / np.maximum(np.abs(step).max(axis=1), 1e-300))[:, None]
    moved, before = logs + step, np.square(at.gap).sum(axis=1)
    left, count = np.arange(logs.shape[0]), logs.shape[0]
    for _ in range(_HALVINGS):
        size = np.square(held(markets.at(left), moved[left]).gap).sum(axis=1)
        count += left.size
        left = left[~(size < before[left])]
        if left.size == 0:
            break
        step[left] *= 0.5
        moved[left] = logs[left] + step[left]
    return moved, count


def _direction(slope: FloatArray, gap: FloatArray) -> FloatArray:
    """Newton's step, and that of the map itself where the slopes say nothing."""
    plain = -gap
    sound = np.isfinite(slope).all(axis=(1, 2)) & np.isfinite(gap).all(axis=1)
    step = np.where(np.isfinite(plain), plain, 0.0)
    # one singular market of the block: all take the map's own step this time
    with suppress(np.linalg.LinAlgError):
        step[sound] = np.linalg.solve(slope[sound], plain[sound, :, None])[:, :, 0]
    return np.where(np.isfinite(step), step, 0.0)


def _largest(at: Held) -> FloatArray:
    found: FloatArray = np.abs(at.gap).max(axis=1)
    return found
