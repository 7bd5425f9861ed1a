"""Dawid-Skene with communities of workers: who has answered little is taken for one of a kind.

What MACE cannot say, that workers confuse the same two classes, few answers of one worker do not
tell either; those of all workers of its kind do.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import gammaln

from undercut.build.labels.merging import resting
from undercut.build.labels.merging.dawid_skene import believed_skill
from undercut.build.labels.merging.knowing import (
    EVEN_ITEMS,
    TINY,
    Crowd,
    KnowingConfig,
    crowd_beliefs,
)
from undercut.build.labels.merging.tally import Tally
from undercut.build.labels.votes import Floats, Merged

# Between rounds of asking, beliefs need not rest as closely as those that labels are read off.
ROUNDS = 25
REST = 1e-3
LABEL_ROUNDS = 600  # weather_sentiment rests after 307


@dataclass(frozen=True, slots=True)
class CommunityConfig:
    """What is believed of a worker before it is heard.

    communities: how many kinds of workers there may be. row_weight: answers in each row of its
    confusion matrix that its kind and what `knowing` says of it are worth together. own_fraction:
    the latter's part. usual_weight: answers that the usual worker adds to each row of a kind's.
    knowing: of the beliefs that the communities start from.
    """

    communities: int = 6
    row_weight: float = 20.0
    own_fraction: float = 0.5
    usual_weight: float = 5.0
    knowing: KnowingConfig = field(default_factory=KnowingConfig)


def dawid_skene_communities(votes: Tally) -> Merged:
    """Dawid and Skene's EM whose confusion rows start from each worker's kind and from MACE."""
    crowd = rested_beliefs(votes)
    skill = believed_skill(votes, crowd.beliefs)
    return Merged(crowd.beliefs, skill, crowd.confusion, crowd.rounds, crowd.rested)


def rested_beliefs(votes: Tally) -> Crowd:
    """`community_beliefs` run until they rest: those that labels are read off."""
    return community_beliefs(votes, rounds=LABEL_ROUNDS, rest=resting.REST)


def community_beliefs(
    votes: Tally,
    config: CommunityConfig | None = None,
    *,
    rounds: int = ROUNDS,
    rest: float = REST,
) -> Crowd:
    """Expectation maximisation over items, workers, and the kinds that workers are of.

    Source: communities of Venanzi et al., Community-Based Bayesian Aggregation Models for
    Crowdsourcing, WWW 2014, by their modes and beside the habits of MACE (`knowing`), from whose
    beliefs it starts.
    """
    config = config or CommunityConfig()
    first = crowd_beliefs(votes, config.knowing, rounds=rounds, rest=rest)
    if not votes.workers:
        return first
    kinds = _by_accuracy(first, config.communities)

    def next_round(beliefs: Floats) -> Floats:
        nonlocal kinds
        counts = votes.confusion_counts(beliefs)
        matrices = _matrices(counts, kinds, first.usual, config)
        kinds = _kinds(counts, matrices, kinds, config)
        log_confusion = np.log(np.maximum(_rows(counts, kinds, matrices, first, config), TINY))
        items = beliefs.sum(axis=0) + EVEN_ITEMS / votes.classes
        return votes.posterior(np.log(items / items.sum()) + votes.log_likelihood(log_confusion))

    loop = resting.until_beliefs_rest(first.beliefs, next_round, rounds=rounds, rest=rest)
    counts = votes.confusion_counts(loop.beliefs)
    matrices = _matrices(counts, kinds, first.usual, config)
    return Crowd(
        loop.beliefs,
        _rows(counts, kinds, matrices, first, config),
        first.rounds + loop.rounds,
        first.rested and loop.rested,
    )


def _by_accuracy(crowd: Crowd, communities: int) -> Floats:
    """(workers, communities): one-hot; the least accurate first, as many in each."""
    accuracy = np.einsum("wkk,k->w", crowd.confusion, crowd.beliefs.mean(axis=0))
    rank = np.argsort(np.argsort(accuracy, kind="stable"), kind="stable")
    return np.asarray(np.eye(communities)[rank * communities // len(rank)])


def _matrices(counts: Floats, kinds: Floats, usual: Floats, config: CommunityConfig) -> Floats:
    """(communities, classes, classes): confusion of each kind, rows sum to 1."""
    pooled = np.einsum("wm,wkl->mkl", kinds, counts) + config.usual_weight * usual
    return np.asarray(pooled / pooled.sum(axis=2, keepdims=True))


def _kinds(counts: Floats, matrices: Floats, kinds: Floats, config: CommunityConfig) -> Floats:
    """(workers, communities): probability that a worker is of each kind.

    By the chance of its answers where its rows are drawn around the kind's: Dirichlet-multinomial.
    """
    weight = config.row_weight
    heard = counts.sum(axis=2)
    around = np.maximum(weight * matrices, TINY)
    rows = (gammaln(weight) - gammaln(weight + heard)).sum(axis=1)
    scores = [rows + (gammaln(mean + counts) - gammaln(mean)).sum(axis=(1, 2)) for mean in around]
    log_chance = np.stack(scores, axis=1) + np.log(kinds.sum(axis=0) + 1.0)
    chance = np.exp(log_chance - log_chance.max(axis=1, keepdims=True))
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def _rows(
    counts: Floats, kinds: Floats, matrices: Floats, first: Crowd, config: CommunityConfig
) -> Floats:
    kind = np.einsum("wm,mkl->wkl", kinds, matrices)
    prior = config.own_fraction * first.confusion + (1 - config.own_fraction) * kind
    rows = counts + config.row_weight * prior
    return np.asarray(rows / rows.sum(axis=2, keepdims=True))
