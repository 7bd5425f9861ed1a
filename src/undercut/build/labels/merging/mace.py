"""MACE: each worker knows the answer or says something by habit; variational Bayes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import digamma

from undercut.build.labels.merging.tally import Tally
from undercut.build.labels.votes import Floats, Merged

ROUNDS = 50
KNOWS_PRIOR = 0.5  # of both outcomes
HABIT_PRIOR = 10.0  # of every class
NOISE = 1.5  # how far apart the random start's numbers lie, before they are divided by their sum


class _Workers(NamedTuple):
    """knows, guesses: (workers,) weights of both outcomes. habit: (workers, classes).

    Exponentials of expected logarithms, so they sum to less than 1.
    """

    knows: Floats
    guesses: Floats
    habit: Floats


def mace(votes: Tally, *, seed: int = 0) -> Merged:
    """Labels from workers who know an answer or say a class by habit, whatever the item.

    Started at random and run for 50 rounds, as crowd-kit does, whose beliefs these are. Classes are
    taken for equally frequent. seed: of the start.
    Source: Hovy et al., Learning Whom to Trust with MACE, NAACL 2013, with its priors.
    """
    workers = _start(votes, seed)
    beliefs = _beliefs(votes, workers)
    for _ in range(ROUNDS):
        workers = _learn(votes, beliefs, workers)
        beliefs = _beliefs(votes, workers)
    confusion = _confusion(votes, beliefs, workers)
    held = beliefs.mean(axis=0)
    return Merged(beliefs, np.einsum("wkk,k->w", confusion, held), confusion, ROUNDS, True)


def _start(votes: Tally, seed: int) -> _Workers:
    """Random numbers of the old generator, the same ones for both: crowd-kit's."""

    def rows(width: int) -> Floats:
        drawn = 1 + NOISE * np.random.RandomState(seed).random_sample((votes.workers, width))
        return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))

    guesses, knows = rows(2).T
    return _Workers(knows, guesses, rows(votes.classes))


def _said(votes: Tally, workers: _Workers) -> tuple[Floats, Floats]:
    """(votes,): weight of knowing, and of saying this by habit."""
    habit = workers.guesses[:, None] * workers.habit
    return workers.knows[votes.worker], habit[votes.worker, votes.label]


def _beliefs(votes: Tally, workers: _Workers) -> Floats:
    knows, habit = _said(votes, workers)
    cell = votes.item * votes.classes + votes.label
    odds = np.log(knows + habit) - np.log(habit)
    scores = np.bincount(cell, odds * votes.weight, minlength=votes.items * votes.classes)
    return votes.posterior(scores.astype(np.float64).reshape(votes.items, votes.classes))


def _learn(votes: Tally, beliefs: Floats, workers: _Workers) -> _Workers:
    known, counts = _counts(votes, beliefs, workers)
    guessed = counts.sum(axis=1)
    all_of = digamma(known + guessed + 2 * KNOWS_PRIOR)
    rows = counts + HABIT_PRIOR
    return _Workers(
        np.exp(digamma(known + KNOWS_PRIOR) - all_of),
        np.exp(digamma(guessed + KNOWS_PRIOR) - all_of),
        np.exp(digamma(rows) - digamma(rows.sum(axis=1, keepdims=True))),
    )


def _counts(votes: Tally, beliefs: Floats, workers: _Workers) -> tuple[Floats, Floats]:
    """(workers,) expected answers that were known; (workers, classes) those said by habit."""
    knows, habit = _said(votes, workers)
    known = votes.right(beliefs) * knows / (knows + habit)
    cell = votes.worker * votes.classes + votes.label
    guessed = np.bincount(
        cell, (1 - known) * votes.weight, minlength=votes.workers * votes.classes
    ).reshape(votes.workers, votes.classes)
    return votes.by_worker(known), guessed.astype(np.float64)


def _confusion(votes: Tally, beliefs: Floats, workers: _Workers) -> Floats:
    """(workers, classes, classes): expected confusion rows, each of knowing and of habit."""
    known, counts = _counts(votes, beliefs, workers)
    share = (known + KNOWS_PRIOR) / (known + counts.sum(axis=1) + 2 * KNOWS_PRIOR)
    habit = counts + HABIT_PRIOR
    habit = habit / habit.sum(axis=1, keepdims=True)
    eye = np.eye(votes.classes)
    return np.asarray(share[:, None, None] * eye + (1 - share)[:, None, None] * habit[:, None, :])
