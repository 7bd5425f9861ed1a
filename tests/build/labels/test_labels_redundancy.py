"""Adaptive redundancy: votes go where they tell something, to those who can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from undercut.build.labels.deciding.redundancy import (
    RedundancyConfig,
    information,
    next_votes,
    pooled_beliefs,
)
from undercut.build.labels.votes import Votes


def crowd(items: int = 200, workers: int = 12, seed: int = 0) -> tuple[Votes, np.ndarray]:
    """Three votes an item; the first four workers are good, the others near chance."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, items)
    rows = []
    for item in range(items):
        for worker in random.permutation(workers)[:3]:
            right = random.random() < (0.95 if worker < 4 else 0.4)
            label = truth[item] if right else (truth[item] + 1 + random.integers(2)) % 3
            rows.append((item, worker, label))
    table = np.array(rows)
    names = (tuple(map(str, range(n))) for n in (items, workers, 3))
    return Votes(*names, table[:, 0], table[:, 1], table[:, 2]), truth


def test_information_is_what_entropy_falls_by() -> None:
    belief = np.array([[0.5, 0.3, 0.2]])
    certain = np.eye(3)[None]
    entropy = -(belief * np.log(belief)).sum()
    assert information(belief, certain)[0] == pytest.approx(entropy)
    useless = np.full((1, 3, 3), 1 / 3)
    assert information(belief, useless)[0] == pytest.approx(0)


def test_who_errs_is_not_asked_before_who_does_not() -> None:
    votes, _ = crowd()
    config = RedundancyConfig(first_votes=0, round_fraction=1.0)
    item = np.repeat(np.arange(200), 12)
    worker = np.tile(np.arange(12), 200)
    chosen = next_votes(votes, item, worker, config)
    assert (worker[chosen] < 4).mean() > 0.95
    assert len(np.unique(item[chosen])) == len(chosen)


def test_items_without_a_vote_come_first() -> None:
    votes, _ = crowd()
    kept = votes.take(np.flatnonzero(votes.item >= 50))
    chosen = next_votes(
        kept, np.arange(200), None, replace(RedundancyConfig(), round_fraction=0.25)
    )
    assert sorted(chosen) == list(range(50))


def test_settled_items_end_the_buying() -> None:
    item = np.repeat(np.arange(50), 8)
    votes = Votes(
        tuple(map(str, range(50))),
        tuple(map(str, range(8))),
        ("a", "b"),
        item,
        np.tile(np.arange(8), 50),
        item % 2,
    )
    assert len(next_votes(votes, np.arange(50), None, RedundancyConfig())) == 0


def test_strangers_are_taken_for_usual() -> None:
    votes, _ = crowd()
    unseen = votes.take(np.flatnonzero(votes.worker != 11))
    _, confusion = pooled_beliefs(unseen, 10.0)
    right = confusion[:, np.arange(3), np.arange(3)].mean(axis=1)
    assert right[:4].min() > right[11] > right[4:11].min()
    assert confusion.sum(axis=2) == pytest.approx(1.0)
