"""A measured number with its interval and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """A number, its 95% interval, and how many observations it rests on.

    low, high: None where the data cannot bound that side; never NaN.
    """

    value: float
    low: float | None
    high: float | None
    observations: int
