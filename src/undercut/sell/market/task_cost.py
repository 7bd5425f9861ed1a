"""What a language model's answer to the user's own task costs, beside the plan's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.sell.market.today import TodaysOffer

_MOST_TOKENS = Decimal(10_000_000)


@dataclass(frozen=True, slots=True)
class TaskTokens:
    """Tokens that one request reads (instructions, examples and input) and writes."""

    read: Decimal
    written: Decimal

    @classmethod
    def parse(cls, text: str) -> TaskTokens:
        """From "220,5"; ConfigError for anything else."""
        try:
            read, written = (Decimal(part.strip()) for part in text.split(","))
        except (ValueError, ArithmeticError):
            raise ConfigError(
                f"tokens of a request are two numbers, got {text!r}",
                hint="--task-tokens 220,5 for 220 tokens read and 5 written",
            ) from None
        if not all(n.is_finite() and 0 <= n <= _MOST_TOKENS for n in (read, written)) or not (
            read + written
        ):
            raise ConfigError(
                f"tokens must lie between 0 and {_MOST_TOKENS}, and not both be 0, got {text!r}",
                hint="--task-tokens 220,5",
            )
        return cls(read, written)


@dataclass(frozen=True, slots=True)
class TaskCost:
    """What a million requests cost at one offer; times_plan: in units of the plan's own cost."""

    offer: TodaysOffer
    per_million: Money
    times_plan: float | None


def task_costs(
    offers: Sequence[TodaysOffer],
    tokens: TaskTokens,
    *,
    currency: str,
    plan_per_million: Money | None,
) -> tuple[TaskCost, ...]:
    """Cheapest first. Tokens times list price: no discount for caches or batches is assumed.

    Raises ConfigError where the plan's cost is in another currency.
    """
    found = []
    for offer in offers:
        given, taken = offer.offer.input, offer.offer.output
        if given is None or taken is None:
            continue
        # prices are per million tokens, costs per million requests: the millions cancel
        cost = Money(tokens.read * given + tokens.written * taken, currency)
        found.append(TaskCost(offer, cost, _times(cost, plan_per_million)))
    return tuple(sorted(found, key=lambda row: (row.per_million.amount, row.offer.offer.key)))


def _times(cost: Money, plan: Money | None) -> float | None:
    if plan is None:
        return None
    if plan.currency != cost.currency:
        raise ConfigError(
            f"the plan's cost is in {plan.currency}, the market's prices in {cost.currency}; "
            "undercut converts nothing",
            hint=f"a price list in {cost.currency} for the plan",
        )
    return float(cost.amount / plan.amount) if plan.amount else None
