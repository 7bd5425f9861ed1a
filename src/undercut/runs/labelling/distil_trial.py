"""What a model's labels on further texts would gain, measured on labels left out.

Two models are taught with and without them: the small one that a plan would like to serve, on
words and pieces of words, and the one on sentence vectors that gives the labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.pseudo import (
    PSEUDO_WEIGHT,
    fit_ridge,
    padded,
    pseudo_labels,
)
from undercut.runs.labelling.joint_curve import Known

Floats = NDArray[np.float64]

FOLDS = 4
# Of the further texts, to keep the trial short; more of them gain more.
MOST_OTHERS = 3000
CELLS = 1024
GRAMS = (3, 4, 5)


@dataclass(frozen=True, slots=True)
class Trial:
    """Share of predictions that become right: of the small model, of the model that labels.

    Each with its standard error over the judging texts, taken in pairs.
    """

    small: float
    small_error: float
    teacher: float
    teacher_error: float

    @property
    def gain(self) -> float:
        """What the small model gains beyond the noise; the loss where the teacher has a clear one.

        A model's labels teach the small model what the large one knows, so that the plan needs the
        large one less; where they spoil the large one, that is what the plan would lose.
        """
        if self.teacher < -2 * self.teacher_error:
            return self.teacher
        return self.small - self.small_error


def distil_trial(
    known: Known, texts: Sequence[str], others: Floats, other_texts: Sequence[str], *, seed: int
) -> Trial:
    """Both models taught on three quarters of the labels, judged on the drawn ones of the rest.

    texts: of the labels. others: (others, width) vectors and other_texts of texts without any.
    """
    random = np.random.default_rng([seed, 7919])
    part = np.sort(random.permutation(len(others))[:MOST_OTHERS])
    others, other_texts = others[part], [other_texts[place] for place in part]
    features = gram_features([*texts, *other_texts])
    small, small_others = features[: len(texts)], features[len(texts) :]
    fold = random.permutation(len(known.labels)) % FOLDS
    gains = np.zeros((2, len(known.labels)))
    for held_fold in range(FOLDS):
        taught, held = np.flatnonzero(fold != held_fold), np.flatnonzero(fold == held_fold)
        guessed = pseudo_labels(
            known.vectors[taught],
            known.labels[taught],
            known.counts[taught],
            others,
            known.classes,
        )
        for row, (own, further) in enumerate(((small, small_others), (known.vectors, others))):
            right = _taught(own, further, known, taught, held, guessed)
            gains[row, held] = right(True) - right(False)
    mean = [float(np.average(row, weights=known.counts)) for row in gains]
    judging = max(float(known.counts.sum()), 1.0)
    error = [
        float(np.sqrt(np.average((row - middle) ** 2, weights=known.counts) / judging))
        for row, middle in zip(gains, mean, strict=True)
    ]
    return Trial(mean[0], error[0], mean[1], error[1])


def _taught(
    own: Floats,
    further: Floats,
    known: Known,
    taught: NDArray[np.int64],
    held: NDArray[np.int64],
    guessed: NDArray[np.int64],
) -> Callable[[bool], Floats]:
    """(held,) 1 where a model is right that is taught with (True) or without the guesses."""
    sure = np.flatnonzero(guessed >= 0)
    eye = np.eye(known.classes)

    def right(distilled: bool) -> Floats:
        more = sure if distilled else sure[:0]
        beta = fit_ridge(
            np.concatenate([own[taught], further[more]]),
            np.concatenate([known.targets[taught], eye[guessed[more]]]),
            np.concatenate([np.ones(len(taught)), np.full(len(more), PSEUDO_WEIGHT)]),
        )
        said = (padded(own[held]) @ beta).argmax(axis=1)
        return np.asarray(said == known.labels[held], dtype=np.float64)

    return right


def gram_features(texts: Sequence[str]) -> Floats:
    """(texts, CELLS), rows of length 1: hashed words and their pieces, rare ones weighing more.

    Source of the hashing: Weinberger et al., Feature hashing for large scale multitask learning
    (ICML 2009).
    """
    found = np.zeros((len(texts), CELLS))
    for row, text in enumerate(texts):
        cells = [crc32(gram.encode("utf-8", "surrogatepass")) % CELLS for gram in _grams(text)]
        found[row, cells] = 1.0
    share = (found.sum(axis=0) + 1) / (len(texts) + 1)
    found *= np.log(1 / share) + 1
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12))


def _grams(text: str) -> set[str]:
    words = text.lower().split()
    pieces = {
        f" {word} "[start : start + length]
        for word in words
        for length in GRAMS
        for start in range(max(len(word) + 3 - length, 1))
    }
    return pieces | set(words)
