"""Figures as people read them. An unknown figure is an en dash, never a zero."""

from __future__ import annotations

import math
from decimal import ROUND_FLOOR, Decimal

UNKNOWN = "–"
SYMBOLS = {"USD": "$", "CNY": "¥", "EUR": "€"}


def percent(share: float | None, digits: int = 1) -> str:
    """A share in [0, 1] as a percentage, rounded to nearest."""
    return UNKNOWN if share is None else f"{100 * share:.{digits}f}%"


def percent_floor(share: float | None, digits: int = 1) -> str:
    """As `percent`, rounded down: a guarantee must not gain by rounding."""
    if share is None:
        return UNKNOWN
    # Ten decimals first, so that 0.29 does not fall to 28.9% by its binary tail.
    scaled = round(Decimal(share) * 100, 10)
    return f"{scaled.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_FLOOR)}%"


def percent_exact(share: float) -> str:
    """A share the user set, with as many digits as it needs and at least one: 99.0%, 99.75%."""
    digits = max(1, len(f"{100 * share:.6f}".rstrip("0").split(".")[1]))
    return f"{100 * share:.{digits}f}%"


def points(difference: float | None) -> str:
    """A difference of two shares, signed, in percentage points without the unit."""
    return UNKNOWN if difference is None else f"{100 * difference:+.1f}".replace("-", "−")


def times(ratio: float) -> str:
    """How many times cheaper: whole above 10, one digit below, rounded down."""
    return count(math.floor(ratio)) if ratio >= 10 else f"{math.floor(ratio * 10) / 10:.1f}"


def count(number: int | None) -> str:
    """A whole number with thousands separators."""
    return UNKNOWN if number is None else f"{number:,}"


def rate(per_second: float | None) -> str:
    """Texts per second: three significant digits from 10 on are enough to compare."""
    if per_second is None:
        return UNKNOWN
    if per_second < 10:
        return f"{per_second:.2g}"
    return f"{round(per_second, -max(0, math.floor(math.log10(per_second)) - 2)):,.0f}"


def money(amount: float | Decimal | str | None, currency: str = "USD") -> str:
    """An amount with three significant digits below 100 and cents above."""
    if amount is None:
        return UNKNOWN
    value = Decimal(amount) if isinstance(amount, str) else Decimal(str(amount))
    symbol = SYMBOLS.get(currency, f"{currency} ")
    if value == 0 or abs(value) >= 100:
        return f"{symbol}{value:,.2f}"
    digits = max(2, 2 - value.copy_abs().adjusted())
    return f"{symbol}{value:.{digits}f}"


def size(number: int | None) -> str:
    """Bytes in decimal units."""
    if number is None:
        return UNKNOWN
    value = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"


def millions(number: int | None) -> str:
    """Parameters: 22.7M, 340k."""
    if number is None:
        return UNKNOWN
    return f"{number / 1e6:.1f}M" if number >= 1e6 else f"{number / 1e3:.0f}k"


def milliseconds(seconds: float | None) -> str:
    """A latency in milliseconds, two significant digits below 10."""
    if seconds is None:
        return UNKNOWN
    value = 1000 * seconds
    return f"{value:.0f} ms" if value >= 10 else f"{value:.2g} ms"


def duration(seconds: float | None) -> str:
    """Seconds as 4.2 s, 3 min 20 s or 1 h 05 min."""
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
