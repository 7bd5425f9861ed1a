"""The bound holds for every truth, on an enumerated sample space, and its parts are as claimed."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.planning import paired_exact
from undercut.build.planning.binomial import (
    clopper_pearson_lower,
    clopper_pearson_upper,
    upper_tail,
)
from undercut.build.planning.paired_exact import (
    loss_excluded,
    loss_upper_bound,
    tango_score,
    tango_upper_bound,
)
from undercut.core.errors import ConfigError, InputError

ALPHA = 0.05


@lru_cache(maxsize=4)
def enumerated(n: int, most_discordant: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All results with at most so many discordant rows: n10, n01, U."""
    cells = [(a, b) for a in range(n + 1) for b in range(n + 1 - a) if a + b <= most_discordant]
    n10, n01 = np.array(cells).T
    return n10, n01, np.array([loss_upper_bound(a, b, n, alpha=ALPHA) for a, b in cells])


def miss_probability(n: int, most_discordant: int, p10: float, p01: float) -> float:
    """P(U < theta), results outside the enumeration counted as misses."""
    n10, n01, bound = enumerated(n, most_discordant)
    log_p = np.array([
        math.lgamma(n + 1) - math.lgamma(a + 1) - math.lgamma(b + 1) - math.lgamma(n - a - b + 1)
        + (a * math.log(p10) if a else 0.0)
        + (b * math.log(p01) if b else 0.0)
        + ((n - a - b) * math.log(1 - p10 - p01) if n - a - b else 0.0)
        if (p10 > 0 or a == 0) and (p01 > 0 or b == 0) and (p10 + p01 < 1 or a + b == n)
        else -np.inf
        for a, b in zip(n10, n01, strict=True)
    ])  # fmt: skip
    return 1.0 - float(np.exp(log_p)[bound >= p10 - p01].sum())


def test_covers_every_truth_with_all_results_enumerated() -> None:
    n = 15
    grid = np.linspace(0.0, 1.0, 26)
    worst = max(
        miss_probability(n, n, p10, p01) for p10 in grid for p01 in grid if p10 + p01 <= 1.0
    )
    assert worst <= ALPHA
    # A bound that never misses would pass too; this one spends what it is given.
    assert worst >= 0.03


def test_covers_rare_disagreement_on_more_rows() -> None:
    grid = [0.0, 0.002, 0.01, 0.02, 0.035, 0.05]
    worst = max(miss_probability(80, 16, p10, p01) for p10 in grid for p01 in grid if p01 <= 0.035)
    assert 0.03 <= worst <= ALPHA


def test_no_disagreement_gives_the_rule_of_three() -> None:
    bound = loss_upper_bound(0, 0, 1600, alpha=ALPHA)
    assert 1.0 - ALPHA ** (1 / 1600) <= bound <= 1.01 * (1.0 - ALPHA ** (1 / 1600))


@pytest.mark.parametrize(("n10", "n01"), [(12, 5), (18, 8), (14, 7), (7, 2), (20, 14), (3, 9)])
def test_close_to_tango_where_that_is_good(n10: int, n01: int) -> None:
    exact = loss_upper_bound(n10, n01, 1600, alpha=ALPHA)
    assert abs(exact - tango_upper_bound(n10, n01, 1600, alpha=ALPHA)) < 0.6 / 1600


def test_documented_example() -> None:
    assert loss_upper_bound(12, 5, 1600, alpha=ALPHA) == pytest.approx(0.00912, abs=1e-5)


def test_extremes() -> None:
    assert loss_upper_bound(10, 0, 10, alpha=ALPHA) == 1.0
    assert -1.0 <= loss_upper_bound(0, 10, 10, alpha=ALPHA) < 0.0
    assert 0.2 < loss_upper_bound(0, 0, 10, alpha=ALPHA) < 0.3
    assert loss_upper_bound(0, 0, 1, alpha=ALPHA) == pytest.approx(0.95, abs=0.01)
    assert loss_upper_bound(2, 80, 1600, alpha=ALPHA) < 0.0


def test_decision_agrees_with_the_bound() -> None:
    for n10, n01 in [(0, 0), (12, 5), (3, 9)]:
        bound = loss_upper_bound(n10, n01, 1600, alpha=ALPHA)
        assert loss_excluded(n10, n01, 1600, bound + 0.05 / 1600, alpha=ALPHA)
        assert not loss_excluded(n10, n01, 1600, bound - 0.05 / 1600, alpha=ALPHA)
    assert not loss_excluded(12, 5, 1600, -0.5, alpha=ALPHA)
    assert loss_excluded(10, 0, 10, 1.0, alpha=ALPHA)


