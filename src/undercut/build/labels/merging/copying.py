"""Workers who copy each other: found by pairs that agree too exactly, counted as one voice.

Two good workers also agree often. What sets copies apart is that they agree on the very items
where others would not, nine times in ten and more, and too often for chance over all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.labels.merging.tally import voice_parts
from undercut.build.labels.votes import Floats, IntArray, Votes

COPIED = 0.9
MARGIN = 7.0  # nats beyond the number of pairs tried: one false pair in a thousand data sets
PASSES = 3
MOST_WORKERS = 3000  # pairs are a dense square: 72 MB each at this size
MOST_PAIRS = 4_000_000  # of votes on one item; some 100 bytes each


@dataclass(frozen=True, slots=True)
class Copies:
    """Who counts as one voice.

    cluster: (workers,) the lowest worker id of each worker's cluster, its own where it is alone.
    """

    cluster: IntArray

    def groups(self, votes: Votes) -> tuple[tuple[str, ...], ...]:
        """Names of the workers in each cluster of two or more."""
        found, sizes = np.unique(self.cluster, return_counts=True)
        return tuple(
            tuple(votes.workers[worker] for worker in np.flatnonzero(self.cluster == leader))
            for leader in found[sizes > 1]
        )


def find_copies(votes: Votes) -> Copies:
    """Cluster the workers whose answers are the same beyond what the items explain.

    A second pass no longer lets found copies vouch for each other. More than `MOST_WORKERS`
    workers are left as they are: each alone. Beyond `MOST_PAIRS` pairs of votes, the items with
    the most votes are not looked at.
    """
    alone = np.arange(len(votes.workers))
    if not len(votes) or len(votes.workers) > MOST_WORKERS:
        return Copies(alone)
    pairs = _pairs(votes)
    cluster = alone
    for _ in range(PASSES):
        joined = _joined(_suspect(votes, pairs, cluster))
        if (joined == cluster).all():
            break
        cluster = joined
    return Copies(cluster)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Every two votes of different workers on one item, in both orders.

    one, other: (pairs,) vote ids. agreed: (pairs,) bool. cell: (pairs,) id of the two workers.
    """

    one: IntArray
    other: IntArray
    agreed: np.ndarray
    cell: IntArray


def _pairs(votes: Votes) -> _Pairs:
    one, other = _two_votes(votes)
    return _Pairs(
        one,
        other,
        votes.label[one] == votes.label[other],
        votes.worker[one] * len(votes.workers) + votes.worker[other],
    )


def _two_votes(votes: Votes) -> tuple[IntArray, IntArray]:
    sizes = np.bincount(votes.item, minlength=len(votes.items))
    few_first = np.argsort(sizes, kind="stable")
    looked_at = np.zeros(len(sizes), dtype=bool)
    looked_at[few_first[np.cumsum(sizes[few_first].astype(np.int64) ** 2) <= MOST_PAIRS]] = True
    by_item = np.argsort(votes.item, kind="stable")
    starts = np.cumsum(sizes) - sizes
    order = by_item[looked_at[votes.item[by_item]]]
    mates = sizes[votes.item[order]]
    first = np.repeat(order, mates)
    step = np.arange(len(first)) - np.repeat(np.cumsum(mates) - mates, mates)
    second = by_item[np.repeat(starts[votes.item[order]], mates) + step]
    different = votes.worker[first] != votes.worker[second]
    return first[different], second[different]


def _suspect(votes: Votes, pairs: _Pairs, cluster: IntArray) -> np.ndarray:
    """(workers, workers) bool: pairs whose agreement is better explained by copying."""
    expected = _chance_of_agreement(votes, cluster, pairs.one, pairs.other)
    square = len(votes.workers) ** 2
    shared = np.bincount(pairs.cell, minlength=square)
    differed = np.bincount(pairs.cell, ~pairs.agreed, minlength=square)
    open_to_differ = np.bincount(pairs.cell, 1 - expected, minlength=square)
    with np.errstate(invalid="ignore", divide="ignore"):
        copied = 1 - differed / open_to_differ
    # At the share COPIED, each agreement and each difference speaks for or against copying.
    likely = COPIED + (1 - COPIED) * expected
    speaks = np.where(pairs.agreed, np.log(likely / expected), np.log(1 - COPIED))
    evidence = np.bincount(pairs.cell, speaks, minlength=square)
    tried = max(np.count_nonzero(shared) / 2, 1.0)
    found = (copied >= COPIED) & (evidence > np.log(tried) + MARGIN)
    return np.asarray(found.reshape(len(votes.workers), len(votes.workers)))


def _chance_of_agreement(votes: Votes, cluster: IntArray, one: IntArray, other: IntArray) -> Floats:
    """(pairs,): chance that `other`, answering alone, says what `one` says on that item.

    The larger of two: the shares of the other voices on the item, drawn toward how often that
    class is seconded at all by two voices' worth; and how often `other` says that class whatever
    the item, since two workers who always say the same need not have copied.
    """
    voices = voice_parts(votes, cluster)
    classes = len(votes.classes)
    said = np.bincount(
        votes.item * classes + votes.label, voices, minlength=len(votes.items) * classes
    ).reshape(-1, classes)
    total = said.sum(axis=1)
    asked = (said * (total[:, None] - 1).clip(min=0)).sum(axis=0)
    seconded = ((said * (said - 1)).clip(min=0).sum(axis=0) + 1) / (asked + 2)
    apart = cluster[votes.worker[one]] != cluster[votes.worker[other]]
    item, label = votes.item[one], votes.label[one]
    # What the two clusters themselves said does not vouch for them.
    others = (total[item] - 1 - apart).clip(min=0)
    alike = (said[item, label] - 1 - (apart & (votes.label[other] == label))).clip(min=0)
    by_item = (alike + 2 * seconded[label]) / (others + 2)
    leaning = _leaning(votes)[votes.worker[other], label]
    return np.asarray(np.maximum(by_item, leaning).clip(0.01, 0.99))


def _leaning(votes: Votes) -> Floats:
    """(workers, classes): shares of the classes among a worker's votes."""
    classes = len(votes.classes)
    size = len(votes.workers) * classes
    counts = np.bincount(votes.worker * classes + votes.label, minlength=size)
    rows = counts.reshape(-1, classes).astype(np.float64)
    return np.asarray(rows / rows.sum(axis=1, keepdims=True).clip(min=1.0))


def _joined(pairs: np.ndarray) -> IntArray:
    """(workers,): the lowest id among those connected through pairs."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    number, component = connected_components(csr_array(pairs), directed=False)
    lowest = np.full(number, len(pairs))
    np.minimum.at(lowest, component, np.arange(len(pairs)))
    return np.asarray(lowest[component], dtype=np.int64)
