"""Whether a new snapshot may take the old one's place."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import median
from typing import Final

from undercut.core.errors import ArtefactError
from undercut.sell.market.snapshot import MarketSnapshot

# Bounds of what a list of model prices can be. Beyond them it is another file, or a broken one.
_LEAST_OFFERS: Final = 20
_MOST_ROWS: Final = 200_000
_MOST_PER_MILLION: Final = 100_000
# The middle price of a market does not move by more than this between two snapshots.
_MOST_SHIFT: Final = 10.0
_EARLIEST: Final = date(2020, 1, 1)


def check_plausible(
    new: MarketSnapshot, *, today: date, old: MarketSnapshot | None, name: str
) -> None:
    """Raises ArtefactError with the first reason not to believe a snapshot.

    Checked: its day (not after tomorrow, not before the old one's), its size, its currency, each
    price's bounds, dates of changes and sightings in order and not after it was built, and the
    middle price against the old one's (a list per thousand tokens is caught there).
    """
    problem = (
        _day_problem(new, today, old)
        or _size_problem(new)
        or _price_problem(new)
        or _order_problem(new)
        or _shift_problem(new, old)
    )
    if problem:
        raise ArtefactError(
            f"{name}: {problem}; the old snapshot is kept", hint="check the file's source"
        )


def _day_problem(new: MarketSnapshot, today: date, old: MarketSnapshot | None) -> str | None:
    if not _EARLIEST <= new.built <= today + timedelta(days=1):
        return f"built on {new.built}, which is no day between {_EARLIEST} and today ({today})"
    if old is not None and new.built < old.built:
        return f"built on {new.built}, before the snapshot in use ({old.built})"
    if old is not None and new.currency != old.currency:
        return f"prices in {new.currency}, the snapshot in use has {old.currency}"
    return None


def _size_problem(new: MarketSnapshot) -> str | None:
    if len(new.offers) < _LEAST_OFFERS:
        return f"only {len(new.offers)} offers, expected at least {_LEAST_OFFERS}"
    rows = len(new.offers) + sum(map(len, new.changes.values()))
    if rows > _MOST_ROWS:
        return f"{rows} rows, expected at most {_MOST_ROWS}"
    priced = sum(offer.input is not None and offer.output is not None for offer in new.offers)
    if 2 * priced < len(new.offers):
        return f"only {priced} of {len(new.offers)} offers have prices"
    return None


def _price_problem(new: MarketSnapshot) -> str | None:
    for offer in new.offers:
        for price in (offer.input, offer.output):
            if price is not None and not 0 <= price <= _MOST_PER_MILLION:
                return f"{offer.key}: {price} {new.currency} per million tokens is no price"
    return None


def _order_problem(new: MarketSnapshot) -> str | None:
    for key, changes in new.changes.items():
        days = [change.day for change in changes]
        if days != sorted(days):
            return f"the changes of {key!r} are not in the order of their days"
        if days and days[-1] > new.built:
            return f"{key!r} changed on {days[-1]}, after the snapshot was built ({new.built})"
    days = [sighting.day for sighting in new.sightings]
    if days != sorted(set(days)) or (days and days[-1] > new.built):
        return "the sightings are not in order of different days up to the day it was built"
    return None


def _shift_problem(new: MarketSnapshot, old: MarketSnapshot | None) -> str | None:
    if old is None:
        return None
    before, after = _middle(old), _middle(new)
    if before and after and not 1 / _MOST_SHIFT <= after / before <= _MOST_SHIFT:
        return (
            f"the middle input price is {after:.4g} per million tokens, {before:.4g} in the "
            "snapshot in use: another unit?"
        )
    return None


def _middle(snapshot: MarketSnapshot) -> float | None:
    prices = [float(offer.input) for offer in snapshot.offers if offer.input]
    return median(prices) if prices else None
