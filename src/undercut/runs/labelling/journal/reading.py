"""What a journal tells of the job so far."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from undercut.build.labels.workers import Answer, Ask
from undercut.core.money import Money
from undercut.runs.labelling.journal.file import JournalFile
from undercut.runs.labelling.journal.rows import AskState, AuditDrawn, Batch, Put, money_of


class JournalReader(JournalFile):
    """Everything that can be asked of a journal; see `Journal` for what writes."""

    def items(self) -> tuple[Ask, ...]:
        """The job's items in the order of its file."""
        return tuple(
            Ask(item, text)
            for item, text in self._read("SELECT id, text FROM items ORDER BY number")
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
        stood: dict[int, dict[str, str]] = {}
        for number, item, label, error in self._read("SELECT * FROM audited ORDER BY rowid"):
            labels.setdefault(number, {})[item] = label
            errors.setdefault(number, {})[item] = error
        for number, item, label in self._read("SELECT audit, item, label FROM stood"):
            stood.setdefault(number, {})[item] = label
        return tuple(
            AuditDrawn(
                n,
                *self._looks(n),
                predicted,
                alpha,
                population,
                labels.get(n, {}),
                errors.get(n, {}),
                stood.get(n, {}),
            )
            for n, predicted, alpha, population in self._read(
                "SELECT number, predicted, alpha, population FROM audits ORDER BY number"
            )
        )

    def _looks(self, audit: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Batches of the looks that were taken, sizes of all that are planned."""
        rows = self._read("SELECT batch, size FROM looks WHERE audit = ? ORDER BY look", audit)
        return (
            tuple(batch for batch, _ in rows if batch is not None),
            tuple(size for _, size in rows),
        )

    def committed(self, currency: str) -> Money:
        """Spent, in doubt or promised so far."""
        with self._lock:
            return money_of(committed_nano(self._connection), currency)


def committed_nano(connection: sqlite3.Connection) -> int:
    """Billionths that are spent, in doubt or promised."""
    (total,) = connection.execute("SELECT COALESCE(SUM(nano), 0) FROM asks").fetchone()
    return int(total)
