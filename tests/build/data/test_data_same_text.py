"""Who wins among rows of one text, against a plain reading of the rule."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from undercut.build.data.same_text import NO_LABEL, conflicts, representatives

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(NO_LABEL, 3)), max_size=30)


def arrays(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def by_hand(rows: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    votes: dict[int, Counter[int]] = defaultdict(Counter)
    for group, label in rows:
        if label != NO_LABEL:
            votes[group][label] += 1
    lost, tied = [], []
    for i, (group, label) in enumerate(rows):
        if label == NO_LABEL or len(votes[group]) < 2:
            continue
        (first, most), (_, second) = votes[group].most_common(2)
        if most == second:
            tied.append(i)
        elif label != first:
            lost.append(i)
    return lost, tied


@given(ROWS)
def test_conflicts_follow_the_majority(rows: list[tuple[int, int]]) -> None:
    found = conflicts(*arrays(rows))
    assert (found.lost.tolist(), found.tied.tolist()) == by_hand(rows)


@given(ROWS)
def test_the_first_labelled_row_stands_for_its_text(rows: list[tuple[int, int]]) -> None:
    groups, labels = arrays(rows)
    for i, head in enumerate(representatives(groups, labels).tolist()):
        same = [j for j, (group, _) in enumerate(rows) if group == rows[i][0]]
        labelled = [j for j in same if rows[j][1] != NO_LABEL]
        assert head == (labelled or same)[0]


@given(ROWS)
def test_without_labels_the_first_row_stands_for_its_text(rows: list[tuple[int, int]]) -> None:
    groups, _ = arrays(rows)
    first: dict[int, int] = {}
    expected = [first.setdefault(group, i) for i, (group, _) in enumerate(rows)]
    assert representatives(groups).tolist() == expected
