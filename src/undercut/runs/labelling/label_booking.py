"""Books every label with its worker and price: closed batches of the journal → the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from undercut.core.ledger import Ledger
from undercut.core.ledger_entries import Event
from undercut.core.money import Money, total
from undercut.core.prices import PriceRow
from undercut.core.usage import Unit, Usage
from undercut.runs.labelling.journal import Batch, Journal


def book_closed(
    journal: Journal, ledger: Ledger, *, run_id: str, prices: Mapping[str, Money], at: datetime
) -> int:
    """Book the batches that are closed and not booked; how many entries. Again is no harm.

    Answers of unknown cost are booked by themselves, without an amount; questions in doubt as
    abandoned, at the full price: they may have been paid.
    """
    booked = set(journal.meta("booked") or ())
    closed = [b for b in journal.batches() if b.closed and b.id not in booked]
    for batch in closed:
        _book(journal, ledger, batch, run_id, prices[batch.worker], at)
        booked.add(batch.id)
    if closed:
        journal.set_meta("booked", sorted(booked))
    return len(closed)


def _book(
    journal: Journal, ledger: Ledger, batch: Batch, run_id: str, price: Money, at: datetime
) -> None:
    costs, doubt = journal.batch_costs(batch.id, price.currency)
    known = [cost for cost in costs if cost is not None]
    parts: list[tuple[str, Event, int, PriceRow | None, str]] = []
    if known:
        parts.append(
            ("", Event.FINISHED, len(known), _row(batch, known, price.currency), batch.purpose)
        )
    if len(known) < len(costs):
        note = f"{batch.purpose}; cost unknown"
        parts.append(("-unknown", Event.FINISHED, len(costs) - len(known), None, note))
    if doubt:
        note = f"{batch.purpose}; sent before a kill, counted as paid"
        owed = _row(batch, [price] * doubt, price.currency)
        parts.append(("-doubt", Event.ABANDONED, doubt, owed, note))
    for suffix, event, count, row, note in parts:
        attempt = f"{run_id}-{batch.id}{suffix}"
        stage = f"label {batch.worker}"
        ledger.append(
            run_id=run_id,
            attempt_id=attempt,
            stage=stage,
            event=Event.STARTED,
            at=batch.at,
            price=row,
        )
        ledger.append(
            run_id=run_id,
            attempt_id=attempt,
            stage=stage,
            event=event,
            at=at,
            usage=(Usage(Unit.LABELS, Decimal(count)),),
            price=row,
            note=note,
        )


def _row(batch: Batch, costs: list[Money], currency: str) -> PriceRow:
    """The price of the batch's labels: of one, where all cost the same, else of them together."""
    same = all(cost == costs[0] for cost in costs)
    return PriceRow(
        id=batch.worker,
        kind="labels",
        unit=Unit.LABELS,
        price=costs[0].amount if same else total(costs, currency).amount,
        currency=currency,
        per=Decimal(1 if same else len(costs)),
        source="workers file",
        date=batch.at.date(),
    )
