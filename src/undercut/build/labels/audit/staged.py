"""An audit in stages: exact limits that hold at each of several planned looks at a growing sample.

A sample that just misses its limit is worth more than nothing: it grows, instead of being thrown
away. For every number of wrong labels that there could be, the chance of ever having found so few
among the looks so far is kept below a part of alpha that grows with the root of the sample (alpha
spending: Lan and DeMets, Biometrika 70, 1983; power family: Kim and DeMets, Biometrika 74, 1987).
The limits follow by inversion: repeated confidence intervals (Jennison and Turnbull, J. R. Statist.
Soc. B 51, 1989), valid at all looks, whenever one stops and for whatever reason. Chances are those
of sampling from a finite set without replacement.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from undercut.build.labels.audit.finite import allowed_in_sample, most_wrong
from undercut.build.labels.votes import Floats, IntArray
from undercut.core.errors import InputError

# Numbers of wrong labels that are tried at once.
MOST_TOTALS = 400
# Totals within this ratio are worked out together: further apart, weights leave what a float holds.
ALIKE = 1.25


def spent_alpha(sizes: Sequence[int], alpha: float) -> Floats:
    """(looks,) part of `alpha` used up to each look: in proportion to the root of the sample.

    So early looks keep most of what they could have without later ones, which are seldom needed.
    """
    return np.asarray(alpha * np.sqrt(np.asarray(sizes, dtype=np.float64) / sizes[-1]))


def refuting(sizes: Sequence[int], population: int, totals: IntArray, alpha: float) -> IntArray:
    """(looks, totals): most wrong labels found at a look that refute so many in all; -1 for none.

    sizes: (looks,) of the growing sample, rising. totals: (totals,) numbers of wrong labels among
    `population`. If there are `totals[i]`, ever finding as few has a chance of at most `alpha`.
    """
    _check(sizes, population)
    alike = np.floor(np.log(np.maximum(totals, 1)) / np.log(ALIKE)).astype(np.int64)
    bounds = np.full((len(sizes), len(totals)), -1, dtype=np.int64)
    for group in np.unique(alike):
        of = np.flatnonzero(alike == group)
        bounds[:, of] = _refuting(sizes, population, totals[of], alpha)
    return bounds


def _refuting(sizes: Sequence[int], population: int, totals: IntArray, alpha: float) -> IntArray:
    """The same for totals that are much alike.

    Courses are followed as if each label drawn were wrong with the chance `like`, which makes one
    step the same for all totals; what a course of the finite set weighs against that depends only
    on where it has come to.
    """
    from scipy.stats import binom

    spent = spent_alpha(sizes, alpha)
    found = np.arange(_most_found(sizes[-1], population, int(totals.max()), alpha) + 1)
    like = float(np.clip(totals.mean() / population, 1e-6, 1 - 1e-6))
    state = np.zeros((len(totals), len(found)))
    state[:, 0] = 1.0
    used = np.zeros(len(totals))
    bounds = np.full((len(sizes), len(totals)), -1, dtype=np.int64)
    for look, (before, size) in enumerate(pairwise((0, *sizes))):
        more = found[None, :] - found[:, None]
        state = state @ binom.pmf(more, size - before, like)
        chance = state * _weight(found, size, totals, population, like)
        reached = used[:, None] + np.cumsum(chance, axis=1)
        bounds[look] = (reached <= spent[look] + 1e-15).sum(axis=1) - 1
        refuted = found <= bounds[look][:, None]
        used += (chance * refuted).sum(axis=1)
        state = np.where(refuted, 0.0, state)
    return bounds


@lru_cache(maxsize=512)
def allowed_at_looks(
    sizes: tuple[int, ...], population: int, left: int, alpha: float
) -> tuple[int, ...]:
    """(looks,): most wrong labels at a look that still show at most `left` outside the sample.

    What is found wrong in the sample is mended. -1 where not even none shows it. With one look it
    is `allowed_in_sample`.
    """
    _check(sizes, population)
    if left < 0:
        return (-1,) * len(sizes)
    # from some look on no more than `left` are outside: then all may be wrong
    open_looks = sum(population - size > left for size in sizes)
    allowed = list(sizes)
    allowed[:open_looks] = [-1] * open_looks
    if not open_looks:
        return tuple(allowed)
    cap = allowed_in_sample(sizes[open_looks - 1], population, left, alpha=alpha)
    if cap < 0:
        return tuple(allowed)
    found = np.arange(cap + 1)
    exact = left + 1 + found
    caps = [min(cap, size) for size in sizes[:open_looks]]
    top = max(_refuted_above(sizes, k, most, population, alpha) for k, most in enumerate(caps))
    totals = np.unique(np.append(exact, _thinned(int(exact[-1]), max(top, int(exact[-1])))))
    bounds = _with_all_larger(refuting(sizes, population, totals, alpha))
    for look in range(open_looks):
        holds = np.flatnonzero((bounds[look, : cap + 1] >= found) & (found <= caps[look]))
        most = int(holds[-1]) if len(holds) else -1
        # numbers that were left out are looked at now
        while most >= 0 and most_wrong_at(look, most, sizes, population, alpha=alpha) > left + most:
            most -= 1
        allowed[look] = most
    return tuple(allowed)


def most_wrong_at(
    look: int, wrong: int, sizes: Sequence[int], population: int, *, alpha: float
) -> int:
    """Upper limit of the number of wrong labels among all, `wrong` of a look's sample being so.

    All looks' limits together hold with a chance of at least 1 - alpha. Agrees with
    `allowed_at_looks`; with one look it is `most_wrong`. Raises InputError for impossible counts.
    """
    _check(sizes, population)
    low = most_wrong(wrong, sizes[look], population, confidence=1 - alpha)
    if sizes[look] == population or len(sizes) == 1:
        return low
    high = max(low, _refuted_above(sizes, look, wrong, population, alpha))
    while True:
        totals = _thinned(low, high)
        bounds = _with_all_larger(refuting(sizes, population, totals, alpha))[look]
        stands = np.flatnonzero(bounds < wrong)
        if not len(stands):
            return low
        low, high = int(totals[stands[-1]]), int(totals[min(stands[-1] + 1, len(totals) - 1)])
        if high - low <= 1:
            return low


def _weight(found: IntArray, size: int, totals: IntArray, population: int, like: float) -> Floats:
    """(totals, found): chance of a course of draws without replacement, against independent ones.

    found: (found,) wrong labels among the `size` drawn. like: chance of a wrong one if independent.
    """
    log = _log_factorials(population)
    there = totals[:, None] - found  # wrong ones that were not drawn
    outside = population - size
    can = (there >= 0) & (there <= outside)
    there = np.where(can, there, 0)
    drawn = log[outside] - log[there] - log[outside - there]
    everything = log[population] - log[totals] - log[population - totals]
    alone = found * np.log(like) + (size - found) * np.log1p(-like)
    return np.where(can, np.exp(np.where(can, drawn - everything[:, None] - alone, 0.0)), 0.0)


@lru_cache(maxsize=8)
def _log_factorials(most: int) -> Floats:
    """(most + 1,): the logarithms of 0! to most!."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])


