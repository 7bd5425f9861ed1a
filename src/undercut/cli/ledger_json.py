"""The ledger as JSON: exact amounts as strings, unknown as null."""

from __future__ import annotations

from collections.abc import Sequence

from undercut.core.ledger_entries import Entry, Total, total_of
from undercut.core.money import exact
from undercut.core.usage import Usage


def ledger_json(entries: Sequence[Entry], problems: Sequence[str]) -> dict[str, object]:
    """Entries, their sums by stage and in all, and what does not add up."""
    stages = {entry.stage: None for entry in entries}
    return {
        "entries": [_entry(entry) for entry in entries],
        "stages": {
            stage: _total(total_of(entry for entry in entries if entry.stage == stage))
            for stage in stages
        },
        "total": _total(total_of(entries)),
        "problems": list(problems),
    }


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "run_id": entry.run_id,
        "attempt_id": entry.attempt_id,
        "stage": entry.stage,
        "event": entry.event.value,
        "at": entry.at.isoformat(),
        "usage": _usage(entry.usage),
        "price_row": None if entry.price is None else entry.price.id,
        "amount": None if entry.amount is None else exact(entry.amount.amount),
        "currency": None if entry.amount is None else entry.amount.currency,
        "artefact": entry.artefact,
        "paid_by": entry.paid_by,
        "note": entry.note,
    }


def _total(total: Total) -> dict[str, object]:
    return {
        "amounts": {money.currency: exact(money.amount) for money in total.amounts},
        "unpriced": total.unpriced,
        "usage": _usage(total.usage),
    }


def _usage(usage: Sequence[Usage]) -> dict[str, str]:
    return {part.unit.value: exact(part.quantity) for part in usage}
