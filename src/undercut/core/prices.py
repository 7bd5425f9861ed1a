"""The price list: what a unit costs, where that is written, and on what day it was read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from undercut.core.errors import ConfigError
from undercut.core.money import Money, total
from undercut.core.usage import Unit, Usage

Kind = Literal["host", "labels", "tokens", "requests", "storage"]

_SECONDS_PER_HOUR = 3600
_CONTEXT = Context(prec=60)


class PriceRow(BaseModel):
    """One price: `price` in `currency` for `per` quantities of `unit`.

    A host costs `price` for `per` wall seconds (3600: by the hour) and says its `vcpus` and
    `memory_gib`. `source` and `date` say where and when the price was read; a row without them
    is refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    id: str = Field(min_length=1)
    kind: Kind
    unit: Unit
    price: Decimal = Field(ge=0, allow_inf_nan=False)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    per: Decimal = Field(default=Decimal(1), gt=0, allow_inf_nan=False)
    vcpus: Decimal | None = Field(default=None, gt=0, allow_inf_nan=False)
    memory_gib: Decimal | None = Field(default=None, gt=0, allow_inf_nan=False)
    gpu: str | None = None
    source: str = Field(min_length=1)
    date: date
    note: str = ""

    @model_validator(mode="after")
    def _priced_and_whole(self) -> Self:
        if self.kind == "host" and self.unit is not Unit.WALL_SECONDS:
            raise ValueError(f"a host is priced by wall_seconds, got {self.unit}")
        if self.kind == "host" and self.vcpus is None:
            raise ValueError("a host needs vcpus, so that CPU seconds can be priced")
        try:
            Money(self.price, self.currency)
        except ConfigError as error:
            raise ValueError(error.message) from error
        return self

    @property
    def hourly(self) -> Money:
        """What a host costs for one hour; ConfigError for another kind of row."""
        self._expect_host()
        return self.cost(Decimal(_SECONDS_PER_HOUR))

    def cost(self, quantity: Decimal) -> Money:
        """What so much of `unit` costs, rounded at Money's last place."""
        # multiplied first: a division in the middle would round twice
        return Money(self.price, self.currency) * quantity / self.per

    def _expect_host(self) -> None:
        if self.kind != "host":
            raise ConfigError(f"expected the price row of a host, got {self.id!r} ({self.kind})")


@dataclass(frozen=True, slots=True)
class PriceList:
    """Price rows by unique id; `undercut.core.price_files.load_prices` reads one."""

    rows: tuple[PriceRow, ...]

    def host(self, name: str) -> PriceRow:
        """The price row of a host; ConfigError with near matches for an unknown name."""
        return self.row(name, kind="host")

    def row(self, name: str, *, kind: Kind) -> PriceRow:
        """The row of this kind and id; ConfigError with near matches for an unknown name."""
        for row in self.rows:
            if row.id == name and row.kind == kind:
                return row
        known = self.names(kind=kind)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        raise ConfigError(
            f"no price for the {kind} {name!r}; the list has {', '.join(known) or 'none'}",
            hint=" or ".join(near) if near else "add a row with source and date to a price file",
        )

    def names(self, *, kind: Kind = "host") -> tuple[str, ...]:
        """The ids of one kind, sorted."""
        return tuple(sorted(row.id for row in self.rows if row.kind == kind))


def cost_of(usage: Usage | Sequence[Usage], price: PriceRow | None) -> Money | None:
    """What usage costs at one price row; None where that is not known, never zero for it.

    On a host, a step runs alone and holds the whole machine as long as it runs, idle cores
    included: its wall seconds are the bill, and CPU and GPU seconds booked beside them are
    already in it. CPU seconds alone are priced as their share of the vCPUs, GPU seconds alone
    as whole-machine seconds: lower bounds for a step whose wall time nobody read.
    Any other row prices its own unit. Usage the row has no price for makes the cost unknown,
    as do no usage at all and no row.
    """
    parts = [usage] if isinstance(usage, Usage) else list(usage)
    if price is None or not parts:
        return None
    billed = _billed_on_host(parts) if price.kind == "host" else parts
    amounts = [_part_cost(part, price) for part in billed]
    known = [amount for amount in amounts if amount is not None]
    return total(known, price.currency) if len(known) == len(amounts) else None


def cost_per_million(texts_per_second: float, host: PriceRow) -> Money:
    """What a million answers cost on a host that is kept busy, in the host's currency.

    texts_per_second: measured throughput, > 0; ConfigError otherwise.
    """
    host._expect_host()
    speed = Decimal(repr(float(texts_per_second)))
    if not speed.is_finite() or speed <= 0:
        raise ConfigError(f"texts per second must be > 0, got {texts_per_second}")
    return host.cost(_CONTEXT.divide(Decimal(1_000_000), speed))


def usd_per_million(texts_per_second: float, host: PriceRow) -> Money:
    """`cost_per_million` of a host priced in USD; ConfigError for another currency."""
    if host.currency != "USD":
        raise ConfigError(
            f"{host.id!r} is priced in {host.currency}, not in USD; undercut converts nothing",
            hint="a price row of this host in USD, with its source and date",
        )
    return cost_per_million(texts_per_second, host)


def _billed_on_host(parts: Iterable[Usage]) -> list[Usage]:
    parts = list(parts)
    units = {part.unit for part in parts}
    covered: set[Unit] = set()
    if Unit.WALL_SECONDS in units:
        covered = {Unit.CPU_SECONDS, Unit.GPU_SECONDS}
    elif Unit.GPU_SECONDS in units:
        covered = {Unit.CPU_SECONDS}
    return [part for part in parts if part.unit not in covered]


def _part_cost(part: Usage, price: PriceRow) -> Money | None:
    if part.unit is price.unit:
        return price.cost(part.quantity)
    if price.kind != "host":
        return None
    if part.unit is Unit.GPU_SECONDS and price.gpu is not None:
        return price.cost(part.quantity)
    if part.unit is Unit.CPU_SECONDS and price.vcpus is not None:
        return price.cost(part.quantity) / price.vcpus
    return None
