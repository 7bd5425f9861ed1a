"""What a level of quality costs: the cheapest model that people rate at least so highly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.market.blend import Blend
from undercut.sell.market.snapshot import MarketSnapshot, Offer
from undercut.sell.market.timeline import FloatArray, price_rows

# Dollars per million tokens: outside these a price is a slip of the catalogue, not an offer.
PLAUSIBLE = (0.001, 1_000.0)


@dataclass(frozen=True, slots=True)
class RatedPrices:
    """Prices of the offers with a rating. prices: (offers, days), NaN where not for sale."""

    days: tuple[date, ...]
    offers: tuple[Offer, ...]
    scores: FloatArray
    prices: FloatArray


@dataclass(frozen=True, slots=True)
class TierPoint:
    """One tier on one day. price: of the cheapest offer; third: of the third-cheapest seller.

    None where nobody (or fewer than three sellers) offers the quality.
    """

    day: date
    price: float | None
    third: float | None
    key: str | None
    model: str | None
    host: str | None
    models: int
    sellers: int


def rated_prices(
    snapshot: MarketSnapshot,
    days: Sequence[date],
    *,
    blend: Blend,
    known: date | None = None,
    keep_likely: bool = True,
    scores: dict[tuple[str, str], float] | None = None,
) -> RatedPrices:
    """Prices of every offer whose model has a rating, by days.

    An alias that moves from model to model ("-latest") has no history of its own and is left out.
    scores: ratings to use in place of the snapshot's. Raises InputError where nothing is rated.
    """
    known_scores = scores or {key: rating.score for key, rating in snapshot.scores().items()}
    offers = tuple(
        offer
        for offer in snapshot.offers
        if (offer.maker, offer.model) in known_scores and not offer.key.endswith("latest")
    )
    if not offers:
        raise InputError("no offer of the snapshot has a rating", hint="undercut market refresh")
    prices = price_rows(
        offers,
        dict(snapshot.changes),
        days,
        blend=blend,
        known=known,
        keep_likely=keep_likely,
    )
    prices[(prices < PLAUSIBLE[0]) | (prices > PLAUSIBLE[1])] = np.nan
    return RatedPrices(
        days=tuple(days),
        offers=offers,
        scores=np.array([known_scores[offer.maker, offer.model] for offer in offers]),
        prices=prices,
    )


def tier_prices(rated: RatedPrices, tier: float) -> FloatArray:
    """(days,) price of the cheapest offer rated at least `tier`; NaN where there is none."""
    good = rated.prices[rated.scores >= tier]
    if not len(good):
        return np.full(len(rated.days), np.nan)
    lowest = np.where(np.isnan(good), np.inf, good).min(axis=0)
    return np.where(np.isinf(lowest), np.nan, lowest)


def tier_history(rated: RatedPrices, tier: float) -> tuple[TierPoint, ...]:
    """The tier day by day, with who sells cheapest."""
    good = np.flatnonzero(rated.scores >= tier)
    return tuple(_point(rated, good, column) for column in range(len(rated.days)))


def _point(rated: RatedPrices, good: NDArray[np.int64], column: int) -> TierPoint:
    prices = rated.prices[good, column]
    order = [int(n) for n in np.argsort(prices, kind="stable") if not np.isnan(prices[n])]
    day = rated.days[column]
    if not order:
        return TierPoint(day, None, None, None, None, None, 0, 0)
    offers = [rated.offers[good[n]] for n in order]
    by_seller: dict[str, float] = {}
    for n, offer in zip(order, offers, strict=True):
        by_seller.setdefault(seller(offer.host), float(prices[n]))
    ranked = sorted(by_seller.values())
    return TierPoint(
        day=day,
        price=float(prices[order[0]]),
        third=ranked[2] if len(ranked) > 2 else None,
        key=offers[0].key,
        model=offers[0].model,
        host=offers[0].host,
        models=len({(offer.maker, offer.model) for offer in offers}),
        sellers=len(by_seller),
    )


_SELLERS = (("vertex_ai", "google"), ("gemini", "google"), ("azure", "azure"), ("bedrock", "aws"))


def seller(host: str) -> str:
    """The company behind a host's name in the catalogue: its many doors are one seller."""
    return next((name for start, name in _SELLERS if host.startswith(start)), host)
