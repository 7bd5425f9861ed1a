"""How many labels to audit, in which stages, and how good they must be made so that it passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from undercut.build.labels.audit.finite import allowed_in_sample
from undercut.build.labels.deciding.audit_chances import (
    found_in_sample,
    spread_over,
    staged_chances,
)
from undercut.build.labels.votes import Floats, IntArray

SIZES = (60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 500, 600, 800, 1000, 1500, 2000)
# Of the target. Below a quarter, labels cost more than the audits they save; above it, an audit of
# much of the labels mends so many that the rest keeps the target.
SHARES = np.linspace(0.25, 3.0, 111)
# Of the best single sample: where a growing one is first looked at; and by what it grows.
FIRST_LOOKS = (0.3, 0.4, 0.5, 0.7, 1.0)
GROWTH = ((1.0, 1.5), (1.0, 2.0), (1.0, 1.5, 2.0, 3.0), (1.0, 1.5, 2.0, 3.0, 4.5, 6.0))
# Of an audit that is all there is money for: it should sooner pass than fail.
LEAST_CHANCE = 0.5
LEAST_LOOK = 20  # labels judged in one go: people are sent for at each look
# Stages are weighed where no more wrong labels than these may be found: more take long to work out.
MOST_FOUND = 200


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """sizes, allowed: (looks,) labels judged by then, and wrong ones among them with which the
    target is certified, once these are mended. planned_error: to reach, by prediction, before
    drawing. passes: chance of passing. judged: labels judged on average. cost: expected, of the
    judge, of the better labels before and of what follows where it fails.
    """

    sizes: tuple[int, ...]
    allowed: tuple[int, ...]
    planned_error: float
    passes: float
    judged: float
    cost: float

    @property
    def kept(self) -> int:
        """For how many of the judge's answers money is kept: the look by which most pass."""
        return next((size for size in self.sizes if size >= self.judged), self.sizes[-1])


@dataclass(frozen=True, slots=True)
class AuditPrices:
    """judge: of its answer; error: of avoiding one more wrong label."""

    judge: float
    error: float


def plan_audit(
    *,
    items: int,
    target_error: float,
    alpha: float,
    passes: float,
    prices: AuditPrices,
    error_now: float,
    most: int | None = None,
) -> AuditPlan | None:
    """The cheapest audit and planned error that pass often enough.

    items: labels in all. alpha: allowed chance of a wrong certificate. error_now: where prediction
    stands. most: labels that the judge can be paid for. None where no such sample certifies the
    target. Limits are exact for so many labels, one-sided, and count what the judge finds as
    mended: of few labels an audit is also the buying of the judge's labels for its sample.
    """
    left = count_of(target_error, items)
    most = items if most is None else min(items, most)
    errors = np.minimum(target_error * SHARES, 1.0)

    def weighed(
        sizes: tuple[int, ...], allowed: tuple[int, ...], chance: Floats, judged: Floats
    ) -> AuditPlan | None:
        good = np.flatnonzero(chance >= passes)
        if not len(good):
            return None
        better = np.maximum(min(error_now, 1.0) - errors, 0.0) * items * prices.error
        # a failure leaves little alpha: a larger sample of labels that are twice as good
        again = 2 * prices.judge * judged + prices.error * items * errors
        cost = prices.judge * judged + better + (1 - chance) * again
        # the weakest labels among equally cheap ones
        best = good[-1 - int(np.argmin(cost[good][::-1]))]
        return AuditPlan(
            sizes,
            allowed,
            float(errors[best]),
            float(chance[best]),
            float(judged[best]),
            float(cost[best]),
        )

    plans = []
    for size in _single_sizes(items, most):
        allowed = allowed_in_sample(size, items, left, alpha=alpha)
        if allowed >= 0:
            chance = found_in_sample(size, allowed, errors)
            plans.append(weighed((size,), (allowed,), chance, np.full(len(errors), float(size))))
    best = _cheapest(plans)
    if best is None or best.sizes[0] == items:
        return best
    for sizes in _growing(best.sizes[0], most):
        if allowed_in_sample(sizes[-1], items, left, alpha=alpha) > MOST_FOUND:
            continue
        allowed_at, at, chance, judged = staged_chances(sizes, items, left, alpha)
        plans.append(
            weighed(
                sizes, allowed_at, spread_over(at, chance, errors), spread_over(at, judged, errors)
            )
        )
    return _cheapest(plans)


def likeliest_audit(
    *, items: int, target_error: float, alpha: float, judge: float, error_now: float, most: int
) -> AuditPlan | None:
    """The audit of labels as they stand that passes most likely; None where it would sooner fail.

    For when no plan passes often enough: money is left for few of the judge's answers, and nobody
    is helped by keeping it. judge: price of one; others as in `plan_audit`.
    """
    left, most = count_of(target_error, items), min(most, items)
    plans = []
    for size in {*_single_sizes(items, most), most} - {0}:
        allowed = allowed_in_sample(size, items, left, alpha=alpha)
        if allowed >= 0:
            chance = float(found_in_sample(size, allowed, np.array([min(error_now, 1.0)]))[0])
            plans.append(
                AuditPlan((size,), (allowed,), error_now, chance, float(size), judge * size)
            )
    best = max(plans, key=lambda plan: (plan.passes, -plan.cost), default=None)
    return best if best is not None and best.passes >= LEAST_CHANCE else None


def _cheapest(plans: list[AuditPlan | None]) -> AuditPlan | None:
    return min((plan for plan in plans if plan is not None), key=lambda p: p.cost, default=None)


def _single_sizes(items: int, most: int) -> Iterator[int]:
    yield from (size for size in SIZES if size < items and size <= most)
    if 0 < items <= most:
        yield items


def _growing(single: int, most: int) -> Iterator[tuple[int, ...]]:
    for first in FIRST_LOOKS:
        for growth in GROWTH:
            sizes: tuple[int, ...] = ()
            for by in growth:
                size = round(first * single * by)
                if size <= most and size - (sizes[-1] if sizes else 0) >= LEAST_LOOK:
                    sizes += (size,)
            if len(sizes) > 1:
                yield sizes


def count_of(share: float, items: int) -> int:
    """The most wrong labels of so many that are no larger a share."""
    return int(share * items + 1e-9)


def draw(items: int, size: int, seed: tuple[int, ...], without: IntArray) -> IntArray:
    """(size,) item ids at random, none of `without`, which were judged before.

    A sample that grows takes as many more from what it does not hold: it is a random one again.
    seed: of the job, then numbers of the audit and of the look.
    """
    random = np.random.default_rng([seed[0], 7919, *seed[1:]])
    pool = np.setdiff1d(np.arange(items), without)
    return np.sort(random.choice(pool, size=min(size, len(pool)), replace=False))
