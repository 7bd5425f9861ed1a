"""Votes as weighted counts: the sums over votes that every merging method is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from undercut.build.labels.votes import Floats, IntArray, Votes
from undercut.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes by id with a weight each, and what is known for sure.

    item, worker, label: (votes,). weight: (votes,), above zero. gold: (items, classes), one-hot
    rows for items whose class is known, zero rows for the others.
    """

    item: IntArray
    worker: IntArray
    label: IntArray
    weight: Floats
    workers: int
    gold: Floats

    @property
    def items(self) -> int:
        return int(self.gold.shape[0])

    @property
    def classes(self) -> int:
        return int(self.gold.shape[1])

    def by_item(self, values: Floats) -> Floats:
        """(items, k): the sum of weight times `values`, (votes, k), over each item's votes."""
        weighted = values * self.weight[:, None]
        columns = [np.bincount(self.item, column, minlength=self.items) for column in weighted.T]
        return np.stack(columns, axis=1)

    def by_worker(self, values: Floats) -> Floats:
        """(workers,): the sum of weight times `values`, (votes,), over each worker's votes."""
        return np.asarray(
            np.bincount(self.worker, values * self.weight, minlength=self.workers), dtype=np.float64
        )

    def counts(self, worker_weight: Floats | None = None) -> Floats:
        """(items, classes): votes for each class, each times its worker's weight if given."""
        weight = self.weight if worker_weight is None else self.weight * worker_weight[self.worker]
        cells = np.bincount(
            self.item * self.classes + self.label, weight, minlength=self.items * self.classes
        )
        return np.asarray(cells, dtype=np.float64).reshape(self.items, self.classes)

    def said(self) -> Floats:
        """(workers, 1, classes): 1 where a worker ever said a class, else 0."""
        cell = self.worker * self.classes + self.label
        counts = np.bincount(cell, minlength=self.workers * self.classes)
        return np.asarray(counts > 0, np.float64).reshape(self.workers, 1, self.classes)

    def confusion_counts(self, truth: Floats) -> Floats:
        """(workers, k, classes): how often a worker said a class where `truth`, (items, k), held.

        `truth` are probabilities, so these are expected counts.
        """
        cell = self.worker * self.classes + self.label
        size = self.workers * self.classes
        columns = [
            np.bincount(cell, column[self.item] * self.weight, minlength=size) for column in truth.T
        ]
        by_state = np.stack(columns).astype(np.float64, copy=False)
        return by_state.reshape(len(columns), self.workers, self.classes).transpose(1, 0, 2)

    def log_likelihood(self, log_confusion: Floats) -> Floats:
        """(items, k): log probability of an item's votes under each of k states.

        log_confusion: (workers, k, classes).
        """
        return self.by_item(log_confusion.transpose(0, 2, 1)[self.worker, self.label])

    def right(self, truth: Floats) -> Floats:
        """(votes,): probability that each vote is right, where `truth` is (items, classes)."""
        return np.asarray(truth[self.item, self.label])

    def known(self, probabilities: Floats) -> Floats:
        """`probabilities`, (items, classes), with the gold items put right."""
        certain = self.gold.sum(axis=1, keepdims=True) > 0
        return np.where(certain, self.gold, probabilities)

    def posterior(self, log_scores: Floats) -> Floats:
        """(items, classes): softmax of the rows, with the gold items put right."""
        scores = np.exp(log_scores - log_scores.max(axis=1, keepdims=True))
        return self.known(scores / scores.sum(axis=1, keepdims=True))

    def shares(self, worker_weight: Floats | None = None) -> Floats:
        """(items, classes): shares of the votes; an item without votes has the overall shares."""
        counts = self.counts(worker_weight)
        total = counts.sum(axis=1, keepdims=True)
        overall = counts.sum(axis=0) + 1e-12
        with np.errstate(invalid="ignore"):
            shares = np.where(total > 0, counts / total, overall / overall.sum())
        return self.known(shares)


def tally(
    votes: Votes,
    *,
    gold: Mapping[str, str] | None = None,
    weight: Floats | None = None,
    cluster: IntArray | None = None,
) -> Tally:
    """Count the votes; a worker who answered one item n times has one voice, in n parts.

    weight: (votes,) further weights. cluster: (workers,) the workers of one cluster share a voice.
    Raises InputError for gold of a class that nobody knows.
    """
    voice = voice_parts(votes, np.arange(len(votes.workers)) if cluster is None else cluster)
    return Tally(
        votes.item,
        votes.worker,
        votes.label,
        voice if weight is None else voice * weight,
        len(votes.workers),
        _gold_rows(votes, gold or {}),
    )


def voice_parts(votes: Votes, cluster: IntArray) -> Floats:
    """(votes,): one over the votes that the worker's cluster gave on that item."""
    voice = votes.item * max(len(votes.workers), 1) + cluster[votes.worker]
    _, place, sizes = np.unique(voice, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / sizes[place])


def _gold_rows(votes: Votes, gold: Mapping[str, str]) -> Floats:
    rows = np.zeros((len(votes.items), len(votes.classes)))
    item_ids = {name: number for number, name in enumerate(votes.items)}
    class_ids = {name: number for number, name in enumerate(votes.classes)}
    for item, name in gold.items():
        if item not in item_ids:
            continue  # gold for an item outside these votes teaches nothing about them
        if name not in class_ids:
            raise InputError(
                f"gold label {name!r} of item {item!r} is not among the {len(class_ids)} classes"
            )
        rows[item_ids[item], class_ids[name]] = 1.0
    return rows
