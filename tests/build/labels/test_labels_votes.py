"""Votes keep who said what, and refuse ids without a name."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.labels.votes import Merged, Votes
from undercut.core.errors import InputError

ROWS = [("q2", "ann", "no"), ("q1", "bob", "yes"), ("q2", "bob", "yes"), ("q2", "ann", "yes")]


def test_names_come_back_from_ids() -> None:
    votes = Votes.of(ROWS)

    told = [
        (votes.items[i], votes.workers[w], votes.classes[c])
        for i, w, c in zip(votes.item, votes.worker, votes.label, strict=True)
    ]
    assert told == ROWS
    assert (votes.items, votes.workers, votes.classes) == (
        ("q2", "q1"),
        ("ann", "bob"),
        ("no", "yes"),
    )


def test_some_of_the_votes_keep_all_names() -> None:
    some = Votes.of(ROWS).take(np.array([False, True, False, False]))

    assert len(some) == 1
    assert some.items == ("q2", "q1")


def test_a_label_that_is_no_class_is_refused() -> None:
    with pytest.raises(InputError, match="'no' is not among the 1 classes"):
        Votes.of(ROWS, classes=["yes"])


@pytest.mark.parametrize("item", [[2], [-1], [0, 0]])
def test_ids_without_a_name_and_columns_of_other_lengths_are_refused(item: list[int]) -> None:
    with pytest.raises(InputError, match=r"ids must lie|one item, worker and label"):
        Votes(("a", "b"), ("w",), ("x",), np.array(item), np.array([0]), np.array([0]))


def test_the_lower_id_wins_a_tie() -> None:
    merged = Merged(np.array([[0.5, 0.5], [0.2, 0.8]]), skill=np.ones(1))

    assert merged.labels.tolist() == [0, 1]
