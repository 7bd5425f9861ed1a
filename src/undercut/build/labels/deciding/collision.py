"""How often two wrong answers meet: the more, the less a second agreeing voice proves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.answers import UNKNOWN, Heard
from undercut.build.labels.votes import Floats, IntArray

# Wrong answers meet more often than by chance: texts mislead everybody in the same direction.
COLLISION, COLLISION_WEIGHT = 0.1, 20.0


def first_collision(classes: int) -> float:
    """Before anything is known: one time in ten, or by chance where that is more."""
    return max(COLLISION, 1 / max(classes - 1, 1))


def collision_of(heard: Heard, right: Floats, families: IntArray, weight: Floats) -> float:
    """Share of agreeing pairs among pairs of wrong votes, judged where gold tells.

    right: (votes,) chance that each is right. weight: (votes,) of each voice. A family is one voice
    here too: that copies agree says nothing of whether errors meet. An item with n wrong votes
    counts as n - 1 looks, though it has n (n - 1) / 2 pairs: one misleading text is one text.
    """
    votes, classes = heard.votes, len(heard.votes.classes)
    wrong = (heard.gold[votes.item] != UNKNOWN) & (right < 0.5)
    item, label, own = votes.item[wrong], votes.label[wrong], weight[wrong]
    family = families[votes.worker[wrong]]
    shares = np.bincount(item, own, minlength=len(votes.items))
    one = np.maximum(shares, 1e-12)
    pairs = _pairs_between(np.zeros_like(item), item, family, own, one)
    alike = _pairs_between(label, item, family, own, one)
    least = 1 / max(classes - 1, 1)
    prior = first_collision(classes)
    return max(least, (alike + COLLISION_WEIGHT * prior) / (pairs + COLLISION_WEIGHT))


def _pairs_between(
    label: IntArray, item: IntArray, family: IntArray, weight: Floats, one: Floats
) -> float:
    """Pairs of votes of two families in one cell (item and label), in parts of `one` an item."""
    if not len(item):
        return 0.0
    keys, place = np.unique(np.stack([item, label, family]), axis=1, return_inverse=True)
    parts = np.bincount(place.ravel(), weight)
    fresh = _starts(keys[:2])
    cell = np.cumsum(fresh) - 1
    both = np.bincount(cell, parts) ** 2 - np.bincount(cell, parts**2)
    return float((both / one[keys[0][fresh]]).sum())


def _starts(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(columns,): whether a column differs from the one before it."""
    fresh = np.ones(keys.shape[1], dtype=bool)
    fresh[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    return fresh
