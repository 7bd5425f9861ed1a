"""What is written into a journal, each in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import BudgetExceededError
from undercut.core.money import Money, exact
from undercut.runs.labelling.journal.reading import JournalReader, committed_nano
from undercut.runs.labelling.journal.rows import AuditDrawn, Batch, Put, money_of, nano_of


class Journal(JournalReader):
    """The open journal of one job; safe to use from several threads."""

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

        price: the most that one may cost. budget: of the whole job. audit: written with them; its
        labels are those of this look, its batches those of the looks before.
        """
        nano = nano_of(price)
        with self._writing() as write:
            committed = committed_nano(write)
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


def _close_full(write: sqlite3.Connection, at: datetime) -> None:
    write.execute(
        "UPDATE batches SET closed = ? WHERE closed IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM asks WHERE asks.batch = batches.id AND asks.state IN ('open', 'sent'))",
        (at.isoformat(),),
    )


def _write_audit(write: sqlite3.Connection, audit: AuditDrawn, batch: int) -> None:
    """One look at it: with the first one what was planned and the labels as they stood."""
    look = len(audit.batches)
    if look == 0:
        write.execute(
            "INSERT INTO audits VALUES (?, ?, ?, ?)",
            (audit.number, audit.predicted, audit.alpha, audit.population),
        )
        write.executemany(
            "INSERT INTO looks VALUES (?, ?, ?, NULL)",
            [(audit.number, number, size) for number, size in enumerate(audit.sizes)],
        )
        write.executemany(
            "INSERT INTO stood VALUES (?, ?, ?)",
            [(audit.number, item, label) for item, label in audit.stood.items()],
        )
    write.execute(
        "UPDATE looks SET batch = ? WHERE audit = ? AND look = ?", (batch, audit.number, look)
    )
    write.executemany(
        "INSERT INTO audited VALUES (?, ?, ?, ?)",
        [(audit.number, item, label, audit.errors[item]) for item, label in audit.labels.items()],
    )
