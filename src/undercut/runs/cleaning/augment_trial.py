"""Does it help to learn from edited copies too? Asked of rows that nothing was learnt from.

As with suspects: every row is held out once, with its group; copies are made of the other rows
only, and each side takes the penalty that suits it. Copies are taken where they answer more rows
rightly than they spoil, by an exact sign test whose level the settings share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from undercut.build.data.augmentation import AugmentConfig, augment
from undercut.build.training.ngram import NgramConfig
from undercut.core.dataset import Dataset, FloatArray, IntArray
from undercut.runs.cleaning.comparison import Trial, compare
from undercut.runs.cleaning.noise_trial import PENALTIES, answers_of, spread


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make copies. name: for the report."""

    name: str
    copies: AugmentConfig


RECIPES = (
    Recipe("one edited copy a row", AugmentConfig(copies=1)),
    Recipe("four edited copies a row", AugmentConfig(copies=4)),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the held-out rows said. chosen: the copies to make, None: none."""

    accuracy: float
    macro_f1: float
    trials: tuple[Trial, ...]
    chosen: Recipe | None


def try_copies(
    data: Dataset,
    groups: IntArray,
    config: NgramConfig,
    *,
    folds: int,
    seed: int,
    tick: Callable[[float, str], None],
) -> Verdict:
    """Cross-fitted trial of every recipe. groups: (rows,) rows of one group share a fold."""
    fold = spread(data.labels, groups, folds=folds, seed=seed)
    sides = len(RECIPES) + 1
    answers = np.empty((sides, len(PENALTIES), len(data)), dtype=np.int64)
    for number in range(folds):
        held, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        part, asked = data.take(rest), data.take(held)
        taught = [part]
        for recipe in RECIPES:
            rng = np.random.default_rng([seed, number])
            taught.append(with_copies(part, recipe.copies, rng))
        for side, rows in enumerate(taught):
            weight = np.ones(len(rows), np.float32) if rows.weights is None else rows.weights
            for i, penalty in enumerate(PENALTIES):
                suited = config.model_copy(update={"penalties": (penalty,)})
                answers[side, i, held] = answers_of(rows, weight, suited, asked)
            tick((number + (side + 1) / sides) / folds, f"fold {number + 1} of {folds}")
    names = [recipe.name for recipe in RECIPES]
    found = compare(data.labels, answers, names, classes=len(data.classes), seed=seed)
    helpful = [
        (trial.accuracy, recipe)
        for trial, recipe in zip(found.trials, RECIPES, strict=True)
        if trial.helps
    ]
    best = max(helpful, key=lambda pair: pair[0], default=(0.0, None))[1]
    return Verdict(found.accuracy, found.macro_f1, found.trials, best)


def with_copies(data: Dataset, config: AugmentConfig, rng: np.random.Generator) -> Dataset:
    """The rows, and their edited copies behind them."""
    made = augment(data.texts, [""] * len(data), config, rng)
    copied = data.take(np.array(made.origins, dtype=np.int64))
    weights: FloatArray | None = None
    if data.weights is not None and copied.weights is not None:
        weights = np.concatenate([data.weights, copied.weights])
    return replace(
        data,
        texts=(*data.texts, *made.texts),
        labels=np.concatenate([data.labels, copied.labels]),
        lines=np.concatenate([data.lines, copied.lines]),
        weights=weights,
    )
