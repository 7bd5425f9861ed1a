"""A market as a user describes it: who sells what, at what price, to which share of buyers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.demand.model import FloatArray, market_shares


@dataclass(frozen=True, slots=True)
class Product:
    """One product of one firm.

    price, cost: money a unit (a thousand or a million requests: the same for all). cost is None
    where it is not known, never 0. share: of all possible buyers, None where it is not known.
    quality: any index, None where there is none.
    Raises InputError for a price that is not above 0 or a cost that is below 0.
    """

    name: str
    firm: str
    price: Money
    share: float | None = None
    cost: Money | None = None
    quality: float | None = None

    def __post_init__(self) -> None:
        if not self.name or not self.firm:
            raise InputError(f"a product needs a name and a firm, got {self.name!r} {self.firm!r}")
        if self.price.amount <= 0:
            raise InputError(f"the price of {self.name} must be above 0, got {self.price}")
        if self.cost is not None and self.cost.amount < 0:
            raise InputError(f"the cost of {self.name} must not be below 0, got {self.cost}")

    @property
    def margin(self) -> float | None:
        """(price - cost) / price, None where the cost is not known; below 0 when sold at a loss."""
        if self.cost is None:
            return None
        return float((self.price.amount - self.cost.amount) / self.price.amount)


@dataclass(frozen=True, slots=True)
class Market:
    """Products that compete for the same buyers, as observed on one day.

    as_of: the day the prices held. buyers: units that all possible buyers take in a period, None
    where only shares matter.
    Raises InputError for no products, two of one name, two currencies, shares that sum to 1 or
    more, or no date.
    """

    products: tuple[Product, ...]
    as_of: date
    buyers: Decimal | None = None

    def __post_init__(self) -> None:
        if not self.products:
            raise InputError("a market needs at least one product, got none")
        names = [product.name for product in self.products]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"product {twice!r} is named twice in the market")
        if not isinstance(self.as_of, date):
            raise InputError(
                f"a market needs the day its prices held, got {self.as_of!r}",
                hint="as_of: 2026-11-01",
            )
        if self.buyers is not None and not (self.buyers.is_finite() and self.buyers > 0):
            raise InputError(f"buyers must be a number above 0, got {self.buyers}")
        self._check_currency()
        known = [product.share for product in self.products if product.share is not None]
        if known:
            market_shares(known)

    def _check_currency(self) -> None:
        first = self.products[0]
        for product in self.products:
            for money in (product.price, product.cost):
                if money is not None and money.currency != first.price.currency:
                    raise InputError(
                        f"{product.name} is in {money.currency}, {first.name} in "
                        f"{first.price.currency}: a market has one currency",
                        hint="convert the prices yourself, at a rate and a date that you can name",
                    )

    @property
    def currency(self) -> str:
        """The one currency of all prices and costs."""
        return self.products[0].price.currency

    @property
    def firms(self) -> tuple[str, ...]:
        """The firm of each product, in product order."""
        return tuple(product.firm for product in self.products)

    @property
    def prices(self) -> FloatArray:
        """(J,) prices as floats, for the models."""
        return np.array([float(product.price.amount) for product in self.products])

    @property
    def shares(self) -> FloatArray:
        """(J,) shares; InputError where one is not known."""
        for product in self.products:
            if product.share is None:
                raise InputError(
                    f"the share of {product.name} is not known, and is needed here",
                    hint="an estimate will do: say how far off it may be, or leave the product out",
                )
        return np.array([product.share for product in self.products], dtype=np.float64)

    @property
    def costs(self) -> FloatArray:
        """(J,) costs as floats; InputError where one is not known."""
        for product in self.products:
            if product.cost is None:
                raise InputError(
                    f"the cost of {product.name} is not known, and is needed here",
                    hint="implied_costs() infers rivals' costs from their prices",
                )
        return np.array([float(p.cost.amount) for p in self.products if p.cost is not None])

    @property
    def margins(self) -> FloatArray:
        """(J,) margins as shares of the price, nan where the cost is not known."""
        margins = [product.margin for product in self.products]
        return np.array([np.nan if margin is None else margin for margin in margins])

    def money(self, amount: float) -> Money:
        """A model's float as money of this market, rounded to 12 decimal places."""
        if not np.isfinite(amount):
            raise InputError(f"no price follows from the model: got {amount}")
        return Money(Decimal(repr(round(float(amount), 12))), self.currency)
