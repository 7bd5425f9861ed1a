"""Cost of goods sold for a million answers at a load, and the margins that follow."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from undercut.core.errors import InputError
from undercut.core.money import Money, total
from undercut.sell.pricing.cost.serving import HOURS_PER_MONTH, MILLION, ServingCost
from undercut.sell.pricing.situation.situation import Own


@dataclass(frozen=True, slots=True)
class UnitCost:
    """Money for a million answers, except per_customer (a month and customer).

    monthly_answers, customers: the load it holds at. machines: rented for it. utilisation: the
    share of their time that is sold. busy: answering on a machine that never waits, as measured.
    growing: `busy` with the room that peaks need; what more answers add. serving: the rent of
    whole machines, idle time included. support: for answers. per_customer: support and payment
    fee of one customer. fixed: costs that do not depend on the load. payment_fraction: of the
    price.
    """

    monthly_answers: Decimal
    customers: Decimal
    machines: int
    utilisation: float
    busy: Money
    growing: Money
    serving: Money
    support: Money
    per_customer: Money
    fixed: Money
    payment_fraction: Decimal

    @property
    def customers_per_million(self) -> Money:
        """Support and payment fees of all customers, spread over the answers."""
        return self.per_customer * self.customers * MILLION / self.monthly_answers

    @property
    def before_payment(self) -> Money:
        """Cost of goods sold without the fraction of the price that payment takes."""
        return self.serving + self.support + self.customers_per_million

    @property
    def variable_before_payment(self) -> Money:
        """The same without machine time that stands idle."""
        return self.growing + self.support + self.customers_per_million

    @property
    def floor(self) -> Money:
        """The price at which gross margin is 0: the lowest at which an answer earns its cost."""
        return self.before_payment / (1 - self.payment_fraction)

    @property
    def marginal(self) -> Money:
        """The price at which one more answer earns what it adds: average avoidable cost."""
        return self.variable_before_payment / (1 - self.payment_fraction)

    @property
    def full_cost(self) -> Money:
        """The price that pays for everything at this load, fixed costs included."""
        return (self.before_payment + self.fixed) / (1 - self.payment_fraction)

    def cogs(self, price: Money) -> Money:
        """Cost of goods sold at a price, payment included."""
        return self.before_payment + price * self.payment_fraction

    def gross_margin(self, price: Money) -> float:
        """(price - COGS) / price."""
        return float((price - self.cogs(price)).amount / price.amount)

    def contribution_margin(self, price: Money) -> float:
        """(price - what more answers add) / price: what a price cut eats into."""
        spent = self.variable_before_payment + price * self.payment_fraction
        return float((price - spent).amount / price.amount)

    def monthly_profit(self, price: Money) -> Money:
        """Money a month after all costs at this load."""
        each = price - self.cogs(price) - self.fixed
        return each * self.monthly_answers / MILLION


def unit_cost(
    serving: ServingCost, own: Own, *, monthly_answers: Decimal | None = None
) -> UnitCost:
    """The unit cost at the forecast load, or at another one with customers in proportion.

    Raises InputError where the load, or the customers that costs depend on, are not known: an
    average over an unknown number is no cost, and no floor follows from it.
    """
    forecast = own.load.monthly_answers
    if forecast is None:
        raise InputError(
            "no unit cost: the load is not known, so idle machines cannot be shared out",
            hint="own: monthly_answers: 40_000_000 (forecast) or meter real traffic (--books)",
        )
    answers = forecast if monthly_answers is None else monthly_answers
    if not answers > 0:
        raise InputError(f"monthly answers must be above 0, got {answers}")
    currency = serving.per_million.currency
    utilisation = Decimal(repr(own.load.utilisation))
    machines = serving.machines(answers, utilisation)
    rent = serving.hourly * HOURS_PER_MONTH * machines
    busy_share = serving.per_million.amount * answers / MILLION / rent.amount
    per_customer = _per_customer(own, currency)
    return UnitCost(
        answers,
        _customers(own, per_customer) * answers / forecast,
        machines,
        float(busy_share),
        serving.per_million,
        serving.per_million / utilisation,
        rent * MILLION / answers,
        Money.zero(currency) if own.support is None else own.support.per_million,
        per_customer,
        total((cost.monthly for cost in own.fixed_costs), currency) * MILLION / answers,
        Decimal(0) if own.payment is None else own.payment.fraction,
    )


def _per_customer(own: Own, currency: str) -> Money:
    support = Money.zero(currency) if own.support is None else own.support.per_customer
    invoice = Money.zero(currency) if own.payment is None else own.payment.per_invoice
    return support + invoice


def _customers(own: Own, per_customer: Money) -> Decimal:
    if own.load.customers is not None:
        return Decimal(own.load.customers)
    if per_customer.amount == 0:
        return Decimal(0)
    raise InputError(
        f"no unit cost: a customer costs {per_customer} a month, but how many customers there are "
        "is not known",
        hint="own: customers: 14",
    )
