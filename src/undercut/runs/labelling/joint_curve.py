"""What more labels, better labels and distilling would each gain, measured on the labels so far.

Only texts that were drawn at random judge: a model's errors on texts chosen for their doubt are
more than it makes on texts as they come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.learning_curve import PowerLaw, fit_power_law
from undercut.build.labels.deciding.panel import leave_one_out
from undercut.build.labels.deciding.pseudo import RIDGE, fit_ridge, padded

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SHARES = (0.25, 0.4, 0.6, 0.8, 1.0)
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Known:
    """The labels so far. vectors: (labelled, width), rows of length 1. labels: (labelled,) class
    ids. error: (labelled,) believed chance of each label's being wrong. drawn: (labelled,) whether
    the text is of the random sample, which alone judges.
    """

    vectors: Floats
    labels: Ints
    error: Floats
    drawn: Bools
    classes: int

    @property
    def counts(self) -> Floats:
        """(labelled,): what each counts where models are judged."""
        # without any of the sample (all abstained on it) every label has to do
        drawn = self.drawn if self.drawn.any() else np.ones_like(self.drawn)
        return np.asarray((1 - self.error) * drawn)

    @property
    def targets(self) -> Floats:
        """(labelled, classes)."""
        return np.asarray(np.eye(self.classes)[self.labels])


@dataclass(frozen=True, slots=True)
class Measured:
    """sizes, errors: the learning curve's points. law: through them. random_error: that as many
    random labels would be expected to leave, by the curve of those that were drawn; None where all
    were. spread: standard error of errors on the judging texts. noise_costs: accuracy that as many
    wrong labels again as there are now would cost.
    """

    sizes: tuple[int, ...]
    errors: tuple[float, ...]
    law: PowerLaw
    random_error: float | None
    spread: float
    noise_costs: float

    @property
    def worse_than_random(self) -> bool:
        """Whether choosing has done worse than chance, by more than the measurement's noise."""
        return (
            self.random_error is not None and self.errors[-1] > self.random_error + 2 * self.spread
        )


def measure_curve(known: Known, *, seed: int) -> Measured:
    """Learning curve, what chance would have done, and the cost of noise, by one quick model.

    A ridge model on sentence vectors is judged on labels left out of it, each counted by the belief
    that it is right.
    """
    random = np.random.default_rng([seed, 31337])
    labelled = np.arange(len(known.labels))
    sizes, errors = _curve(known, labelled, random)
    sample = np.flatnonzero(known.drawn)
    by_chance = None
    if 2 <= len(sample) < len(labelled):
        by_chance = fit_power_law(*_curve(known, sample, random))(len(labelled))
    effective = known.counts.sum()
    return Measured(
        sizes,
        errors,
        fit_power_law(sizes, errors),
        by_chance,
        float(np.sqrt(errors[-1] * (1 - errors[-1]) / max(effective, 1.0))),
        _noise_costs(known, errors[-1], random),
    )


def _curve(
    known: Known, among: Ints, random: np.random.Generator
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Growing random parts of the labels, and the error that is left after training on each."""
    sizes = tuple(max(1, int(share * len(among))) for share in SHARES)
    errors = []
    for size in sizes:
        times = 1 if size == len(among) else REPEATS
        found = [_error(known, random.choice(among, size, replace=False)) for _ in range(times)]
        errors.append(float(np.mean(found)))
    return sizes, tuple(errors)


def _error(known: Known, rows: Ints) -> float:
    """Of a model of these rows, on all that judge: its own rows each left out of it."""
    vectors, targets = known.vectors[rows], known.targets[rows]
    weight = np.ones(len(rows))
    scores = padded(known.vectors) @ fit_ridge(vectors, targets, weight)
    scores[rows] = leave_one_out(vectors, targets, weight, RIDGE)
    return float(1 - np.average(scores.argmax(axis=1) == known.labels, weights=known.counts))


def _noise_costs(known: Known, now: float, random: np.random.Generator) -> float:
    """Error with as many labels wrong again as are believed to be, less the error now."""
    costs = []
    for _ in range(REPEATS):
        flipped = random.random(len(known.labels)) < known.error.mean()
        wrong = np.where(flipped, random.permutation(known.labels), known.labels)
        scores = leave_one_out(
            known.vectors, np.eye(known.classes)[wrong], np.ones(len(wrong)), RIDGE
        )
        right = scores.argmax(axis=1) == known.labels
        costs.append(1 - np.average(right, weights=known.counts) - now)
    return max(float(np.mean(costs)), 0.0)
