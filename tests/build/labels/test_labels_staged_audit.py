"""Audits in stages: limits that hold at every look, exactly, for every number of wrong labels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom

from undercut.build.labels.audit.finite import allowed_in_sample, most_wrong
from undercut.build.labels.audit.staged import allowed_at_looks, most_wrong_at, refuting
from undercut.core.errors import InputError


def ever(sizes: tuple[int, ...], population: int, wrong: int, bad: np.ndarray) -> float:
    """Chance that the growing sample ever meets a `bad` (look, found), over every course."""
    state, seen, met = {0: 1.0}, 0, 0.0
    for look, size in enumerate(sizes):
        after: dict[int, float] = {}
        for found, chance in state.items():
            if chance <= 0:
                continue
            more = np.arange(size - seen + 1)
            step = hypergeom.pmf(more, population - seen, wrong - found, size - seen)
            for extra, part in zip(more.tolist(), step.tolist(), strict=True):
                after[found + extra] = after.get(found + extra, 0.0) + chance * part
        met += sum(chance for found, chance in after.items() if bad[look, found])
        state = {found: chance for found, chance in after.items() if not bad[look, found]}
        seen = size
    return met


@pytest.mark.parametrize(
    ("sizes", "population", "alpha"),
    [((10, 16, 25, 32), 60, 0.05), ((20, 30, 60), 90, 0.0375), ((8, 9, 12, 40), 70, 0.2)],
)
def test_the_limits_hold_at_all_looks_together(
    sizes: tuple[int, ...], population: int, alpha: float
) -> None:
    limits = np.full((len(sizes), population + 1), population)
    for look, size in enumerate(sizes):
        for found in range(size + 1):
            limits[look, found] = most_wrong_at(look, found, sizes, population, alpha=alpha)
    chances = [ever(sizes, population, wrong, limits < wrong) for wrong in range(population + 1)]
    assert max(chances) <= alpha + 1e-12
    assert max(chances) >= 0.6 * alpha  # and are not much wider than they must be


@pytest.mark.parametrize("left", [0, 4, 11, 40])
def test_what_may_stay_after_mending_stays_at_whichever_look_one_stops(left: int) -> None:
    sizes, population, alpha = (15, 22, 30, 45), 80, 0.05
    allowed = allowed_at_looks(sizes, population, left, alpha)
    found = np.arange(population + 1)
    for wrong in range(left + 1, population + 1):
        passes = found <= np.array(allowed)[:, None]
        bad = passes & (wrong - found > left)
        assert ever(sizes, population, wrong, bad) <= alpha + 1e-12


@pytest.mark.parametrize(
    ("sizes", "population", "left", "alpha"),
    [
        ((100, 150, 200, 250, 300, 400), 9_853, 500, 0.0375),
        ((60, 90, 120, 150, 180, 240), 9_853, 500, 0.0375),
        ((40, 60, 120), 240, 24, 0.05),
        ((300, 500), 100_000, 2_000, 0.05),
    ],
)
def test_what_is_allowed_agrees_with_the_limit_at_each_look(
    sizes: tuple[int, ...], population: int, left: int, alpha: float
) -> None:
    allowed = allowed_at_looks(sizes, population, left, alpha)
    for look, most in enumerate(allowed):
        if most >= 0:
            assert most_wrong_at(look, most, sizes, population, alpha=alpha) - most <= left
        above = most_wrong_at(look, most + 1, sizes, population, alpha=alpha)
        assert above - most - 1 > left
        assert most <= allowed_in_sample(sizes[look], population, left, alpha=alpha)


def test_with_one_look_it_is_the_limit_of_a_plain_sample() -> None:
    for size, population, left in ((250, 9_853, 500), (50, 80, 9), (80, 80, 9)):
        expected = allowed_in_sample(size, population, left, alpha=0.05)
        assert allowed_at_looks((size,), population, left, 0.05) == (expected,)
        for found in (0, 3, 9):
            assert most_wrong_at(0, found, (size,), population, alpha=0.05) == most_wrong(
                found, size, population, confidence=0.95
            )


def test_large_samples_stay_within_what_a_float_holds() -> None:
    sizes, totals = (1_000, 2_500, 4_000), np.arange(0, 5_001, 25)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        bounds = refuting(sizes, 5_000, totals, 0.05)
    single = hypergeom.ppf(0.05, 5_000, totals, np.array(sizes)[:, None])
    assert (bounds <= single).all()
    assert (bounds[-1] >= 0.9 * single[-1] - 3).all()
    assert (np.diff(bounds, axis=1) >= -1).all()


def test_once_no_more_than_may_stay_are_outside_all_may_be_wrong() -> None:
    assert allowed_at_looks((60, 230), 240, 12, 0.05)[1] == 230
    assert allowed_at_looks((230, 240), 240, 12, 0.05) == (230, 240)
    assert allowed_at_looks((60, 90), 240, -1, 0.05) == (-1, -1)


def test_looks_that_do_not_grow_are_refused() -> None:
    for sizes in ((), (10, 10), (0, 5), (5, 100)):
        with pytest.raises(InputError, match="sizes must rise"):
            allowed_at_looks(sizes, 50, 3, 0.05)
