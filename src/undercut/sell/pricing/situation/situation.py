"""A seller's whole situation, checked: what `market.yaml` says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.demand.market import Market, Product
from undercut.sell.pricing.situation.buyers import Differing, Segment, check_segments
from undercut.sell.pricing.situation.products import Offered, Source
from undercut.sell.pricing.situation.running import FixedCost, Load, Payment, Support, Tenant


@dataclass(frozen=True, slots=True)
class Elasticity:
    """Own price elasticity of sales, estimated elsewhere, with the ends of its interval."""

    value: float
    low: float
    high: float
    source: Source

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high < 0.0:
            raise InputError(
                f"an elasticity must be below 0 and lie in its interval, got {self.value:g} in "
                f"[{self.low:g}, {self.high:g}]",
                hint="demand falls where prices rise: {value: -2.1, low: -2.9, high: -1.5}",
            )


@dataclass(frozen=True, slots=True)
class Own:
    """The seller's own side.

    product: what the plan is sold as; its cost is None where the plan's measured cost is to be
    taken. others: further products of the same firm. margin: (price - marginal cost) / price of
    `product` to calibrate demand by, None where it follows from the cost. margin_error: how far
    off, as a share of itself, the margin may be. elasticity: of the own sales in the own price; it
    goes before all margins. cash: what the firm can lose.
    Raises InputError for a margin outside (0, 1).
    """

    product: Offered
    others: tuple[Offered, ...] = ()
    margin: float | None = None
    margin_error: float = 0.1
    elasticity: Elasticity | None = None
    load: Load = field(default_factory=Load)
    fixed_costs: tuple[FixedCost, ...] = ()
    payment: Payment | None = None
    support: Support | None = None
    tenants: tuple[Tenant, ...] = ()
    cash: Money | None = None

    def __post_init__(self) -> None:
        if self.margin is not None and not 0.0 < self.margin < 1.0:
            raise InputError(
                f"the own margin must lie between 0 and 1, got {self.margin:g}",
                hint="(price - marginal cost) / price; what is sold at a loss says nothing of "
                "demand: leave the margin out and give the cost of a rival",
            )
        if not 0.0 <= self.margin_error < 1.0:
            raise InputError(f"margin_error must lie in [0, 1), got {self.margin_error:g}")

    @property
    def firm(self) -> str:
        """Who sells."""
        return self.product.firm


@dataclass(frozen=True, slots=True)
class Situation:
    """Own side, rivals and buyers on one day, in one currency, for a million answers.

    buyers: answers a month that all possible buyers take, None where only shares matter.
    quality_value: money for a million answers that buyers pay for a unit more of quality.
    nest_correlation: nest -> correlation in [0, 1) of what its products are worth to a buyer.
    share_error: how far off shares may be, as a standard deviation relative to themselves.
    differing: in what buyers differ in the demand model.
    Raises InputError for a product named twice, shares of 1 or more, nests without a correlation,
    or buyers who differ where there are nests too, or by segments that are not given.
    """

    as_of: date
    currency: str
    own: Own
    rivals: tuple[Offered, ...] = ()
    buyers: Decimal | None = None
    quality_value: Money | None = None
    nest_correlation: Mapping[str, float] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    share_error: float = 0.1
    differing: Differing = field(default_factory=Differing)

    def __post_init__(self) -> None:
        if not 0.0 <= self.share_error < 1.0:
            raise InputError(f"share_error must lie in [0, 1), got {self.share_error:g}")
        names = [each.name for each in self.products]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"the product {twice!r} is named twice")
        self._one_currency()
        shares = [each.share for each in self.products if each.share is not None]
        if sum(shares) >= 1.0:
            raise InputError(
                f"the shares of all products must sum to less than 1, they sum to "
                f"{sum(shares):.6g}: the rest buys nothing",
                hint="give outside_share, the part of possible buyers who buy from nobody",
            )
        for name, value in self.nest_correlation.items():
            if not 0.0 <= value < 1.0:
                raise InputError(f"the correlation of nest {name} must lie in [0, 1), got {value}")
        for each in self.products:
            if each.nest is not None and each.nest not in self.nest_correlation:
                raise InputError(f"the nest {each.nest!r} of {each.name} has no correlation")
        check_segments(self.segments)
        self._one_model()

    @property
    def products(self) -> tuple[Offered, ...]:
        """The own product first, then the own others, then the rivals."""
        return (self.own.product, *self.own.others, *self.rivals)

    @property
    def outside_share(self) -> float | None:
        """The part of possible buyers who buy nothing, None where some share is not known."""
        shares = [each.share for each in self.products]
        known = [share for share in shares if share is not None]
        return 1.0 - sum(known) if len(known) == len(shares) else None

    @property
    def mean_quality_value(self) -> float | None:
        """Money a unit of quality is worth: of the market, else the mean over segments' answers."""
        if self.quality_value is not None:
            return float(self.quality_value.amount)
        weights = [each.share * float(each.monthly_answers) for each in self.segments]
        known = [
            each.quality_value.amount for each in self.segments if each.quality_value is not None
        ]
        if not weights or len(known) < len(weights):
            return None
        worth = sum(weight * float(value) for weight, value in zip(weights, known, strict=True))
        return worth / sum(weights)

    def market(self) -> Market:
        """The products for the demand models, in the order of `products`."""
        return Market(
            tuple(
                Product(each.name, each.firm, each.price, each.share, each.cost, each.quality)
                for each in self.products
            ),
            self.as_of,
            self.buyers,
        )

    def _one_model(self) -> None:
        if self.differing.segments and not self.segments:
            raise InputError(
                "demand: segments is asked for, and no segments are given",
                hint="segments: a list with share, monthly_answers and willingness of each",
            )
        if self.differing.at_all and any(each.nest is not None for each in self.products):
            raise InputError(
                "nests and buyers who differ are two models of demand: one of them only",
                hint="leave out either the nests or the demand section",
            )

    def _one_currency(self) -> None:
        for money in self._all_money():
            if money.currency != self.currency:
                raise InputError(
                    f"{money} is not in {self.currency}: a market has one currency",
                    hint="convert it yourself, at a rate and a date that you can name",
                )

    def _all_money(self) -> Iterator[Money]:
        own = self.own
        for each in self.products:
            yield each.price
            if each.cost is not None:
                yield each.cost
        yield from (cost.monthly for cost in own.fixed_costs)
        if own.payment is not None:
            yield own.payment.per_invoice
        if own.support is not None:
            yield own.support.per_customer
            yield own.support.per_million
        yield from (tenant.support for tenant in own.tenants if tenant.support is not None)
        for segment in self.segments:
            yield segment.willingness
            if segment.quality_value is not None:
                yield segment.quality_value
        yield from (money for money in (own.cash, self.quality_value) if money is not None)
