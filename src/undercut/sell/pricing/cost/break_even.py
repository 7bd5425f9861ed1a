"""Volumes at which a price pays for itself."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.cost.serving import HOURS_PER_MONTH, MILLION, ServingCost
from undercut.sell.pricing.cost.unit_cost import UnitCost
from undercut.sell.pricing.situation.situation import Own

CUTS = (0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True, slots=True)
class CutBreakEven:
    """more_volume: by which share sales must grow for a cut to earn as much; None: never."""

    cut: float
    more_volume: float | None


def volume_after_cut(cut: float, margin: float) -> float | None:
    """d / (m - d): growth that makes up for a price cut of `cut` at contribution `margin`.

    Both as shares of the price. None where the cut eats the whole margin. Raises InputError for a
    cut outside (0, 1) or a margin of 1 or more.

    >>> [round(volume_after_cut(cut, 0.6), 6) for cut in (0.1, 0.5)]
    [0.2, 5.0]
    """
    if not 0.0 < cut < 1.0:
        raise InputError(f"a cut must lie between 0 and 1, got {cut}", hint="0.5 for half price")
    if not margin < 1.0:
        raise InputError(f"a margin is below 1, got {margin}")
    return None if cut >= margin - 1e-12 else cut / (margin - cut)


def cut_table(unit: UnitCost, price: Money) -> tuple[CutBreakEven, ...]:
    """What five cuts would need, at the contribution margin of a price."""
    margin = unit.contribution_margin(price)
    return tuple(CutBreakEven(cut, volume_after_cut(cut, margin)) for cut in CUTS)


def break_even_answers(
    serving: ServingCost, own: Own, unit: UnitCost, price: Money
) -> Decimal | None:
    """Fewest answers a month that pay for fixed costs and whole machines; None: no number does.

    Customers grow with the answers, machines come one by one: n machines sell at most
    n * capacity, and pay when answers * (price - costs but rent) >= fixed + n * rent.
    """
    utilisation = Decimal(repr(own.load.utilisation))
    rent = (serving.hourly * HOURS_PER_MONTH).amount
    fixed = (unit.fixed * unit.monthly_answers / MILLION).amount
    kept = price * (1 - unit.payment_fraction) - unit.support - unit.customers_per_million
    capacity = rent * utilisation / serving.per_million.amount  # millions of answers a machine
    gain = kept.amount * capacity - rent
    if kept.amount <= 0 or gain <= 0:
        return None
    machines = max(Decimal(1), (fixed / gain).to_integral_value(ROUND_CEILING))
    return ((fixed + machines * rent) / kept.amount * MILLION).to_integral_value(ROUND_CEILING)
