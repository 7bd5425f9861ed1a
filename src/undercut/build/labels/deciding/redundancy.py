"""Adaptive redundancy: another vote only where it still tells something, of someone who can tell.

For crowds of named people whose votes `merge` merges: confusion matrices, few classes, many votes
a worker. Markets of sources with prices are decided in `market`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.labels.votes import Floats, IntArray, Merged

TINY = 1e-12


@dataclass(frozen=True, slots=True)
class RedundancyConfig:
    """When another vote pays.

    first_votes: that every item gets before anything is decided. least_gain: nats of expected
    information below which a vote is not worth its price. round_fraction: largest number of
    votes in a round, as a share of the items.
    """

    first_votes: int = 1
    least_gain: float = 0.01
    round_fraction: float = 0.1


def next_votes(
    merged: Merged,
    votes_given: IntArray,
    item: IntArray,
    worker: IntArray | None,
    config: RedundancyConfig,
) -> IntArray:
    """Places in `item` of the votes to buy now, the most telling first; none: stop.

    votes_given: (items,) so far. item: (offers,) items that can be voted on. worker: (offers,)
    who would vote; None where that is not known beforehand: the usual worker is expected then.
    One vote an item a round, since the second would be chosen before the first is heard.
    """
    fresh = votes_given[item] < config.first_votes
    confusion = confusion_of(merged)
    if worker is None:
        rows = np.broadcast_to(confusion.mean(axis=0), (len(item), *confusion.shape[1:]))
    else:
        rows = confusion[worker]
    gain = information(merged.probabilities[item], rows)
    if fresh.any():
        gain = np.where(fresh, gain + 1e3, -np.inf)
    order = np.argsort(-gain, kind="stable")
    order = order[gain[order] >= config.least_gain]
    _, first = np.unique(item[order], return_index=True)
    most = len(votes_given) if fresh.any() else int(config.round_fraction * len(votes_given))
    return np.asarray(order[np.sort(first)][: max(1, most)])


def information(beliefs: Floats, confusion: Floats) -> Floats:
    """(offers,): nats that a vote is expected to tell about the item's class.

    beliefs: (offers, classes). confusion: (offers, classes, classes) of who would vote, rows by
    true class. Mutual information of vote and class; Lindley, On a measure of the information
    provided by an experiment, 1956.
    """
    joint = beliefs[:, :, None] * confusion
    said = joint.sum(axis=1, keepdims=True)
    ratio = np.log(np.maximum(confusion, TINY)) - np.log(np.maximum(said, TINY))
    return np.asarray(np.maximum((joint * ratio).sum(axis=(1, 2)), 0.0))


def confusion_of(merged: Merged) -> Floats:
    """(workers, classes, classes): as merged, or one coin each where only skills are known."""
    if merged.confusion is not None:
        return merged.confusion
    classes = merged.probabilities.shape[1]
    skill = np.clip(merged.skill, 0.01, 0.99)[:, None, None]
    eye = np.eye(classes)
    return np.asarray(skill * eye + (1 - skill) / max(classes - 1, 1) * (1 - eye))
