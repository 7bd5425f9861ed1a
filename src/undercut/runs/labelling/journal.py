"""The journal of a labelling job: every question before it is put, every answer as it comes.

An SQLite file whose every commit is on disk. A question is written, with the money it may cost,
before anybody hears it; a kill leaves it open, never forgotten. The hard budget is kept in the same
transaction that writes the question, so processes and threads together cannot pass it.
"""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import ArtefactError, BudgetExceededError
from undercut.core.money import Money, exact

FILE = "journal.sqlite"
VERSION = 1
# Billionths of the currency, rounded up: whole numbers that SQLite adds exactly.
NANO = Decimal(10) ** 9

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE items (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, text TEXT NOT NULL);
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, worker TEXT NOT NULL, purpose TEXT NOT NULL, at TEXT NOT NULL,
    closed TEXT);
CREATE TABLE asks (
    id INTEGER PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches(id),
    item TEXT NOT NULL REFERENCES items(id), worker TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'sent', 'answered', 'doubt')),
    nano INTEGER NOT NULL);
CREATE INDEX asks_of_batch ON asks(batch);
CREATE TABLE answers (
    id INTEGER PRIMARY KEY, ask INTEGER UNIQUE REFERENCES asks(id), source TEXT NOT NULL,
    item TEXT NOT NULL, who TEXT NOT NULL, label TEXT, cost TEXT, nano INTEGER NOT NULL,
    probability REAL, seconds REAL, note TEXT NOT NULL, reference TEXT NOT NULL);
CREATE UNIQUE INDEX once ON answers(source, item, reference) WHERE reference <> '';
CREATE TABLE audits (
    number INTEGER PRIMARY KEY, batch INTEGER NOT NULL, allowed INTEGER NOT NULL,
    predicted REAL NOT NULL, alpha REAL NOT NULL, population INTEGER NOT NULL);
CREATE TABLE audited (
    number INTEGER NOT NULL, item TEXT NOT NULL, label TEXT NOT NULL, error REAL NOT NULL);
