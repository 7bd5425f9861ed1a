"""Kinds of workers: what a worker of few answers does, its kind tells."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.labels.merging.communities import CommunityConfig, community_beliefs
from undercut.build.labels.merging.knowing import crowd_beliefs
from undercut.build.labels.merging.merge import merge
from undercut.build.labels.merging.tally import tally
from undercut.build.labels.votes import Votes


def graders(seed: int) -> tuple[Votes, np.ndarray, np.ndarray]:
    """Grades 0 to 3; four of ten workers give a grade too much, and nobody answers often.

    Returns votes, truth and (workers,) whether a worker is lenient.
    """
    random = np.random.default_rng(seed)
    items, workers, each = 600, 240, 4
    truth = random.choice(4, items, p=[0.4, 0.3, 0.2, 0.1])
    lenient = random.random(workers) < 0.4
    rows = []
    for item in range(items):
        for worker in random.choice(workers, each, replace=False).tolist():
            grade = min(truth[item] + 1, 3) if lenient[worker] else truth[item]
            slip = random.random() < 0.25
            rows.append((item, worker, random.integers(4) if slip else grade))
    table = np.array(rows)
    names = (tuple(map(str, range(n))) for n in (items, workers, 4))
    return Votes(*names, table[:, 0], table[:, 1], table[:, 2]), truth, lenient


@pytest.mark.parametrize("seed", range(3))
def test_a_kind_that_confuses_classes_is_found_where_habits_are_not_enough(seed: int) -> None:
    votes, truth, lenient = graders(seed)
    counted = tally(votes)
    kinds, habits = community_beliefs(counted), crowd_beliefs(counted)
    right, alone = ((c.beliefs.argmax(axis=1) == truth).mean() for c in (kinds, habits))
    assert right > alone + 0.03
    too_much = kinds.confusion[:, 0, 1]
    assert too_much[lenient].mean() > too_much[~lenient].mean() + 0.2


def test_a_stranger_is_taken_for_the_usual_worker() -> None:
    votes, _, lenient = graders(0)
    stranger = np.flatnonzero(lenient)[0]
    found = community_beliefs(tally(votes.take(np.flatnonzero(votes.worker != stranger))))
    right = np.array([found.beliefs.mean(axis=0) @ np.diag(rows) for rows in found.confusion])
    assert right[~lenient].mean() > right[stranger] > right[lenient].min()


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_fewer_workers_than_kinds_and_no_votes_give_finite_beliefs(workers: int) -> None:
    names = ("a", "b"), tuple(map(str, range(workers))), ("x", "y")
    none = np.zeros(0, dtype=np.int64)
    given = np.arange(workers)
    for item, worker in ((none, none), (given % 2, given)):
        votes = Votes(*names, item, worker, item)
        found = community_beliefs(tally(votes), CommunityConfig(communities=6))
        assert found.beliefs.sum(axis=1) == pytest.approx(1.0)
        assert np.isfinite(found.confusion).all()


def test_the_default_is_the_beliefs_at_rest() -> None:
    votes, truth, _ = graders(1)
    merged = merge(votes, discount_copies=False)
    loose = community_beliefs(tally(votes)).beliefs.argmax(axis=1)
    assert (merged.labels == loose).mean() > 0.98
    assert (merged.labels == truth).mean() > (merge(votes, "mace").labels == truth).mean()
