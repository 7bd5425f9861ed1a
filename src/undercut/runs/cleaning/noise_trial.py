"""Does it help to drop suspects? Asked of rows that nothing was learnt from.

Every row is held out once. On the others suspects are found with out-of-fold probabilities, then
models learn from them as they are and as each treatment leaves them; all answer the held-out rows.
Noise calls for stronger penalties, so each side takes the penalty that suits it: else a treatment
would win only by what a better penalty gives too.

The labels of the held-out rows are as noisy as the rest. Evenly spread noise shrinks differences
in accuracy but keeps their sign (Ghosh, Kumar & Sastry 2017), while the F1 of a small class is soon
noise alone: so accuracy decides, and macro-F1 may not fall. A treatment is taken where it answers
more rows rightly than it spoils by an exact sign test, the level shared among the treatments
(Bonferroni), since the best of several is looked at. What that cannot show is not done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from undercut.build.data.label_noise import Method, Suspects, find_suspects
from undercut.build.training.ngram import NgramConfig, train_ngram
from undercut.core.dataset import Dataset, FloatArray, IntArray
from undercut.runs.cleaning.comparison import Trial, compare


@dataclass(frozen=True, slots=True)
class Treatment:
    """What to do with suspects. fraction: of them, the most suspicious first; weight: theirs."""

    name: str
    method: Method
    fraction: float
    weight: float


TREATMENTS = (
    Treatment("drop the surest quarter", "confident_joint", 0.25, 0.0),
    Treatment("drop the surer half", "confident_joint", 0.5, 0.0),
    Treatment("drop as many as the noise rate says", "noise_rate", 1.0, 0.0),
    Treatment("weigh all suspects a fifth", "confident_joint", 1.0, 0.2),
)
PENALTIES = (1e-4, 3e-5, 1e-5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the held-out rows said. chosen: the treatment to apply, None: leave the rows alone."""

    accuracy: float
    macro_f1: float
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
    weigh: bool,
    tick: Callable[[float, str], None],
) -> Verdict:
    """Cross-fitted trial of every treatment.

    groups: (rows,) rows of one group share a fold. weigh: may one be chosen that only weighs rows
    less? It is tried in any case.
    """
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
                answers[side, i, held] = answers_of(part, weight, suited, asked)
            tick((number + (side + 1) / sides) / folds, f"fold {number + 1} of {folds}")
    return _verdict(data, answers, weigh=weigh, seed=seed)


def _verdict(data: Dataset, answers: IntArray, *, weigh: bool, seed: int) -> Verdict:
    """answers: (sides, penalties, rows), the untreated side first."""
    names = [treatment.name for treatment in TREATMENTS]
    found = compare(data.labels, answers, names, classes=len(data.classes), seed=seed)
    helpful = [
        (trial.accuracy, treatment)
        for trial, treatment in zip(found.trials, TREATMENTS, strict=True)
        if trial.helps and (weigh or not treatment.weight)
    ]
    best = max(helpful, key=lambda pair: pair[0], default=(0.0, None))[1]
    return Verdict(found.accuracy, found.macro_f1, found.trials, best)


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


def answers_of(part: Dataset, weight: FloatArray, config: NgramConfig, asked: Dataset) -> IntArray:
    """(asked,) class ids, by a model of the rows that weigh anything."""
    kept = np.flatnonzero(weight > 0)
    taught = part.take(kept)
    model = train_ngram(taught.texts, taught.labels, part.classes, config, weights=weight[kept])
    return np.asarray(model.predict_proba(list(asked.texts)).argmax(axis=1))
