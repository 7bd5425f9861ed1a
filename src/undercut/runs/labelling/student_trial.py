"""What further training rows would gain, measured on labels left out, in pairs.

What they teach is whatever a plan serves. Of that a plan would like most to serve the n-gram model,
the smallest, so it is the one that is taught here, with and without them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.runs.labelling.joint_curve import Known

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 4
# In the middle of those that training chooses from: both sides take the same.
PENALTY = 1e-5


@dataclass(frozen=True, slots=True)
class Trial:
    """mean: share of the small model's predictions that become right; error: standard error of it
    over the judging texts, taken in pairs. further: how many rows were taught beside the others.
    """

    mean: float
    error: float
    further: int

    @property
    def gain(self) -> float:
        """What is gained beyond the noise."""
        return self.mean - self.error


@dataclass(frozen=True, slots=True)
class Rows:
    """What a small model learns from: texts, (rows,) class ids, (rows,) what each counts."""

    texts: list[str]
    labels: Ints
    weights: Floats

    def and_those(self, other: Rows) -> Rows:
        """These and others behind them."""
        return Rows(
            [*self.texts, *other.texts],
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.weights, other.weights]),
        )

    def answers(self, asked: Sequence[str], classes: int, seed: int) -> Ints:
        """(asked,): class ids by a model of these rows."""
        from undercut.build.training.ngram import NgramConfig, train_ngram

        config = NgramConfig(seed=seed, penalties=(PENALTY,))
        names = tuple(str(number) for number in range(classes))
        weights = self.weights.astype(np.float32)
        model = train_ngram(self.texts, self.labels, names, config, weights=weights)
        return np.asarray(model.predict_proba(asked).argmax(axis=1), dtype=np.int64)


# What is taught beside some of the labels, by their positions.
Further = Callable[[Ints], Rows]


def paired_trial(
    known: Known,
    texts: Sequence[str],
    tried: Further,
    *,
    beside: Sequence[Further] = (),
    fold_of: Ints,
    seed: int,
) -> Trial:
    """The small model taught on all folds but one, judged on the drawn labels of that one.

    texts: (labelled,). tried: the rows in question. beside: rows that are taught on both sides,
    since they have been taken already. fold_of: (labelled,) in [0, FOLDS).
    """
    gained, further = np.zeros(len(known.labels)), []
    for number in range(FOLDS):
        taught, held = np.flatnonzero(fold_of != number), np.flatnonzero(fold_of == number)
        if not len(held) or not len(taught):
            continue
        rows = plain_rows(known, texts, taught)
        for more in beside:
            rows = rows.and_those(more(taught))
        added = tried(taught)
        further.append(len(added.texts))
        asked = [texts[row] for row in held.tolist()]
        said = [each.answers(asked, known.classes, seed) for each in (rows, rows.and_those(added))]
        right = [(each == known.labels[held]).astype(np.float64) for each in said]
        gained[held] = right[1] - right[0]
    return _trial(gained, known.counts, round(float(np.mean(further))) if further else 0)


def plain_rows(known: Known, texts: Sequence[str], taught: Ints) -> Rows:
    """The labels themselves."""
    return Rows([texts[row] for row in taught.tolist()], known.labels[taught], np.ones(len(taught)))


def folds(known: Known, seed: int) -> Ints:
    """(labelled,) fold of each label."""
    random = np.random.default_rng([seed, 7919])
    return np.asarray(random.permutation(len(known.labels)) % FOLDS, dtype=np.int64)


def _trial(gained: Floats, counts: Floats, further: int) -> Trial:
    mean = float(np.average(gained, weights=counts))
    variance = float(np.average((gained - mean) ** 2, weights=counts))
    return Trial(mean, float(np.sqrt(variance / max(float(counts.sum()), 1.0))), further)
