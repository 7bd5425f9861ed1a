"""The floor of one customer or tier, and what stands between a quote and it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.cost.serving import MILLION
from undercut.sell.pricing.cost.unit_cost import UnitCost
from undercut.sell.pricing.situation.situation import Own


@dataclass(frozen=True, slots=True)
class TenantFloor:
    """floor: lowest price of a million answers for this tenant; bill: the same as money a month.

    cost_ratio: own answers of the tenant cost so many times the average ones, as metered; 1 where
    nothing was metered.
    """

    name: str
    monthly_answers: Decimal
    floor: Money
    bill: Money
    cost_ratio: float


def lowest_bill(
    unit: UnitCost,
    answers: Decimal,
    *,
    per_customer: Money | None = None,
    cost_ratio: Decimal = Decimal(1),
) -> Money:
    """The lowest monthly bill that earns the cost of one customer with so many answers.

    per_customer: support and fee of this one, the usual where None. cost_ratio: of its answers'
    serving cost to the average.
    """
    if answers < 0:
        raise InputError(f"answers must not be below 0, got {answers}")
    each = unit.per_customer if per_customer is None else per_customer
    serving = (unit.serving * cost_ratio + unit.support) * answers / MILLION
    return (serving + each) / (1 - unit.payment_fraction)


def tenant_floors(
    unit: UnitCost, own: Own, ratios: dict[str, Decimal] | None = None
) -> tuple[TenantFloor, ...]:
    """Floors of the tenants that the market file names. ratios: metered, by tenant."""
    found = []
    for tenant in own.tenants:
        ratio = (ratios or {}).get(tenant.name, Decimal(1))
        each = unit.per_customer
        if tenant.support is not None:
            fee = unit.per_customer - (
                own.support.per_customer if own.support else tenant.support * 0
            )
            each = fee + tenant.support
        bill = lowest_bill(unit, tenant.monthly_answers, per_customer=each, cost_ratio=ratio)
        floor = bill * MILLION / tenant.monthly_answers
        found.append(TenantFloor(tenant.name, tenant.monthly_answers, floor, bill, float(ratio)))
    return tuple(found)
