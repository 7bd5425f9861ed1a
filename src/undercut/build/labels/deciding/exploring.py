"""The first questions: everybody about the same random texts, so that skills are known."""

from __future__ import annotations

import numpy as np

from undercut.build.labels.deciding.beliefs import Learnt
from undercut.build.labels.deciding.config import MarketConfig
from undercut.build.labels.deciding.judge import find_judge
from undercut.build.labels.deciding.market import prices_of
from undercut.build.labels.deciding.position import Position, Purpose, Step
from undercut.build.labels.votes import IntArray

# Crowds are asked twice about the first items: two people who answer alone tell how good both are.
EXPLORE_ROUNDS = 2


def explore(position: Position, learnt: Learnt, config: MarketConfig, error: float) -> Step:
    """Questions of one round of exploring, the cheapest workers first, within its budget."""
    heard = position.heard
    items = len(heard.votes.items)
    _, limit = prices_of(heard.sources)
    judge = find_judge(heard, config)
    random = np.random.default_rng([config.seed, 104729])
    order = random.permutation(items)
    money = config.explore_budget * position.budget
    chosen: list[tuple[IntArray, int]] = []
    for source in np.argsort(limit, kind="stable"):
        if heard.sources[source].votes_per_item <= position.explored:
            continue
        count = min(
            config.explore_judged if source == judge else config.explore_items, items // 5 + 1
        )
        if limit[source] > 0:
            count = min(count, int(money / limit[source]))
        if count > 0:
            chosen.append((order[:count], int(source)))
            money -= count * float(limit[source])
    none = np.zeros(0, dtype=np.int64)
    item = np.concatenate([none, *(part for part, _ in chosen)])
    source_ids = np.concatenate([none, *(np.full(len(part), s) for part, s in chosen)])
    return Step(Purpose.EXPLORE, item, source_ids, "explore", learnt, None, error)
