"""What selling costs beside answering: load, fixed costs, payment, support."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.situation.products import Source


@dataclass(frozen=True, slots=True)
class Load:
    """What the seller expects to answer.

    monthly_answers: a month; customers: who pay for them. utilisation: the largest share of a
    machine's time that may be sold, so that peaks find room, in (0, 1].
    capacity: most answers a month, None where machines can be added.
    """

    monthly_answers: Decimal | None = None
    customers: int | None = None
    utilisation: float = 0.5
    capacity: Decimal | None = None

    def __post_init__(self) -> None:
        for name, value in (
            ("monthly_answers", self.monthly_answers),
            ("capacity", self.capacity),
            ("customers", self.customers),
        ):
            if value is not None and not value > 0:
                raise InputError(f"{name} must be above 0, got {value}")
        if not 0.0 < self.utilisation <= 1.0:
            raise InputError(
                f"utilisation must lie above 0 and up to 1, got {self.utilisation:g}",
                hint="0.5: half of a machine's time is sold, the rest waits for peaks",
            )


@dataclass(frozen=True, slots=True)
class FixedCost:
    """Money a month that does not depend on how much is sold."""

    name: str
    monthly: Money
    source: Source

    def __post_init__(self) -> None:
        if self.monthly.amount < 0:
            raise InputError(f"the cost {self.name} must not be below 0, got {self.monthly}")


@dataclass(frozen=True, slots=True)
class Payment:
    """What being paid costs: a fraction of the bill, and an amount for each bill (one a month)."""

    fraction: Decimal
    per_invoice: Money
    source: Source

    def __post_init__(self) -> None:
        if not 0 <= self.fraction < 1:
            raise InputError(
                f"the payment fraction must lie in [0, 1), got {self.fraction}",
                hint="0.029 for 2.9%",
            )
        if self.per_invoice.amount < 0:
            raise InputError(f"a payment fee must not be below 0, got {self.per_invoice}")


@dataclass(frozen=True, slots=True)
class Support:
    """What helping customers costs: a month a customer, and for a million answers."""

    per_customer: Money
    per_million: Money
    source: Source

    def __post_init__(self) -> None:
        for money in (self.per_customer, self.per_million):
            if money.amount < 0:
                raise InputError(f"a support cost must not be below 0, got {money}")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One customer whose floor is asked for. support: None for that of all customers."""

    name: str
    monthly_answers: Decimal
    support: Money | None = None

    def __post_init__(self) -> None:
        if not self.monthly_answers > 0:
            raise InputError(
                f"monthly_answers of {self.name} must be above 0, got {self.monthly_answers}"
            )