"""


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
    """An audit's sample with the labels as they stood, and each one's believed error.

    population: labels it was drawn from: those that the judge had not given itself.
    """

    number: int
    batch: int
    allowed: int
    predicted: float
    alpha: float
    population: int
    labels: Mapping[str, str]
    errors: Mapping[str, float]


class Journal:
    """The open journal of one job; safe to use from several threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self.path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make a journal; ArtefactError where the file is something else."""
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA busy_timeout = 30000")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                raise ArtefactError(f"{path}: a journal of version {version}, expected {VERSION}")
            if version == 0:
                connection.executescript(
                    f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
                )
        except sqlite3.DatabaseError as error:
            connection.close()
            raise ArtefactError(
                f"{path}: not a labelling journal: {error}", hint="another folder with --out"
            ) from error
        return cls(connection, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _read(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def meta(self, key: str) -> Any:
        """A fact of the job, plain JSON; None where it was never set."""
        rows = self._read("SELECT value FROM meta WHERE key = ?", key)
        return json.loads(rows[0][0]) if rows else None

    def set_meta(self, key: str, value: object) -> None:
        """Write a fact of the job."""
        with self._writing() as write:
            write.execute(
                "INSERT INTO meta VALUES (?, ?)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, json.dumps(value, ensure_ascii=False)),
            )

    def begin(self, items: Sequence[Ask], facts: Mapping[str, object]) -> None:
        """Write a new job's items and facts, all or none."""
        with self._writing() as write:
            write.executemany(
                "INSERT INTO items VALUES (?, ?, ?)",
                [(number, ask.item, ask.text) for number, ask in enumerate(items)],
            )
            write.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [(key, json.dumps(value, ensure_ascii=False)) for key, value in facts.items()],
            )

    def items(self) -> tuple[Ask, ...]:
        """The job's items in the order of its file."""
        return tuple(
            Ask(item, text)
            for item, text in self._read("SELECT id, text FROM items ORDER BY number")
        )

    def put(
        self,
        items: Sequence[str],
        *,
        worker: str,
        purpose: str,
        price: Money,
        budget: Money,
        at: datetime,
        audit: AuditDrawn | None = None,
    ) -> Batch:
        """Write questions and reserve their money, or raise BudgetExceededError and write nothing.

        price: the most that one may cost. budget: of the whole job. audit: written with them.
        """
        nano = nano_of(price)
        with self._writing() as write:
            committed = _committed(write)
            if committed + nano * len(items) > nano_of(budget):
                raise BudgetExceededError(
                    f"{len(items)} answers of {worker} may cost {price * len(items)}, and"
                    f" {money_of(committed, budget.currency)} of {budget} is spent or promised",
                    hint="undercut label resume FOLDER --budget MORE",
                )
            cursor = write.execute(
                "INSERT INTO batches (worker, purpose, at) VALUES (?, ?, ?)",
                (worker, purpose, at.isoformat()),
            )
            number = int(cursor.lastrowid or 0)
            write.executemany(
                "INSERT INTO asks (batch, item, worker, state, nano) VALUES (?, ?, ?, 'open', ?)",
                [(number, item, worker, nano) for item in items],
            )
            if audit is not None:
                _write_audit(write, audit, number)
        return Batch(number, worker, purpose, at, closed=False)

    def sending(self, puts: Sequence[Put]) -> None:
        """Write that a worker is about to hear these questions; call it before it does."""
        with self._writing() as write:
            write.executemany(
                "UPDATE asks SET state = 'sent' WHERE id = ?", [(put.id,) for put in puts]
            )

    def answer(self, answers: Sequence[tuple[Put, Answer]], *, at: datetime) -> None:
        """Write the answers to open questions and what they cost in fact.

        An unknown cost takes the whole reserved sum off the budget and stays unknown.
        """
        with self._writing() as write:
            for put, answer in answers:
                spent = put.nano if answer.cost is None else nano_of(answer.cost)
                write.execute(
                    "UPDATE asks SET state = 'answered', nano = ? WHERE id = ?", (spent, put.id)
                )
                write.execute(
                    "INSERT INTO answers (ask, source, item, who, label, cost, nano, probability,"
                    " seconds, note, reference) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        put.id,
                        put.worker,
                        put.item,
                        answer.worker,
                        answer.label,
                        None if answer.cost is None else exact(answer.cost.amount),
                        spent,
                        answer.probability,
                        answer.seconds,
                        answer.note,
                        answer.reference,
                    ),
                )
            _close_full(write, at)

    def doubt(self, batch: int, *, at: datetime) -> int:
        """Give up on what a batch had sent: perhaps paid, so its money stays spent."""
        with self._writing() as write:
            found = write.execute(
                "UPDATE asks SET state = 'doubt' WHERE batch = ? AND state = 'sent'", (batch,)
            ).rowcount
            _close_full(write, at)
        return int(found)

    def forgive(self) -> int:
        """Make questions in doubt open to be put again, as new ones; their money stays spent."""
        with self._writing() as write:
            return int(
                write.execute(
                    "UPDATE asks SET worker = worker || ' (in doubt)' WHERE state = 'doubt'"
                    " AND worker NOT LIKE '% (in doubt)'"
                ).rowcount
            )

    def batches(self) -> tuple[Batch, ...]:
        """All batches, oldest first."""
        return tuple(
            Batch(number, worker, purpose, datetime.fromisoformat(at), closed is not None)
            for number, worker, purpose, at, closed in self._read(
                "SELECT id, worker, purpose, at, closed FROM batches ORDER BY id"
            )
        )

    def asks(self, *, batch: int | None = None) -> tuple[Put, ...]:
        """The questions of a batch, or all, in the order they were put."""
        where, values = ("1", ()) if batch is None else ("batch = ?", (batch,))
        rows = self._read(
            f"SELECT id, batch, item, worker, state, nano FROM asks WHERE {where} ORDER BY id",
            *values,
        )
        return tuple(Put(r[0], r[1], r[2], r[3], AskState(r[4]), r[5]) for r in rows)

    def answers(self, currency: str) -> tuple[tuple[str, Answer], ...]:
        """(worker asked, answer), in the order they came."""
        return tuple(
            (
                source,
                Answer(
                    item,
                    who,
                    label,
                    None if cost is None else Money(Decimal(cost), currency),
                    probability,
                    seconds,
                    note,
                    reference,
                ),
            )
            for source, item, who, label, cost, probability, seconds, note, reference in self._read(
                "SELECT source, item, who, label, cost, probability, seconds, note, reference"
                " FROM answers ORDER BY id"
            )
        )

    def answers_of_batches(self, batches: Sequence[int]) -> list[tuple[int, str, str | None]]:
        """(batch, item, label) of every answer to these batches' questions."""
        marks = ", ".join("?" * len(batches))
        return [
            (int(batch), str(item), label)
            for batch, item, label in self._read(
                "SELECT asks.batch, answers.item, label FROM answers JOIN asks"
                f" ON asks.id = answers.ask WHERE asks.batch IN ({marks}) ORDER BY answers.id",
                *batches,
            )
        ]

    def batch_costs(self, batch: int, currency: str) -> tuple[list[Money | None], int]:
        """The batch's known and unknown costs of answers, and how many questions are in doubt."""
        costs = [
            None if cost is None else Money(Decimal(cost), currency)
            for (cost,) in self._read(
                "SELECT cost FROM answers JOIN asks ON asks.id = answers.ask WHERE batch = ?"
                " ORDER BY answers.id",
                batch,
            )
        ]
        (doubt,) = self._read(
            "SELECT COUNT(*) FROM asks WHERE batch = ? AND state = 'doubt'", batch
        )[0]
        return costs, int(doubt)

    def references(self, worker: str) -> set[str]:
        """References of a worker's answers that are written already."""
        rows = self._read(
            "SELECT reference FROM answers WHERE source = ? AND reference <> ''", worker
        )
        return {row[0] for row in rows}

    def audits(self) -> tuple[AuditDrawn, ...]:
        """Audits drawn so far, in order."""
        labels: dict[int, dict[str, str]] = {}
        errors: dict[int, dict[str, float]] = {}
        for number, item, label, error in self._read("SELECT * FROM audited ORDER BY rowid"):
            labels.setdefault(number, {})[item] = label
            errors.setdefault(number, {})[item] = error
        return tuple(
            AuditDrawn(
                n, batch, allowed, predicted, alpha, rows, labels.get(n, {}), errors.get(n, {})
            )
            for n, batch, allowed, predicted, alpha, rows in self._read(
                "SELECT number, batch, allowed, predicted, alpha, population FROM audits"
                " ORDER BY number"
            )
        )

    def committed(self, currency: str) -> Money:
        """Spent, in doubt or promised so far."""
        with self._lock:
            return money_of(_committed(self._connection), currency)


