"""The user's own rivals, from a simple list: what they charge, when it was read, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from undercut.core.errors import InputError
from undercut.core.money import Money

Unit = Literal["requests", "tokens"]
_MILLION = Decimal(1_000_000)


class RivalPrice(BaseModel):
    """One price of one rival on one day.

    requests: `price` for `per` requests. tokens: `input` and `output` for `per` tokens. quality:
    its Arena rating, where there is one. source: where the price was read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1)
    product: str = ""
    unit: Unit = "requests"
    price: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    input: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    output: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    per: Decimal = Field(default=_MILLION, gt=0, allow_inf_nan=False)
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    date: date
    source: str = Field(min_length=1)
    quality: float | None = Field(default=None, gt=0, lt=5000, allow_inf_nan=False)

    @model_validator(mode="after")
    def _priced(self) -> RivalPrice:
        if self.unit == "requests" and (self.price is None or self.input or self.output):
            raise ValueError("a price by requests needs `price`, and neither input nor output")
        if self.unit == "tokens" and (self.input is None or self.output is None or self.price):
            raise ValueError("a price by tokens needs `input` and `output`, and no `price`")
        return self


@dataclass(frozen=True, slots=True)
class RivalView:
    """A rival's product today and how it came there.

    latest: its newest price. per_million: for a million requests; None where it sells by tokens
    and nobody said how many a request takes. change_fraction: newest over oldest price minus 1;
    None where there is one observation only. observations: prices given.
    """

    latest: RivalPrice
    per_million: Money | None
    change_fraction: float | None
    first_day: date
    observations: int


def read_rivals(content: Any, *, currency: str, file: str) -> tuple[RivalPrice, ...]:
    """Rival prices from the parsed file: a list of rows, or a mapping with `rivals`.

    currency: that of the market the rows are put beside. Raises InputError with the row for a
    missing date or source, a negative price, an unknown field, another currency.
    """
    rows, stated = content, None
    if isinstance(content, dict):
        unknown = set(content) - {"rivals", "currency"}
        if unknown:
            raise InputError(f"unknown field {sorted(unknown)[0]!r}", file=file, hint=_HINT)
        rows, stated = content.get("rivals"), content.get("currency")
    if not isinstance(rows, list) or not rows:
        raise InputError("expected a list of rivals with at least one row", file=file, hint=_HINT)
    found = tuple(_row(row, number, file) for number, row in enumerate(rows, 1))
    for number, rival in enumerate(found, 1):
        own = rival.currency or stated or currency
        if own != currency:
            raise InputError(
                f"rival {number} ({rival.name}) is priced in {own}, the market in {currency}; "
                "undercut converts nothing",
                file=file,
                hint=f"every price in {currency}, the day of your exchange rate in its source",
            )
    return found


def view_rivals(
    rivals: Sequence[RivalPrice],
    *,
    currency: str,
    tokens: tuple[Decimal, Decimal] | None = None,
) -> tuple[RivalView, ...]:
    """One view for each (name, product), cheapest first, those without a price per request last.

    tokens: what a request reads and writes, for rivals that sell by tokens.
    """
    by_product: dict[tuple[str, str], list[RivalPrice]] = {}
    for rival in rivals:
        by_product.setdefault((rival.name, rival.product), []).append(rival)
    views = [
        _view(sorted(rows, key=lambda r: r.date), currency, tokens) for rows in by_product.values()
    ]
    return tuple(
        sorted(
            views,
            key=lambda view: (
                view.per_million is None,
                view.per_million.amount if view.per_million else Decimal(0),
                view.latest.name,
            ),
        )
    )


_HINT = (
    "[{name: acme, price: 0.40, per: 1000, unit: requests, date: 2026-10-01, source: https://...}]"
)


def _view(
    rows: list[RivalPrice], currency: str, tokens: tuple[Decimal, Decimal] | None
) -> RivalView:
    first, latest = rows[0], rows[-1]
    change = None
    if first.date != latest.date and first.unit == latest.unit:
        old, new = _level(first), _level(latest)
        change = float(new / old) - 1.0 if old else None
    return RivalView(latest, _per_million(latest, currency, tokens), change, first.date, len(rows))


def _level(rival: RivalPrice) -> Decimal:
    """One number to compare two prices of a rival by: three tokens read for one written."""
    if rival.price is not None:
        return rival.price / rival.per
    return (3 * (rival.input or Decimal(0)) + (rival.output or Decimal(0))) / 4 / rival.per


def _per_million(
    rival: RivalPrice, currency: str, tokens: tuple[Decimal, Decimal] | None
) -> Money | None:
    if rival.price is not None:
        return Money(rival.price, currency) * _MILLION / rival.per
    if tokens is None or rival.input is None or rival.output is None:
        return None
    cost = tokens[0] * rival.input + tokens[1] * rival.output
    return Money(cost, currency) * _MILLION / rival.per


def _row(row: Any, number: int, file: str) -> RivalPrice:
    try:
        return RivalPrice.model_validate(row)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        where = ".".join(map(str, found["loc"]))
        what = f"{where} is missing" if found["type"] == "missing" else f"{where}: {found['msg']}"
        if where and found["type"] != "missing":
            what += f", got {found['input']!r:.80}"
        raise InputError(
            f"rival {number}: {what.removeprefix(': ')}", file=file, hint=_HINT
        ) from error
