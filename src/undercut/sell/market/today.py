"""Who sells a level of quality today: price, since when, and whether a second list agrees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from undercut.sell.market.blend import Blend
from undercut.sell.market.corrections import PRICE_KINDS, real_changes
from undercut.sell.market.snapshot import Change, MarketSnapshot, Offer, Rating, SecondPrice
from undercut.sell.market.tiers import PLAUSIBLE, seller

_SECOND_NAMES: Final = {"gemini": "google", "together_ai": "together", "fireworks_ai": "fireworks"}


@dataclass(frozen=True, slots=True)
class TodaysOffer:
    """One offer. price: blended, per million tokens. since: the day of its last price change, or
    of its listing; commit: what wrote it. second: whether another catalogue gives the same two
    prices, None where it does not know the offer.
    """

    offer: Offer
    seller: str
    rating: Rating
    price: Decimal
    since: date
    commit: str
    second: bool | None


def todays_offers(
    snapshot: MarketSnapshot, tier: float, *, blend: Blend
) -> tuple[TodaysOffer, ...]:
    """Offers of models rated at least `tier`, cheapest first; those without a price left out."""
    scores = snapshot.scores()
    second = {(price.host, price.model): price for price in snapshot.second}
    found = []
    for offer in snapshot.offers:
        rating = scores.get((offer.maker, offer.model))
        if rating is None or rating.score < tier or not offer.input or not offer.output:
            continue
        changes = snapshot.changes.get(offer.key, ())
        price = blend.price(offer.input, offer.output)
        if _gone(changes) or not PLAUSIBLE[0] <= price <= PLAUSIBLE[1]:
            continue
        since, commit = _last(changes, offer)
        agrees = _agrees(offer, second)
        found.append(TodaysOffer(offer, seller(offer.host), rating, price, since, commit, agrees))
    return tuple(sorted(found, key=lambda row: (row.price, row.offer.key)))


def best_of_each_seller(offers: Iterable[TodaysOffer]) -> tuple[TodaysOffer, ...]:
    """The first (cheapest) offer of each seller, in the order given."""
    seen: dict[str, TodaysOffer] = {}
    for offer in offers:
        seen.setdefault(offer.seller, offer)
    return tuple(seen.values())


def _gone(changes: Iterable[Change]) -> bool:
    standing = [change.kind for change in changes if change.kind in ("added", "removed")]
    return bool(standing) and standing[-1] == "removed"


def _last(changes: tuple[Change, ...], offer: Offer) -> tuple[date, str]:
    moved = [change for kind in PRICE_KINDS for change in real_changes(changes, kind)] or [
        change for change in changes if change.kind == "added"
    ]
    if not moved:
        return offer.listed, ""
    last = max(moved, key=lambda change: change.day)
    return last.day, last.source


def _agrees(offer: Offer, second: dict[tuple[str, str], SecondPrice]) -> bool | None:
    host = _SECOND_NAMES.get(offer.host, offer.host)
    other = second.get((host, offer.key.rpartition("/")[2]))
    if other is None:
        return None
    return other.input == offer.input and other.output == offer.output
