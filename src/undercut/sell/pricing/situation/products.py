"""Products on sale: the own one and those of rivals. Money is for a million answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from undercut.core.errors import InputError
from undercut.core.money import Money


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so, and on which day."""

    text: str
    as_of: date

    def __str__(self) -> str:
        return f"{self.text}, {self.as_of.isoformat()}"


@dataclass(frozen=True, slots=True)
class Offered:
    """One product of one firm as buyers see it.

    price, cost: money for a million answers; cost is the marginal one, None where nobody knows it.
    share: of all possible buyers, those who buy nothing among them; None where it is not known.
    quality: any index that is the same for all products, None where there is none.
    nest: products of one nest are closer to each other than to the rest.
    Raises InputError for a price that is not above 0, a cost below 0, or a share outside (0, 1).
    """

    name: str
    firm: str
    price: Money
    source: Source
    share: float | None = None
    cost: Money | None = None
    quality: float | None = None
    nest: str | None = None

    def __post_init__(self) -> None:
        if not self.name or not self.firm:
            raise InputError(f"a product needs a name and a firm, got {self.name!r} {self.firm!r}")
        if self.price.amount <= 0:
            raise InputError(f"the price of {self.name} must be above 0, got {self.price}")
        if self.cost is not None and self.cost.amount < 0:
            raise InputError(f"the cost of {self.name} must not be below 0, got {self.cost}")
        if self.share is not None and not 0.0 < self.share < 1.0:
            raise InputError(
                f"the share of {self.name} must lie between 0 and 1, got {self.share:g}",
                hint="shares are fractions of all possible buyers: 0.12, not 12",
            )
