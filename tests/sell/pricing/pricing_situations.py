"""Small situations for tests of costs, prices and tiers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from undercut.core.money import Money
from undercut.sell.pricing.cost.serving import Basis, ServingCost
from undercut.sell.pricing.situation.products import Offered, Source
from undercut.sell.pricing.situation.running import FixedCost, Load, Payment, Support
from undercut.sell.pricing.situation.situation import Own, Situation

SOURCE = Source("a test", dt.date(2026, 11, 1))


def usd(amount: str | float) -> Money:
    return Money(Decimal(str(amount)), "USD")


def serving(per_million: str = "0.40", hourly: str = "0.10") -> ServingCost:
    return ServingCost(usd(per_million), usd(hourly), "box", Basis.MIX, SOURCE, SOURCE)


def own(**changes: object) -> Own:
    values: dict[str, object] = {
        "product": Offered("tickets", "us", usd(60), SOURCE, share=0.1, quality=92.0),
        "load": Load(monthly_answers=Decimal(40_000_000), customers=10, utilisation=0.5),
        "fixed_costs": (FixedCost("salary", usd(400), SOURCE),),
        "payment": Payment(Decimal("0.03"), usd("0.30"), SOURCE),
        "support": Support(usd("4.70"), usd("1.50"), SOURCE),
    }
    return Own(**{**values, **changes})  # type: ignore[arg-type]


def situation(**changes: object) -> Situation:
    values: dict[str, object] = {
        "as_of": SOURCE.as_of,
        "currency": "USD",
        "own": own(),
        "rivals": (
            Offered("acme-one", "acme", usd(65), SOURCE, share=0.24, quality=92.0),
            Offered("acme-lite", "acme", usd(57), SOURCE, share=0.08, quality=86.0),
            Offered("bolt", "bolt", usd(72), SOURCE, share=0.28, cost=usd(30), quality=93.5),
        ),
        "buyers": Decimal(400_000_000),
    }
    return Situation(**{**values, **changes})  # type: ignore[arg-type]
