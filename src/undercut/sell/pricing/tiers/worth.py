"""What answers are worth to a kind of buyer.

The worth of the n-th answer falls on a straight line from `first` to `first * (1 - taper)` at
`most` answers; more answers are worth nothing. Floats in one currency; prices for one answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from undercut.sell.pricing.situation.buyers import Segment

MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Worth:
    """first: money the first answer is worth. most: answers a month. taper: in [0, 1]."""

    first: float
    most: float
    taper: float

    @classmethod
    def of(cls, segment: Segment, quality_gain: float = 0.0) -> Worth:
        """That of a segment where quality lies `quality_gain` above the own product's."""
        value = 0.0 if segment.quality_value is None else float(segment.quality_value.amount)
        first = (float(segment.willingness.amount) + value * quality_gain) / MILLION
        return cls(max(first, 0.0), float(segment.monthly_answers), segment.taper)

    def total(self, answers: float) -> float:
        """Money that so many answers a month are worth."""
        used = min(max(answers, 0.0), self.most)
        return self.first * (used - self.taper * used * used / (2.0 * self.most))

    def used_at(self, price: float) -> float:
        """Answers taken where each costs `price`."""
        if price >= self.first:
            return 0.0
        if price <= self.first * (1.0 - self.taper) or self.taper == 0.0:
            return self.most
        return self.most * (1.0 - price / self.first) / self.taper

    def surplus_at(self, price: float, already: float = 0.0) -> float:
        """What is gained by buying at `price` for each answer on top of `already` answers."""
        used = max(self.used_at(price), already)
        return self.total(used) - self.total(already) - price * (used - already)
