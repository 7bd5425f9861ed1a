"""Dawid and Skene (1979), EM over a confusion matrix each worker; and with one coin each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from undercut.build.labels.merging.tally import Tally
from undercut.build.labels.votes import Floats, Merged

ROUNDS = 200
REST = 1e-5
TINY = 1e-10

# Takes (items, classes) beliefs, gives the next beliefs.
Round = Callable[[Floats], Floats]


def dawid_skene(votes: Tally, *, smoothing: float = 0.0, diagonal: float = 0.0) -> Merged:
    """Confusion matrices by EM, started from the shares of votes.

    smoothing, diagonal: Dirichlet counts added to every cell and to the right answers (MAP
    instead of maximum likelihood). Source: Dawid and Skene, Applied Statistics 28 (1979).
    """
    prior = smoothing + diagonal * np.eye(votes.classes)

    def confusion(beliefs: Floats) -> Floats:
        counts = np.maximum(votes.confusion_counts(beliefs) + prior, TINY)
        return np.asarray(counts / counts.sum(axis=2, keepdims=True))

    def next_round(beliefs: Floats) -> Floats:
        log_prior = np.log(np.maximum(beliefs.mean(axis=0), TINY))
        return votes.posterior(log_prior + votes.log_likelihood(np.log(confusion(beliefs))))

    beliefs, rounds, rested = until_rest(votes.shares(), next_round)
    return Merged(beliefs, believed_skill(votes, beliefs), confusion(beliefs), rounds, rested)


def one_coin(votes: Tally) -> Merged:
    """One accuracy each worker, errors spread evenly over the other classes."""
    others = max(votes.classes - 1, 1)

    def next_round(beliefs: Floats) -> Floats:
        skill = np.clip(believed_skill(votes, beliefs), TINY, 1 - TINY)
        log_prior = np.log(np.maximum(beliefs.mean(axis=0), TINY))
        odds = np.log(skill) - np.log((1 - skill) / others)
        return votes.posterior(log_prior + votes.counts(odds))

    beliefs, rounds, rested = until_rest(votes.shares(), next_round)
    return Merged(beliefs, believed_skill(votes, beliefs), None, rounds, rested)


def believed_skill(votes: Tally, beliefs: Floats) -> Floats:
    """(workers,): expected share of right votes; the average worker's for one without votes."""
    asked = votes.by_worker(np.ones(len(votes.item)))
    right = votes.by_worker(votes.right(beliefs))
    usual = float(right.sum() / asked.sum()) if asked.sum() else 1.0 / max(votes.classes, 1)
    skill = np.full(votes.workers, usual)
    np.divide(right, asked, out=skill, where=asked > 0)
    return skill


def until_rest(
    beliefs: Floats, next_round: Round, *, rounds: int = ROUNDS, rest: float = REST
) -> tuple[Floats, int, bool]:
    """Repeat until no belief moves by more than `rest`: (beliefs, rounds made, came to rest)."""
    for number in range(1, rounds + 1):
        moved = next_round(beliefs)
        change = float(np.abs(moved - beliefs).max(initial=0.0))
        beliefs = moved
        if change < rest:
            return beliefs, number, True
    return beliefs, rounds, False
