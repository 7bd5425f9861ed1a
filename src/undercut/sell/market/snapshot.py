"""A market as recorded on one day: who sells which model, at what price, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

ChangeKind = Literal["added", "removed", "input", "output"]
Flag = Literal["", "unit", "reverted", "likely", "bulk"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a part of the snapshot was read: on which day, under which licence.

    sha256: of the file that was read.
    """

    id: str
    title: str
    licence: str
    url: str
    day: date
    sha256: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One model at one seller. input, output: price of a million tokens, None where not known.

    key: the catalogue's own name, unique. maker: who made the model; model: its name there;
    host: who sells it. listed: the day it first stood in the catalogue.
    """

    key: str
    maker: str
    model: str
    host: str
    input: Decimal | None
    output: Decimal | None
    listed: date


@dataclass(frozen=True, slots=True)
class Change:
    """One dated line of the catalogue's history.

    kind: added and removed concern the whole offer, input and output one price (old to new, per
    million tokens). flag: "unit": repairs or brings a wrong unit; "reverted": undone soon after;
    "likely": probably a correction of the catalogue; "bulk": a removal of many at once.
    source: the commit that made it.
    """

    day: date
    kind: ChangeKind
    old: Decimal | None
    new: Decimal | None
    flag: Flag
    source: str


@dataclass(frozen=True, slots=True)
class Rating:
    """What people's votes say of a model: Arena score with its 95% interval, by maker and model."""

    maker: str
    model: str
    name: str
    score: float
    low: float
    high: float
    votes: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A router's price list on one day: model id -> price of a million tokens (input, output)."""

    day: date
    prices: Mapping[str, tuple[Decimal, Decimal]]


@dataclass(frozen=True, slots=True)
class SecondPrice:
    """What another catalogue says today, to check the first one by."""

    host: str
    model: str
    input: Decimal
    output: Decimal


@dataclass(frozen=True, slots=True)
class MarketSnapshot:
    """Everything a survey reads. All prices are in `currency`, per million tokens.

    changes: offer key -> its history, oldest first. sightings: oldest first.
    """

    built: date
    currency: str
    sources: tuple[Source, ...]
    offers: tuple[Offer, ...]
    changes: Mapping[str, tuple[Change, ...]]
    ratings: tuple[Rating, ...]
    sightings: tuple[Sighting, ...]
    second: tuple[SecondPrice, ...]

    def scores(self) -> dict[tuple[str, str], Rating]:
        """Ratings by (maker, model)."""
        return {(rating.maker, rating.model): rating for rating in self.ratings}

    def source(self, name: str) -> Source:
        """The source of this id; KeyError where the snapshot has none."""
        return next(source for source in self.sources if source.id == name)
