"""Temperature, calibration error and deferral scores against definitions and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.planning.calibration import (
    deferral_score,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    temper,
)
from undercut.core.errors import ConfigError, InputError


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


def test_calibration_error_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    labels = np.array([0, 1, 0, 0])
    # Two rows at .9 with half right, two at .6 with all right.
    expected = 0.5 * abs(0.5 - 0.9) + 0.5 * abs(1.0 - 0.6)
    assert expected_calibration_error(p, labels, bins=10) == pytest.approx(expected)
    assert expected_calibration_error(p, labels, bins=1) == pytest.approx(0.0)


def test_calibration_error_of_a_calibrated_model_is_small_and_grows_when_distorted() -> None:
    p, labels = calibrated(20_000, 4, seed=4)
    honest = expected_calibration_error(p, labels)
    assert honest < 0.02
    assert expected_calibration_error(temper(p, 0.3), labels) > honest + 0.05


def test_deferral_scores_by_hand() -> None:
    p = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    assert deferral_score(p, "max_probability") == pytest.approx([0.5, 1.0, 1 / 3])
    assert deferral_score(p, "margin") == pytest.approx([0.2, 1.0, 0.0], abs=1e-7)
    entropy = -(0.5 * np.log(0.5) + 0.3 * np.log(0.3) + 0.2 * np.log(0.2))
    assert deferral_score(p, "entropy") == pytest.approx(
        [1 - entropy / np.log(3), 1.0, 0.0], abs=1e-6
    )


@pytest.mark.parametrize("kind", ["max_probability", "margin", "entropy"])
def test_every_score_lies_in_the_unit_interval(kind: str) -> None:
    p, _ = calibrated(200, 7, seed=6)
    before = p.copy()
    score = deferral_score(p, kind)  # type: ignore[arg-type]
    assert score.shape == (200,)
    assert score.dtype == np.float32
    assert np.all((score >= 0) & (score <= 1))
    assert np.array_equal(before, p)
    assert deferral_score(p[:, :1], kind).tolist() == [1.0] * 200  # type: ignore[arg-type]
    assert deferral_score(p[:0], kind).shape == (0,)  # type: ignore[arg-type]


def test_bad_input_is_refused() -> None:
    p = np.full((2, 2), 0.5)
    with pytest.raises(InputError, match="shape"):
        fit_temperature(p, np.array([0]))
    with pytest.raises(InputError, match=r"labels lie in 0\.\.2"):
        expected_calibration_error(p, np.array([0, 2]))
    with pytest.raises(ConfigError, match="temperature"):
        temper(p, 0.0)
    with pytest.raises(ConfigError, match="bins"):
        expected_calibration_error(p, np.array([0, 1]), bins=0)
    with pytest.raises(ConfigError, match="expected one of max_probability"):
        deferral_score(p, "loudness")  # type: ignore[arg-type]
