"""Temperature scaling against its definition and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.planning.calibration import fit_temperature, negative_log_likelihood
from undercut.core.errors import InputError
from undercut.models.cascade import temper


def calibrated(
    rows: int, classes: int, seed: int, *, alpha: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels truly drawn from them."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(classes, alpha), size=rows)
    labels = (rng.random((rows, 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    return p, np.minimum(labels, classes - 1)


@pytest.mark.parametrize("truth", [0.4, 1.0, 3.0])
def test_temperature_recovers_a_known_distortion(truth: float) -> None:
    p, labels = calibrated(20_000, 4, seed=0, alpha=1.0)
    distorted = p**truth / (p**truth).sum(axis=1, keepdims=True)
    assert fit_temperature(distorted, labels) == pytest.approx(truth, rel=0.05)


def test_temperature_is_the_minimum_scipy_finds() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    p, labels = calibrated(500, 6, seed=1)
    labels[:50] = (labels[:50] + 1) % 6
    best = optimize.minimize_scalar(
        lambda log_t: negative_log_likelihood(temper(p, float(np.exp(log_t))), labels),
        bounds=(np.log(0.05), np.log(20)),
        method="bounded",
    )
    assert fit_temperature(p, labels) == pytest.approx(float(np.exp(best.x)), rel=1e-2)


def test_temperature_of_a_perfect_or_hopeless_model_stays_bounded() -> None:
    p = np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32)
    assert fit_temperature(p, np.array([0, 1])) == pytest.approx(0.05, rel=1e-3)
    assert fit_temperature(p, np.array([1, 0])) == pytest.approx(20.0, rel=1e-3)
    certain = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    assert np.isfinite(fit_temperature(certain, np.array([0, 0])))


@given(st.integers(0, 10_000), st.floats(0.1, 10.0))
@settings(max_examples=40, deadline=None)
def test_tempering_keeps_rows_summing_to_one_and_the_order(seed: int, temperature: float) -> None:
    p, _ = calibrated(20, 5, seed, alpha=1.0)
    cooked = temper(p, temperature)
    assert cooked.dtype == np.float32
    assert np.allclose(cooked.sum(axis=1), 1.0, atol=1e-5)
    # Classes that were apart may tie in float32, but never change places.
    ranked = np.take_along_axis(cooked, np.argsort(p, axis=1), axis=1)
    assert np.all(np.diff(ranked, axis=1) >= 0.0)


def test_temperature_one_changes_nothing() -> None:
    p, _ = calibrated(20, 5, 0)
    assert np.allclose(temper(p, 1.0), p, atol=1e-6)


def test_bad_input_is_refused() -> None:
    p = np.full((2, 2), 0.5)
    with pytest.raises(InputError, match="shape"):
        fit_temperature(p, np.array([0]))
    with pytest.raises(InputError, match=r"labels lie in 0\.\.2"):
        negative_log_likelihood(p, np.array([0, 2]))
