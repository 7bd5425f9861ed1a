"""Where the commodity floor stands: the price below which good-enough quality no longer falls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from undercut.sell.market.months import months_between
from undercut.sell.market.tiers import RatedPrices, tier_history, tier_prices

# A price that moved by less than this factor, up and down together, has stood still.
STILL_FACTOR = 1.25


@dataclass(frozen=True, slots=True)
class CommodityFloor:
    """The cheapest price of a tier and since when it stands.

    price, third: the cheapest offer and the third-cheapest seller today, per million tokens.
    flat_since: the first day from which the price stayed within a quarter of itself; months_flat:
    how long that is. standing: whether it is a year or longer.
    """

    tier: float
    price: float
    third: float | None
    flat_since: date
    months_flat: float
    standing: bool


def commodity_floor(rated: RatedPrices, tier: float) -> CommodityFloor | None:
    """The floor of a tier; None where nobody sells the quality on the last day."""
    prices = tier_prices(rated, tier)
    if np.isnan(prices[-1]):
        return None
    low = high = prices[-1]
    first = len(prices) - 1
    while first > 0 and not np.isnan(prices[first - 1]):
        low, high = min(low, prices[first - 1]), max(high, prices[first - 1])
        if high > STILL_FACTOR * low:
            break
        first -= 1
    months = months_between(rated.days[first], rated.days[-1])
    last = tier_history(rated, tier)[-1]
    return CommodityFloor(
        tier=tier,
        price=float(prices[-1]),
        third=last.third,
        flat_since=rated.days[first],
        months_flat=months,
        standing=months >= 12,
    )
