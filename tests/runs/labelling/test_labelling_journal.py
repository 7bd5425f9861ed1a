"""The journal keeps the budget whatever runs at once, and forgets nothing."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import ArtefactError, BudgetExceededError
from undercut.core.money import Money
from undercut.runs.labelling.journal import AskState, AuditDrawn, Journal, money_of, nano_of

AT = datetime(2026, 1, 1, tzinfo=UTC)
CENT = Money(Decimal("0.01"), "USD")


def opened(path: Path, items: int = 1000) -> Journal:
    journal = Journal.open(path / "journal.sqlite")
    if journal.meta("config") is None:
        journal.begin([Ask(str(n), f"text {n}") for n in range(items)], {"config": {}})
    return journal


def put(journal: Journal, items: list[str], budget: str = "1 USD") -> None:
    journal.put(items, worker="w", purpose="label", price=CENT, budget=Money.parse(budget), at=AT)


def test_threads_and_handles_together_keep_the_budget(tmp_path: Path) -> None:
    opened(tmp_path).close()
    refused = []

    def spend(worker: int) -> None:
        with Journal.open(tmp_path / "journal.sqlite") as journal:
            for n in range(10):
                try:
                    put(journal, [str(worker * 100 + n * 5 + k) for k in range(5)])
                except BudgetExceededError:
                    refused.append(worker)

    threads = [threading.Thread(target=spend, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        assert journal.committed("USD") == Money.parse("1 USD")
        assert len(journal.asks()) == 100
    assert len(refused) == 20


def test_reserved_money_is_trued_up(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        put(journal, ["0", "1", "2"])
        assert journal.committed("USD") == CENT * 3
        asks = journal.asks()
        journal.sending(asks)
        half = Money(Decimal("0.005"), "USD")
        journal.answer(
            [(asks[0], Answer("0", "w", "a", half)), (asks[1], Answer("1", "w", "a", None))], at=AT
        )
        # an unknown cost takes what was reserved
        assert journal.committed("USD") == half + CENT * 2
        assert journal.doubt(1, at=AT) == 1
        assert journal.asks()[2].state is AskState.DOUBT
        assert journal.committed("USD") == half + CENT * 2
        assert journal.batches()[0].closed
        assert journal.batch_costs(1, "USD") == ([half, None], 1)


def test_refused_question_leaves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        with pytest.raises(BudgetExceededError, match="is spent or promised"):
            put(journal, [str(n) for n in range(101)])
        assert journal.asks() == ()
        assert journal.batches() == ()


def test_rounding_never_helps_the_spender() -> None:
    tiny = Money(Decimal("0.0000000001"), "USD")
    assert nano_of(tiny) == 1
    assert money_of(nano_of(CENT), "USD") == CENT


def test_other_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("not a database, but long enough to look like something" * 20)
    with pytest.raises(ArtefactError, match="not a labelling journal"):
        Journal.open(path)


def test_an_audit_is_read_look_by_look(tmp_path: Path) -> None:
    stood = {str(n): "a" for n in range(1000)}
    first = AuditDrawn(
        0, (), (2, 3), 0.02, 0.05, 990, {"3": "a", "5": "a"}, {"3": 0.1, "5": 0.2}, stood
    )
    with opened(tmp_path) as journal:
        kept = {"worker": "w", "purpose": "audit", "price": CENT, "at": AT}
        budget = Money.parse("1 USD")
        batch = journal.put(["3", "5"], budget=budget, audit=first, **kept)  # type: ignore[arg-type]
        (drawn,) = journal.audits()
        assert (drawn.batches, drawn.sizes, drawn.look) == ((batch.id,), (2, 3), 0)
        assert (drawn.labels, drawn.stood) == (first.labels, stood)
        grown = dataclasses.replace(drawn, labels={"9": "a"}, errors={"9": 0.3})
        with pytest.raises(BudgetExceededError):
            journal.put(["9"], budget=CENT, audit=grown, **kept)  # type: ignore[arg-type]
        assert journal.audits() == (drawn,)
        more = journal.put(["9"], budget=budget, audit=grown, **kept)  # type: ignore[arg-type]
    with opened(tmp_path) as journal:
        (drawn,) = journal.audits()
        assert (drawn.batches, drawn.look) == ((batch.id, more.id), 1)
        assert drawn.errors == {"3": 0.1, "5": 0.2, "9": 0.3}


def test_a_journal_of_before_audits_had_looks_is_read(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        put(journal, ["3", "5"])
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    connection.executescript(
        """
        DROP TABLE audits; DROP TABLE looks; DROP TABLE stood;
        CREATE TABLE audits (
            number INTEGER PRIMARY KEY, batch INTEGER NOT NULL, allowed INTEGER NOT NULL,
            predicted REAL NOT NULL, alpha REAL NOT NULL, population INTEGER NOT NULL);
        INSERT INTO audits VALUES (0, 1, 0, 0.02, 0.0375, 990);
        INSERT INTO audited VALUES (0, '3', 'a', 0.1), (0, '5', 'b', 0.2);
        PRAGMA user_version = 1;
        """
    )
    connection.close()
    for _ in range(2):
        with opened(tmp_path) as journal:
            (drawn,) = journal.audits()
            assert journal.committed("USD") == CENT * 2
        assert (drawn.batches, drawn.sizes, drawn.look) == ((1,), (2,), 0)
        assert drawn.labels == {"3": "a", "5": "b"}
        assert (drawn.predicted, drawn.alpha, drawn.population) == (0.02, 0.0375, 990)
        assert drawn.stood == {}
