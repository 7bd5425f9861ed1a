"""The ledger: an append-only book of what every attempt of every stage consumed and cost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from undercut.core.errors import ConfigError, LedgerError
from undercut.core.ledger_checks import CHECKS, damage
from undercut.core.ledger_entries import ENDS, Entry, Event, Total, total_of
from undercut.core.ledger_schema import connect, translated, writing
from undercut.core.money import Money, exact
from undercut.core.prices import PriceRow, cost_of
from undercut.core.usage import Unit, Usage, summed


class Ledger:
    """A ledger file. Entries can be added, never changed: the file's own triggers refuse."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    def open(cls, path: Path, *, wait_seconds: float = 10.0) -> Self:
        """Open or make a ledger; LedgerError as `ledger_schema.connect` says."""
        return cls(connect(path, wait_seconds=wait_seconds), path)

    def append(
        self,
        *,
        run_id: str,
        attempt_id: str,
        stage: str,
        event: Event,
        at: datetime,
        usage: Iterable[Usage] = (),
        price: PriceRow | None = None,
        artefact: str | None = None,
        note: str = "",
        paid_by: int | None = None,
    ) -> Entry:
        """Book one entry; it is on disk when this returns.

        The amount of an end is `cost_of(usage, price)`: nobody can book a cost without a
        priced usage. Booking an attempt's start or end again in the same words returns the
        entry that stands; in other words it raises LedgerError, as do an end without a start,
        a reuse without a payer, usage on a start or a reuse, and a time that is not UTC.
        """
        parts = summed(usage)
        if parts and event not in ENDS:
            raise LedgerError(f"{stage}: {event} books no usage, got {len(parts)} units")
        entry = Entry(
            id=0,
            run_id=run_id,
            attempt_id=attempt_id,
            stage=stage,
            event=event,
            at=_utc(at),
            usage=parts,
            price=price,
            amount=cost_of(parts, price) if event in ENDS else None,
            artefact=artefact,
            note=note,
            paid_by=paid_by,
        )
        with translated(self.path), writing(self._connection):
            standing = self._standing(entry)
            number = self._insert(entry) if standing is None else standing.id
        if standing is not None:
            return _same(standing, entry)
        return replace(entry, id=number)

    def entries(self, *, run_id: str | None = None) -> tuple[Entry, ...]:
        """All entries, or those of one run, in the order they were booked."""
        if run_id is None:
            return self._select("1")
        return self._select("run_id = ?", run_id)

    def total(self, *, run_id: str | None = None) -> Total:
        """What was spent in all, or by one run."""
        return total_of(self.entries(run_id=run_id))

    def by_stage(self, *, run_id: str | None = None) -> dict[str, Total]:
        """What each stage cost, in the order the stages were first booked."""
        stages: dict[str, list[Entry]] = {}
        for entry in self.entries(run_id=run_id):
            stages.setdefault(entry.stage, []).append(entry)
        return {stage: total_of(entries) for stage, entries in stages.items()}

    def open_attempts(self) -> tuple[Entry, ...]:
        """The starts that have no end: running now, or killed."""
        return self._select(
            "event = 'started' AND attempt_id NOT IN"
            " (SELECT attempt_id FROM entries WHERE event <> 'started')"
        )

    def payer(self, artefact: str) -> Entry | None:
        """The entry that paid for an artefact; None where the book does not know it.

        An abandoned attempt counts: it was killed after it published and before it was booked.
        """
        found = self._select("artefact = ? AND event IN ('finished', 'abandoned')", artefact)
        finished = tuple(entry for entry in found if entry.event is Event.FINISHED)
        best = finished or found
        return best[-1] if best else None

    def verify(self) -> tuple[str, ...]:
        """What is wrong with the book, in plain sentences; empty when it adds up."""
        try:
            with translated(self.path):
                broken = damage(self._connection)
            if broken:
                return broken
            entries = self.entries()
        except LedgerError as error:
            return (error.message,)
        return tuple(problem for check in CHECKS for problem in check(entries))

    def close(self) -> None:
        """Close the file; the ledger cannot be used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _standing(self, entry: Entry) -> Entry | None:
        started = "event = 'started'" if entry.event is Event.STARTED else "event <> 'started'"
        found = self._select(f"attempt_id = ? AND {started}", entry.attempt_id)
        return found[0] if found else None

    def _insert(self, entry: Entry) -> int:
        amount = entry.amount
        cursor = self._connection.execute(
            "INSERT INTO entries (run_id, attempt_id, stage, event, at, artefact, price_row,"
            " amount, currency, note, paid_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.run_id,
                entry.attempt_id,
                entry.stage,
                entry.event.value,
                entry.at.isoformat(),
                entry.artefact,
                None if entry.price is None else entry.price.model_dump_json(),
                None if amount is None else exact(amount.amount),
                None if amount is None else amount.currency,
                entry.note,
                entry.paid_by,
            ),
        )
        number = int(cursor.lastrowid or 0)
        self._connection.executemany(
            "INSERT INTO usage (entry_id, unit, quantity) VALUES (?, ?, ?)",
            [(number, part.unit.value, exact(part.quantity)) for part in entry.usage],
        )
        return number

    def _select(self, condition: str, *values: str) -> tuple[Entry, ...]:
        with translated(self.path):
            rows = self._connection.execute(
                "SELECT id, run_id, attempt_id, stage, event, at, price_row, amount, currency,"
                f" artefact, note, paid_by FROM entries WHERE {condition} ORDER BY id",
                values,
            ).fetchall()
            usages = self._connection.execute(
                "SELECT entry_id, unit, quantity FROM usage WHERE entry_id IN"
                f" (SELECT id FROM entries WHERE {condition})",
                values,
            ).fetchall()
        parts: dict[int, list[tuple[str, str]]] = {}
        for number, unit, quantity in usages:
            parts.setdefault(number, []).append((unit, quantity))
        return tuple(self._entry(row, parts.get(row[0], [])) for row in rows)

    def _entry(self, row: Row, usage: Sequence[tuple[str, str]]) -> Entry:
        try:
            return _read(row, usage)
        except (ConfigError, ValueError, ArithmeticError) as error:
            raise LedgerError(
                f"{self.path}: entry {row[0]} is not what undercut wrote: {error}",
                hint="restore a copy of the ledger, or move it away and run again",
            ) from error


Row = tuple[
    int, str, str, str, str, str, str | None, str | None, str | None, str | None, str, int | None
]


def _read(row: Row, usage: Sequence[tuple[str, str]]) -> Entry:
    number, run_id, attempt_id, stage, event, at, price, amount, currency, artefact, note, payer = (
        row
    )
    return Entry(
        id=number,
        run_id=run_id,
        attempt_id=attempt_id,
        stage=stage,
        event=Event(event),
        at=datetime.fromisoformat(at),
        usage=summed(Usage(Unit(unit), Decimal(quantity)) for unit, quantity in usage),
        price=None if price is None else PriceRow.model_validate_json(price),
        amount=None if amount is None or currency is None else Money(Decimal(amount), currency),
        artefact=artefact,
        note=note,
        paid_by=payer,
    )


def _same(standing: Entry, entry: Entry) -> Entry:
    """The entry that stands, where the new one says the same but for when."""
    if replace(entry, id=standing.id, at=standing.at) != standing:
        raise LedgerError(
            f"attempt {entry.attempt_id} of {entry.stage} is booked already, as {standing.event}"
            f" (entry {standing.id}); cannot book it again as {entry.event}",
            hint="a new attempt id for a new attempt",
        )
    return standing


def _utc(at: datetime) -> datetime:
    if at.utcoffset() != timedelta(0):
        raise LedgerError(f"ledger times are UTC, got {at.isoformat()}", hint="datetime.now(UTC)")
    return at.astimezone(UTC)
