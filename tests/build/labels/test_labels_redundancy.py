"""Adaptive redundancy: votes go where they tell something, to those who can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from undercut.build.labels.deciding.redundancy import (
    RedundancyConfig,
    falls,
    gains,
    information,
    least_votes,
    next_votes,
    ranked,
)
from undercut.build.labels.deciding.to_come import votes_to_come
from undercut.build.labels.merging.knowing import crowd_beliefs
from undercut.build.labels.merging.merge import merge
from undercut.build.labels.merging.tally import tally
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
    config = RedundancyConfig(first_votes=0, tried=0.0, round_fraction=1.0)
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
    found = crowd_beliefs(tally(unseen)).confusion
    right = found[:, np.arange(3), np.arange(3)].mean(axis=1)
    assert right[:4].min() > right[11] > right[4:11].min()
    assert found.sum(axis=2) == pytest.approx(1.0)


def spammed(seed: int) -> tuple[Votes, np.ndarray]:
    """Four votes an item: two of four people who know, two of sixty who say the last class."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 5, 500)
    rows = []
    for item in range(500):
        some = random.choice(4, 2, replace=False), 4 + random.choice(60, 2, replace=False)
        for worker in np.concatenate(some).tolist():
            knows = random.random() < (0.85 if worker < 4 else 0.2)
            habit = 4 if random.random() < 0.8 else random.integers(5)
            rows.append((item, worker, truth[item] if knows else habit))
    table = np.array(rows)
    names = (tuple(map(str, range(n))) for n in (500, 64, 5))
    return Votes(*names, table[:, 0], table[:, 1], table[:, 2]), truth


@pytest.mark.parametrize("seed", range(3))
def test_habits_of_many_do_not_pass_for_a_class(seed: int) -> None:
    """With few answers each, a prior that is the same for all takes them for agreement."""
    votes, truth = spammed(seed)
    found = crowd_beliefs(tally(votes))
    known = (found.beliefs.argmax(axis=1) == truth).mean()
    weak = (merge(votes, "dawid_skene_map", discount_copies=False).labels == truth).mean()
    merged = (merge(votes, discount_copies=False).labels == truth).mean()
    assert min(known, merged) > weak + 0.02
    right = np.array([found.beliefs.mean(axis=0) @ np.diag(rows) for rows in found.confusion])
    assert right[:4].min() > right[4:].max()


def test_without_any_vote_beliefs_are_even() -> None:
    votes, _ = crowd()
    none = crowd_beliefs(tally(votes.take(np.zeros(0, dtype=np.int64))))
    assert none.beliefs == pytest.approx(1 / 3)
    assert np.isfinite(none.confusion).all()


def test_chances_are_no_surer_than_beliefs_and_name_the_same_class() -> None:
    votes, _ = crowd()
    found = crowd_beliefs(tally(votes))
    assert (found.chances.argmax(axis=1) == found.beliefs.argmax(axis=1)).all()
    assert (found.chances.max(axis=1) <= found.beliefs.max(axis=1) + 1e-12).all()


def test_a_tenth_of_the_items_is_tried_first_and_only_once() -> None:
    config = RedundancyConfig(seed=3)
    least = least_votes(np.zeros(200, dtype=np.int64), config)
    assert sorted(np.unique(least, return_counts=True)[1]) == [20, 180]
    assert (least_votes(np.zeros(200, dtype=np.int64), config) == least).all()
    assert (least_votes(least, config) == 1).all()  # they have been tried
    assert (least_votes(np.full(200, 3), config) == 1).all()  # votes meet often enough already


def test_a_vote_that_costs_more_than_it_is_worth_is_not_asked_for() -> None:
    votes, _ = crowd()
    found, given = crowd_beliefs(tally(votes)), np.bincount(votes.item)
    item = np.arange(200)
    fall = falls(found, item, None, given)
    few = ranked(found, item, None, given, RedundancyConfig(least_fall=float(np.median(fall))))
    assert (fall[few] >= np.median(fall)).all()
    assert 0 < len(few) <= 100
    by_worker = falls(found, np.array([0, 0]), np.array([0, 11]), given)
    assert by_worker[0] > by_worker[1]  # a good worker's vote is worth more


def test_many_offers_are_valued_in_parts_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    votes, _ = crowd()
    found = crowd_beliefs(tally(votes))
    item, worker = np.repeat(np.arange(200), 12), np.tile(np.arange(12), 200)
    whole = gains(found, found.beliefs, item, worker)
    monkeypatch.setattr("undercut.build.labels.deciding.redundancy.CHUNK_CELLS", 100)
    assert gains(found, found.beliefs, item, worker) == pytest.approx(whole)


def test_votes_to_come_are_about_as_many_as_come() -> None:
    """The forecast after one round against a crowd that answers as the model says."""
    random = np.random.default_rng(5)
    truth = random.integers(0, 3, 300)
    rows: list[tuple[int, int, int]] = []
    config = RedundancyConfig(round_fraction=1.0)

    def votes() -> Votes:
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        names = (tuple(map(str, range(n))) for n in (300, 10, 3))
        return Votes(*names, table[:, 0], table[:, 1], table[:, 2])

    def ask(items: np.ndarray) -> None:
        for item in items.tolist():
            right = random.random() < 0.85
            answer = truth[item] if right else (truth[item] + 1 + random.integers(2)) % 3
            rows.append((item, int(random.integers(10)), int(answer)))

    for _ in range(3):
        ask(np.arange(300))
    now = votes()
    forecast = votes_to_come(now, crowd_beliefs(tally(now)), config, np.arange(300), most=9)
    before = len(rows)
    while True:
        now = votes()
        given = np.bincount(now.item, minlength=300)
        chosen = next_votes(now, np.flatnonzero(given < 9), None, config)
        if not len(chosen):
            break
        ask(np.flatnonzero(given < 9)[chosen])
    assert forecast == pytest.approx(len(rows) - before, rel=0.35)
    assert forecast < 0.8 * 300 * 6
