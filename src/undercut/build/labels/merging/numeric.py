"""Numeric answers of many workers: robust means, and means weighted by workers' proven accuracy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from undercut.build.labels.votes import Floats, IntArray
from undercut.core.errors import ConfigError, InputError

NUMERIC_DEFAULT = "catd"
HUBER = 1.345  # spreads within which a Gaussian loses 5% of efficiency; Huber (1981)
TRIMMED = 0.2
TO_SIGMA = 1.4826  # median absolute deviation to the standard deviation of a Gaussian
ROUNDS = 100
REST = 1e-9


@dataclass(frozen=True, slots=True)
class Scores:
    """Numeric answers in long form: names by id, and (votes,) item, worker and value.

    Raises InputError where lengths differ, an id has no name, or a value is no finite number.
    """

    items: tuple[str, ...]
    workers: tuple[str, ...]
    item: IntArray
    worker: IntArray
    value: Floats

    def __post_init__(self) -> None:
        if not len(self.item) == len(self.worker) == len(self.value):
            raise InputError("scores need one item, worker and value each")
        for ids, names in ((self.item, self.items), (self.worker, self.workers)):
            if len(ids) and (int(ids.min()) < 0 or int(ids.max()) >= len(names)):
                raise InputError(f"ids must lie in [0, {len(names)}), got {ids.min()}, {ids.max()}")
        if not np.isfinite(self.value).all():
            at = int(np.flatnonzero(~np.isfinite(self.value))[0])
            raise InputError(f"answer {at + 1} is not a finite number: {self.value[at]}")

    def __len__(self) -> int:
        return len(self.value)

    @classmethod
    def of(cls, rows: Sequence[tuple[str, str, float]]) -> Scores:
        """Scores from (item, worker, value), numbered as they first appear."""
        items = {name: at for at, name in enumerate(dict.fromkeys(row[0] for row in rows))}
        workers = {name: at for at, name in enumerate(dict.fromkeys(row[1] for row in rows))}
        return cls(
            tuple(items),
            tuple(workers),
            np.array([items[row[0]] for row in rows], dtype=np.int64),
            np.array([workers[row[1]] for row in rows], dtype=np.int64),
            np.array([row[2] for row in rows], dtype=np.float64),
        )


@dataclass(frozen=True, slots=True)
class MergedScores:
    """One value an item, in the answers' unit.

    values, low, high: (items,), NaN for an item without an answer; the interval covers the value
    that endless such workers would give, at the stated confidence if their errors are Gaussian,
    and is NaN with a single answer and no known worker. weight: (workers,) what a worker's answer
    counts, one on average. error: (workers,) root mean square distance to the merged values.
    """

    values: Floats
    low: Floats
    high: Floats
    weight: Floats
    error: Floats
    iterations: int = 0


def merge_scores(
    scores: Scores, method: str = NUMERIC_DEFAULT, *, confidence: float = 0.95
) -> MergedScores:
    """Merge numeric answers into one value an item, with an interval.

    A worker who answered an item n times has one voice, in n parts. Raises ConfigError for a
    method that does not exist.
    """
    if method not in NUMERIC_METHODS:
        raise ConfigError(
            f"numeric method {method!r} does not exist; choose from {', '.join(NUMERIC_METHODS)}"
        )
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence must lie between 0 and 1, got {confidence}")
    voice = _voices(scores)
    values, weight, rounds = NUMERIC_METHODS[method](scores, voice)
    low, high = _interval(scores, voice, values, weight, confidence)
    error = np.sqrt(_by_worker(scores, voice, values, lambda d: d**2))
    return MergedScores(values, low, high, _mean_one(scores, weight), error, rounds)


def median(scores: Scores, voice: Floats) -> tuple[Floats, Floats, int]:
    """The middle answer; between two middle ones their mean."""
    order = np.lexsort((scores.value, scores.item))
    value, item = scores.value[order], scores.item[order]
    mass = _running_share(item, voice[order], len(scores.items))
    before = mass - voice[order] / _total(scores, voice)[item]
    # An answer is a middle one where half of the item's voices lie up to it and half from it on.
    middle = (mass >= 0.5 - 1e-12) & (before <= 0.5 + 1e-12)
    sums = np.bincount(item, value * middle, minlength=len(scores.items))
    counts = np.bincount(item, middle, minlength=len(scores.items)).astype(np.float64)
    return _ratio(sums, counts), np.ones(len(scores.workers)), 0


def mean(scores: Scores, voice: Floats) -> tuple[Floats, Floats, int]:
    """The plain mean: the yardstick."""
    return _weighted(scores, voice), np.ones(len(scores.workers)), 0


def trimmed(scores: Scores, voice: Floats) -> tuple[Floats, Floats, int]:
    """The mean of the middle: a fifth of an item's voices go at either end."""
    order = np.lexsort((scores.value, scores.item))
    item = scores.item[order]
    share = voice[order] / _total(scores, voice)[item]
    after = _running_share(item, voice[order], len(scores.items))
    kept = np.minimum(after, 1 - TRIMMED) - np.maximum(after - share, TRIMMED)
    weight = np.empty(len(scores))
    weight[order] = kept.clip(min=0.0)
    return _weighted(scores, weight), np.ones(len(scores.workers)), 0


