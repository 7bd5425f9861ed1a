"""What the journal holds: questions, batches, audits; money in whole billionths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from undercut.core.errors import ConfigError
from undercut.core.money import Money

# Billionths of the currency, rounded up: whole numbers that SQLite adds exactly.
NANO = Decimal(10) ** 9
# A quarter of what SQLite holds: sums of a few of them stay whole numbers as well.
MOST_NANO = 2**61


class AskState(StrEnum):
    """open: written, nobody has heard it. sent: a worker has it, or had it when the job was killed.

    doubt: sent before a kill and given up: perhaps paid, never sent again.
    """

    OPEN = "open"
    SENT = "sent"
    ANSWERED = "answered"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Put:
    """A question that was put. nano: what it may cost, in billionths of the currency."""

    id: int
    batch: int
    item: str
    worker: str
    state: AskState
    nano: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions put to one worker at once."""

    id: int
    worker: str
    purpose: str
    at: datetime
    closed: bool


@dataclass(frozen=True, slots=True)
class AuditDrawn:
    """An audit's sample so far, with the labels as they stood, and each one's believed error.

    batches: of the judge's questions, one a look. sizes: of the sample at each planned look.
    population: labels it was drawn from: those that the judge had not given itself. stood: every
    item's label when it was drawn, '' for none; empty for audits of jobs begun before looks.
    """

    number: int
    batches: tuple[int, ...]
    sizes: tuple[int, ...]
    predicted: float
    alpha: float
    population: int
    labels: Mapping[str, str]
    errors: Mapping[str, float]
    stood: Mapping[str, str]

    @property
    def look(self) -> int:
        """Number of the look that the sample is at, from 0."""
        return self.sizes.index(len(self.labels))


def nano_of(amount: Money) -> int:
    """Billionths of the currency, rounded up: a budget is never passed by rounding.

    Raises ConfigError for more than SQLite's whole numbers hold.
    """
    nano = math.ceil(amount.amount * NANO)
    if nano > MOST_NANO:
        raise ConfigError(
            f"{amount} is more than a labelling job can count",
            hint="a smaller --budget, or a smaller price in the workers file",
        )
    return nano


def money_of(nano: int, currency: str) -> Money:
    """The amount of so many billionths."""
    return Money(Decimal(nano) / NANO, currency)
