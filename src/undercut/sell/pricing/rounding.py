"""Prices people can read: four figures, cents from 1 on; down for bills, up for what must cover."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal


def rounded_down(value: float, figures: int = 4) -> float:
    """The largest number with so many significant figures that is not above `value`."""
    return _rounded(value, figures, ROUND_FLOOR)


def rounded_up(value: float, figures: int = 4) -> float:
    """The smallest number with so many significant figures that is not below `value`."""
    return _rounded(value, figures, ROUND_CEILING)


def _rounded(value: float, figures: int, way: str) -> float:
    number = Decimal(repr(value))
    if number == 0:
        return 0.0
    digit = number.adjusted() - figures + 1
    # from 1 on nothing is finer than a cent
    place = Decimal(1).scaleb(max(digit, -2) if number.copy_abs() >= 1 else digit)
    return float(number.quantize(place, rounding=way))
