"""Audits of labels: published limits, samples that are fair, limits that hold in simulations."""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from undercut.build.labels.audit.anytime import anytime_interval
from undercut.build.labels.audit.binomial import (
    clean_trials_needed,
    exact_interval,
    exact_lower,
    exact_upper,
)
from undercut.build.labels.audit.certificate import NOT_ANSWERED, certify_labels
from undercut.build.labels.audit.powered import powered_share
from undercut.build.labels.audit.sampling import Design, draw
from undercut.build.labels.audit.strata import Stratum, stratified_estimate, stratified_upper
from undercut.core.errors import ConfigError, InputError


@pytest.fixture(scope="module")
def simulations() -> types.ModuleType:
    """benchmarks/audit_coverage.py"""
    path = Path(__file__).parents[3] / "benchmarks" / "audit_coverage.py"
    spec = importlib.util.spec_from_file_location("audit_coverage", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_exact_limits_are_clopper_and_pearsons() -> None:
    for wrong, trials in ((0, 59), (3, 100), (50, 100), (100, 100)):
        high = 1.0 if wrong == trials else beta.ppf(0.95, wrong + 1, trials - wrong)
        low = 0.0 if wrong == 0 else beta.ppf(0.05, wrong, trials - wrong + 1)
        assert exact_upper(wrong, trials, confidence=0.95) == pytest.approx(high)
        assert exact_lower(wrong, trials, confidence=0.95) == pytest.approx(low)
    # 10 of 100 at 95%, two-sided: the table of Clopper and Pearson (1934)
    assert exact_interval(10, 100, confidence=0.95) == pytest.approx((0.0490, 0.1762), abs=1e-4)
    assert clean_trials_needed(0.05, confidence=0.95) == 59
    assert clean_trials_needed(0.01, confidence=0.95) == 299
    assert exact_upper(0, 59, confidence=0.95) <= 0.05 < exact_upper(0, 58, confidence=0.95)
    with pytest.raises(InputError):
        exact_upper(5, 4, confidence=0.95)
    with pytest.raises(ConfigError):
        exact_upper(1, 4, confidence=95)


@given(rows=st.integers(1, 200), size=st.integers(1, 250), seed=st.integers(0, 5))
def test_a_sample_gives_every_stratum_its_share(rows: int, size: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    strata = random.integers(4, size=rows)
    sample = draw(strata, random.random(rows), size, seed=seed)
    assert len(sample.drawn) == min(size, rows)
    assert sample.whole == (size >= rows)
    for stratum in range(4):
        fair = len(sample.drawn) * (strata == stratum).mean()
        assert abs((strata[sample.drawn] == stratum).sum() - fair) < 2
    again = draw(strata, np.zeros(rows), size, seed=seed)
    assert (again.drawn == draw(strata, np.zeros(rows), size, seed=seed).drawn).all()


def test_every_row_has_the_same_chance() -> None:
    strata = np.repeat([0, 1, 2], [3, 40, 27])
    counts = np.zeros(70)
    for seed in range(4000):
        np.add.at(counts, draw(strata, np.linspace(0, 1, 70), 9, seed=seed).drawn, 1)
    expected = 4000 * 9 / 70
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_a_sample_refuses_nonsense() -> None:
    with pytest.raises(InputError):
        draw(np.zeros(0, int), np.zeros(0), 3, seed=0)
    with pytest.raises(ConfigError):
        draw(np.zeros(5, int), np.zeros(5), 0, seed=0)


def test_anytime_limits_narrow_to_the_truth_and_are_exact_at_the_end() -> None:
    assert anytime_interval(0, 0, 1000, confidence=0.95) == (0.0, 1.0)
    widths = [
        np.diff(anytime_interval(n // 10, n, 2000, confidence=0.95))[0] for n in (50, 200, 800)
    ]
    assert widths[0] > widths[1] > widths[2]
    assert anytime_interval(7, 40, 40, confidence=0.95) == (7 / 40, 7 / 40)
    # a look at any time costs: wider than the limit for one look, though not by much
    once, always = (
        exact_upper(3, 300, confidence=0.95),
        anytime_interval(3, 300, 10_000, confidence=0.95)[1],
    )
    assert once < always < 2 * once
    with pytest.raises(InputError):
        anytime_interval(3, 2, 10, confidence=0.95)


def test_strata_known_whole_are_counted_not_estimated() -> None:
    whole = [Stratum(100, 100, 7), Stratum(50, 50, 0)]
    assert stratified_upper(whole, confidence=0.95) == pytest.approx(7 / 150)
    one = [Stratum(1000, 100, 2)]
    assert stratified_upper(one, confidence=0.95) == pytest.approx(
        exact_upper(2, 100, confidence=0.95)
    )
    fair = [Stratum(500, 50, 1), Stratum(500, 50, 1)]
    assert stratified_upper(fair, confidence=0.95) == pytest.approx(
        exact_upper(2, 100, confidence=0.95)
    )
    assert stratified_upper([Stratum(10, 0, 0)], confidence=0.95) == 1.0
    assert stratified_estimate([Stratum(900, 30, 3), Stratum(100, 50, 5)]) == pytest.approx(0.1)
    assert stratified_estimate([Stratum(10, 0, 0)]) is None
    with pytest.raises(InputError):
        stratified_upper([], confidence=0.95)


def test_a_good_model_makes_limits_narrower_and_a_bad_one_hardly_wider() -> None:
    random = np.random.default_rng(0)
    truth = (random.random(4000) < 0.4).astype(float)
    good = np.clip(truth * 0.8 + 0.1 + random.normal(0, 0.1, 4000), 0, 1)
    drawn = random.permutation(4000)[:300]
    plain = np.diff(exact_interval(int(truth[drawn].sum()), 300, confidence=0.95))[0]
    found = powered_share(truth[drawn], good[drawn], good, confidence=0.95)
    # hardly a surprise in 300: a Gaussian would claim too much, the exact limit stands
    assert found.method == "exact"
    noisy = np.where(random.random(4000) < 0.9, good, 1 - good)
    found = powered_share(truth[drawn], noisy[drawn], noisy, confidence=0.95)
    assert found.method == "powered"
    assert found.high - found.low < 0.75 * plain
    bad = random.random(4000)
    found = powered_share(truth[drawn], bad[drawn], bad, confidence=0.95)
    assert found.high - found.low < 1.1 * plain
    assert found.power < 0.2


@pytest.mark.parametrize("design", list(Design))
def test_a_certificate_counts_what_is_open_as_wrong_or_not_yet(design: Design) -> None:
    labels = np.zeros(1000, dtype=np.int64)
    sample = draw(labels, np.zeros(1000), 100, seed=0, design=design)
    truth = np.zeros(100, dtype=np.int64)
    truth[3] = 1
    full = certify_labels(sample, truth, labels, None, ("a", "b"), confidence=0.95)
    assert (full.wrong, full.unanswered, full.looked_at) == (1, 0, 100)
    assert full.error_lower <= 0.01 <= full.error_upper
    assert full.confusions == (("a", "b", 1),)
    truth[50:] = NOT_ANSWERED
    half = certify_labels(sample, truth, labels, None, ("a", "b"), confidence=0.95)
    if design is Design.BLOCKS:
        assert (half.looked_at, half.unanswered) == (100, 50)
        assert half.error_upper == pytest.approx(exact_upper(51, 100, confidence=0.95))
    else:
        assert (half.looked_at, half.unanswered) == (50, 0)
        assert full.error_upper < half.error_upper < 0.2
    truth[:] = NOT_ANSWERED
    with pytest.raises(InputError, match="no drawn row"):
        certify_labels(sample, truth, labels, None, ("a", "b"), confidence=0.95)


def test_a_whole_audit_leaves_nothing_to_chance() -> None:
    labels = np.array([0, 1, 0, 1])
    sample = draw(labels, np.zeros(4), 10, seed=0)
    truth = labels[sample.drawn].copy()
    truth[sample.drawn == 2] = 1
    found = certify_labels(sample, truth, labels, None, ("a", "b"), confidence=0.95)
    assert found.error_upper == found.error_lower == 0.25


def test_limits_hold_in_simulations(simulations: types.ModuleType) -> None:
    """A hundred each: five standard errors below what is promised would show a broken limit."""
    for name, confidence, trial in simulations.settings():
        if "naive" in name or confidence != 0.95:
            continue
        random = np.random.default_rng(1)
        held = np.mean([trial(random)[0] for _ in range(40)])
        assert held >= 0.95 - 0.12, name


@pytest.mark.slow
def test_limits_hold_in_a_thousand_simulations(simulations: types.ModuleType) -> None:
    held = {}
    for name, confidence, trial in simulations.settings():
        random = np.random.default_rng(2)
        held[name, confidence] = np.mean([trial(random)[0] for _ in range(1000)])
    for (name, confidence), share in held.items():
        if "naive" in name:
            continue  # the mistake that anytime limits repair
        # two standard errors of the simulation itself
        assert share >= confidence - 2 * np.sqrt(confidence * (1 - confidence) / 1000), name
    assert held["300 looks, naive exact, error 0.1", 0.95] < 0.9
