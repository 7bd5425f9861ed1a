"""Confident learning, with cleanlab as the oracle and planted noise as the truth."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.data import label_noise
from undercut.build.data.label_noise import (
    Method,
    confident_joint,
    find_suspects,
    noise_fraction,
    thresholds,
)
from undercut.core.errors import InputError


def noisy(
    rows: int, classes: int, *, noise: float, seed: int, sharp: float = 3.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Given labels, probabilities that know the true ones, and which labels are wrong."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, rows)
    wrong = rng.random(rows) < noise
    given = np.where(wrong, (true + rng.integers(1, classes, rows)) % classes, true)
    logits = rng.normal(size=(rows, classes)) + sharp * np.eye(classes)[true]
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return given, proba.astype(np.float32), wrong


CASES = [(500, 4, 0.2, 0), (800, 10, 0.3, 1), (300, 3, 0.0, 2), (2_000, 25, 0.4, 3)]


@pytest.mark.parametrize(("rows", "classes", "noise", "seed"), CASES)
def test_the_joint_is_cleanlabs(rows: int, classes: int, noise: float, seed: int) -> None:
    count = pytest.importorskip("cleanlab.count")
    labels, proba, _ = noisy(rows, classes, noise=noise, seed=seed)
    theirs = count.compute_confident_joint(labels, proba.astype(np.float64), calibrate=False)
    ours = confident_joint(labels, proba)
    shares = theirs / theirs.sum(axis=1, keepdims=True)
    counts = np.bincount(labels, minlength=classes)
    assert np.allclose(ours, shares * counts[:, None])


@pytest.mark.parametrize(("rows", "classes", "noise", "seed"), CASES)
@pytest.mark.parametrize(
    ("method", "filter_by"),
    [("confident_joint", "confident_learning"), ("noise_rate", "prune_by_noise_rate")],
)
def test_suspects_are_cleanlabs(
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    classes: int,
    noise: float,
    seed: int,
    method: Method,
    filter_by: str,
) -> None:
    filters = pytest.importorskip("cleanlab.filter")
    count = pytest.importorskip("cleanlab.count")
    labels, proba, _ = noisy(rows, classes, noise=noise, seed=seed)
    wide = proba.astype(np.float64)
    # Both round the joint to whole rows, each in its own way: theirs for both.
    whole = count.compute_confident_joint(labels, wide)
    monkeypatch.setattr(label_noise, "_rounded", lambda joint: whole)
    theirs = filters.find_label_issues(labels, wide, filter_by=filter_by, n_jobs=1)
    found = np.zeros(rows, dtype=bool)
    found[find_suspects(labels, proba, method=method).rows] = True
    assert (found == theirs).all()


@pytest.mark.parametrize(("rows", "classes", "noise", "seed"), CASES)
def test_whole_rows_keep_the_sums_of_the_joint(
    rows: int, classes: int, noise: float, seed: int
) -> None:
    labels, proba, _ = noisy(rows, classes, noise=noise, seed=seed)
    joint = confident_joint(labels, proba)
    whole = label_noise._rounded(joint)
    assert (whole.sum(axis=1) == np.bincount(labels, minlength=classes)).all()
    assert (np.abs(whole - joint) < 1).all()


def test_planted_errors_are_found_and_rank_first() -> None:
    labels, proba, wrong = noisy(2_000, 5, noise=0.15, seed=4, sharp=5.0)
    found = find_suspects(labels, proba)
    assert wrong[found.rows].mean() > 0.85
    assert wrong[found.rows].sum() > 0.8 * wrong.sum()
    assert wrong[found.rows[:100]].mean() > 0.97
    assert (np.diff(found.margin) >= 0).all()
    assert abs(noise_fraction(labels, proba) - 0.15) < 0.03


def test_right_labels_raise_no_suspicion() -> None:
    labels, _, _ = noisy(400, 4, noise=0.0, seed=5)
    sure = np.full((400, 4), 0.02, np.float32)
    sure[np.arange(400), labels] = 0.94
    assert len(find_suspects(labels, sure)) == 0
    assert noise_fraction(labels, sure) == 0.0


def test_no_class_loses_its_last_row() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    proba = np.array([[0.9, 0.1]] * 6, np.float32)
    found = find_suspects(labels, proba, method="noise_rate")
    assert {4, 5} - set(found.rows.tolist())


def test_a_class_without_rows_has_threshold_one() -> None:
    labels = np.array([0, 0, 1])
    proba = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1]], np.float32)
    assert thresholds(labels, proba) == pytest.approx([0.7, 0.7, 1.0])


@pytest.mark.parametrize("labels", [np.array([0, 3]), np.array([-1, 0]), np.array([0])])
def test_what_does_not_fit_is_refused(labels: np.ndarray) -> None:
    with pytest.raises(InputError):
        find_suspects(labels, np.full((2, 3), 1 / 3, np.float32))
