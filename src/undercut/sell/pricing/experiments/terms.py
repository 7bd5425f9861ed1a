"""What a price test may do, agreed on before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.core.errors import InputError
from undercut.core.money import Money


@dataclass(frozen=True, slots=True)
class TestTerms:
    """prices: at least two, rising. control: place of today's price. cost: of one more sale.

    floor: no price may lie below it. loss_bound: the most that the test may be expected to cost
    against always showing today's price. least_visitors: outcomes that every price gets before
    anything is concluded. tolerance: the test ends when choosing the best price so far is expected
    to lose less than this fraction of its profit a visitor. seed: same seed and same outcomes,
    same prices shown. Raises InputError for prices below the floor or at cost, one currency not
    kept, or numbers out of range.
    """

    __test__ = False  # its name begins with Test, and it is none

    prices: tuple[Money, ...]
    control: int
    cost: Money
    floor: Money
    loss_bound: Money
    least_visitors: int = 100
    tolerance: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.prices) < 2:
            raise InputError(
                f"a price test needs two prices or more, got {len(self.prices)}",
                hint="--price 50usd --price 60usd, today's among them",
            )
        currency = self.prices[0].currency
        for money in (*self.prices, self.cost, self.floor, self.loss_bound):
            if money.currency != currency:
                raise InputError(
                    f"{money} is not in {currency}: a price test has one currency",
                    hint="prices, cost, floor and loss bound alike; undercut converts nothing",
                )
        if any(not low < high for low, high in zip(self.prices, self.prices[1:], strict=False)):
            raise InputError("prices of a test must differ and rise", hint="each price once")
        self._check_numbers()

    def _check_numbers(self) -> None:
        lowest = self.prices[0]
        if lowest < self.floor:
            raise InputError(
                f"the price {lowest} lies below the floor of {self.floor.display()}: not even a "
                "test sells there",
                hint="prices at the floor or above; `undercut price` says what makes it up",
            )
        if self.cost.amount < 0 or not self.cost < lowest:
            raise InputError(
                f"a sale costs {self.cost.display()}: at {lowest} it earns nothing",
                hint="prices above the cost of a sale, or the cost of one sale as --cost",
            )
        if not 0 <= self.control < len(self.prices):
            raise InputError(
                "today's price must be one of the prices of the test",
                hint="name it with --price too",
            )
        if self.loss_bound.amount <= 0:
            raise InputError(
                f"the loss bound must be above 0, got {self.loss_bound}",
                hint="what finding out may cost: --loss-bound 500usd",
            )
        if self.least_visitors < 1 or not 0.0 < self.tolerance < 1.0 or self.seed < 0:
            raise InputError(
                "least_visitors must be 1 or more, tolerance between 0 and 1, seed not below 0"
            )

    @property
    def margins(self) -> tuple[float, ...]:
        """What a sale at each price earns."""
        return tuple(float((price - self.cost).amount) for price in self.prices)
