"""Dawid-Skene with MACE as its prior, for crowds most of whose workers have answered little.

Each worker either knows an answer or says something by habit, whatever the item: few numbers a
worker, which few answers tell. A confusion matrix of its own grows out of that as answers come in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.labels.merging import resting
from undercut.build.labels.merging.dawid_skene import believed_skill
from undercut.build.labels.merging.resting import until_beliefs_rest
from undercut.build.labels.merging.tally import Tally
from undercut.build.labels.votes import Floats, Merged

TINY = 1e-12
ROUNDS = 60
REST = 1e-4
# Before anything is heard, every other answer is known.
FIRST_KNOWN = 0.5
# Of even shares of the classes: of a handful of items the commonest class would take all.
EVEN_ITEMS = 2.0
# Workers err together on the same items, so that beliefs are too sure: their logarithms count in
# part (docs/decisions/0044).
CAUTION = 0.4


@dataclass(frozen=True, slots=True)
class KnowingConfig:
    """How much is believed before a worker has been heard, in answers.

    knows_weight: of "knows as often as the usual worker". habit_weight: of "has the usual habit".
    row_weight: of "errs by habit only" in each row of the worker's confusion matrix.
    """

    knows_weight: float = 5.0
    habit_weight: float = 10.0
    row_weight: float = 10.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """What is believed of items and workers, at rest with each other.

    beliefs: (items, classes), rows sum to 1. confusion: (workers, classes, classes), rows by true
    class, sum to 1; a worker without answers has the usual one. usual: (classes, classes), the
    mean over workers. rounds, rested: of the loop, and whether it ended by itself.
    """

    beliefs: Floats
    confusion: Floats
    rounds: int = 0
    rested: bool = True

    @property
    def usual(self) -> Floats:
        """(classes, classes): confusion of somebody, nobody knows who."""
        return np.asarray(self.confusion.mean(axis=0))

    @property
    def chances(self) -> Floats:
        """(items, classes): the beliefs, less sure by `CAUTION`: what is right how often."""
        careful = np.maximum(self.beliefs, TINY) ** CAUTION
        return np.asarray(careful / careful.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class _Habits:
    """knows: (workers,) chance of knowing. said: (workers, classes) what is said otherwise."""

    knows: Floats
    said: Floats

    def confusion(self) -> Floats:
        eye = np.eye(self.said.shape[1])
        knows = self.knows[:, None, None]
        return np.asarray(knows * eye + (1 - knows) * self.said[:, None, :])


def dawid_skene_mace(votes: Tally) -> Merged:
    """Dawid and Skene's EM whose confusion rows start from what MACE says of each worker."""
    crowd = crowd_beliefs(votes, rounds=resting.ROUNDS, rest=resting.REST)
    skill = believed_skill(votes, crowd.beliefs)
    return Merged(crowd.beliefs, skill, crowd.confusion, crowd.rounds, crowd.rested)


def crowd_beliefs(
    votes: Tally,
    config: KnowingConfig | None = None,
    *,
    rounds: int = ROUNDS,
    rest: float = REST,
) -> Crowd:
    """Expectation maximisation over items, what workers know, and how they err.

    Source: MACE of Hovy et al., Learning whom to trust with MACE, NAACL 2013 (a worker knows or
    spams), as the prior of Dawid and Skene's confusion rows (1979). A level above the workers is
    estimated too, so that a stranger is taken for the usual worker, not for a good one.
    """
    config = config or KnowingConfig()
    workers, classes = votes.workers, votes.classes
    habits = _Habits(np.full(workers, FIRST_KNOWN), np.full((workers, classes), 1 / classes))

    def next_round(beliefs: Floats) -> Floats:
        nonlocal habits
        habits = _learn(votes, beliefs, habits, config)
        counts = beliefs.sum(axis=0) + EVEN_ITEMS / classes
        shares = np.log(counts / counts.sum())
        log_confusion = np.log(np.maximum(_rows(votes, beliefs, habits, config), TINY))
        return votes.posterior(shares + votes.log_likelihood(log_confusion))

    loop = until_beliefs_rest(votes.shares(), next_round, rounds=rounds, rest=rest)
    confusion = _rows(votes, loop.beliefs, habits, config)
    return Crowd(loop.beliefs, confusion, loop.rounds, loop.rested)


def _learn(votes: Tally, beliefs: Floats, habits: _Habits, config: KnowingConfig) -> _Habits:
    knows, said = habits.knows[votes.worker], habits.said[votes.worker, votes.label]
    # a right answer was known, or was said by habit and happened to be right
    known = votes.right(beliefs) * knows / np.maximum(knows + (1 - knows) * said, TINY)
    by_worker = votes.by_worker(known)
    heard = votes.by_worker(np.ones(len(known)))
    usual = (by_worker.sum() + 1) / (heard.sum() + 2)
    cell = votes.worker * votes.classes + votes.label
    counts = np.bincount(
        cell, (1 - known) * votes.weight, minlength=votes.workers * votes.classes
    ).reshape(votes.workers, votes.classes)
    pooled = counts.sum(axis=0) + 1.0
    counts = counts + config.habit_weight * pooled / pooled.sum()
    return _Habits(
        np.asarray((by_worker + config.knows_weight * usual) / (heard + config.knows_weight)),
        np.asarray(counts / counts.sum(axis=1, keepdims=True)),
    )


def _rows(votes: Tally, beliefs: Floats, habits: _Habits, config: KnowingConfig) -> Floats:
    counts = votes.confusion_counts(beliefs) + config.row_weight * habits.confusion()
    return np.asarray(counts / counts.sum(axis=2, keepdims=True))