def huber(scores: Scores, voice: Floats) -> tuple[Floats, Floats, int]:
    """A mean that gives far answers less weight, by the spread of the item's answers.

    Source: Huber, Robust Statistics (1981); spread is the median absolute deviation, at least a
    tenth of what is usual over items, so that two equal answers do not silence a third.
    """
    values = median(scores, voice)[0]
    off = np.abs(scores.value - values[scores.item])
    spread = TO_SIGMA * median(_with(scores, off), voice)[0]
    usual = float(np.nanmedian(spread)) if np.isfinite(spread).any() else 0.0
    if usual == 0.0:  # more than half of the items agree wholly
        usual = float(off.mean()) if len(off) else 0.0
    scale = np.maximum(spread, 0.1 * usual)[scores.item] * HUBER
    for rounds in range(1, ROUNDS + 1):
        off = np.abs(scores.value - values[scores.item])
        near = np.divide(scale, off, out=np.ones_like(off), where=off > scale)
        moved = _weighted(scores, voice * near)
        change = float(np.nanmax(np.abs(moved - values), initial=0.0))
        values = moved
        if change <= REST * max(usual, 1.0):
            return values, np.ones(len(scores.workers)), rounds
    return values, np.ones(len(scores.workers)), ROUNDS


def catd(
    scores: Scores, voice: Floats, *, significance: float = 0.05
) -> tuple[Floats, Floats, int]:
    """Means weighted by the inverse of the largest error variance a worker may well have.

    A worker's n squared errors over their variance are chi-square of n degrees of freedom, so its
    lower quantile divides them into an upper limit of the variance: workers of few answers count
    little until they have proven themselves. Items differ in how much people differ on them, so
    errors are measured in the item's own spread first, as in CRH.
    Source: Li et al., A Confidence-Aware Approach for Truth Discovery on Long-Tail Data (VLDB
    2014), equation 8; scaling of errors from Li et al., SIGMOD 2014.
    """
    from scipy.stats import chi2

    answered = np.bincount(scores.worker, voice, minlength=len(scores.workers))
    quantile = chi2.ppf(significance / 2, np.maximum(answered, 1e-9))
    values = median(scores, voice)[0]
    scale = _item_spread(scores, voice)
    floor = 1e-4  # of the squared spread, so that no worker becomes the only one
    weight = np.ones(len(scores.workers))
    for rounds in range(1, ROUNDS + 1):
        off = ((scores.value - values[scores.item]) / scale[scores.item]) ** 2
        squared = np.bincount(scores.worker, off * voice, minlength=len(scores.workers))
        weight = quantile / (squared + floor * answered).clip(min=1e-300)
        weight = np.where(answered > 0, weight, 0.0)
        weight = weight / max(float(weight.max(initial=0.0)), 1e-300)
        moved = _weighted(scores, voice * weight[scores.worker].clip(min=1e-9))
        change = float(np.nanmax(np.abs(moved - values) / scale, initial=0.0))
        values = moved
        if change <= 1e-6:
            return values, weight, rounds
    return values, weight, ROUNDS


