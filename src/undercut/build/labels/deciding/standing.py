"""How an item stands: the few classes that were named for it, and all others together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.labels.deciding.answers import UNKNOWN, Heard
from undercut.build.labels.votes import Floats, IntArray

# A class that nobody named stays possible, however many were named.
LEAST_OTHERS = 0.5


@dataclass(frozen=True, slots=True)
class Standing:
    """What is believed of every item.

    named: (items, 3) probabilities of the best named classes, falling. rest: (items,) of all
    other classes together. labels: (items,) best class, -1 where nobody answered. right:
    (votes,) probability that each vote is right.
    """

    named: Floats
    rest: Floats
    labels: IntArray
    right: Floats

    @property
    def error(self) -> Floats:
        """(items,): probability that the best class is wrong; 1 where there is none."""
        return np.asarray(np.where(self.labels >= 0, 1.0 - self.named[:, 0], 1.0))


def stand(heard: Heard, accuracy: Floats, collision: float, weight: Floats) -> Standing:
    """Beliefs from votes of given accuracies.

    weight: (votes,) of each voice: a family's members share one. accuracy: (votes,) probability
    that a voice's answer of this kind is right. collision: chance that two wrong answers name the
    same class, which makes 1 + 1 / collision classes count. One coin each: Dawid and Skene's model
    with one accuracy a voice, but wrong answers meet as often as they are seen to.
    """
    votes, items = heard.votes, len(heard.votes.items)
    classes = max(len(votes.classes), 1)
    inside = np.clip(accuracy, 1e-4, 1 - 1e-4)
    speaks = weight * np.log(inside / ((1 - inside) * collision))
    cells, place = np.unique(votes.item * classes + votes.label, return_inverse=True)
    score = np.bincount(place, speaks, minlength=len(cells))
    item = cells // classes
    different = np.bincount(item, minlength=items)
    others = np.maximum(1 + 1 / collision - different, LEAST_OTHERS)
    others = np.where(different >= classes, 1e-12, others)
    highest = np.zeros(items)
    np.maximum.at(highest, item, score)
    shares = np.exp(score - highest[item])
    rest = others * np.exp(-highest)
    total = np.bincount(item, shares, minlength=items) + rest
    shares, rest = shares / total[item], rest / total
    shares, rest = _with_gold(heard, cells % classes, item, shares, rest)
    named, labels, left = _best(item, cells % classes, shares, items)
    labels = np.where(heard.gold != UNKNOWN, heard.gold, labels)
    named[heard.gold != UNKNOWN] = (1.0, 0.0, 0.0)
    return Standing(named, rest + left, labels, shares[place])


def _with_gold(
    heard: Heard, label: IntArray, item: IntArray, shares: Floats, rest: Floats
) -> tuple[Floats, Floats]:
    gold = heard.gold[item]
    known = np.where(gold == UNKNOWN, shares, (label == gold).astype(np.float64))
    return known, np.where(heard.gold == UNKNOWN, rest, 0.0)


def _best(
    item: IntArray, label: IntArray, shares: Floats, items: int
) -> tuple[Floats, IntArray, Floats]:
    """The three best named classes, the best one's id, and what the further ones hold."""
    order = np.lexsort((label, -shares, item))
    ordered = item[order]
    starts = np.searchsorted(ordered, np.arange(items))
    rank = np.arange(len(order)) - starts[ordered]
    named = np.zeros((items, 3))
    shown = rank < 3
    named[ordered[shown], rank[shown]] = shares[order][shown]
    labels = np.full(items, UNKNOWN, dtype=np.int64)
    labels[ordered[rank == 0]] = label[order][rank == 0]
    left = np.bincount(ordered[~shown], shares[order][~shown], minlength=items)
    return named, labels, np.asarray(left, dtype=np.float64)
