"""Which input moves the floor most: each one changed by a share, the others as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.sell.pricing.cost.serving import ServingCost
from undercut.sell.pricing.cost.unit_cost import unit_cost
from undercut.sell.pricing.situation.situation import Own

Changed = Callable[[Decimal], tuple[ServingCost, Own]]


@dataclass(frozen=True, slots=True)
class Swing:
    """floor_low, floor_high: the floor where `input` is a share lower and higher."""

    input: str
    floor_low: Money
    floor_high: Money

    @property
    def width(self) -> Decimal:
        """How far apart the two are."""
        return abs(self.floor_high.amount - self.floor_low.amount)


def tornado(serving: ServingCost, own: Own, *, share: float = 0.2) -> tuple[Swing, ...]:
    """Swings of the floor, widest first, for inputs `share` lower and higher.

    Inputs: measured_cost (seconds an answer takes), machine_rent, monthly_answers, utilisation,
    customers, support, payment; those that are 0 or not given are left out.
    Raises ConfigError for a share outside (0, 1).
    """
    if not 0.0 < share < 1.0:
        raise ConfigError(f"the share must lie between 0 and 1, got {share}")
    change = Decimal(repr(share))
    swings = [
        Swing(name, _floor(*change_by(1 - change)), _floor(*change_by(1 + change)))
        for name, change_by in _changes(serving, own).items()
    ]
    return tuple(sorted(swings, key=lambda each: each.width, reverse=True))


def _floor(serving: ServingCost, own: Own) -> Money:
    return unit_cost(serving, own).floor


def _changes(serving: ServingCost, own: Own) -> dict[str, Changed]:
    load, payment, support = own.load, own.payment, own.support
    found: dict[str, Changed] = {
        "measured_cost": lambda by: (replace(serving, per_million=serving.per_million * by), own),
        "machine_rent": lambda by: (
            replace(serving, hourly=serving.hourly * by, per_million=serving.per_million * by),
            own,
        ),
        "utilisation": lambda by: (
            serving,
            replace(own, load=replace(load, utilisation=min(1.0, load.utilisation * float(by)))),
        ),
    }
    if load.monthly_answers is not None:
        answers = load.monthly_answers
        found["monthly_answers"] = lambda by: (
            serving,
            replace(own, load=replace(load, monthly_answers=answers * by)),
        )
    if support is not None:
        found["support"] = lambda by: (
            serving,
            replace(
                own,
                support=replace(
                    support,
                    per_customer=support.per_customer * by,
                    per_million=support.per_million * by,
                ),
            ),
        )
    if payment is not None:
        found["payment"] = lambda by: (
            serving,
            replace(
                own,
                payment=replace(
                    payment, fraction=payment.fraction * by, per_invoice=payment.per_invoice * by
                ),
            ),
        )
    return found
