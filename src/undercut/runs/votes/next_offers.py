"""Who may be asked about what, and how much of it is asked for now."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_FLOOR

import numpy as np

from undercut.build.labels.merging.copying import Copies
from undercut.build.labels.votes import IntArray, Votes
from undercut.core.errors import ConfigError
from undercut.runs.votes.next_report import NextConfig


def check(config: NextConfig) -> None:
    """Raise ConfigError for settings that are out of bounds or contradict each other."""
    for name, value in (("--most-votes", config.most_votes), ("--count", config.count)):
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be 1 or more, got {value}")
    if len(set(config.workers)) < len(config.workers):
        raise ConfigError("--worker names somebody twice", hint="name each worker once")
    price = config.vote_price
    for name, money in (("--budget", config.budget), ("--error-cost", config.error_cost)):
        if money is None:
            continue
        if price is None:
            raise ConfigError(f"{name} needs the price of a vote", hint="--vote-price 0.05usd")
        if money.currency != price.currency:
            raise ConfigError(
                f"{name} is in {money.currency}, --vote-price in {price.currency}",
                hint="give both in one currency",
            )
        if money.amount <= 0:
            raise ConfigError(f"{name} must be more than nothing, got {money}")
    if price is not None and price.amount < 0:
        raise ConfigError(f"--vote-price must not be negative, got {price}")


def offers_on(
    votes: Votes, items: IntArray, names: tuple[str, ...], copies: Copies | None
) -> tuple[IntArray, IntArray | None]:
    """Items that can be voted on, and by whom: each named worker where no copy of it answered."""
    if not names:
        return items, None
    number = {name: at for at, name in enumerate(votes.workers)}
    cluster = np.arange(len(votes.workers)) if copies is None else copies.cluster
    parts = []
    for name in names:
        own = cluster[votes.worker] == cluster[number[name]]
        parts.append(np.setdiff1d(items, votes.item[own]))
    who = [np.full(len(part), number[name]) for part, name in zip(parts, names, strict=True)]
    return np.concatenate(parts), np.concatenate(who)


def affordable(
    order: IntArray, item: IntArray, worker: IntArray | None, config: NextConfig
) -> list[int]:
    """Places of the offers that are taken: one an item, `count` a worker, within the budget."""
    left = len(order)
    if config.budget is not None and config.vote_price is not None and config.vote_price.amount:
        affordable = config.budget.amount / config.vote_price.amount
        left = int(affordable.to_integral_value(ROUND_FLOOR))
    each = config.count or len(order)
    taken, chosen = set[int](), list[int]()
    given = Counter[int]()
    for place in order.tolist():
        who = -1 if worker is None else int(worker[place])
        if len(chosen) >= left or int(item[place]) in taken or given[who] >= each:
            continue
        chosen.append(place)
        taken.add(int(item[place]))
        given[who] += 1
    return chosen
