"""L-BFGS reaches the least value of functions whose least value is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from undercut.build.training.lbfgs import minimise
from undercut.core.dataset import FloatArray


def test_quadratic_with_uneven_axes() -> None:
    scale = np.logspace(-1, 2, 30, dtype=np.float32).reshape(10, 3)
    target = np.arange(30, dtype=np.float32).reshape(10, 3)

    def objective(weights: FloatArray) -> tuple[float, FloatArray]:
        gap = weights - target
        return float((scale * gap * gap).sum() / 2), scale * gap

    found = minimise(objective, np.zeros((10, 3), np.float32), iterations=200, tolerance=0)
    np.testing.assert_allclose(found, target, atol=0.05)


def test_logistic_loss_equals_scipy() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 8))
    signs = np.sign(rows @ rng.normal(size=8) + rng.normal(size=200))

    def objective(weights: FloatArray) -> tuple[float, FloatArray]:
        margin = signs * (rows @ weights)
        loss = np.logaddexp(0, -margin).mean() + 0.005 * weights @ weights
        gradient = -(signs / (1 + np.exp(margin))) @ rows / 200 + 0.01 * weights
        return float(loss), np.asarray(gradient, dtype=weights.dtype)

    best = minimize(lambda w: objective(w)[0], np.zeros(8))
    found = minimise(objective, np.zeros(8, np.float32), iterations=100, tolerance=1e-7)
    assert objective(found)[0] == pytest.approx(best.fun, rel=1e-4)


def test_start_at_the_least_value_stays() -> None:
    start = np.zeros(3, np.float32)
    done: list[int] = []
    found = minimise(
        lambda w: (float(w @ w), 2 * w),
        start,
        iterations=9,
        tolerance=1e-3,
        progress=lambda i, _: done.append(i),
    )
    assert not found.any()
    assert not done