def _most_found(size: int, population: int, total: int, alpha: float) -> int:
    """No more can ever be refuted by: the single look's bound at all of alpha."""
    from scipy.stats import hypergeom

    return max(int(hypergeom.ppf(alpha, population, total, size)), 0)


def _refuted_above(
    sizes: Sequence[int], look: int, wrong: int, population: int, alpha: float
) -> int:
    """Any larger number of wrong labels is refuted by `wrong` found at this look.

    By the look's own part of alpha alone, which no look before can have used up.
    """
    spent = np.diff(spent_alpha(sizes, alpha), prepend=0.0)
    return most_wrong(wrong, sizes[look], population, confidence=1 - float(spent[look]))


def _with_all_larger(bounds: IntArray) -> IntArray:
    """Refuted together with all larger numbers: limits are one-sided."""
    return np.asarray(np.minimum.accumulate(bounds[:, ::-1], axis=1)[:, ::-1])


def _thinned(low: int, high: int) -> IntArray:
    """Whole numbers from low to high, not too many, both ends among them."""
    count = min(high - low + 1, MOST_TOTALS)
    return np.unique(np.linspace(low, high, count).round().astype(np.int64))


def _check(sizes: Sequence[int], population: int) -> None:
    rising = all(a < b for a, b in pairwise(sizes))
    if not sizes or not rising or sizes[0] < 1 or sizes[-1] > population:
        raise InputError(
            f"looks at {list(sizes)} of {population} labels: sizes must rise from at least 1 to at"
            " most all labels"
        )
