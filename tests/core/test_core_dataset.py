"""Rows and what they count."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.core.dataset import Dataset, weighted_targets
from undercut.core.errors import InputError


def test_weights_go_where_their_rows_go() -> None:
    weights = np.array([1.0, 0.2, 0.5], np.float32)
    rows = Dataset(("a", "b", "c"), np.array([0, 1, 0]), ("x", "y"), np.arange(3), "f", weights)
    np.testing.assert_array_equal(rows.take([2, 1]).weights, weights[[2, 1]])


def test_targets_count_one_on_average_and_in_proportion() -> None:
    targets = np.array([[1, 0], [0, 1], [0.5, 0.5]], np.float32)
    assert weighted_targets(targets, None) is targets
    counted = weighted_targets(targets, np.array([2.0, 1.0, 3.0], np.float32))
    np.testing.assert_allclose(counted.sum(axis=1), [1.0, 0.5, 1.5])
    np.testing.assert_allclose(counted[2], [0.75, 0.75])


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, -1.0], [1.0, np.nan]])
def test_weights_that_mean_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(InputError, match="2 numbers above 0"):
        weighted_targets(np.eye(2, dtype=np.float32), np.array(weights, np.float32))
