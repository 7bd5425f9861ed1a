"""What serving one customer of a tier costs, as tiers count it: floats, prices for one answer."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.sell.pricing.cost.unit_cost import UnitCost

MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Version:
    """One plan as a tier sells it.

    quality_gain: above that of the own product. marginal, floor: money one answer adds, and with
    its part of idle machines. per_customer: a month. fraction: of the bill that payment takes.
    """

    name: str
    quality_gain: float
    marginal: float
    floor: float
    per_customer: float
    fraction: float

    @classmethod
    def of(cls, name: str, unit: UnitCost, quality_gain: float = 0.0) -> Version:
        """That of a plan with a known unit cost."""
        support = float(unit.support.amount)
        return cls(
            name,
            quality_gain,
            (float(unit.growing.amount) + support) / MILLION,
            (float(unit.serving.amount) + support) / MILLION,
            float(unit.per_customer.amount),
            float(unit.payment_fraction),
        )

    @property
    def floor_price(self) -> float:
        """Lowest price of one answer more."""
        return self.floor / (1.0 - self.fraction)

    @property
    def lowest_fee(self) -> float:
        """Lowest monthly fee of a customer who uses nothing."""
        return self.per_customer / (1.0 - self.fraction)

    def lowest_bill(self, answers: float) -> float:
        """Lowest monthly bill for so many answers."""
        return self.lowest_fee + self.floor_price * answers

    def profit(self, bill: float, answers: float) -> float:
        """What a bill leaves after what these answers add."""
        return bill * (1.0 - self.fraction) - self.marginal * answers - self.per_customer
