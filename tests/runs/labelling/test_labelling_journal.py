"""The journal keeps the budget whatever runs at once, and forgets nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from undercut.build.labels.workers import Answer, Ask
from undercut.core.errors import ArtefactError, BudgetExceededError
from undercut.core.money import Money
from undercut.runs.labelling.journal import AskState, Journal, money_of, nano_of

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
