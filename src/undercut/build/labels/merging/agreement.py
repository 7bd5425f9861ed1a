"""How far workers agree beyond chance: Krippendorff's alpha, Cohen's and Fleiss' kappa."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from undercut.build.labels.votes import Floats, IntArray, Votes
from undercut.core.errors import InputError


class Scale(StrEnum):
    """What a distance between two classes means."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


def krippendorff_alpha(votes: Votes, scale: Scale = Scale.NOMINAL) -> float | None:
    """1 where all agree, 0 as by chance, below 0 where they contradict; None where undefined.

    Votes may be missing; items with fewer than two votes say nothing. Classes are ordered as in
    `votes.classes` for the ordinal scale and are read as numbers for the interval scale (raises
    InputError where one is no finite number). None where fewer than two classes were paired.
    Source: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011).
    """
    counts = _counts(votes)
    counts = counts[counts.sum(axis=1) >= 2]
    size = counts.sum(axis=1, keepdims=True)
    # A pair of different votes of one item, each item weighing as many votes as it has.
    pairs = counts.T @ (counts / (size - 1)) - np.diag((counts / (size - 1)).sum(axis=0))
    held = pairs.sum(axis=1)
    total = held.sum()
    if np.count_nonzero(held) < 2:
        return None
    distance = _distance(votes.classes, held, scale)
    expected = (np.outer(held, held) * distance).sum() / (total - 1)
    return float(1 - (pairs * distance).sum() / expected)


def interval_alpha(item: IntArray, value: Floats) -> float | None:
    """Krippendorff's alpha of numbers on the interval scale, without a table of distinct values.

    item: (votes,) ids; value: (votes,). The same figure as `krippendorff_alpha` gives for classes
    that are numbers; None where all paired values are equal.
    """
    size = np.bincount(item).astype(np.float64)
    paired = size[item] >= 2
    item, value = item[paired], value[paired]
    if not len(value):
        return None
    value = value - value.mean()  # sums of squares far from zero lose their digits
    size = np.bincount(item).astype(np.float64)
    sums, squares = np.bincount(item, value), np.bincount(item, value**2)
    asked = size >= 2
    apart = 2 * (size[asked] * squares[asked] - sums[asked] ** 2) / (size[asked] - 1)
    total = len(value)
    expected = 2 * (total * (value**2).sum() - value.sum() ** 2) / (total - 1)
    return float(1 - apart.sum() / expected) if expected > 0 else None


def cohen_kappa(votes: Votes, one: str, other: str) -> float | None:
    """Agreement of two workers on the items both answered, beyond what their shares explain.

    Where a worker answered an item more than once, the last vote counts. None without common
    items, or where chance alone would agree always. Raises InputError for an unknown worker.
    """
    for name in (one, other):
        if name not in votes.workers:
            raise InputError(f"worker {name!r} is not among the {len(votes.workers)} workers")
    answers = np.full((2, len(votes.items)), -1)
    for row, name in enumerate((one, other)):
        mine = votes.worker == votes.workers.index(name)
        answers[row, votes.item[mine]] = votes.label[mine]
    both = answers[:, (answers >= 0).all(axis=0)]
    if not both.shape[1]:
        return None
    shares = [np.bincount(row, minlength=len(votes.classes)) / both.shape[1] for row in both]
    return _beyond_chance(float((both[0] == both[1]).mean()), float(shares[0] @ shares[1]))


def fleiss_kappa(votes: Votes) -> float | None:
    """Agreement of a crowd whose items have equally many votes; None where chance agrees always.

    Raises InputError where items differ in votes: use `krippendorff_alpha` there.
    Source: Fleiss, Psychological Bulletin 76 (1971).
    """
    counts = _counts(votes)
    sizes = np.unique(counts.sum(axis=1))
    if len(sizes) != 1 or sizes[0] < 2:
        raise InputError(
            "Fleiss' kappa needs the same number of votes, two or more, for every item; "
            f"got {sizes[:5].astype(int).tolist()}; use Krippendorff's alpha"
        )
    agreed = (counts * (counts - 1)).sum(axis=1) / (sizes[0] * (sizes[0] - 1))
    shares = counts.sum(axis=0) / counts.sum()
    return _beyond_chance(float(agreed.mean()), float(shares @ shares))


def _beyond_chance(observed: float, expected: float) -> float | None:
    return None if expected >= 1 else (observed - expected) / (1 - expected)


def _counts(votes: Votes) -> Floats:
    """(items, classes): how many votes each class got."""
    size = len(votes.items) * len(votes.classes)
    cells = np.bincount(votes.item * len(votes.classes) + votes.label, minlength=size)
    return cells.astype(np.float64).reshape(len(votes.items), len(votes.classes))


def _distance(classes: tuple[str, ...], held: Floats, scale: Scale) -> Floats:
    """(classes, classes): squared distance of two classes on the scale."""
    if scale is Scale.NOMINAL:
        return 1.0 - np.eye(len(classes))
    if scale is Scale.INTERVAL:
        values = np.array([_number(name) for name in classes])
        return np.asarray((values[:, None] - values[None, :]) ** 2)
    middle = held.cumsum() - held / 2  # ranks: all votes below and half of the class's own
    return np.asarray((middle[:, None] - middle[None, :]) ** 2)


def _number(name: str) -> float:
    try:
        value = float(name)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"the interval scale needs classes that are numbers, got {name!r}")
    return value
