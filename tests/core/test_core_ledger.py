from __future__ import annotations

import multiprocessing
import os
import random
import re
import resource
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.core.errors import LedgerError
from undercut.core.ledger import Ledger
from undercut.core.ledger_entries import Entry, Event
from undercut.core.money import Money
from undercut.core.price_files import load_prices
from undercut.core.prices import cost_of
from undercut.core.usage import Unit, Usage

AT = datetime(2026, 11, 1, 12, 0, 0, 5, tzinfo=UTC)
HOST = load_prices().host("c7i.large")
ARTEFACT = "a" * 64
fork = multiprocessing.get_context("fork")


def wall(seconds: str) -> tuple[Usage, ...]:
    return (Usage(Unit.WALL_SECONDS, Decimal(seconds)),)


def book(ledger: Ledger, attempt: str, event: Event, **changes: Any) -> Entry:
    fields: dict[str, Any] = {"run_id": "r1", "stage": "train", "at": AT, "price": HOST} | changes
    return ledger.append(attempt_id=attempt, event=event, **fields)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def test_an_attempt_is_booked_priced_and_read_back(ledger: Ledger) -> None:
    book(ledger, "a1", Event.STARTED, artefact=ARTEFACT)
    usage = (*wall("3600"), Usage(Unit.CPU_SECONDS, Decimal("7100.5")))
    end = book(ledger, "a1", Event.FINISHED, usage=usage, artefact=ARTEFACT, note="ok")
    assert end.amount == Money.parse("0.08925 USD")
    with Ledger.open(ledger.path) as again:
        assert again.entries() == ledger.entries()
        assert again.entries()[1] == end
        assert again.payer(ARTEFACT) == end
        assert again.payer("b" * 64) is None
        assert again.verify() == ()
        assert again.open_attempts() == ()
        assert again.total().money() == Money.parse("0.08925 USD")
        assert again.total().usage == usage
        assert again.total(run_id="r2").money() == Money.zero("USD")
    row = sqlite3.connect(ledger.path).execute("SELECT host, price_date, price_source FROM entries")
    assert row.fetchone() == ("c7i.large", "2026-10-01", HOST.source)


def test_unknown_cost_stays_unknown_in_the_total(ledger: Ledger) -> None:
    for attempt, price, usage in (
        ("a", HOST, wall("60")),
        ("b", None, wall("60")),
        ("c", HOST, ()),
    ):
        book(ledger, attempt, Event.STARTED, price=price)
        book(ledger, attempt, Event.FINISHED, price=price, usage=usage)
    found = ledger.total()
    assert found.unpriced == 2
    assert found.money() is None
    assert found.amounts == (cost_of(wall("60"), HOST),)


def test_two_currencies_stay_apart(ledger: Ledger) -> None:
    yuan = HOST.model_copy(update={"currency": "CNY"})
    for attempt, price in (("a", HOST), ("b", yuan)):
        book(ledger, attempt, Event.STARTED, price=price)
        book(ledger, attempt, Event.FAILED, price=price, usage=wall("3600"))
    assert [str(amount) for amount in ledger.total().amounts] == ["0.08925 CNY", "0.08925 USD"]
    assert ledger.total().money() is None
    assert ledger.verify() == ()


def test_a_reuse_costs_nothing_and_names_who_paid(ledger: Ledger) -> None:
    book(ledger, "a1", Event.STARTED, artefact=ARTEFACT)
    paid = book(ledger, "a1", Event.FINISHED, usage=wall("10"), artefact=ARTEFACT)
    reuse = book(ledger, "a2", Event.REUSED, run_id="r2", artefact=ARTEFACT, paid_by=paid.id)
    assert (reuse.amount, reuse.usage, reuse.paid_by) == (None, (), paid.id)
    assert ledger.total(run_id="r2").money() == Money.zero("USD")
    assert ledger.total().money() == paid.amount
    assert ledger.verify() == ()
    for payer in (None, 99, reuse.id, 1):
        with pytest.raises(LedgerError):
            book(ledger, f"bad{payer}", Event.REUSED, paid_by=payer)
    with pytest.raises(LedgerError, match="paid_by"):
        book(ledger, "a3", Event.REUSED, stage="label", paid_by=paid.id)
    assert len(ledger.entries()) == 3


def test_an_end_is_booked_once(ledger: Ledger) -> None:
    start = book(ledger, "a1", Event.STARTED)
    assert book(ledger, "a1", Event.STARTED, at=AT + timedelta(seconds=9)) == start
    end = book(ledger, "a1", Event.FINISHED, usage=wall("10"))
    assert book(ledger, "a1", Event.FINISHED, usage=wall("10")) == end
    for event, usage in ((Event.FINISHED, wall("11")), (Event.ABANDONED, wall("10"))):
        with pytest.raises(LedgerError, match="booked already, as finished"):
            book(ledger, "a1", event, usage=usage)
    with pytest.raises(LedgerError, match="booked already"):
        book(ledger, "a1", Event.STARTED, run_id="r2")
    assert len(ledger.entries()) == 2


