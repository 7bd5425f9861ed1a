"""How many labels to audit, and how good they must be made so that the audit passes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.labels.votes import Floats, IntArray

SIZES = (60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 500, 600, 800, 1000, 1500, 2000)
# Below a quarter of the target, labels cost more than the audits they save.
SHARES = np.linspace(0.25, 0.8, 23)
# Predicted errors are off by about a third of themselves: a gamma spread of this weight.
SPREAD = 9.0


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """items: to draw and have judged. allowed: wrong labels among them with which the target is
    certified. planned_error: to reach, by prediction, before drawing. passes: chance of passing.
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
    the target. The limit is Clopper and Pearson's (1934), one-sided.
    """
    best: tuple[float, AuditPlan] | None = None
    for size in (*(size for size in SIZES if size < items), items):
        whole = size == items
        allowed = int(target_error * size) if whole else largest_count(size, target_error, alpha)
        if allowed < 0 or not size:
            continue
        errors = target_error * SHARES
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
