"""Prices people can read: four figures, down for bills, up for what must not fall short."""

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
    place = Decimal(1).scaleb(number.adjusted() - figures + 1)
    return float(number.quantize(place, rounding=way))
