"""Whether a ledger holds what the books say they booked to it, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from undercut.core.ledger_entries import Entry, Event
from undercut.core.money import Money
from undercut.operate.metering.own_cost import Booking, attempt_of, run_of


def check_ledger(
    books_id: str,
    entries: Iterable[Entry],
    *,
    entered_before: Iterable[Booking],
    booked_after: Iterable[Booking],
) -> Iterator[str]:
    """What differs, in plain sentences.

    Somebody may be booking meanwhile, so the books are read twice: entered_before is what they
    said was in the ledger before its entries were read, booked_after all bookings after that.
    """
    found = {
        entry.attempt_id: entry.amount
        for entry in entries
        if entry.run_id == run_of(books_id) and entry.event is Event.FINISHED
    }
    for booking in entered_before:
        attempt = attempt_of(books_id, booking)
        if attempt not in found:
            yield f"{attempt}: booked, and not in this ledger"
    booked = {attempt_of(books_id, booking): booking.cost for booking in booked_after}
    for attempt, amount in found.items():
        if attempt not in booked:
            yield f"{attempt}: in the ledger, and never booked"
        elif booked[attempt] != amount:
            yield f"{attempt}: {_said(booked[attempt])} booked, {_said(amount)} in the ledger"


def _said(cost: Money | None) -> str:
    return "an unknown cost" if cost is None else str(cost)
