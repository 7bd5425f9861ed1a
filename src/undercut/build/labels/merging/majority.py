"""Majority votes: equal voices, voices by agreement (Wawa), and voices found by iterating."""

from __future__ import annotations

import numpy as np

from undercut.build.labels.merging.tally import Tally
from undercut.build.labels.votes import Floats, Merged

ZERO_BASED_ROUNDS = 100
ZERO_BASED_HALVING = 20


def majority(votes: Tally) -> Merged:
    """Each vote counts the same."""
    shares = votes.shares()
    return Merged(shares, agreement_with(votes, shares))


def weighted_majority(votes: Tally) -> Merged:
    """Each vote counts as much as its worker agrees with the majority (Wawa)."""
    skill = agreement_with(votes, votes.shares())
    return Merged(votes.shares(skill), skill)


def zero_based_skill(votes: Tally) -> Merged:
    """Wawa repeated: skills move toward agreement with the vote that they weight."""
    skill = np.full(votes.workers, 1.0 / max(votes.classes, 1) + 1e-5)
    step = 1.0
    for round_number in range(1, ZERO_BASED_ROUNDS + 1):
        if round_number % ZERO_BASED_HALVING == 0:
            step /= 2
        skill = skill + step * (agreement_with(votes, votes.shares(skill)) - skill)
    return Merged(votes.shares(skill), skill, iterations=ZERO_BASED_ROUNDS)


def agreement_with(votes: Tally, shares: Floats) -> Floats:
    """(workers,): share of a worker's votes for the class that leads in `shares`."""
    leads = (shares.argmax(axis=1)[votes.item] == votes.label).astype(np.float64)
    asked = votes.by_worker(np.ones(len(votes.item)))
    agreed = votes.by_worker(leads)
    usual = float(agreed.sum() / asked.sum()) if asked.sum() else 0.0
    skill = np.full(votes.workers, usual)
    np.divide(agreed, asked, out=skill, where=asked > 0)
    return skill
