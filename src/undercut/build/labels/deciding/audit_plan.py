"""How many labels to audit, and how good they must be made so that the audit passes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.labels.audit.finite import allowed_in_sample
from undercut.build.labels.votes import Floats, IntArray

SIZES = (60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 500, 600, 800, 1000, 1500, 2000)
# Of the target. Below a quarter, labels cost more than the audits they save; above it, an audit of
# much of the labels mends so many that the rest keeps the target.
SHARES = np.linspace(0.25, 3.0, 111)
# Predicted errors are off by about a third of themselves: a gamma spread of this weight.
SPREAD = 9.0


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """items: to draw and have judged. allowed: wrong labels among them with which the target is
    certified, once these are mended. planned_error: to reach, by prediction, before drawing.
    passes: chance of passing.
    """

    items: int
    allowed: int
    planned_error: float
    passes: float


def plan_audit(
    *,
    items: int,
    target_error: float,
    alpha: float,
    passes: float,
    judge_price: float,
    error_price: float,
    error_now: float,
) -> AuditPlan | None:
    """The cheapest pair of a sample size and a planned error that passes often enough.

    items: labels in all. alpha: allowed chance of a wrong certificate. error_price: of avoiding
    one more wrong label. error_now: where prediction stands. None where no sample can certify
    the target. The limit is exact for so many labels, one-sided, and counts what the judge finds as
    mended: of few labels an audit is also the buying of the judge's labels for its sample.
    """
    left = count_of(target_error, items)
    best: tuple[float, AuditPlan] | None = None
    for size in (*(size for size in SIZES if size < items), items):
        whole = size == items
        allowed = left if whole else allowed_in_sample(size, items, left, alpha=alpha)
        if allowed < 0 or not size:
            continue
        errors = np.minimum(target_error * SHARES, 1.0)
        chance = chance_of_passing(size, allowed, errors)
        good = np.flatnonzero(chance >= passes)
        if not len(good):
            continue
        planned = float(errors[good[-1]])
        extra = max(min(error_now, 1.0) - planned, 0.0) * items * error_price
        cost = size * judge_price + extra
        if best is None or cost < best[0]:
            best = (cost, AuditPlan(size, allowed, planned, float(chance[good[-1]])))
    return None if best is None else best[1]


def count_of(share: float, items: int) -> int:
    """The most wrong labels of so many that are no larger a share."""
    return int(share * items + 1e-9)


def largest_count(size: int, target_error: float, alpha: float) -> int:
    """Most wrong labels in a sample that still certify the target; -1 where not even none does."""
    from scipy.stats import binom

    tail = binom.cdf(np.arange(size + 1), size, target_error)
    return int(np.searchsorted(tail, alpha, side="right")) - 1


def chance_of_passing(size: int, allowed: int, errors: Floats) -> Floats:
    """(errors,): chance of at most `allowed` wrong labels where the error is about each of these.

    The error itself is spread as a gamma variable around the prediction, so counts are negative
    binomial.
    """
    from scipy.stats import nbinom

    mean = size * errors
    return np.asarray(nbinom.cdf(allowed, SPREAD, SPREAD / (SPREAD + mean)), dtype=np.float64)


def draw(items: int, size: int, seed: int, number: int, without: IntArray) -> IntArray:
    """(size,) item ids, a fresh random sample for audit `number`; `without` were judged before."""
    random = np.random.default_rng([seed, 7919, number])
    pool = np.setdiff1d(np.arange(items), without)
    return np.sort(random.choice(pool, size=min(size, len(pool)), replace=False))
