"""One tariff for all: a price an answer, or a monthly fee and a price (two-part)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.sell.pricing.tiers.menu import Buyers

_STEPS = 160


@dataclass(frozen=True, slots=True)
class Tariff:
    """fee: a month. price: of one answer. profit: a month a customer. served: share who buy."""

    fee: float
    price: float
    profit: float
    served: float


def usage_profit(buyers: Buyers, version: int, fee: float, price: float) -> Tariff:
    """What a fee and a price earn of all kinds of buyers; each buys where that beats nothing."""
    sold, profit, served = buyers.versions[version], 0.0, 0.0
    for kind, segment in enumerate(buyers.segments):
        worth = buyers.worths[kind][version]
        gain = worth.surplus_at(price) - fee
        if gain < buyers.outside[kind] - 1e-12 or worth.used_at(price) == 0.0:
            continue
        used = worth.used_at(price)
        profit += segment.share * sold.profit(fee + price * used, used)
        served += segment.share
    return Tariff(float(fee), float(price), float(profit), served)


def best_usage_price(buyers: Buyers, version: int) -> Tariff:
    """The best single price an answer, with the fee that just pays for having a customer."""
    fee = buyers.versions[version].lowest_fee
    return max(
        (usage_profit(buyers, version, fee, price) for price in _prices(buyers, version)),
        key=lambda each: each.profit,
    )


def best_two_part(buyers: Buyers, version: int) -> Tariff:
    """The best fee and price for all: at each price, fees that leave some kind nothing.

    Source: Oi (1971); with several kinds of buyers the best fee is one of these.
    """
    lowest = buyers.versions[version].lowest_fee
    found = []
    for price in _prices(buyers, version):
        fees = {lowest} | {
            max(lowest, buyers.worths[kind][version].surplus_at(price) - buyers.outside[kind])
            for kind in range(len(buyers.segments))
        }
        found += [usage_profit(buyers, version, fee, price) for fee in sorted(fees)]
    return max(found, key=lambda each: each.profit)


def _prices(buyers: Buyers, version: int) -> list[float]:
    """Prices from the floor to the highest worth; each segment's own edges among them."""
    low = buyers.versions[version].floor_price
    worths = [each[version] for each in buyers.worths]
    top = max(worth.first for worth in worths)
    edges = [worth.first * (1.0 - worth.taper) for worth in worths]
    edges += [worth.first * (1.0 - 1e-9) for worth in worths]
    grid = np.linspace(low, max(top, low), _STEPS).tolist()
    return sorted({*grid, *(edge for edge in edges if edge > low)})
