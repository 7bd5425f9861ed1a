"""What a model's labels on further texts would gain, measured on labels left out.

What they teach is whatever is smaller than the model that gives them. Of these a plan would like
most to serve the n-gram model, so it is the one that is taught here, with and without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.pseudo import PSEUDO_WEIGHT, pseudo_labels
from undercut.runs.labelling.joint_curve import Known

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 4
# Of the further texts, to keep the trial short; more of them gain more.
MOST_OTHERS = 3000
# In the middle of those that training chooses from: both sides take the same.
PENALTY = 1e-5


@dataclass(frozen=True, slots=True)
class Trial:
    """mean: share of the small model's predictions that become right; error: standard error of it
    over the judging texts, taken in pairs. sure: of the further texts, how many got a label.
    """

    mean: float
    error: float
    sure: int

    @property
    def gain(self) -> float:
        """What is gained beyond the noise."""
        return self.mean - self.error


def distil_trial(
    known: Known, texts: Sequence[str], others: Floats, other_texts: Sequence[str], *, seed: int
) -> Trial:
    """The small model taught on three quarters of the labels, judged on the drawn ones of the rest.

    texts: of the labels. others: (others, width) vectors and other_texts of texts without any.
    """
    random = np.random.default_rng([seed, 7919])
    part = np.sort(random.permutation(len(others))[:MOST_OTHERS])
    others, other_texts = others[part], [other_texts[place] for place in part]
    fold = random.permutation(len(known.labels)) % FOLDS
    gained, sure = np.zeros(len(known.labels)), []
    for number in range(FOLDS):
        taught, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if not len(held):
            continue
        guessed = pseudo_labels(
            known.vectors[taught],
            known.labels[taught],
            known.counts[taught],
            others,
            known.classes,
        )
        rows = _Rows([texts[row] for row in taught.tolist()], known.labels[taught])
        asked = [texts[row] for row in held.tolist()]
        further = np.flatnonzero(guessed >= 0)
        sure.append(len(further))
        wider = rows.and_those([other_texts[row] for row in further.tolist()], guessed[further])
        said = [each.answers(asked, known.classes, seed) for each in (rows, wider)]
        right = [(each == known.labels[held]).astype(np.float64) for each in said]
        gained[held] = right[1] - right[0]
    return _trial(gained, known.counts, round(float(np.mean(sure))))


def _trial(gained: Floats, counts: Floats, sure: int) -> Trial:
    mean = float(np.average(gained, weights=counts))
    variance = float(np.average((gained - mean) ** 2, weights=counts))
    return Trial(mean, float(np.sqrt(variance / max(float(counts.sum()), 1.0))), sure)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a small model learns from; the last `further` count less than the others."""

    texts: list[str]
    labels: Ints
    further: int = 0

    def and_those(self, texts: list[str], labels: Ints) -> _Rows:
        """These and a model's labels behind them."""
        return _Rows([*self.texts, *texts], np.concatenate([self.labels, labels]), len(texts))

    def answers(self, asked: Sequence[str], classes: int, seed: int) -> Ints:
        """(asked,): class ids by a model of these rows."""
        from undercut.build.training.ngram import NgramConfig, train_ngram

        weights = np.ones(len(self.texts), dtype=np.float32)
        weights[len(weights) - self.further :] = PSEUDO_WEIGHT
        config = NgramConfig(seed=seed, penalties=(PENALTY,))
        names = tuple(str(number) for number in range(classes))
        model = train_ngram(self.texts, self.labels, names, config, weights=weights)
        return np.asarray(model.predict_proba(asked).argmax(axis=1), dtype=np.int64)
