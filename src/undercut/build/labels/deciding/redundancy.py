"""Adaptive redundancy: another vote only where it still tells something, of someone who can tell.

For crowds of named people: few classes, many workers. Markets of sources with prices are decided
in `market`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from undercut.build.labels.deciding.value import best_drop_per_vote
from undercut.build.labels.merging.communities import CommunityConfig, community_beliefs
from undercut.build.labels.merging.knowing import TINY, Crowd
from undercut.build.labels.merging.tally import tally
from undercut.build.labels.votes import Floats, IntArray, Votes

CHUNK_CELLS = 2_000_000  # of (offers, classes, classes) at once: 16 MB each


@dataclass(frozen=True, slots=True)
class RedundancyConfig:
    """When another vote pays.

    first_votes: that every item gets before anything is decided. tried: share of the items, drawn
    by `seed`, that come first and get `tried_votes` each, so that it is known early who can tell;
    left out where votes on the same items are as many already. least_gain: nats of expected
    information below which a vote is not asked for. least_fall: of the chance that the item's label
    is wrong, a vote: its price as a share of what a wrong label costs. round_fraction: largest
    number of votes in a round, as a share of the items. workers: what is believed of unheard
    ones.
    """

    first_votes: int = 1
    tried: float = 0.1
    tried_votes: int = 5
    least_gain: float = 0.001
    least_fall: float = 0.003
    round_fraction: float = 0.1
    workers: CommunityConfig = field(default_factory=CommunityConfig)
    seed: int = 0


def next_votes(
    votes: Votes, item: IntArray, worker: IntArray | None, config: RedundancyConfig
) -> IntArray:
    """Places in `item` of the votes to buy now, the most telling first; none: stop.

    votes: bought so far. item: (offers,) items that can be voted on. worker: (offers,) who would
    vote; None where that is not known beforehand: the usual worker is expected then. One vote an
    item a round, since the second would be chosen before the first is heard.
    """
    crowd = community_beliefs(tally(votes), config.workers)
    given = np.bincount(votes.item, minlength=len(votes.items))
    order = ranked(crowd, item, worker, given, config)
    _, first = np.unique(item[order], return_index=True)
    return order[np.sort(first)][: max(1, int(config.round_fraction * len(votes.items)))]


def ranked(
    crowd: Crowd, item: IntArray, worker: IntArray | None, given: IntArray, config: RedundancyConfig
) -> IntArray:
    """Places of the offers that pay, the most telling first, several of an item among them.

    item, worker: (offers,) as in `next_votes`. given: (items,) votes so far; items that lack votes
    come first, whatever is believed of them.
    """
    lacking = np.maximum(least_votes(given, config) - given, 0)[item]
    gain = gains(crowd, crowd.beliefs, item, worker) + 1e3 * lacking
    pays = gains(crowd, crowd.chances, item, worker) >= config.least_gain
    if config.least_fall > 0:
        pays &= falls(crowd, item, worker, given) >= config.least_fall
    order = np.argsort(-gain, kind="stable")
    return np.asarray(order[(pays | (lacking > 0))[order]])


def least_votes(given: IntArray, config: RedundancyConfig) -> IntArray:
    """(items,): votes that each item gets in any case; more on those by which workers are tried."""
    least = np.full(len(given), config.first_votes, dtype=np.int64)
    number = int(config.tried * len(given))
    pairs = int((given * (given - 1)).sum())
    if pairs < number * config.tried_votes * (config.tried_votes - 1):
        random = np.random.default_rng([config.seed, 104729])
        least[random.permutation(len(given))[:number]] = config.tried_votes
    return least


def gains(crowd: Crowd, beliefs: Floats, item: IntArray, worker: IntArray | None) -> Floats:
    """(offers,): nats that each vote is expected to tell; `worker` None: of the usual worker.

    beliefs: (items, classes), the crowd's, or its more careful `chances`: the beliefs rank better,
    but by them items look settled that are not.
    """
    gain = np.zeros(len(item))
    classes = beliefs.shape[1]
    for part in _chunks(len(item), classes):
        rows = (
            np.broadcast_to(crowd.usual, (len(item[part]), classes, classes))
            if worker is None
            else crowd.confusion[worker[part]]
        )
        gain[part] = information(beliefs[item[part]], rows)
    return gain


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


def falls(crowd: Crowd, item: IntArray, worker: IntArray | None, given: IntArray) -> Floats:
    """(offers,): expected fall of the chance that the item's label is wrong, a vote.

    The best of blocks of one to three such votes, as in `value.best_drop_per_vote`, each voter
    being as accurate as this one. given: (items,) votes so far; an item without one has no label.
    """
    standing = _standing(crowd.chances, given)
    if worker is None:
        accuracy, collision = _coin(crowd, crowd.usual)
        return best_drop_per_vote(standing[item], accuracy=accuracy, collision=collision)[0]
    fall = np.zeros(len(item))
    for one in np.unique(worker):
        mine = worker == one
        accuracy, collision = _coin(crowd, crowd.confusion[one])
        fall[mine] = best_drop_per_vote(
            standing[item[mine]], accuracy=accuracy, collision=collision
        )[0]
    return fall


def _standing(beliefs: Floats, given: IntArray) -> Floats:
    """(items, 4): the three most probable classes and the rest, as `value` takes them."""
    named = -np.sort(-beliefs, axis=1)[:, :3]
    named = np.pad(named, ((0, 0), (0, 3 - named.shape[1])))
    named[given == 0] = 0.0
    return np.column_stack([named, np.maximum(1.0 - named.sum(axis=1), 0.0)])


def _coin(crowd: Crowd, confusion: Floats) -> tuple[float, float]:
    """Accuracy of a worker, and how often two wrong answers of such workers would agree."""
    shares = crowd.beliefs.mean(axis=0)
    accuracy = float(np.clip(shares @ np.diag(confusion), 0.01, 0.999))
    wrong = confusion * (1 - np.eye(len(confusion)))
    total = np.maximum(wrong.sum(axis=1), TINY)
    agree = float(shares @ ((wrong**2).sum(axis=1) / total**2))
    return accuracy, float(np.clip(agree, 1 / max(len(confusion) - 1, 1), 1.0))


def _chunks(offers: int, classes: int) -> Iterator[slice]:
    step = max(1, CHUNK_CELLS // classes**2)
    for start in range(0, offers, step):
        yield slice(start, start + step)
