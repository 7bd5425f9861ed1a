"""Money as whole numbers that a database adds up exactly: 10^-18 of a currency.

A cost is stored as two integers, `nano` (10^-9 of the currency) and `atto` (10^-18). SQL sums
each column on its own, without rounding and without caring whether `atto` exceeds 10^9: the
value is `nano * 10^9 + atto` attos either way.
"""

from __future__ import annotations

from decimal import Context, Decimal

from undercut.core.errors import ConfigError
from undercut.core.money import PLACES, Money

_CONTEXT = Context(prec=80)
_NANO = 10**9
# what one signed 64-bit column of nanos holds, with room for the sums of many rows
_LIMIT = 10**9 * 10**PLACES


def attos(amount: Money) -> int:
    """The amount in 10^-18 of its currency, exact; ConfigError beyond a thousand million."""
    number = int(_CONTEXT.scaleb(amount.amount, PLACES))
    if not -_LIMIT < number < _LIMIT:
        raise ConfigError(f"the books hold amounts below 1e9, got {amount}")
    return number


def money(number: int, currency: str) -> Money:
    """The inverse of `attos`."""
    return Money(_CONTEXT.scaleb(Decimal(number), -PLACES), currency)


def split(number: int) -> tuple[int, int]:
    """Attos as the two columns of a row: (nano, atto)."""
    return divmod(number, _NANO)


def joined(nano: int | Decimal | None, atto: int | Decimal | None) -> int:
    """Two columns, or sums of them (PostgreSQL's are Decimal, those of no row None), as attos."""
    return int(nano or 0) * _NANO + int(atto or 0)
