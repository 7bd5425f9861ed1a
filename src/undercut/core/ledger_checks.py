"""What must hold of a ledger, as a list of checks; each gives its problems as sentences."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from undercut.core.ledger_entries import ENDS, Entry, Event, total_of
from undercut.core.money import Money
from undercut.core.prices import cost_of

Check = Callable[[Sequence[Entry]], Iterator[str]]


def damage(connection: sqlite3.Connection) -> tuple[str, ...]:
    """What SQLite finds wrong with the file itself."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    found += [
        f"a row of {row[0]} points to a missing row of {row[2]}"
        for row in connection.execute("PRAGMA foreign_key_check")
    ]
    return tuple(f"the file is damaged: {problem}" for problem in found if problem != "ok")


def one_start_one_end(entries: Sequence[Entry]) -> Iterator[str]:
    """Each attempt starts once and ends at most once, in that order; a reuse stands alone."""
    starts = Counter(entry.attempt_id for entry in entries if entry.event is Event.STARTED)
    ends = Counter(entry.attempt_id for entry in entries if entry.event is not Event.STARTED)
    for attempt, count in (starts | ends).items():
        if count > 1:
            yield f"attempt {attempt} is booked {count} times"
    started: dict[str, Entry] = {}
    for entry in entries:
        if entry.event is Event.STARTED:
            started[entry.attempt_id] = entry
        elif entry.event in ENDS:
            start = started.get(entry.attempt_id)
            if start is None or (start.run_id, start.stage) != (entry.run_id, entry.stage):
                yield f"entry {entry.id} ends attempt {entry.attempt_id}, which did not start"


def amounts_follow_from_usage(entries: Sequence[Entry]) -> Iterator[str]:
    """An end's amount is its usage at its price row; nothing else has one."""
    for entry in entries:
        expected = cost_of(entry.usage, entry.price) if entry.event in ENDS else None
        if entry.amount != expected:
            yield (
                f"entry {entry.id} ({entry.stage}) has the amount {entry.amount},"
                f" its usage and price give {expected}"
            )


def nothing_negative(entries: Sequence[Entry]) -> Iterator[str]:
    """No amount below zero."""
    for entry in entries:
        if entry.amount is not None and entry.amount.amount < 0:
            yield f"entry {entry.id} ({entry.stage}) has a negative amount, {entry.amount}"


def reuse_names_a_payer(entries: Sequence[Entry]) -> Iterator[str]:
    """A reuse points to an earlier, ended attempt of its stage and artefact."""
    known: dict[int, Entry] = {}
    for entry in entries:
        known[entry.id] = entry
        if entry.event is not Event.REUSED:
            continue
        payer = known.get(entry.paid_by or 0)
        if payer is None or payer.event not in {Event.FINISHED, Event.ABANDONED}:
            yield f"entry {entry.id} ({entry.stage}) is reused, but {entry.paid_by} paid nothing"
        elif (payer.stage, payer.artefact) != (entry.stage, entry.artefact):
            yield f"entry {entry.id} ({entry.stage}) names a payer of something else, {payer.id}"


def totals_reconcile(entries: Sequence[Entry]) -> Iterator[str]:
    """The total is the sum of the stages' totals and of the runs' totals."""
    whole = total_of(entries)
    for by in ("stage", "run_id"):
        groups: dict[str, list[Entry]] = {}
        for entry in entries:
            groups.setdefault(getattr(entry, by), []).append(entry)
        parts = [total_of(group) for group in groups.values()]
        sums: dict[str, Money] = {}
        for amount in (amount for part in parts for amount in part.amounts):
            before = sums.get(amount.currency, Money(Decimal(0), amount.currency))
            sums[amount.currency] = before + amount
        if tuple(sums[name] for name in sorted(sums)) != whole.amounts:
            yield f"the totals by {by} do not add up to the total"


CHECKS: tuple[Check, ...] = (
    one_start_one_end,
    amounts_follow_from_usage,
    nothing_negative,
    reuse_names_a_payer,
    totals_reconcile,
)
