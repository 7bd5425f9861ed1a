"""GLAD: one ability each worker, one ease each item, EM with a gradient step inside."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_expit

from undercut.build.labels.merging.dawid_skene import believed_skill, until_rest
from undercut.build.labels.merging.tally import Tally
from undercut.build.labels.votes import Floats, Merged

STEPS = 25
ROUNDS = 100


def glad(votes: Tally) -> Merged:
    """P(right) = sigmoid(ability of the worker * ease of the item), priors N(1, 1) on both.

    Ease is kept positive as exp(b), the prior is on b. Source: Whitehill et al., Whose Vote
    Should Count More, NIPS 2009.
    """
    parameters = np.ones(votes.workers + votes.items)
    others = max(votes.classes - 1, 1)

    def next_round(beliefs: Floats) -> Floats:
        nonlocal parameters
        parameters = _climb(votes, votes.right(beliefs), parameters)
        strength = _strength(votes, parameters)
        odds = log_expit(strength) - log_expit(-strength) + np.log(others)
        cell = votes.item * votes.classes + votes.label
        scores = np.bincount(cell, odds * votes.weight, minlength=votes.items * votes.classes)
        rows = np.asarray(scores, dtype=np.float64).reshape(votes.items, votes.classes)
        return votes.posterior(rows)

    start = votes.posterior(votes.counts() * (_start_odds() + np.log(others)))
    beliefs, rounds, rested = until_rest(start, next_round, rounds=ROUNDS, rest=1e-3)
    return Merged(beliefs, believed_skill(votes, beliefs), None, rounds, rested)


def _start_odds() -> float:
    """Log odds of a right answer at ability 1 and ease exp(1)."""
    return float(np.exp(1.0))


def _strength(votes: Tally, parameters: Floats) -> Floats:
    ability, ease = parameters[: votes.workers], parameters[votes.workers :]
    return np.asarray(ability[votes.worker] * np.exp(np.clip(ease[votes.item], -20, 20)))


def _climb(votes: Tally, right: Floats, parameters: Floats) -> Floats:
    """Some steps up the expected log posterior of abilities and eases."""

    def loss(now: Floats) -> tuple[float, Floats]:
        strength = _strength(votes, now)
        fit = right * log_expit(strength) + (1 - right) * log_expit(-strength)
        pull = (right - np.exp(log_expit(strength))) * votes.weight
        ease = np.exp(np.clip(now[votes.workers :], -20, 20))
        slope = np.concatenate(
            [
                np.bincount(votes.worker, pull * ease[votes.item], minlength=votes.workers),
                np.bincount(votes.item, pull * strength, minlength=votes.items),
            ]
        )
        value = (fit * votes.weight).sum() - ((now - 1) ** 2).sum() / 2
        return -float(value), (now - 1) - slope

    found = minimize(loss, parameters, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return np.asarray(found.x, dtype=np.float64)
