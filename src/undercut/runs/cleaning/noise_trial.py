"""Does it help to drop suspects? Asked of rows that nothing was learnt from.

Every row is held out once. On the others suspects are found with out-of-fold probabilities, then
models learn from them as they are and as each treatment leaves them; all answer the held-out rows.
Noise calls for stronger penalties, so each side takes the penalty that suits it: else a treatment
would win only by what a better penalty gives too. A treatment is taken where the lower bound of
its gain in macro-F1 is above zero, with the confidence shared among the treatments (Bonferroni),
since the best of several is looked at. The labels of the held-out rows are as noisy as the rest:
what they cannot show is not done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from undercut.build.data.label_noise import Method, Suspects, find_suspects
from undercut.build.data.paired_bootstrap import Difference, macro_f1, macro_f1_difference
from undercut.build.training.ngram import NgramConfig, train_ngram
from undercut.core.dataset import Dataset, FloatArray, IntArray

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Treatment:
    """What to do with suspects. fraction: of them, the most suspicious first; weight: theirs."""

    name: str
    method: Method
    fraction: float
    weight: float


TREATMENTS = (
    Treatment("drop the surer half", "confident_joint", 0.5, 0.0),
    Treatment("drop all suspects", "confident_joint", 1.0, 0.0),
    Treatment("drop as many as the noise rate says", "noise_rate", 1.0, 0.0),
    Treatment("weigh all suspects a fifth", "confident_joint", 1.0, 0.2),
)
PENALTIES = (1e-4, 3e-5, 1e-5)


@dataclass(frozen=True, slots=True)
class Trial:
    """One treatment on the held-out rows: macro-F1 and its difference to doing nothing."""

    treatment: Treatment
    macro_f1: float
    difference: Difference


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the held-out rows said. chosen: the treatment to apply, None: leave the rows alone."""

    untreated: float
    trials: tuple[Trial, ...]
    chosen: Treatment | None


def try_treatments(
    data: Dataset,
    groups: IntArray,
    config: NgramConfig,
    *,
    folds: int,
    inner_folds: int,
    seed: int,
    tick: Callable[[float, str], None],
) -> Verdict:
    """Cross-fitted trial of every treatment; groups: (rows,) rows of one group share a fold."""
    fold = spread(data.labels, groups, folds=folds, seed=seed)
    sides = len(TREATMENTS) + 1
    answers = np.empty((sides, len(PENALTIES), len(data)), dtype=np.int64)
    for number in range(folds):
        held, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        part, asked = data.take(rest), data.take(held)
        proba = out_of_fold(part, groups[rest], config, folds=inner_folds, seed=seed + 1)
        weights = [np.ones(len(rest), np.float32)]
        weights += [weights_of(part.labels, proba, treatment) for treatment in TREATMENTS]
        for side, weight in enumerate(weights):
            for i, penalty in enumerate(PENALTIES):
                suited = config.model_copy(update={"penalties": (penalty,)})
                answers[side, i, held] = _answers(part, weight, suited, asked)
            tick((number + (side + 1) / sides) / folds, f"fold {number + 1} of {folds}")
    return _verdict(data, answers, seed=seed)


def _verdict(data: Dataset, answers: IntArray, *, seed: int) -> Verdict:
    """answers: (sides, penalties, rows), the untreated side first."""
    classes = len(data.classes)
    scores = np.array(
        [[macro_f1(data.labels, each, classes) for each in side] for side in answers]
    )
    best = answers[np.arange(len(answers)), scores.argmax(axis=1)]
    confidence = 1 - (1 - _CONFIDENCE) / len(TREATMENTS)
    trials = tuple(
        Trial(
            treatment,
            float(scores[i].max()),
            macro_f1_difference(
                data.labels, best[0], best[i], classes, confidence=confidence, seed=seed
            ),
        )
        for i, treatment in enumerate(TREATMENTS, start=1)
    )
    helpful = [trial for trial in trials if trial.difference.low > 0]
    chosen = max(helpful, key=lambda trial: trial.difference.value, default=None)
    return Verdict(
        float(scores[0].max()), trials, None if chosen is None else chosen.treatment
    )


def out_of_fold(
    data: Dataset, groups: IntArray, config: NgramConfig, *, folds: int, seed: int
) -> FloatArray:
    """(rows, classes) probabilities of each row from a model that saw nobody of its group."""
    fold = spread(data.labels, groups, folds=folds, seed=seed)
    result = np.zeros((len(data), len(data.classes)), dtype=np.float32)
    for number in range(folds):
        held, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        part = data.take(rest)
        model = train_ngram(part.texts, part.labels, data.classes, config)
        result[held] = model.predict_proba([data.texts[int(i)] for i in held])
    return result


def weights_of(labels: IntArray, proba: FloatArray, treatment: Treatment) -> FloatArray:
    """(rows,) what each row weighs under a treatment."""
    weight = np.ones(len(labels), dtype=np.float32)
    weight[chosen_rows(find_suspects(labels, proba, method=treatment.method), treatment)] = (
        treatment.weight
    )
    # A class must not lose its last row.
    left = np.bincount(labels, weights=weight, minlength=proba.shape[1])
    weight[left[labels] == 0] = 1.0
    return weight


def chosen_rows(suspects: Suspects, treatment: Treatment) -> IntArray:
    """The suspects a treatment is for."""
    return suspects.rows[: round(treatment.fraction * len(suspects))]


def spread(labels: IntArray, groups: IntArray, *, folds: int, seed: int) -> IntArray:
    """(rows,) folds; rows of a group together, classes spread evenly over folds."""
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(len(first))
    dealt = shuffled[np.argsort(labels[first[shuffled]], kind="stable")]
    fold = np.empty(len(first), dtype=np.int64)
    fold[dealt] = np.arange(len(dealt)) % folds
    return np.asarray(fold[number])


def _answers(part: Dataset, weight: FloatArray, config: NgramConfig, asked: Dataset) -> IntArray:
    kept = np.flatnonzero(weight > 0)
    taught = part.take(kept)
    # On average one, so that a penalty means the same for every treatment.
    mass = weight[kept, None] / weight[kept].mean()
    targets = np.eye(len(part.classes), dtype=np.float32)[taught.labels] * mass
    model = train_ngram(taught.texts, taught.labels, part.classes, config, soft_targets=targets)
    return np.asarray(model.predict_proba(list(asked.texts)).argmax(axis=1))
