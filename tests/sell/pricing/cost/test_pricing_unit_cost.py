"""Unit cost, floor, break-even and sensitivity, against sums done by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pricing_situations import own, serving, usd

from undercut.core.errors import InputError
from undercut.sell.pricing.cost.break_even import (
    break_even_answers,
    cut_table,
    volume_after_cut,
)
from undercut.sell.pricing.cost.floor import lowest_bill, tenant_floors
from undercut.sell.pricing.cost.sensitivity import tornado
from undercut.sell.pricing.cost.unit_cost import unit_cost
from undercut.sell.pricing.situation.running import Load, Tenant


def test_cost_of_goods_by_hand() -> None:
    # 40 million answers at 0.40 are 16 dollars of busy time: 160 h of 730 h, one machine of 73 $
    found = unit_cost(serving(), own())
    assert found.machines == 1
    assert found.utilisation == pytest.approx(160 / 730)
    assert found.growing == usd("0.80")
    assert found.serving == usd("1.825")
    assert found.per_customer == usd("5.00")
    assert found.customers_per_million == usd("1.25")
    assert found.before_payment == usd("4.575")
    assert found.floor.amount == pytest.approx(Decimal("4.575") / Decimal("0.97"))
    assert found.fixed == usd(10)
    price = usd(60)
    assert found.cogs(price) == usd("6.375")
    assert found.gross_margin(price) == pytest.approx(53.625 / 60)
    assert found.contribution_margin(price) == pytest.approx((60 - 0.8 - 1.5 - 1.25 - 1.8) / 60)
    assert found.monthly_profit(price) == usd("1745.00")


def test_gross_margin_is_zero_at_the_floor() -> None:
    found = unit_cost(serving(), own())
    assert found.gross_margin(found.floor) == pytest.approx(0.0, abs=1e-12)
    assert found.marginal <= found.floor <= found.full_cost
    assert found.monthly_profit(found.full_cost).amount == pytest.approx(
        Decimal(0), abs=Decimal("1e-9")
    )


def test_machines_come_whole() -> None:
    # a machine sells at most 365 h, that is 91.25 million answers
    assert serving().machines(Decimal(91_250_000), Decimal("0.5")) == 1
    assert serving().machines(Decimal(91_250_001), Decimal("0.5")) == 2
    assert serving().machines(Decimal(1), Decimal("0.5")) == 1


def test_unknown_load_and_customers_are_refused() -> None:
    with pytest.raises(InputError, match="load is not known"):
        unit_cost(serving(), own(load=Load()))
    with pytest.raises(InputError, match="how many customers"):
        unit_cost(serving(), own(load=Load(monthly_answers=Decimal(1000))))


def test_customers_are_not_needed_where_they_cost_nothing() -> None:
    found = unit_cost(
        serving(), own(load=Load(monthly_answers=Decimal(10**6)), support=None, payment=None)
    )
    assert found.customers_per_million == usd(0)


@pytest.mark.parametrize(("cut", "more"), [(0.1, 0.2), (0.5, 5.0)])
def test_break_even_after_a_cut_as_published(cut: float, more: float) -> None:
    assert volume_after_cut(cut, 0.6) == pytest.approx(more)


def test_a_cut_of_the_whole_margin_never_pays() -> None:
    assert volume_after_cut(0.6, 0.6) is None
    assert volume_after_cut(0.3, -0.1) is None
    with pytest.raises(InputError):
        volume_after_cut(1.5, 0.6)


def test_profit_is_zero_at_break_even() -> None:
    price = usd(12)
    unit = unit_cost(serving(), own())
    answers = break_even_answers(serving(), own(), unit, price)
    assert answers is not None
    at = unit_cost(serving(), own(), monthly_answers=answers)
    less = unit_cost(serving(), own(), monthly_answers=answers - 1000)
    assert at.monthly_profit(price).amount >= 0
    assert less.monthly_profit(price).amount < 0


def test_break_even_over_several_machines() -> None:
    slow = serving("40", "0.10")  # a machine sells less than a million answers a month
    unit = unit_cost(slow, own())
    assert unit.machines == 44
    price = unit.full_cost * 2
    answers = break_even_answers(slow, own(), unit, price)
    assert answers is not None
    assert unit_cost(slow, own(), monthly_answers=answers).monthly_profit(price).amount >= 0
    assert break_even_answers(slow, own(), unit, unit.marginal) is None


def test_a_cut_earns_as_much_at_the_volume_named() -> None:
    price, unit = usd(60), unit_cost(serving(), own())
    row = next(each for each in cut_table(unit, price) if each.cut == 0.2)
    assert row.more_volume is not None

    # the rule takes what an answer adds as it is, payment's share of the old price in it
    spent = 60.0 * (1.0 - unit.contribution_margin(price))

    def contribution(at: float, volume: float) -> float:
        return volume * (at - spent)

    before = contribution(60.0, 1.0)
    assert contribution(48.0, 1.0 + row.more_volume) == pytest.approx(before)


def test_floor_of_tenants() -> None:
    tenants = (
        Tenant("large", Decimal(20_000_000)),
        Tenant("small", Decimal(100_000)),
        Tenant("helped", Decimal(20_000_000), support=usd(100)),
    )
    mine = own(tenants=tenants)
    unit = unit_cost(serving(), mine)
    large, small, helped = tenant_floors(unit, mine, {"large": Decimal(2)})
    assert small.floor > unit.floor > tenant_floors(unit, mine)[0].floor
    # twice the serving cost: 2 * 1.825 + 1.5, and 5 dollars over 20 million
    assert large.floor.amount == pytest.approx(Decimal("5.40") / Decimal("0.97"))
    assert helped.bill.amount == pytest.approx(
        (Decimal("66.5") + Decimal("100.3")) / Decimal("0.97")
    )
    assert lowest_bill(unit, Decimal(0)).amount == pytest.approx(Decimal(5) / Decimal("0.97"))


def test_tornado_is_widest_first_and_brackets_the_floor() -> None:
    swings = tornado(serving(), own())
    widths = [each.width for each in swings]
    assert widths == sorted(widths, reverse=True)
    floor = unit_cost(serving(), own()).floor
    by_name = {each.input: each for each in swings}
    assert by_name["monthly_answers"].floor_low > floor > by_name["monthly_answers"].floor_high
    assert by_name["support"].floor_low < floor < by_name["support"].floor_high
    assert by_name["machine_rent"].floor_high.amount == pytest.approx(
        floor.amount + Decimal("0.365") / Decimal("0.97")
    )
