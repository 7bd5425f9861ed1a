"""What answers cost, by the stage that gave them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from undercut.core.money import Money
from undercut.models.plan_cost import MILLION, PlanCost


class StagePrices:
    """Own cost of one answer of each stage, None where the plan's cost is unknown."""

    def __init__(self, cost: PlanCost | None, stages: Sequence[str]) -> None:
        self.by_stage: tuple[Money | None, ...] = tuple(
            None
            if cost is None
            else Money(_plain(cost.per_million_answers[name]), cost.currency) / MILLION
            for name in stages
        )

    def most(self, inputs: int) -> Money | None:
        """So many answers cost at most this: each goes through every stage."""
        dearest = self.by_stage[-1]
        return None if dearest is None else dearest * inputs

    def total(self, counts: Sequence[int]) -> Money | None:
        """The sum over the answers; counts[i]: answers that stage i gave."""
        total: Money | None = None
        for price, count in zip(self.by_stage, counts, strict=True):
            if price is None:
                return None
            part = price * count
            total = part if total is None else total + part
        return total


def _plain(amount: Decimal) -> Decimal:
    return Decimal(format(amount, "f"))
