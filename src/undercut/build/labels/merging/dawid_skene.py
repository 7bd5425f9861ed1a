"""Dawid and Skene (1979), EM over a confusion matrix each worker; and with one coin each."""

from __future__ import annotations

import numpy as np

from undercut.build.labels.merging.resting import (
    Loop,
    Round,
    until_beliefs_rest,
    until_bound_rests,
)
from undercut.build.labels.merging.tally import Tally
from undercut.build.labels.votes import Floats, Merged

TINY = 1e-10


def dawid_skene(votes: Tally) -> Merged:
    """Confusion matrices by EM, maximum likelihood, ended early.

    Started from the shares of votes and ended as soon as the bound hardly rises, as crowd-kit
    does: run to its end, maximum likelihood overfits workers of few votes.
    Source: Dawid and Skene, Applied Statistics 28 (1979).
    """
    said = votes.said()

    def confusion(beliefs: Floats) -> Floats:
        return _rows(np.maximum(votes.confusion_counts(beliefs), TINY) * said)

    def scores(beliefs: Floats) -> Floats:
        return votes.log_likelihood(np.log(np.maximum(confusion(beliefs), TINY)))

    return _merged(votes, _climb_early(votes, scores), confusion)


def dawid_skene_map(votes: Tally, *, smoothing: float = 0.1, diagonal: float = 1.0) -> Merged:
    """Dawid and Skene's EM with a Dirichlet prior on the confusion rows, until beliefs rest.

    smoothing, diagonal: prior counts in every cell, and further ones on the right answer.
    """
    prior = smoothing + diagonal * np.eye(votes.classes)

    def confusion(beliefs: Floats) -> Floats:
        return _rows(votes.confusion_counts(beliefs) + prior)

    def next_round(beliefs: Floats) -> Floats:
        return votes.posterior(
            _log_shares(beliefs) + votes.log_likelihood(np.log(confusion(beliefs)))
        )

    return _merged(votes, until_beliefs_rest(votes.shares(), next_round), confusion)


def one_coin(votes: Tally) -> Merged:
    """One accuracy each worker, errors spread evenly over the other classes; ended early."""
    others = max(votes.classes - 1, 1)

    def scores(beliefs: Floats) -> Floats:
        skill = np.clip(believed_skill(votes, beliefs), TINY, 1 - TINY)
        wrong = np.maximum((1 - skill) / others, TINY)
        every = votes.by_item(np.log(wrong)[votes.worker][:, None])
        return every + votes.counts(np.log(skill) - np.log(wrong))

    beliefs, rounds, rested = _climb_early(votes, scores)
    return Merged(beliefs, believed_skill(votes, beliefs), None, rounds, rested)


def believed_skill(votes: Tally, beliefs: Floats) -> Floats:
    """(workers,): expected share of right votes; the average worker's for one without votes."""
    asked = votes.by_worker(np.ones(len(votes.item)))
    right = votes.by_worker(votes.right(beliefs))
    usual = float(right.sum() / asked.sum()) if asked.sum() else 1.0 / max(votes.classes, 1)
    skill = np.full(votes.workers, usual)
    np.divide(right, asked, out=skill, where=asked > 0)
    return skill


def _climb_early(votes: Tally, scores: Round) -> Loop:
    """EM from the shares of votes; `scores` are log likelihoods after a maximisation step.

    The bound counts the class shares once a vote, not once an item: crowd-kit's does, and where
    the loop ends depends on it.
    """
    voices = votes.counts().sum(axis=1, keepdims=True)
    total = max(float(voices.sum()), 1.0)

    def next_round(beliefs: Floats) -> Floats:
        return votes.posterior(_log_shares(beliefs) + scores(beliefs))

    def bound(beliefs: Floats) -> float:
        expected = (beliefs * (scores(beliefs) + voices * _log_shares(beliefs))).sum()
        entropy = -(beliefs * np.log(np.maximum(beliefs, TINY))).sum()
        return float(expected + entropy) / total

    return until_bound_rests(votes.shares(), next_round, bound)


def _log_shares(beliefs: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(beliefs.mean(axis=0), TINY)))


def _rows(counts: Floats) -> Floats:
    """Counts as rows that sum to 1, (workers, classes, classes); even where nothing was counted."""
    total = counts.sum(axis=2, keepdims=True)
    even = np.full_like(counts, 1.0 / max(counts.shape[2], 1))
    return np.asarray(np.divide(counts, total, out=even, where=total > 0))


def _merged(votes: Tally, loop: Loop, confusion: Round) -> Merged:
    beliefs, rounds, rested = loop
    return Merged(beliefs, believed_skill(votes, beliefs), confusion(beliefs), rounds, rested)