def test_what_makes_no_sense_is_refused(ledger: Ledger) -> None:
    book(ledger, "a1", Event.STARTED)
    refusals: list[tuple[str, Callable[[], object]]] = [
        ("was started", lambda: book(ledger, "a2", Event.FINISHED, usage=wall("1"))),
        ("was started", lambda: book(ledger, "a1", Event.FINISHED, stage="label")),
        ("was started", lambda: book(ledger, "a1", Event.FINISHED, run_id="r2")),
        ("books no usage", lambda: book(ledger, "a2", Event.STARTED, usage=wall("1"))),
        ("UTC", lambda: book(ledger, "a2", Event.STARTED, at=AT.replace(tzinfo=None))),
        (
            "UTC",
            lambda: book(
                ledger, "a2", Event.STARTED, at=AT.astimezone(timezone(timedelta(hours=1)))
            ),
        ),
        ("refused", lambda: book(ledger, "", Event.STARTED)),
        ("refused", lambda: book(ledger, "a1", Event.REUSED, paid_by=1)),
    ]
    for complaint, refused in refusals:
        with pytest.raises(LedgerError, match=complaint):
            refused()
    assert len(ledger.entries()) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET amount = '0'",
        "DELETE FROM entries",
        "UPDATE usage SET quantity = '0'",
        "DELETE FROM usage",
        "INSERT INTO usage VALUES (1, 'labels', '5')",
        "INSERT OR REPLACE INTO entries (id, run_id, attempt_id, stage, event, at)"
        " VALUES (2, 'r', 'x', 's', 'started', 't')",
        "INSERT OR REPLACE INTO entries (run_id, attempt_id, stage, event, at)"
        " VALUES ('r1', 'a1', 'train', 'failed', 't')",
        "INSERT OR REPLACE INTO usage VALUES (2, 'wall_seconds', '1')",
    ],
)
def test_the_file_itself_refuses_changes(ledger: Ledger, statement: str) -> None:
    book(ledger, "a1", Event.STARTED)
    book(ledger, "a1", Event.FINISHED, usage=wall("10"))
    before = ledger.entries()
    stranger = sqlite3.connect(ledger.path, isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError):
        stranger.execute(statement)
    assert ledger.entries() == before
    assert ledger.verify() == ()


@pytest.mark.parametrize(
    ("forgery", "complaint"),
    [
        ("UPDATE entries SET amount = '0.01' WHERE id = 2", "its usage and price give"),
        ("UPDATE usage SET quantity = '1'", "its usage and price give"),
        ("UPDATE usage SET quantity = '-1'", "entry 2 is not what undercut wrote"),
        ("UPDATE entries SET amount = '-5' WHERE id = 2", "negative amount"),
        ("DELETE FROM entries WHERE id = 1", "did not start"),
        ("UPDATE entries SET stage = 'other' WHERE id = 1", "did not start"),
        ("UPDATE entries SET event = 'nonsense', attempt_id = 'x' WHERE id = 1", "CHECK"),
        ("UPDATE entries SET price_row = '{}' WHERE id = 2", "not what undercut wrote"),
        ("UPDATE entries SET artefact = 'other' WHERE id = 3", "something else"),
        ("UPDATE entries SET event = 'failed' WHERE id = 2", "paid nothing"),
        ("DROP INDEX one_end; INSERT INTO entries (run_id, attempt_id, stage, event, at)"
         " VALUES ('r1', 'a1', 'train', 'failed', '2026-11-01T12:00:00+00:00')", "2 times"),
    ],
)  # fmt: skip
def test_verify_finds_a_forged_book(ledger: Ledger, forgery: str, complaint: str) -> None:
    book(ledger, "a1", Event.STARTED, artefact=ARTEFACT)
    paid = book(ledger, "a1", Event.FINISHED, usage=wall("10"), artefact=ARTEFACT)
    book(ledger, "a2", Event.REUSED, artefact=ARTEFACT, paid_by=paid.id)
    assert ledger.verify() == ()
    forger = sqlite3.connect(ledger.path, isolation_level=None)
    forger.execute("PRAGMA ignore_check_constraints = ON")
    for (name,) in forger.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        forger.execute(f"DROP TRIGGER {name}")
    forger.executescript(forgery)
    forger.close()
    assert any(re.search(complaint, problem) for problem in ledger.verify()), ledger.verify()


stages = st.sampled_from(["data", "train", "compress", "plan"])
ends = st.sampled_from([Event.FINISHED, Event.FAILED, Event.ABANDONED, None])
quantities = st.decimals(min_value=0, max_value=10**6, places=6)


