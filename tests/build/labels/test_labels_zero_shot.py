"""Zero-shot: nearest description, and probabilities that mean something."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.build.labels.zero_shot import Calibration, calibrate, similarity
from undercut.core.errors import InputError


def test_the_nearest_of_several_descriptions_counts() -> None:
    texts = np.array([[1.0, 0.0], [0.0, 2.0]])
    scores = similarity(texts, [np.array([[0.0, 1.0], [3.0, 0.0]]), np.array([[1.0, 1.0]])])
    assert scores == pytest.approx(np.array([[1.0, 0.5**0.5], [1.0, 0.5**0.5]]))


def test_probabilities_sum_to_one_and_follow_the_scores() -> None:
    shares = Calibration(10.0).probabilities(np.array([[0.2, 0.4, 0.1]]))
    assert shares.sum() == pytest.approx(1.0)
    assert shares.argmax() == 1


def test_calibration_finds_the_scale_that_made_the_labels() -> None:
    random = np.random.default_rng(0)
    scores = random.uniform(0, 1, (4000, 3))
    true = Calibration(8.0).probabilities(scores)
    labels = np.array([random.choice(3, p=row) for row in true], dtype=np.int64)
    fitted = calibrate(scores, labels)
    assert 7.0 < fitted.scale < 9.2
    assert fitted.examples == 4000


def test_two_lucky_examples_do_not_make_it_certain() -> None:
    fitted = calibrate(np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([0, 1]))
    assert fitted.scale < 40.0


def test_nothing_to_calibrate_on_is_refused() -> None:
    with pytest.raises(InputError):
        calibrate(np.zeros((0, 2)), np.zeros(0, dtype=np.int64))
