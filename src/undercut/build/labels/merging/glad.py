"""GLAD: one ability each worker, one ease each item, EM with conjugate gradients inside."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_expit

from undercut.build.labels.merging.dawid_skene import believed_skill
from undercut.build.labels.merging.tally import Tally
from undercut.build.labels.votes import Floats, Merged

STEPS = 25
SLOPE = 1e-2  # where the gradient is as flat as this, a maximisation step ends
ROUNDS = 100
RISE = 1e-5
STEEPEST = 20.0


def glad(votes: Tally) -> Merged:
    """P(right) = sigmoid(ability of the worker * ease of the item), priors N(1, 1) on both.

    Ease is kept positive as exp(b), the prior is on b. Ends when the expected log posterior, a
    number a vote and class, rises by less than 1e-5: crowd-kit's rule, with the same steps.
    Source: Whitehill et al., Whose Vote Should Count More, NIPS 2009.
    """
    parameters = np.ones(votes.workers + votes.items)
    cells = max(len(votes.item) * votes.classes, 1)
    height = -np.inf
    for number in range(1, ROUNDS + 1):
        last = height
        beliefs = _beliefs(votes, parameters)
        right = votes.right(beliefs)
        parameters = _climbed(votes, right, parameters)
        height = -_loss(parameters, votes, right)[0] / cells
        if height - last < RISE:
            return Merged(beliefs, believed_skill(votes, beliefs), None, number, True)
    return Merged(beliefs, believed_skill(votes, beliefs), None, ROUNDS, False)


def _beliefs(votes: Tally, parameters: Floats) -> Floats:
    strength, _ = _strength(votes, parameters)
    odds = log_expit(strength) - log_expit(-strength) + np.log(max(votes.classes - 1, 1))
    cell = votes.item * votes.classes + votes.label
    scores = np.bincount(cell, odds * votes.weight, minlength=votes.items * votes.classes)
    return votes.posterior(scores.astype(np.float64).reshape(votes.items, votes.classes))


def _strength(votes: Tally, parameters: Floats) -> tuple[Floats, Floats]:
    """(votes,): ability times ease of each vote; and the ease alone."""
    ease = np.exp(np.clip(parameters[votes.workers :], -STEEPEST, STEEPEST))[votes.item]
    return parameters[votes.worker] * ease, ease


def _climbed(votes: Tally, right: Floats, parameters: Floats) -> Floats:
    """Some steps up the expected log posterior of abilities and eases."""
    found = minimize(
        _loss,
        parameters,
        args=(votes, right),
        jac=True,
        method="CG",
        tol=SLOPE,
        options={"maxiter": STEPS},
    )
    return np.asarray(found.x, dtype=np.float64)


def _loss(now: Floats, votes: Tally, right: Floats) -> tuple[float, Floats]:
    """Minus the expected log posterior, and its slope."""
    strength, ease = _strength(votes, now)
    spread = np.log(max(votes.classes - 1, 1))
    fit = right * log_expit(strength) + (1 - right) * (log_expit(-strength) - spread)
    prior = -((now - 1) ** 2).sum() / 2 - np.log(2 * np.pi) / 2 * len(now)
    pull = (right - np.exp(log_expit(strength))) * votes.weight
    slope = np.concatenate(
        [
            np.bincount(votes.worker, pull * ease, minlength=votes.workers),
            np.bincount(votes.item, pull * strength, minlength=votes.items),
        ]
    )
    return -float((fit * votes.weight).sum() + prior), (now - 1) - slope
