"""Where a joint budget stands: which part of the texts is labelled, how well, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from undercut.build.labels.choosing.order import Order, random_order, widened
from undercut.build.labels.votes import Floats, IntArray
from undercut.build.labels.workers import WorkerFacts
from undercut.core.money import Money
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.journal import Journal

FIRST_SHARE, FIRST_LEAST = 0.25, 300
# Of the budget, for the first part: what is learnt from it must leave money to follow.
FIRST_MONEY = Decimal("0.25")
# Of the budget, for whoever audits at the end; until then nothing of it is spent.
KEPT_FOR_AUDIT = Decimal("0.2")


class Again(NamedTuple):
    """A question that was chosen and may not be put yet. asked: times it had been put before."""

    item: str
    worker: str
    asked: int


@dataclass(frozen=True, slots=True)
class Joint:
    """order: texts that are labelled now. target: share of wrong labels to reach on them by belief.
    distil: a model labels the rest. augment: edited copies train too. final: only the audit is
    left. again: questions about labels that look wrong, still to be put.
    """

    order: Order
    target: float
    distil: bool = False
    augment: bool = False
    final: bool = False
    again: tuple[Again, ...] = ()

    @property
    def pool(self) -> int:
        """How many texts are labelled now."""
        return len(self.order.taken)

    def places(self, texts: int, seed: int) -> IntArray:
        """(texts,) positions in the file: those labelled now, then the others."""
        taken = np.array(self.order.taken, dtype=np.int64)
        rest = random_order(texts, seed)
        return np.concatenate([taken, rest[~np.isin(rest, taken)]])


def first(
    config: LabelConfig, texts: int, workers: Sequence[WorkerFacts], vectors: Floats | None
) -> Joint:
    """Where a job starts: a quarter of the texts, or what a quarter of the budget pays.

    workers: whoever is not good enough to judge is taken to answer each text once. vectors: (texts,
    width) in the order of the file.
    """
    size = max(FIRST_LEAST, min(int(FIRST_SHARE * texts), _affordable(config, workers, texts)))
    order = widened(Order(), size, config.choose, texts=texts, seed=config.seed, vectors=vectors)
    return Joint(order, config.target_error)


def kept_for_audit(config: LabelConfig, joint: Joint | None) -> Money:
    """What must not be spent yet."""
    waits = config.audit and joint is not None and not joint.final
    return config.budget_money * (KEPT_FOR_AUDIT if waits else Decimal(0))


def _affordable(config: LabelConfig, workers: Sequence[WorkerFacts], texts: int) -> int:
    judges = config.market().judge_accuracy
    prices = [each.price.amount for each in workers if each.skill.accuracy < judges]
    price = sum(prices, Decimal(0)) or min(each.price.amount for each in workers)
    return texts if price <= 0 else int(FIRST_MONEY * config.budget_money.amount / price)


def load_joint(journal: Journal, texts: int, seed: int) -> Joint | None:
    """As the journal has it; a job begun before there was an order to keep drew at random."""
    stored = journal.meta("joint")
    if stored is None:
        return None
    pool = int(stored.pop("pool", 0))
    order = Order(tuple(random_order(texts, seed)[:pool].tolist()), pool)
    if "order" in stored:
        order = Order(tuple(stored.pop("order")), int(stored.pop("drawn")))
    stored["again"] = tuple(Again(*each) for each in stored.get("again", ()))
    return Joint(order, **stored)


def stored_joint(joint: Joint) -> dict[str, object]:
    """For the journal."""
    return {
        "order": list(joint.order.taken),
        "drawn": joint.order.drawn,
        "target": joint.target,
        "distil": joint.distil,
        "augment": joint.augment,
        "final": joint.final,
        "again": [list(each) for each in joint.again],
    }


def save_joint(journal: Journal, joint: Joint) -> None:
    """Write it."""
    journal.set_meta("joint", stored_joint(joint))
