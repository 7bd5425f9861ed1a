"""Bayesian classifier combination by variational Bayes: independent (IBCC), enhanced (EBCC)."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

from undercut.build.labels.merging.resting import until_beliefs_rest
from undercut.build.labels.merging.tally import Tally
from undercut.build.labels.votes import Floats, Merged

RIGHT, WRONG = 4.0, 1.0
SUBTYPES = 10
SUBTYPE_PRIOR = 0.1
STARTS = 4
EBCC_ROUNDS = 300
EBCC_REST = 1e-3


def ibcc(votes: Tally) -> Merged:
    """Dawid-Skene with Dirichlet priors on class shares and confusion rows, integrated out.

    Source: Kim and Ghahramani, Bayesian Classifier Combination, AISTATS 2012 (variational form
    by Simpson et al. 2013).
    """
    prior = WRONG + (RIGHT - WRONG) * np.eye(votes.classes)

    def next_round(beliefs: Floats) -> Floats:
        rows = votes.confusion_counts(beliefs) + prior
        shares = beliefs.sum(axis=0) + 1.0
        return votes.posterior(expected_log(shares) + votes.log_likelihood(expected_log(rows)))

    beliefs, rounds, rested = until_beliefs_rest(votes.shares(), next_round)
    return _merged(votes, beliefs, rounds, rested)


def ebcc(votes: Tally, *, seed: int = 0, starts: int = STARTS) -> Merged:
    """IBCC whose classes have subtypes, so that workers may err together on the same items.

    The mean belief over `starts` random starts, which is steadier than any one of them.
    Source: Li, Rubinstein and Cohn, Exploiting Worker Correlation for Label Aggregation in
    Crowdsourcing, ICML 2019.
    """
    runs = [_ebcc_once(votes, np.random.default_rng([seed, number])) for number in range(starts)]
    beliefs = np.mean([run[0] for run in runs], axis=0)
    return _merged(votes, beliefs, max(run[1] for run in runs), all(run[2] for run in runs))


def _ebcc_once(votes: Tally, random: np.random.Generator) -> tuple[Floats, int, bool]:
    """One start: (beliefs (items, classes), rounds, came to rest)."""
    classes, types = votes.classes, SUBTYPES
    prior = np.repeat(WRONG + (RIGHT - WRONG) * np.eye(classes), types, axis=0)
    start = votes.shares()[:, :, None] * random.dirichlet(np.ones(types), (votes.items, classes))

    certain = votes.gold.sum(axis=1) > 0
    barred = np.where(certain[:, None] & (votes.gold == 0), -np.inf, 0.0)[:, :, None]

    def next_round(flat: Floats) -> Floats:
        mass = flat.sum(axis=0)
        rows = votes.confusion_counts(flat) + prior
        log_types = expected_log(mass.reshape(classes, types) + SUBTYPE_PRIOR / types)
        log_shares = expected_log(mass.reshape(classes, types).sum(axis=1) + 1.0)
        log_state = (log_shares[:, None] + log_types).reshape(-1)
        scores = log_state + votes.log_likelihood(expected_log(rows))
        scores = (scores.reshape(-1, classes, types) + barred).reshape(len(scores), -1)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(scores / scores.sum(axis=1, keepdims=True))

    flat, rounds, rested = until_beliefs_rest(
        start.reshape(votes.items, classes * types), next_round, rounds=EBCC_ROUNDS, rest=EBCC_REST
    )
    return flat.reshape(votes.items, classes, types).sum(axis=2), rounds, rested


def expected_log(counts: Floats) -> Floats:
    """E[log p] where p has a Dirichlet distribution with these counts along the last axis."""
    return np.asarray(digamma(counts) - digamma(counts.sum(axis=-1, keepdims=True)))


def _merged(votes: Tally, beliefs: Floats, rounds: int, rested: bool) -> Merged:
    counts = votes.confusion_counts(beliefs)
    counts = counts + WRONG + (RIGHT - WRONG) * np.eye(votes.classes)
    confusion = counts / counts.sum(axis=2, keepdims=True)
    held = beliefs.mean(axis=0)
    skill = np.einsum("wkk,k->w", confusion, held / max(held.sum(), 1e-12))
    return Merged(beliefs, skill, confusion, rounds, rested)
