from __future__ import annotations

import doctest
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.core import money as module
from undercut.core.errors import ConfigError
from undercut.core.money import Money, exact, total

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=9)
usd = amounts.map(lambda amount: Money(amount, "USD"))


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("50usd", "50", "USD"),
        ("$50", "50", "USD"),
        ("¥20", "20", "CNY"),
        ("￥20", "20", "CNY"),
        ("20元", "20", "CNY"),
        ("20 CNY", "20", "CNY"),
        ("0.05 USD", "0.05", "USD"),
        ("usd .5", "0.5", "USD"),
        (" -$1.20 ", "-1.20", "USD"),
    ],
)
def test_people_write_money_in_many_ways(text: str, amount: str, currency: str) -> None:
    assert Money.parse(text) == Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "50",
        "usd",
        "1,500 usd",
        "1e3 usd",
        "nan usd",
        "$50 usd",
        "5 0usd",
        "٥٠ usd",
        "$-",
        "50usdd",
    ],
)
def test_what_is_not_clearly_money_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not an amount of money"):
        Money.parse(text)


@pytest.mark.parametrize("amount", [0.1, 1, "1", True, None])
def test_only_decimals_are_amounts(amount: object) -> None:
    with pytest.raises(ConfigError, match="must be a Decimal"):
        Money(amount, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e24", "-1e24", "1e-19"])
def test_amounts_are_finite_and_bounded(amount: str) -> None:
    with pytest.raises(ConfigError):
        Money(Decimal(amount), "USD")


def test_currencies_do_not_mix() -> None:
    for operate in (Money.__add__, Money.__sub__, Money.__lt__, Money.__ge__):
        with pytest.raises(ConfigError, match=r"1 USD with 1 CNY"):
            operate(Money.parse("1usd"), Money.parse("1cny"))
    assert Money.parse("1usd") != Money.parse("1cny")


@pytest.mark.parametrize("factor", [0.5, True, "2", Decimal("NaN")])
def test_scaling_takes_exact_numbers_only(factor: object) -> None:
    with pytest.raises(ConfigError):
        Money.parse("1usd") * factor  # type: ignore[operator]
    with pytest.raises(ConfigError):
        Money.parse("1usd") / factor  # type: ignore[operator]


def test_division_by_zero_and_overflow_are_config_errors() -> None:
    with pytest.raises(ConfigError, match="divide"):
        Money.parse("1usd") / 0
    with pytest.raises(ConfigError, match="below 1e24"):
        Money.parse("1usd") * Decimal("1e30")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0usd", "$0.00"),
        ("0.01234usd", "$0.0123"),
        ("0.5usd", "$0.50"),
        ("0.000001234usd", "$0.00000123"),
        ("0.9999usd", "$1.00"),
        ("1234567.891usd", "$1,234,567.89"),
        ("-0.02usd", "-$0.02"),
        ("7 jpy", "7.00 JPY"),
        ("20cny", "¥20.00"),
        ("0.000000000000000001usd", "$0.000000000000000001"),
    ],
)
def test_display_keeps_what_matters(text: str, shown: str) -> None:
    assert Money.parse(text).display() == shown


@given(usd)
def test_text_reads_back_exactly(amount: Money) -> None:
    assert Money.parse(str(amount)) == amount
    assert str(Money.parse(str(amount))) == str(amount)


@given(st.lists(usd, max_size=30), st.randoms(use_true_random=False))
def test_sums_do_not_depend_on_order_or_on_the_callers_context(
    parts: list[Money], random: object
) -> None:
    forward = total(parts, "USD")
    with localcontext() as context:
        context.prec = 3
        random.shuffle(parts)  # type: ignore[attr-defined]
        assert total(parts, "USD") == forward
        assert str(total(parts, "USD")) == str(forward)
    assert forward.amount == sum((part.amount for part in parts), Decimal(0))


@given(usd, usd)
def test_subtraction_undoes_addition_and_order_is_kept(a: Money, b: Money) -> None:
    assert a + b - b == a
    assert (a < b) == (a.amount < b.amount)
    assert a - a == Money.zero("USD")
    assert hash(a + b) == hash(b + a)


@given(usd, st.integers(min_value=1, max_value=1000))
def test_shares_add_up_to_within_the_last_place(a: Money, parts: int) -> None:
    difference = (a / parts) * parts - a
    assert difference.amount.copy_abs() <= parts * Decimal("1e-18")


@given(amounts)
def test_equal_numbers_have_equal_text(number: Decimal) -> None:
    assert Decimal(exact(number)) == number
    assert exact(number) == exact(number.scaleb(-3).scaleb(3)) == exact(number + Decimal("0.000"))


def test_examples_in_the_documentation() -> None:
    assert doctest.testmod(module).failed == 0
