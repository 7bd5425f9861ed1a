"""What is not known exactly: a best guess and a range that holds in nine cases of ten."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray

_REACH = 1.6448536269514722  # of the normal: 5% lie above


class Kind(StrEnum):
    """On which scale a range is symmetric enough: its logarithm, its log-odds, or as it is."""

    RATIO = "ratio"
    FRACTION = "fraction"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Range:
    """A number that is `median` at best guess and in [low, high] with 90%.

    Each side has its own width, so a lopsided range keeps its ends. source: where it comes from;
    empty for an assumption of ours. Raises InputError for ends out of order, or out of (0, inf)
    for a ratio or (0, 1) for a fraction.
    """

    low: float
    median: float
    high: float
    kind: Kind = Kind.RATIO
    source: str = ""

    def __post_init__(self) -> None:
        ends = (self.low, self.median, self.high)
        if (
            not all(math.isfinite(each) for each in ends)
            or not self.low <= self.median <= self.high
        ):
            raise InputError(f"a range needs low <= median <= high, got {ends}")
        if self.kind is not Kind.PLAIN and self.low <= 0.0:
            raise InputError(f"a range of this kind must be above 0, got {ends}")
        if self.kind is Kind.FRACTION and self.high >= 1.0:
            raise InputError(f"a range of fractions must be below 1, got {ends}")

    def at(self, normal: FloatArray) -> FloatArray:
        """Values at standard normal scores: -1.645 gives low, 0 the median, 1.645 high."""
        low, middle, high = (self._scaled(each) for each in (self.low, self.median, self.high))
        width = np.where(normal < 0.0, middle - low, high - middle) / _REACH
        found = middle + normal * width
        if self.kind is Kind.RATIO:
            return np.exp(found)
        if self.kind is Kind.FRACTION:
            return 1.0 / (1.0 + np.exp(-found))
        return found

    def _scaled(self, value: float) -> float:
        if self.kind is Kind.RATIO:
            return math.log(value)
        if self.kind is Kind.FRACTION:
            return math.log(value / (1.0 - value))
        return value


def exactly(value: float, kind: Kind = Kind.RATIO, source: str = "") -> Range:
    """A range without width."""
    return Range(value, value, value, kind, source)
