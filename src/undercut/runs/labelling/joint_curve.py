"""What more labels, better labels and distilling would each gain, measured on the labels so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.learning_curve import PowerLaw, fit_power_law
from undercut.build.labels.deciding.panel import leave_one_out
from undercut.build.labels.deciding.pseudo import (
    PSEUDO_WEIGHT,
    RIDGE,
    fit_ridge,
    padded,
    pseudo_labels,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHARES = (0.25, 0.4, 0.6, 0.8, 1.0)
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """sizes, errors: the learning curve's points. law: through them. noise_costs: accuracy that
    as many wrong labels again as there are now would cost. distil_gains: accuracy that a model's
    own labels on the unlabelled texts add; None where every text is labelled.
    """

    sizes: tuple[int, ...]
    errors: tuple[float, ...]
    law: PowerLaw
    noise_costs: float
    distil_gains: float | None


def measure_options(
    vectors: Floats,
    labels: Ints,
    error: Floats,
    unlabelled: Floats,
    classes: int,
    *,
    seed: int,
) -> Measured:
    """Learning curve, cost of noise and gain of pseudo-labels, all by one quick model.

    vectors: (labelled, width), labels: (labelled,), error: (labelled,) believed chance of each
    label's being wrong; unlabelled: (others, width). A ridge model on sentence vectors is judged
    on labels left out of it, each counted by the belief that it is right.
    """
    random = np.random.default_rng([seed, 31337])
    targets = np.eye(classes)[labels]
    belief = 1 - error
    sizes = tuple(int(share * len(labels)) for share in SHARES)
    errors = []
    for size in sizes:
        found = []
        for _ in range(1 if size == len(labels) else REPEATS):
            rows = np.sort(random.choice(len(labels), size, replace=False))
            found.append(_error(vectors[rows], targets[rows], labels[rows], belief[rows]))
        errors.append(float(np.mean(found)))
    return Measured(
        sizes,
        tuple(errors),
        fit_power_law(sizes, errors),
        _noise_costs(vectors, labels, error, targets, errors[-1], random),
        None
        if not len(unlabelled)
        else _distil_gains(vectors, targets, labels, belief, unlabelled),
    )


def _error(vectors: Floats, targets: Floats, labels: Ints, belief: Floats) -> float:
    scores = leave_one_out(vectors, targets, np.ones(len(labels)), RIDGE)
    return float(1 - np.average(scores.argmax(axis=1) == labels, weights=belief))


def _noise_costs(
    vectors: Floats,
    labels: Ints,
    error: Floats,
    targets: Floats,
    now: float,
    random: np.random.Generator,
) -> float:
    """Error with as many labels wrong again as are believed to be, less the error now."""
    costs = []
    for _ in range(REPEATS):
        flipped = random.random(len(labels)) < error.mean()
        wrong = np.where(flipped, random.permutation(labels), labels)
        scores = leave_one_out(
            vectors, np.eye(targets.shape[1])[wrong], np.ones(len(labels)), RIDGE
        )
        costs.append(1 - np.average(scores.argmax(axis=1) == labels, weights=1 - error) - now)
    return max(float(np.mean(costs)), 0.0)


def _distil_gains(
    vectors: Floats, targets: Floats, labels: Ints, belief: Floats, unlabelled: Floats
) -> float:
    """Held-out accuracy with the model's own answers on other texts added, less without."""
    classes = targets.shape[1]
    halves = np.arange(len(labels)) % 2
    gains = []
    for half in (0, 1):
        taught, held = halves == half, halves != half
        plain = fit_ridge(vectors[taught], targets[taught], np.ones(int(taught.sum())))
        guessed = pseudo_labels(
            vectors[taught], labels[taught], belief[taught], unlabelled, classes
        )
        sure = guessed >= 0
        distilled = fit_ridge(
            np.concatenate([vectors[taught], unlabelled[sure]]),
            np.concatenate([targets[taught], np.eye(classes)[guessed[sure]]]),
            np.concatenate([np.ones(int(taught.sum())), np.full(int(sure.sum()), PSEUDO_WEIGHT)]),
        )
        right = [
            np.average(
                (padded(vectors[held]) @ beta).argmax(axis=1) == labels[held], weights=belief[held]
            )
            for beta in (plain, distilled)
        ]
        gains.append(float(right[1] - right[0]))
    return float(np.mean(gains))
