"""Workers who copy each other: found, counted once, and honest ones left alone."""

from __future__ import annotations

import numpy as np

from undercut.build.labels.merging.copying import find_copies
from undercut.build.labels.merging.merge import METHODS, merge
from undercut.build.labels.votes import Votes

Row = tuple[str, str, str]


def crowd(seed: int, *, items: int = 300, workers: int = 12) -> tuple[list[Row], np.ndarray]:
    """Six votes an item; workers are right 55 to 88 times in a hundred, on their own."""
    random = np.random.default_rng(seed)
    truth = random.integers(4, size=items)
    rows = []
    for item, right in enumerate(truth):
        for worker in random.choice(workers, size=6, replace=False):
            label = right if random.random() < 0.55 + 0.03 * worker else random.integers(4)
            rows.append((f"i{item}", f"w{worker}", str(label)))
    return rows, truth


def cloned(rows: list[Row], worker: str, times: int = 5) -> list[Row]:
    copies = [
        (item, f"clone{number}", label)
        for number in range(times)
        for item, who, label in rows
        if who == worker
    ]
    return rows + copies


def test_clones_are_found_and_nobody_else() -> None:
    for seed in range(5):
        rows, _ = crowd(seed)
        votes = Votes.of(cloned(rows, "w0"))
        groups = find_copies(votes).groups(votes)
        assert [set(group) for group in groups] == [{"w0", *(f"clone{n}" for n in range(5))}]


def test_independent_workers_are_left_alone() -> None:
    for seed in range(20):
        votes = Votes.of(crowd(seed)[0])
        assert find_copies(votes).groups(votes) == ()


def test_the_worst_worker_cloned_five_times_changes_nothing() -> None:
    rows, truth = crowd(7)
    for method in METHODS:
        before = merge(Votes.of(rows), method).labels
        after = merge(Votes.of(cloned(rows, "w0")), method).labels
        fooled = merge(Votes.of(cloned(rows, "w0")), method, discount_copies=False).labels
        assert (before == after).mean() > 0.98, method
        assert (after == truth).mean() >= (fooled == truth).mean() - 0.005, method
    plain = merge(Votes.of(cloned(rows, "w0")), "majority", discount_copies=False).labels
    kept = merge(Votes.of(cloned(rows, "w0")), "majority").labels
    assert (kept == truth).mean() > (plain == truth).mean() + 0.05


def test_two_workers_who_always_say_the_same_class_did_not_copy() -> None:
    rows, truth = crowd(3)
    rows += [(f"i{item}", who, "0") for who in ("lazy", "idle") for item in range(len(truth))]
    votes = Votes.of(rows)
    assert find_copies(votes).groups(votes) == ()


def test_workers_who_are_rightly_of_one_mind_did_not_copy() -> None:
    random = np.random.default_rng(0)
    truth = (random.random(400) < 0.1).astype(int)
    rows = [
        (f"i{item}", f"w{worker}", str(right if random.random() < 0.97 else 1 - right))
        for item, right in enumerate(truth)
        for worker in range(6)
    ]
    votes = Votes.of(rows)
    assert find_copies(votes).groups(votes) == ()


def test_no_votes_and_one_worker_have_no_copies() -> None:
    for rows in ([], [("a", "w", "x")], [("a", "w", "x"), ("b", "w", "x")]):
        votes = Votes.of(rows)
        assert find_copies(votes).groups(votes) == ()


def test_items_with_thousands_of_votes_are_not_paired() -> None:
    rows, _ = crowd(0)
    rows = cloned(rows, "w0") + [("crowded", f"w{n % 12}", str(n % 4)) for n in range(20_000)]
    votes = Votes.of(rows)
    groups = find_copies(votes).groups(votes)
    assert [set(group) for group in groups] == [{"w0", *(f"clone{n}" for n in range(5))}]