def nano_of(amount: Money) -> int:
    """Billionths of the currency, rounded up: a budget is never passed by rounding."""
    return math.ceil(amount.amount * NANO)


def money_of(nano: int, currency: str) -> Money:
    """The amount of so many billionths."""
    return Money(Decimal(nano) / NANO, currency)


def _committed(connection: sqlite3.Connection) -> int:
    (total,) = connection.execute("SELECT COALESCE(SUM(nano), 0) FROM asks").fetchone()
    return int(total)


def _close_full(write: sqlite3.Connection, at: datetime) -> None:
    write.execute(
        "UPDATE batches SET closed = ? WHERE closed IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM asks WHERE asks.batch = batches.id AND asks.state IN ('open', 'sent'))",
        (at.isoformat(),),
    )


def _write_audit(write: sqlite3.Connection, audit: AuditDrawn, batch: int) -> None:
    write.execute(
        "INSERT INTO audits VALUES (?, ?, ?, ?, ?, ?)",
        (
            audit.number,
            batch,
            audit.allowed,
            audit.predicted,
            audit.alpha,
            audit.population,
        ),
    )
    write.executemany(
        "INSERT INTO audited VALUES (?, ?, ?, ?)",
        [(audit.number, item, label, audit.errors[item]) for item, label in audit.labels.items()],
    )
