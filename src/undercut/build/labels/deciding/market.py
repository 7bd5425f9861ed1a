"""One round of buying: each label where an avoided error is cheapest."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.answers import UNKNOWN, Heard
from undercut.build.labels.deciding.beliefs import Learnt
from undercut.build.labels.deciding.value import best_drop_per_vote
from undercut.build.labels.votes import Floats, IntArray
from undercut.build.labels.workers import WorkerFacts

FREE = 1e12  # errors avoided a unit of money where the answer costs nothing
LEAST_DROP = 1e-6


@dataclass(frozen=True, slots=True)
class Offers:
    """What one more answer on each item is worth, by source.

    drop: (items, sources) expected fall of the item's chance of being wrong, an answer; zero
    where the source cannot be asked. price: (sources,) of an answer as usual; limit: (sources,)
    at most.
    """

    drop: Floats
    price: Floats
    limit: Floats

    @property
    def per_money(self) -> Floats:
        """(items, sources): errors avoided a unit of money."""
        return np.where(
            self.drop > LEAST_DROP, self.drop / np.maximum(self.price, 1e-12), 0.0
        ).clip(max=FREE)


@dataclass(frozen=True, slots=True)
class Basket:
    """What to buy now. item, source: (bought,) ids, the best bargains first.

    error_price: what the last avoided error of the basket costs; None for an empty one.
    stopped: why no more: 'target', 'budget', 'worth', 'nothing' left to ask or 'round' is full.
    """

    item: IntArray
    source: IntArray
    error_price: float | None
    stopped: str


def prices_of(sources: tuple[WorkerFacts, ...]) -> tuple[Floats, Floats]:
    """(sources,) usual and (sources,) highest price of an answer, for deciding, not for booking."""
    usual = [facts.usual_price or facts.price for facts in sources]
    return (
        np.array([_number(price.amount) for price in usual], dtype=np.float64),
        np.array([_number(facts.price.amount) for facts in sources], dtype=np.float64),
    )


def _number(amount: Decimal) -> float:
    return float(amount)


def offers(
    heard: Heard, learnt: Learnt, asks: IntArray, known: NDArray[np.bool_] | None = None
) -> Offers:
    """The worth of one more answer of each source on each item.

    asks: (items, sources) questions put so far, answered or not. known: (items, sources) where a
    copy of the source has answered (`Heard.said_by_copy`): worth nothing. A source is asked at most
    as often as people stand behind it; one of a family that has answered the item already adds only
    its part of the family's voice.
    """
    beliefs = np.column_stack([learnt.standing.named, learnt.standing.rest])
    price, limit = prices_of(heard.sources)
    family = family_answers(heard, learnt.families)
    able = askable(heard, asks, known)
    drop = np.zeros((len(beliefs), len(heard.sources)))
    for number, facts in enumerate(heard.sources):
        can = able[:, number]
        if not can.any():
            continue
        most = max(1, min(3, facts.votes_per_item))
        worth, _ = best_drop_per_vote(
            beliefs[can],
            accuracy=float(np.clip(learnt.skills[number].accuracy, 0.01, 0.999)),
            collision=learnt.collision,
            most=most,
        )
        drop[can, number] = worth * facts.skill.coverage / (1 + family[can, number])
    return Offers(drop, price, limit)


def askable(
    heard: Heard, asks: IntArray, known: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """(items, sources): whether a source may still be asked; asks and known as of `offers`."""
    most = np.array([facts.votes_per_item for facts in heard.sources])
    can = (heard.gold == UNKNOWN)[:, None] & (asks < most)
    if known is not None:
        can[:, : known.shape[1]] &= ~known
    return np.asarray(can)


def family_answers(heard: Heard, families: IntArray) -> Floats:
    """(items, sources): answers of other sources of the same family on the item."""
    asked = heard.asked().astype(np.float64)
    same = np.zeros((len(heard.sources), len(heard.sources)))
    for number, facts in enumerate(heard.sources):
        for other, others in enumerate(heard.sources):
            stated = facts.family != "" and facts.family == others.family
            alike = np.intersect1d(
                families[heard.source == number], families[heard.source == other]
            )
            same[other, number] = number != other and (stated or len(alike) > 0)
    return asked @ same


def fill(
    offered: Offers,
    error: Floats,
    *,
    planned_error: float,
    money: float,
    most: int,
    error_cost: float | None = None,
) -> Basket:
    """Buy for each item from its best source, the best bargains first.

    error: (items,) chance of being wrong now. planned_error: mean of it that is enough. money:
    left to spend. most: answers in this basket. error_cost: what a wrong label costs; where it is
    given, bargains below it are not taken, and buying goes on past the planned error as long as
    it pays.
    """
    rate = offered.per_money
    source = rate.argmax(axis=1)
    best = rate[np.arange(len(rate)), source]
    order = np.argsort(-best, kind="stable")
    order = order[best[order] > 0]
    gap = float(error.sum() - planned_error * len(error))
    if not len(order):
        return _nothing("target" if gap <= 0 and error_cost is None else "nothing")
    drop = np.cumsum(offered.drop[order, source[order]])
    cost = np.cumsum(offered.limit[source[order]])
    reasons = {
        "round": most,
        "budget": int(np.searchsorted(cost, money + 1e-12, side="right")),
    }
    if error_cost is None:
        reasons["target"] = 0 if gap <= 0 else int(np.searchsorted(drop, gap)) + 1
    else:
        reasons["worth"] = int((best[order] * error_cost >= 1).sum())
    count = min(len(order), *reasons.values())
    stopped = "nothing"
    if count < len(order):
        stopped = next(name for name, at in reasons.items() if at == count)
    if count == 0:
        return _nothing(stopped)
    chosen = order[:count]
    return Basket(chosen, source[chosen], float(1 / best[chosen[-1]]), stopped)


def _nothing(stopped: str) -> Basket:
    none = np.zeros(0, dtype=np.int64)
    return Basket(none, none, None, stopped)
