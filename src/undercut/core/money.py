"""Exact money: Decimal amounts that never mix currencies and never meet a float."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

from undercut.core.errors import ConfigError

# 18 places name a trillionth of the price of a million answers; 24 digits before the point
# name any budget. Sums within these bounds are exact at the precision below, whatever the
# caller's own decimal context says.
PLACES = 18
_LIMIT = Decimal(10) ** 24
_QUANTUM = Decimal(1).scaleb(-PLACES)
_CONTEXT = Context(
    prec=80, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)

_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "￥": "CNY", "元": "CNY"}
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥"}
_CODE = re.compile(r"[A-Z]{3}")
_UNIT = r"(?:[A-Za-z]{3}|[$€£¥￥元])"
_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)"
_WRITTEN = re.compile(
    rf"\s*(?P<sign>[-+]?)\s*(?:(?P<before>{_UNIT})\s*(?P<number1>{_NUMBER})"
    rf"|(?P<number2>{_NUMBER})\s*(?P<after>{_UNIT}))\s*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency.

    amount: finite Decimal with at most 18 decimal places; may be negative (an overspent budget).
    currency: three capital letters (ISO 4217).
    Raises ConfigError for anything else, floats above all: 0.1 as a float is not 0.1.

    >>> Money.parse("50usd") + Money.parse("$0.05")
    Money('50.05 USD')
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise ConfigError(
                f"a money amount must be a Decimal, got {type(self.amount).__name__} "
                f"{self.amount!r}",
                hint="Decimal('0.05') or Money.parse('0.05 USD')",
            )
        if not isinstance(self.currency, str) or not _CODE.fullmatch(self.currency):
            raise ConfigError(
                f"a currency must be three capital letters, got {self.currency!r}",
                hint="'USD', 'CNY' or 'EUR'",
            )
        object.__setattr__(self, "amount", _checked(self.amount))

    @classmethod
    def parse(cls, text: str) -> Money:
        """Money as people write it: '50usd', '$50', '¥20', '20 CNY', '20元', '0.05 USD'.

        The yen sign means CNY; write 'JPY' for yen. Raises ConfigError for anything else,
        thousands separators among it: '1,500' is 1500 to some readers and 1.5 to others.
        """
        found = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise ConfigError(
                f"not an amount of money: {text!r}; expected a number with a currency",
                hint="'50usd', '$0.05' or '20 CNY', with a decimal point and no separators",
            )
        unit = found["before"] or found["after"]
        number = Decimal(found["number1"] or found["number2"])
        signed = number.copy_negate() if found["sign"] == "-" else number
        return cls(signed, _SYMBOLS.get(unit, unit.upper()))

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in the given currency."""
        return cls(Decimal(0), currency)

    def __add__(self, other: Money) -> Money:
        return Money(_CONTEXT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(_CONTEXT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(self.amount.copy_negate(), self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        """Times a plain number, rounded half to even at 18 decimal places."""
        return _rounded(_CONTEXT.multiply(self.amount, _number(factor)), self.currency)

    __rmul__ = __mul__

    def __truediv__(self, divisor: Decimal | int) -> Money:
        """Shared out, rounded half to even at 18 decimal places; ConfigError for zero."""
        number = _number(divisor)
        if number == 0:
            raise ConfigError(f"cannot divide {self} by zero")
        return _rounded(_CONTEXT.divide(self.amount, number), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        """The exact amount and the code, as `parse` reads it back: '0.05 USD'."""
        return f"{exact(self.amount)} {self.currency}"

    def __repr__(self) -> str:
        return f"Money('{self}')"

    def display(self) -> str:
        """For people: two decimals from 1 on, three significant digits below it.

        >>> [Money.parse(text).display() for text in ("1234.5usd", "0.01234usd", "7chf")]
        ['$1,234.50', '$0.0123', '7.00 CHF']
        """
        figures = _shown(self.amount.copy_abs())
        sign = "-" if self.amount < 0 else ""
        if self.currency in _SIGNS:
            return f"{sign}{_SIGNS[self.currency]}{figures}"
        return f"{sign}{figures} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if not isinstance(other, Money):
            raise ConfigError(f"expected money to go with {self}, got {other!r}")
        if other.currency != self.currency:
            raise ConfigError(
                f"cannot combine {self} with {other}: the currencies differ",
                hint="give budget and prices in one currency; undercut converts nothing",
            )
        return other.amount


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The exact sum of amounts that are all in `currency`; zero for none."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result


def exact(number: Decimal) -> str:
    """A finite Decimal in plain digits, without trailing zeros: equal numbers, equal text."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _checked(amount: Decimal) -> Decimal:
    if not amount.is_finite() or amount.copy_abs() >= _LIMIT:
        raise ConfigError(f"a money amount must be finite and below 1e24, got {amount}")
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -PLACES:
        kept = amount.quantize(_QUANTUM, context=_CONTEXT)
        if kept != amount:
            raise ConfigError(
                f"a money amount has at most {PLACES} decimal places, got {amount}",
                hint="multiply or divide Money by a number: those round",
            )
        return kept
    return amount


def _rounded(amount: Decimal, currency: str) -> Money:
    if not amount.is_finite() or amount.copy_abs() >= _LIMIT:
        raise ConfigError(f"a money amount must be finite and below 1e24, got {amount}")
    return Money(amount.quantize(_QUANTUM, context=_CONTEXT), currency)


def _number(value: Decimal | int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise ConfigError(
            f"money is scaled by Decimal or int, got {type(value).__name__} {value!r}",
            hint="Decimal(repr(x)) for a measured float",
        )
    number = Decimal(value)
    if not number.is_finite():
        raise ConfigError(f"money is scaled by a finite number, got {number}")
    return number


def _shown(amount: Decimal) -> str:
    if amount == 0 or amount >= 1:
        return f"{amount:,.2f}"
    places = min(PLACES, 2 - amount.adjusted())
    whole, _, decimals = f"{amount:.{places}f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
