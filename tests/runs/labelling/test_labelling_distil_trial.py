"""Whether a model's labels teach the small model: found where they do, not where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.runs.labelling.distil_trial import distil_trial
from undercut.runs.labelling.joint_curve import Known
from undercut.runs.labelling.student_trial import Trial

CLASSES, LABELLED, OTHERS = 4, 120, 900


def texts_of(truth: np.ndarray, random: np.random.Generator) -> list[str]:
    """Five words each, of 150 that belong to the class: few texts do not show them all."""
    letters = random.integers(26, size=(CLASSES, 150, 7)) + ord("a")
    words = [["".join(map(chr, word)) for word in own] for own in letters.tolist()]
    return [" ".join(words[k][n] for n in random.integers(150, size=5)) for k in truth.tolist()]


def sample(noise: float, *, drawn: float = 1.0) -> tuple[Known, list[str], np.ndarray, list[str]]:
    """Labelled and other texts; noise: how far their vectors lie from the class's corner."""
    random = np.random.default_rng(0)
    truth = random.integers(CLASSES, size=LABELLED + OTHERS)
    vectors = np.eye(16)[truth] + noise * random.standard_normal((len(truth), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = texts_of(truth, random)
    known = Known(
        vectors[:LABELLED],
        truth[:LABELLED],
        np.full(LABELLED, 0.02),
        np.arange(LABELLED) < drawn * LABELLED,
        CLASSES,
    )
    return known, texts[:LABELLED], vectors[LABELLED:], texts[LABELLED:]


def test_a_model_that_knows_more_teaches_the_small_one() -> None:
    found = distil_trial(*sample(0.15), seed=0)
    assert found.further > 0.8 * OTHERS
    assert found.mean > 0.1
    assert found.gain == pytest.approx(found.mean - found.error)
    assert found.gain > 0.05
    assert distil_trial(*sample(0.15), seed=0) == found


def test_a_model_that_is_sure_of_nothing_gains_nothing() -> None:
    known, texts, others, other_texts = sample(0.15)
    shuffled = np.random.default_rng(1).permutation(others)
    blind = Known(
        np.random.default_rng(2).permutation(known.vectors),
        known.labels,
        known.error,
        known.drawn,
        CLASSES,
    )
    found = distil_trial(blind, texts, shuffled, other_texts, seed=0)
    assert found.further < 0.2 * OTHERS
    assert found.gain < 0.02


def test_gains_within_the_noise_do_not_count() -> None:
    assert Trial(0.01, 0.02, 50).gain < 0


def test_only_drawn_texts_judge() -> None:
    """Labels of chosen texts teach; what is said of them counts nowhere."""
    known, texts, others, other_texts = sample(0.15, drawn=0.3)
    few = distil_trial(known, texts, others, other_texts, seed=0)
    every = distil_trial(*sample(0.15), seed=0)
    assert few.error > 1.4 * every.error
    assert few.mean == pytest.approx(every.mean, abs=3 * few.error)


@pytest.mark.parametrize("others", [0, 1])
def test_with_hardly_any_further_texts(others: int) -> None:
    known, texts, vectors, other_texts = sample(0.15)
    found = distil_trial(known, texts, vectors[:others], other_texts[:others], seed=0)
    assert abs(found.mean) < 0.05