@settings(max_examples=20)
@given(st.lists(st.tuples(stages, ends, quantities, st.booleans()), max_size=6))
def test_totals_reconcile_whatever_is_booked(
    attempts: list[tuple[str, Event | None, Decimal, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, Ledger.open(Path(folder) / "l") as ledger:
        expected = Money.zero("USD")
        unpriced = 0
        for number, (stage, end, seconds, priced) in enumerate(attempts):
            fields: dict[str, Any] = {"stage": stage, "run_id": f"r{number % 2}"}
            fields["price"] = HOST if priced else None
            book(ledger, f"a{number}", Event.STARTED, **fields)
            if end is None:
                continue
            usage = (Usage(Unit.WALL_SECONDS, seconds),)
            entry = book(ledger, f"a{number}", end, usage=usage, **fields)
            unpriced += not priced
            expected = expected + (entry.amount or Money.zero("USD"))
        found = ledger.total()
        assert ledger.verify() == ()
        assert found.unpriced == unpriced
        assert (found.amounts or (Money.zero("USD"),)) == (expected,)
        by_stage = ledger.by_stage().values()
        assert sum(part.unpriced for part in by_stage) == unpriced
        assert len(ledger.open_attempts()) == sum(end is None for _, end, _, _ in attempts)


def _book_forever(path: Path, run: int) -> None:
    with Ledger.open(path) as ledger:
        for number in range(100_000):
            attempt = f"r{run}-{number}"
            book(ledger, attempt, Event.STARTED)
            book(ledger, attempt, Event.FINISHED, usage=wall("1"))


def test_kill_at_any_moment_keeps_the_book_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    delays = random.Random(11)
    seen = 0
    for run in range(15):  # the first lives long enough to book on a busy machine
        child = fork.Process(target=_book_forever, args=(path, run))
        child.start()
        time.sleep(delays.uniform(0.005, 0.12) if run else 0.5)
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        with Ledger.open(path) as ledger:
            assert ledger.verify() == ()
            for start in ledger.open_attempts():
                book(ledger, start.attempt_id, Event.ABANDONED, usage=wall("0.5"))
            assert ledger.open_attempts() == ()
            assert len(ledger.entries()) >= seen, "a booked entry was lost"
            seen = len(ledger.entries())
    assert seen > 2, "the children were killed before they booked anything"


def _book_some(path: Path, run: int, go: Any) -> None:
    go.wait()
    with Ledger.open(path, wait_seconds=60) as ledger:
        for number in range(15):
            book(ledger, f"r{run}-{number}", Event.STARTED, run_id=f"r{run}")
            book(ledger, f"r{run}-{number}", Event.FINISHED, run_id=f"r{run}", usage=wall("1"))


def test_two_writers_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"  # not there yet: both make it
    go = fork.Event()
    writers = [fork.Process(target=_book_some, args=(path, run, go)) for run in range(2)]
    for writer in writers:
        writer.start()
    go.set()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    with Ledger.open(path) as ledger:
        assert ledger.verify() == ()
        assert len(ledger.entries()) == 60
        assert len(ledger.entries(run_id="r1")) == 30


def test_a_writer_that_holds_on_is_named(ledger: Ledger) -> None:
    with Ledger.open(ledger.path, wait_seconds=0.05) as second:
        other = sqlite3.connect(ledger.path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LedgerError, match="another process is writing"):
            book(second, "a1", Event.STARTED)
        other.execute("ROLLBACK")
        book(second, "a1", Event.STARTED)


def _book_on_a_small_disk(path: Path, answer: Any) -> None:
    with Ledger.open(path) as ledger:
        limit = path.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            for number in range(10_000):
                book(ledger, f"a{number}", Event.STARTED, note="x" * 500)
        except LedgerError as error:
            answer.put(str(error))
        else:
            answer.put("booked")


def test_a_full_disk_is_a_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    answer = fork.Queue()
    child = fork.Process(target=_book_on_a_small_disk, args=(path, answer))
    child.start()
    said = answer.get(timeout=60)
    child.join()
    assert "free some space" in said
    with Ledger.open(path) as ledger:
        assert ledger.verify() == ()
        booked = len(ledger.entries())
        book(ledger, "after", Event.STARTED)
        assert len(ledger.entries()) == booked + 1


def test_files_that_are_no_ledger_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database at all, whatever its name says " * 50)
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger.open(tmp_path / "text")
    foreign = sqlite3.connect(tmp_path / "foreign")
    foreign.execute("CREATE TABLE t (x)")
    foreign.close()
    with pytest.raises(LedgerError, match="not a ledger of undercut"):
        Ledger.open(tmp_path / "foreign")
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger.open(tmp_path / "no" / "folder" / "ledger")
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger.open(tmp_path)


def test_a_ledger_of_a_newer_version_is_refused(ledger: Ledger) -> None:
    sqlite3.connect(ledger.path).execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="schema 99"):
        Ledger.open(ledger.path)


def test_a_damaged_file_is_reported(ledger: Ledger) -> None:
    for number in range(40):
        book(ledger, f"a{number}", Event.STARTED, note="x" * 300)
    ledger.close()
    content = bytearray(ledger.path.read_bytes())
    content[4096 * 2 : -4096] = b"\x5a" * (len(content) - 4096 * 3)
    ledger.path.write_bytes(content)
    try:
        with Ledger.open(ledger.path) as damaged:
            assert damaged.verify() != ()
    except LedgerError as error:
        assert "damaged" in str(error)  # noqa: PT017 (either answer is clear)


def test_a_read_only_ledger_is_a_clear_error(ledger: Ledger) -> None:
    ledger._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(LedgerError, match="read-only"):
        book(ledger, "a1", Event.STARTED)
