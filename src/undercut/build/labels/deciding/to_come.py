"""How many more votes a crowd will be asked for: beliefs carried on with imagined voters."""

from __future__ import annotations

import numpy as np

from undercut.build.labels.deciding.redundancy import RedundancyConfig, ranked
from undercut.build.labels.merging.knowing import TINY, Crowd
from undercut.build.labels.votes import Floats, IntArray, Votes

DRAWS = 20
MOST_CELLS = 20_000_000  # of (items, classes, classes) over all draws


def votes_to_come(
    votes: Votes,
    crowd: Crowd,
    config: RedundancyConfig,
    item: IntArray,
    *,
    most: int,
    seed: int = 0,
) -> float:
    """Expected number of further votes on these items until none pays or they have `most`.

    Each draw takes the items' classes from the beliefs and lets voters answer who are as frequent
    and as good as those heard so far; the answers are judged by whose they are. As right as the
    beliefs are: workers who err together need more votes than this.
    """
    items, classes = crowd.beliefs.shape
    draws = int(np.clip(MOST_CELLS // max(items * classes**2, 1), 1, DRAWS))
    random = np.random.default_rng([seed, 15485867])
    voters = votes.worker if len(votes) else np.arange(len(votes.workers))
    given = np.full(items, most)
    given[item] = np.bincount(votes.item, minlength=items)[item]
    total = sum(_one(crowd, voters, given, config, most, random) for _ in range(draws))
    return total / draws


def _one(
    crowd: Crowd,
    voters: IntArray,
    given: IntArray,
    config: RedundancyConfig,
    most: int,
    random: np.random.Generator,
) -> int:
    truth = _drawn(crowd.chances, random)
    beliefs, given, asked = crowd.beliefs.copy(), given.copy(), 0
    while len(item := _open(Crowd(beliefs, crowd.confusion), given, config, most)):
        rows = crowd.confusion[random.choice(voters, len(item))]
        answers = _drawn(rows[np.arange(len(item)), truth[item]], random)
        after = beliefs[item] * np.maximum(rows[np.arange(len(item)), :, answers], TINY)
        beliefs[item] = after / after.sum(axis=1, keepdims=True)
        given[item] += 1
        asked += len(item)
    return asked


def _open(crowd: Crowd, given: IntArray, config: RedundancyConfig, most: int) -> IntArray:
    item = np.flatnonzero(given < most)
    return item[ranked(crowd, item, None, given, config)]


def _drawn(shares: Floats, random: np.random.Generator) -> IntArray:
    """(rows,): a class id for each row of shares."""
    upto = np.cumsum(shares, axis=1)
    return np.asarray((random.random(len(shares))[:, None] * upto[:, -1:] < upto).argmax(axis=1))
