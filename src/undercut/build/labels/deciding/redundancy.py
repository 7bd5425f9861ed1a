"""Adaptive redundancy: another vote only where it still tells something, of someone who can tell.

For crowds of named people: few classes, many workers. Markets of sources with prices are decided
in `market`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.labels.merging.resting import until_beliefs_rest
from undercut.build.labels.merging.tally import tally
from undercut.build.labels.votes import Floats, IntArray, Votes

TINY = 1e-12
ROUNDS = 50


@dataclass(frozen=True, slots=True)
class RedundancyConfig:
    """When another vote pays.

    first_votes: that every item gets before anything is decided. least_gain: nats of expected
    information below which a vote is not worth its price. round_fraction: largest number of
    votes in a round, as a share of the items. usual_weight: answers that "like the usual worker"
    counts in the belief about one worker.
    """

    first_votes: int = 1
    least_gain: float = 0.01
    round_fraction: float = 0.1
    usual_weight: float = 10.0


def next_votes(
    votes: Votes, item: IntArray, worker: IntArray | None, config: RedundancyConfig
) -> IntArray:
    """Places in `item` of the votes to buy now, the most telling first; none: stop.

    votes: bought so far. item: (offers,) items that can be voted on. worker: (offers,) who would
    vote; None where that is not known beforehand: the usual worker is expected then. One vote an
    item a round, since the second would be chosen before the first is heard.
    """
    beliefs, confusion = pooled_beliefs(votes, config.usual_weight)
    if worker is None:
        rows = np.broadcast_to(confusion.mean(axis=0), (len(item), *confusion.shape[1:]))
    else:
        rows = confusion[worker]
    gain = information(beliefs[item], rows)
    given = np.bincount(votes.item, minlength=len(votes.items))
    lacking = np.maximum(config.first_votes - given[item], 0)
    gain = gain + 1e3 * lacking
    order = np.argsort(-gain, kind="stable")
    order = order[gain[order] >= config.least_gain]
    _, first = np.unique(item[order], return_index=True)
    most = max(1, int(config.round_fraction * len(votes.items)))
    return np.asarray(order[np.sort(first)][:most])


def pooled_beliefs(votes: Votes, usual_weight: float) -> tuple[Floats, Floats]:
    """(items, classes) beliefs and (workers, classes, classes) confusion by true class.

    Dawid and Skene's EM where each worker's confusion starts from the crowd's, worth
    `usual_weight` answers: with the default merging's weak prior, whoever has answered little
    looks better than whoever was found to err, and all money goes to strangers.
    """
    counted = tally(votes)
    start = 0.1 + 0.5 * np.eye(counted.classes)

    def confusion(beliefs: Floats) -> Floats:
        counts = counted.confusion_counts(beliefs)
        pooled = counts.sum(axis=0) + start
        counts = counts + usual_weight * pooled / pooled.sum(axis=1, keepdims=True)
        return np.asarray(counts / counts.sum(axis=2, keepdims=True))

    def next_round(beliefs: Floats) -> Floats:
        shares = np.log(np.maximum(beliefs.mean(axis=0), TINY))
        return counted.posterior(shares + counted.log_likelihood(np.log(confusion(beliefs))))

    beliefs = until_beliefs_rest(counted.shares(), next_round, rounds=ROUNDS).beliefs
    return beliefs, confusion(beliefs)


def information(beliefs: Floats, confusion: Floats) -> Floats:
    """(offers,): nats that a vote is expected to tell about the item's class.

    beliefs: (offers, classes). confusion: (offers, classes, classes) of who would vote, rows by
    true class. Mutual information of vote and class: Lindley, On a measure of the information
    provided by an experiment, Annals of Mathematical Statistics 27 (1956).
    """
    joint = beliefs[:, :, None] * confusion
    said = joint.sum(axis=1, keepdims=True)
    ratio = np.log(np.maximum(confusion, TINY)) - np.log(np.maximum(said, TINY))
    return np.asarray(np.maximum((joint * ratio).sum(axis=(1, 2)), 0.0))