NUMERIC_METHODS: Mapping[str, Callable[[Scores, Floats], tuple[Floats, Floats, int]]] = {
    "mean": mean,
    "median": median,
    "trimmed": trimmed,
    "huber": huber,
    "catd": catd,
}


def _voices(scores: Scores) -> Floats:
    """(votes,): one over the answers that the worker gave on that item."""
    cell = scores.item * max(len(scores.workers), 1) + scores.worker
    _, place, sizes = np.unique(cell, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / sizes[place])


def _total(scores: Scores, weight: Floats) -> Floats:
    return np.asarray(
        np.bincount(scores.item, weight, minlength=len(scores.items)), dtype=np.float64
    )


def _weighted(scores: Scores, weight: Floats) -> Floats:
    """(items,): weighted means; NaN without an answer."""
    sums = np.bincount(scores.item, weight * scores.value, minlength=len(scores.items))
    return _ratio(sums, _total(scores, weight))


def _ratio(sums: np.ndarray, counts: np.ndarray) -> Floats:
    return np.asarray(np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0))


def _running_share(item: IntArray, voice: Floats, items: int) -> Floats:
    """(votes,), sorted by item: share of the item's voices up to and with each answer."""
    total = np.bincount(item, voice, minlength=items)
    running = np.cumsum(voice)
    before = np.concatenate([[0.0], np.cumsum(total)])[item]
    return np.asarray((running - before) / total[item])


def _with(scores: Scores, value: Floats) -> Scores:
    return Scores(scores.items, scores.workers, scores.item, scores.worker, value)


def _item_spread(scores: Scores, voice: Floats) -> Floats:
    """(items,): standard deviation of an item's answers, drawn toward the usual one."""
    off = (scores.value - _weighted(scores, voice)[scores.item]) ** 2
    size = _total(scores, voice)
    sums = np.bincount(scores.item, off * voice, minlength=len(scores.items))
    usual = float(sums.sum() / max(float((size - 1).clip(min=0).sum()), 1.0)) or 1.0
    return np.asarray(np.sqrt((sums + 3 * usual) / ((size - 1).clip(min=0) + 3)))


def _by_worker(
    scores: Scores, voice: Floats, values: Floats, of: Callable[[Floats], Floats]
) -> Floats:
    """(workers,): voice-weighted mean over a worker's distances; NaN without an answer."""
    off = of(scores.value - values[scores.item])
    sums = np.bincount(scores.worker, off * voice, minlength=len(scores.workers))
    counts = np.bincount(scores.worker, voice, minlength=len(scores.workers)).astype(np.float64)
    return _ratio(sums, counts)


def _mean_one(scores: Scores, weight: Floats) -> Floats:
    active = np.bincount(scores.worker, minlength=len(scores.workers)) > 0
    average = float(weight[active].mean()) if active.any() else 1.0
    return np.asarray(weight / average)


def _interval(
    scores: Scores, voice: Floats, values: Floats, weight: Floats, confidence: float
) -> tuple[Floats, Floats]:
    """Student's limits from the answers' weighted spread; few answers borrow the usual spread.

    Three answers' worth of the spread that is usual over items joins each item's own.
    """
    from scipy.stats import t

    counted = voice * weight[scores.worker].clip(min=1e-9)
    total = _total(scores, counted)
    effective = _ratio(total**2, np.bincount(scores.item, counted**2, minlength=len(total)))
    size = _total(scores, voice)
    off = (scores.value - values[scores.item]) ** 2
    sums = np.bincount(scores.item, off * voice, minlength=len(total))
    free = (size - 1).clip(min=0)
    if not free.sum():
        return np.full(len(total), np.nan), np.full(len(total), np.nan)
    variance = (sums + 3 * sums.sum() / free.sum()) / (free + 3)
    half = t.ppf((1 + confidence) / 2, free + 3) * np.sqrt(variance / effective)
    return values - half, values + half
