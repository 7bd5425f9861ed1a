"""What the next votes on an item are worth: the expected fall of its chance of being wrong."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from undercut.build.labels.votes import Floats

DEPTH = 3


def expected_top(beliefs: Floats, *, accuracy: float, collision: float, votes: int) -> Floats:
    """(items,): expected probability of the best class once `votes` more answers are in.

    beliefs: (items, 4): three named classes and all others together, rows sum to 1. accuracy:
    of the worker asked; collision: chance that a wrong answer names one given wrong class. Every
    course of the answers is followed; a class outside the named ones, once it is answered, takes
    the place of the weakest named one.
    """
    classes = 1 + 1 / collision
    named = 3 if classes >= 2.5 else 2
    others = max(classes - 3, 0.0)  # classes that stand behind the fourth column
    wrong = (1 - accuracy) / (named - 1 + others)
    return _followed(_spread(beliefs, named, others), _Coin(accuracy, wrong, named, others), votes)


def _spread(beliefs: Floats, named: int, others: float) -> Floats:
    """Places of classes that nobody named yet take their even part of what is left for them."""
    spread = beliefs.copy()
    empty = spread[:, :named] <= 0
    empty[:, -1] |= (others == 0) & ~empty.any(axis=1) & (spread[:, 3] > 0)
    each = spread[:, 3] / np.maximum(empty.sum(axis=1) + others, 1e-300)
    spread[:, :named] += empty * each[:, None]
    spread[:, 3] -= empty.sum(axis=1) * each
    return spread


class _Coin(NamedTuple):
    """Chances of the right and of each wrong class; how many classes are named and not."""

    right: float
    wrong: float
    named: int
    others: float


def _followed(beliefs: Floats, coin: _Coin, votes: int) -> Floats:
    if votes == 0:
        return np.asarray(beliefs[:, :3].max(axis=1))
    total = np.zeros(len(beliefs))
    for answered in range(coin.named):
        after = beliefs * coin.wrong
        after[:, answered] = beliefs[:, answered] * coin.right
        total += _branch(after, coin, votes)
    if coin.others:
        total += coin.others * _branch(_other_named(beliefs, coin), coin, votes)
    return total


def _branch(after: Floats, coin: _Coin, votes: int) -> Floats:
    """Chance of an answer times what follows it; the rows of `after` sum to that chance."""
    if votes == 1:
        return np.asarray(after[:, :3].max(axis=1))
    chance = after.sum(axis=1)
    following = _followed(after / np.maximum(chance, 1e-300)[:, None], coin, votes - 1)
    return np.asarray(chance * following)


def _other_named(beliefs: Floats, coin: _Coin) -> Floats:
    """After one of the other classes was answered: it pushes out the weakest named one."""
    one = beliefs[:, 3] / max(coin.others, 1.0)
    after = beliefs * coin.wrong
    weakest = after[:, :3].argmin(axis=1)
    rows = np.arange(len(after))
    after[:, 3] = (beliefs[:, 3] - one) * coin.wrong + after[rows, weakest]
    after[rows, weakest] = one * coin.right
    return after


def drop_of_error(beliefs: Floats, *, accuracy: float, collision: float, votes: int) -> Floats:
    """(items,): by how much `votes` more answers lower the chance that the label is wrong."""
    now = beliefs[:, :3].max(axis=1)  # an item without an answer has no label: surely wrong
    then = expected_top(beliefs, accuracy=accuracy, collision=collision, votes=votes)
    return np.asarray(np.maximum(then - now, 0.0))


def best_drop_per_vote(
    beliefs: Floats, *, accuracy: float, collision: float, most: int = DEPTH
) -> tuple[Floats, Floats]:
    """(items,) largest fall a vote over blocks of 1 to `most` votes, and (items,) that block.

    One vote alone is often worth nothing where two are worth much: it cannot turn the label.
    Source: the KG(*) rule of Frazier and Powell, Paradoxes in learning and the marginal value of
    information, Decision Analysis 7 (2010).
    """
    best, block = np.zeros(len(beliefs)), np.ones(len(beliefs))
    for votes in range(1, most + 1):
        drop = drop_of_error(beliefs, accuracy=accuracy, collision=collision, votes=votes) / votes
        better = drop > best + 1e-12
        best = np.where(better, drop, best)
        block = np.where(better, votes, block)
    return best, block
