"""The lines of the ledger and their sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from undercut.core.money import Money, total
from undercut.core.prices import PriceRow
from undercut.core.usage import Usage, summed


class Event(StrEnum):
    """What happened to an attempt: one start and one end, or a reuse alone."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    ABANDONED = "abandoned"
    REUSED = "reused"


ENDS = frozenset({Event.FINISHED, Event.FAILED, Event.ABANDONED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the book.

    at: UTC. artefact: store key of what the stage makes. price: the row the amount was
    computed with (on a start: the row the attempt will be priced with). amount: None where the
    cost is unknown, and on starts and reuses, which cost nothing of their own. paid_by: id of the
    entry that paid for what is reused.
    """

    id: int
    run_id: str
    attempt_id: str
    stage: str
    event: Event
    at: datetime
    usage: tuple[Usage, ...] = ()
    price: PriceRow | None = None
    amount: Money | None = None
    artefact: str | None = None
    note: str = ""
    paid_by: int | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """Sums over entries.

    amounts: one per currency, sorted; unpriced: how many ended attempts have no known cost;
    usage: one per unit.
    """

    amounts: tuple[Money, ...]
    unpriced: int
    usage: tuple[Usage, ...]

    def money(self, currency: str = "USD") -> Money | None:
        """The whole cost in one currency: zero where nothing was spent.

        None where some cost is unknown or was paid in another currency.
        """
        if self.unpriced or any(amount.currency != currency for amount in self.amounts):
            return None
        return total(self.amounts, currency)


def total_of(entries: Iterable[Entry]) -> Total:
    """The sums over some entries, per currency and unit."""
    ended = [entry for entry in entries if entry.event in ENDS]
    amounts = [entry.amount for entry in ended if entry.amount is not None]
    return Total(
        amounts=tuple(
            total((amount for amount in amounts if amount.currency == currency), currency)
            for currency in sorted({amount.currency for amount in amounts})
        ),
        unpriced=len(ended) - len(amounts),
        usage=summed(part for entry in ended for part in entry.usage),
    )
