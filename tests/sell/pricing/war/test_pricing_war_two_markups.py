"""The grid of two markups: its profits are the crowd's, its peaks the highest and the next."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.sell.pricing.war.crowd import Crowd
from undercut.sell.pricing.war.two_markups import highest_pairs


def _crowd(seed: int, paths: int = 30) -> Crowd:
    rng = np.random.default_rng(seed)
    coefficient = np.exp(rng.normal(0.0, 0.7, (3, paths)))
    values = rng.normal(0.0, 3.0, (2, 3, paths))
    elsewhere = np.exp(rng.normal(0.0, 2.0, (3, paths)))
    return Crowd(rng.dirichlet(np.ones(3)), coefficient, values, elsewhere, 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_no_pair_of_the_grid_earns_more_than_the_first(seed: int) -> None:
    crowd = _crowd(seed)
    axis = np.geomspace(0.5, 6.0, 8)[:, None]
    grids = [np.repeat(axis, 30, axis=1), np.repeat(0.95 * axis, 30, axis=1)]
    (first, most), (second, less) = highest_pairs(crowd, grids)
    np.testing.assert_allclose(most, crowd.profit(first), rtol=1e-9)
    for row in grids[0]:
        for column in grids[1]:
            assert (crowd.profit(np.stack([row, column])) <= most * (1.0 + 1e-9)).all()
    there = np.flatnonzero(np.isfinite(second).all(axis=0))
    lower = crowd.of(there).profit(second[:, there])
    np.testing.assert_allclose(less[there], lower, rtol=1e-9)
    assert (lower <= most[there] * (1.0 + 1e-9)).all()
    assert (lower > 0.89 * most[there]).all()
    assert (np.abs(np.log(second / first))[:, there].max(axis=0) > 0.1).all()


def test_two_peaks_that_differ_in_both_markups_are_both_seen() -> None:
    """Few value the first product much, many a little: dear to the few or cheap to all."""
    values = np.array([[8.0, 1.0], [0.0, 1.0]])[:, :, None]
    crowd = Crowd(np.array([0.075, 0.925]), np.ones((2, 1)), values, np.ones((2, 1)), 0.0)
    axis = np.geomspace(0.5, 10.0, 30)[:, None]
    (first, _), (second, _) = highest_pairs(crowd, [axis, axis])
    assert first[0, 0] < 3.0 < second[0, 0]
