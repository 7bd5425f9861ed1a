"""Small markets made by hand, in which every answer can be worked out on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from undercut.sell.market.snapshot import (
    Change,
    MarketSnapshot,
    Offer,
    Rating,
    SecondPrice,
    Sighting,
    Source,
)

BUILT = date(2026, 6, 15)


def source(name: str) -> Source:
    return Source(name, f"the {name}", "MIT", "https://example.com", BUILT, "0" * 64)


def offer(
    key: str,
    *,
    model: str = "m",
    maker: str = "maker",
    host: str = "host",
    given: str | None = "1",
    taken: str | None = "1",
    listed: date = date(2024, 1, 1),
) -> Offer:
    price = [None if p is None else Decimal(p) for p in (given, taken)]
    return Offer(key, maker, model, host, price[0], price[1], listed)


def change(
    day: date, kind: str, old: str | None = None, new: str | None = None, flag: str = ""
) -> Change:
    prices = [None if p is None else Decimal(p) for p in (old, new)]
    return Change(day, kind, prices[0], prices[1], flag, "c0ffee")  # type: ignore[arg-type]


def rating(model: str = "m", score: float = 1300.0, *, maker: str = "maker") -> Rating:
    return Rating(maker, model, model.upper(), score, score - 5, score + 5, 1000)


def sighting(day: date, prices: Mapping[str, float]) -> Sighting:
    """A router's day; one price for input and output."""
    return Sighting(day, {key: (Decimal(str(p)), Decimal(str(p))) for key, p in prices.items()})


def market(
    offers: Sequence[Offer] = (),
    *,
    changes: Mapping[str, Sequence[Change]] | None = None,
    ratings: Sequence[Rating] = (),
    sightings: Sequence[Sighting] = (),
    second: Sequence[SecondPrice] = (),
    built: date = BUILT,
) -> MarketSnapshot:
    return MarketSnapshot(
        built=built,
        currency="USD",
        sources=tuple(source(name) for name in ("ledger", "ratings", "router", "second")),
        offers=tuple(offers),
        changes={key: tuple(rows) for key, rows in (changes or {}).items()},
        ratings=tuple(ratings),
        sightings=tuple(sightings),
        second=tuple(second),
    )