@given(st.integers(5, 200), st.data())
@settings(max_examples=12, deadline=None)
def test_worse_results_never_lower_the_bound(n: int, data: st.DataObject) -> None:
    n10 = data.draw(st.integers(0, n - 1))
    n01 = data.draw(st.integers(0, n - 1 - n10))
    here = loss_upper_bound(n10, n01, n, alpha=ALPHA)
    slack = 0.01 * math.sqrt(n10 + n01 + 2.0) / n
    assert loss_upper_bound(n10 + 1, n01, n, alpha=ALPHA) >= here - slack
    assert loss_upper_bound(n10, n01 + 1, n, alpha=ALPHA) <= here + slack
    assert here >= (n10 - n01) / n
    assert loss_upper_bound(n10, n01, n, alpha=0.01) >= here - slack


def test_score_uses_the_constrained_maximum_likelihood_estimate() -> None:
    n, n10, n01 = 50, 7, 3
    for theta in (-0.2, -0.01, 0.0, 0.05, 0.4):
        q = np.linspace(max(0.0, -theta), (1.0 - theta) / 2.0, 400_001)[1:-1]
        likelihood = (
            n10 * np.log(q + theta) + n01 * np.log(q) + (n - n10 - n01) * np.log(1 - theta - 2 * q)
        )
        best = q[int(np.nanargmax(likelihood))]
        expected = ((n10 - n01) / n - theta) / math.sqrt((2 * best + theta - theta**2) / n)
        score = tango_score(np.array(float(n10)), np.array(float(n01)), n, theta)
        assert float(score) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("n", [10, 25])
def test_score_falls_with_theta_so_that_regions_are_nested(n: int) -> None:
    n10, n01 = np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0), indexing="ij")
    fits = n10 + n01 <= n
    scores = np.array(
        [tango_score(n10[fits], n01[fits], n, theta) for theta in np.linspace(-0.999, 0.999, 999)]
    )
    assert np.all(np.diff(scores, axis=0) <= 1e-9)


def test_tango_regions_are_barnard_convex_already() -> None:
    n = 25
    for n10 in range(n):
        for n01 in range(n + 1 - n10):
            limit = tango_upper_bound(n10, n01, n, alpha=ALPHA)
            raw = paired_exact._raw_thresholds(limit, n, n, alpha=ALPHA)
            raw[n10 + n01] = max(raw[n10 + n01], n10)
            assert np.array_equal(paired_exact._close(raw), raw)


def test_closing_gives_the_smallest_barnard_convex_region() -> None:
    closed = paired_exact._close(np.array([-1, -1, 2, -1, 0, 4]))
    assert closed.tolist() == [0, 1, 2, 2, 3, 4]


def test_region_probability_is_the_double_sum() -> None:
    region = paired_exact._region(3, 2, 40, ALPHA)
    theta, pi = 0.07, 0.2
    p10, p01 = (pi + theta) / 2, (pi - theta) / 2
    total = sum(
        math.comb(40, a) * math.comb(40 - a, b) * p10**a * p01**b * (1 - pi) ** (40 - a - b)
        for a in range(41)
        for b in range(41 - a)
        if a + b >= region.most.size or a <= region.most[a + b]
    )
    assert region.probability(np.array([theta]), np.array([pi]))[0] == pytest.approx(total, 1e-6)


def test_worst_share_of_disagreement_is_really_searched() -> None:
    """No pi on a fine grid gives the region more than alpha at the bound."""
    for n10, n01 in [(12, 5), (7, 2), (0, 0)]:
        region = paired_exact._region(n10, n01, 1600, ALPHA)
        bound = loss_upper_bound(n10, n01, 1600, alpha=ALPHA)
        pi = np.linspace(bound, region.discordant_upper, 3000)
        assert region.probability(np.full(pi.size, bound), pi).max() <= ALPHA


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match="counts do not fit"):
        loss_upper_bound(*counts, alpha=ALPHA)


def test_alpha_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match="alpha"):
        loss_upper_bound(0, 0, 5, alpha=0.7)


@given(st.integers(1, 400), st.data(), st.sampled_from([0.1, 0.05, 0.0025]))
@settings(max_examples=15, deadline=None)
def test_clopper_pearson_matches_scipy(n: int, data: st.DataObject, alpha: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    k = data.draw(st.integers(0, n))
    lower = stats.beta.ppf(alpha, k, n - k + 1) if k else 0.0
    upper = stats.beta.ppf(1 - alpha, k + 1, n - k) if k < n else 1.0
    assert clopper_pearson_lower(k, n, alpha) == pytest.approx(lower, abs=1e-9)
    assert clopper_pearson_upper(k, n, alpha) == pytest.approx(upper, abs=1e-9)
    assert upper_tail(k, n, 0.3) == pytest.approx(stats.binom.sf(k - 1, n, 0.3), abs=1e-10)
