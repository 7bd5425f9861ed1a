"""The costs of selling in a market file: load, fixed costs, payment, support, tenants."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from undercut.core.money import Money
from undercut.runs.selling.yaml_section import Section
from undercut.sell.pricing.situation.running import FixedCost, Load, Payment, Support, Tenant
from undercut.sell.pricing.situation.situation import Elasticity

if TYPE_CHECKING:
    from undercut.runs.selling.market_products import Frame


@dataclass(frozen=True, slots=True)
class OwnCosts:
    """What `own` says beside the product."""

    load: Load
    fixed_costs: tuple[FixedCost, ...]
    payment: Payment | None
    support: Support | None
    tenants: tuple[Tenant, ...]
    elasticity: Elasticity | None


def read_own_costs(own: Section, frame: Frame) -> OwnCosts:
    """Load, fixed costs, payment, support and tenants below `own`."""
    utilisation = own.take_float("utilisation")
    load = Load(
        monthly_answers=own.take_number("monthly_answers"),
        customers=own.take_count("customers"),
        utilisation=0.5 if utilisation is None else utilisation,
        capacity=own.take_number("capacity"),
    )
    return OwnCosts(
        load,
        tuple(_fixed(each, frame) for each in own.take_sections("fixed_costs")),
        _payment(own.take_section("payment"), frame),
        _support(own.take_section("support"), frame),
        tuple(_tenant(each, frame) for each in own.take_sections("tenants")),
        _elasticity(own.take_section("elasticity"), frame),
    )


def _elasticity(section: Section | None, frame: Frame) -> Elasticity | None:
    if section is None:
        return None
    value = section.needed("value", section.take_float("value"), "value: -2.1")
    low, high = section.take_float("low"), section.take_float("high")
    made = Elasticity(
        value,
        value if low is None else low,
        value if high is None else high,
        frame.source_of(section),
    )
    section.done()
    return made


def _fixed(section: Section, frame: Frame) -> FixedCost:
    made = FixedCost(
        section.needed("name", section.take_text("name")),
        section.needed("monthly", section.take_money("monthly", frame.currency), "monthly: 6000"),
        frame.source_of(section),
    )
    section.done()
    return made


def _payment(section: Section | None, frame: Frame) -> Payment | None:
    if section is None:
        return None
    fraction = section.take_number("fraction")
    fee = section.take_money("per_invoice", frame.currency)
    made = Payment(
        fraction or Decimal(0), fee or Money.zero(frame.currency), frame.source_of(section)
    )
    section.done()
    return made


def _support(section: Section | None, frame: Frame) -> Support | None:
    if section is None:
        return None
    nothing = Money.zero(frame.currency)
    each = section.take_money("per_customer", frame.currency)
    answers = section.take_money("per_million", frame.currency)
    made = Support(each or nothing, answers or nothing, frame.source_of(section))
    section.done()
    return made


def _tenant(section: Section, frame: Frame) -> Tenant:
    made = Tenant(
        section.needed("name", section.take_text("name")),
        section.needed("monthly_answers", section.take_number("monthly_answers")),
        section.take_money("support", frame.currency),
    )
    section.done()
    return made
