"""The measured cost of answering, as pricing needs it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.situation.products import Source

HOURS_PER_MONTH = Decimal(730)  # 8,760 hours a year over twelve months
MILLION = Decimal(1_000_000)


class Basis(StrEnum):
    """What the measured cost of an average answer rests on."""

    MIX = "mix"  # the plan's stages at the shares they had on the run's data
    DEAREST = "dearest"  # the plan's last stage for every answer: an upper bound
    METERED = "metered"  # own traffic, as booked


@dataclass(frozen=True, slots=True)
class ServingCost:
    """per_million: what a million answers cost on a machine that is kept busy.

    hourly: rent of one such machine. source: of the measurement; price_source: of the rent.
    Raises InputError for amounts that are not above 0 or differ in currency.
    """

    per_million: Money
    hourly: Money
    host: str
    basis: Basis
    source: Source
    price_source: Source

    def __post_init__(self) -> None:
        if self.per_million.currency != self.hourly.currency:
            raise InputError(f"{self.per_million} and {self.hourly} are not in one currency")
        if self.per_million.amount <= 0 or self.hourly.amount <= 0:
            raise InputError(
                f"the cost of answering must be above 0, got {self.per_million} a million answers "
                f"on a machine at {self.hourly} an hour"
            )

    def machines(self, monthly_answers: Decimal, utilisation: Decimal) -> int:
        """Whole machines for so many answers a month, at most `utilisation` of each sold."""
        busy_hours = monthly_answers / MILLION * self.per_million.amount / self.hourly.amount
        whole, rest = divmod(busy_hours, HOURS_PER_MONTH * utilisation)
        return max(1, int(whole) + (1 if rest > 0 else 0))
