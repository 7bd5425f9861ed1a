from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from undercut.core.errors import ConfigError, LedgerError
from undercut.core.ledger import Ledger
from undercut.core.ledger_entries import Event
from undercut.core.money import Money
from undercut.core.price_files import load_prices
from undercut.core.prices import cost_of
from undercut.core.usage import Meter, RecordingMeter, Unit, Usage
from undercut.runs.booking import (
    Bookkeeping,
    book_reuse,
    booked,
    close_open_attempts,
    heartbeat_path,
)
from undercut.runs.metering import Heartbeat, ProcessMeter, last_heartbeat

AT = datetime(2026, 11, 1, tzinfo=UTC)
HOST = load_prices().host("c7i.large")
KEY = "a" * 64
fork = multiprocessing.get_context("fork")


def books_in(folder: Path, ledger: Ledger, *, interval_seconds: float = 5.0) -> Bookkeeping:
    meter = ProcessMeter()
    return Bookkeeping(ledger, meter, "r1", HOST, folder, lambda: AT, interval_seconds)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def quantity(usage: tuple[Usage, ...], unit: Unit) -> Decimal:
    return next(part.quantity for part in usage if part.unit is unit)


def test_a_busy_stage_burns_cpu_and_a_sleeping_one_does_not() -> None:
    meter: Meter = ProcessMeter()
    with meter.stage("busy"):
        until = time.process_time() + 0.1
        while time.process_time() < until:
            pass
    with meter.stage("asleep"):
        time.sleep(0.1)
        meter.record(Usage(Unit.LABELS, Decimal(3)))
    busy, asleep = meter.readings
    assert quantity(busy.usage, Unit.CPU_SECONDS) >= Decimal("0.1")
    assert quantity(asleep.usage, Unit.CPU_SECONDS) < Decimal("0.05")
    assert quantity(asleep.usage, Unit.WALL_SECONDS) >= Decimal("0.1")
    assert quantity(asleep.usage, Unit.LABELS) == 3
    assert (busy.peak_rss_bytes or 0) > 10 * 2**20


def test_children_that_ended_are_counted() -> None:
    meter = ProcessMeter()
    burn = "import time\nwhile time.process_time() < 0.15: pass"
    with meter.stage("parent"):
        subprocess.run([sys.executable, "-S", "-c", burn], check=True)
    assert quantity(meter.readings[0].usage, Unit.CPU_SECONDS) >= Decimal("0.12")


def test_a_heartbeat_tells_the_latest_usage(tmp_path: Path) -> None:
    meter = RecordingMeter()
    path = tmp_path / "beat.json"
    with meter.stage("s") as span, Heartbeat(path, span.usage, interval_seconds=0.01):
        assert last_heartbeat(path) == ()
        meter.record(Usage(Unit.LABELS, Decimal(4)))
        deadline = time.monotonic() + 30
        while last_heartbeat(path) == () and time.monotonic() < deadline:
            time.sleep(0.01)
        assert last_heartbeat(path) == (Usage(Unit.LABELS, Decimal(4)),)
    with pytest.raises(ConfigError, match="> 0"):
        Heartbeat(path, span.usage, interval_seconds=0)


def test_a_beat_that_cannot_be_written_is_kept_and_does_not_stop_the_stage(tmp_path: Path) -> None:
    beats = Heartbeat(tmp_path / "gone" / "beat.json", lambda: (), interval_seconds=60)
    with beats:
        pass
    assert isinstance(beats.error, FileNotFoundError)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", '{"usage": {"x": "1"}}', '{"usage": {"labels": "-1"}}', '{"usage": 1}'],
)
def test_a_heartbeat_that_says_nothing_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "beat.json"
    assert last_heartbeat(path) is None
    path.write_text(content)
    assert last_heartbeat(path) is None


def test_a_stage_is_booked_with_what_it_consumed(tmp_path: Path, ledger: Ledger) -> None:
    books = books_in(tmp_path, ledger)
    with booked(books, stage="train", attempt_id="a1", artefact=KEY):
        assert ledger.open_attempts()[0].attempt_id == "a1"
        assert heartbeat_path(tmp_path, "a1").exists()
    end = ledger.entries()[-1]
    assert (end.event, end.artefact) == (Event.FINISHED, KEY)
    assert end.amount == cost_of(end.usage, HOST)
    assert end.amount is not None
    assert end.amount > Money.zero("USD")
    assert not heartbeat_path(tmp_path, "a1").exists()
    reuse = book_reuse(books, stage="train", attempt_id="a2", artefact=KEY)
    assert reuse.paid_by == end.id
    assert ledger.verify() == ()
    with pytest.raises(LedgerError, match="in no entry"):
        book_reuse(books, stage="train", attempt_id="a3", artefact="b" * 64)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_stage_that_raises_is_booked_as_failed(
    tmp_path: Path, ledger: Ledger, error: type[BaseException]
) -> None:
    with (
        contextlib.suppress(error),
        booked(books_in(tmp_path, ledger), stage="train", attempt_id="a1", artefact=KEY),
    ):
        raise error
    end = ledger.entries()[-1]
    assert (end.event, end.note) == (Event.FAILED, error.__name__)
    assert end.amount is not None
    assert ledger.payer(KEY) is None


@pytest.mark.parametrize("attempt", ["", "../x", "a/b", "a.b"])
def test_attempt_ids_are_file_names(tmp_path: Path, ledger: Ledger, attempt: str) -> None:
    with (
        pytest.raises(LedgerError, match="attempt id"),
        booked(books_in(tmp_path, ledger), stage="train", attempt_id=attempt),
    ):
        pass
    assert ledger.entries() == ()


def _run_until_killed(folder: Path) -> None:
    with Ledger.open(folder / "ledger.sqlite") as ledger:
        books = books_in(folder, ledger, interval_seconds=0.01)
        with booked(books, stage="train", attempt_id="killed", artefact=KEY):
            time.sleep(60)


def test_a_killed_stage_is_abandoned_with_its_last_heartbeat(tmp_path: Path) -> None:
    child = fork.Process(target=_run_until_killed, args=(tmp_path,))
    child.start()
    path = heartbeat_path(tmp_path, "killed")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        beat = last_heartbeat(path)
        if beat and quantity(beat, Unit.WALL_SECONDS) >= Decimal("0.03"):
            break
        time.sleep(0.01)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        (closed,) = close_open_attempts(ledger, tmp_path, at=AT)
        assert closed.event is Event.ABANDONED
        assert quantity(closed.usage, Unit.WALL_SECONDS) >= Decimal("0.03")
        assert closed.amount == cost_of(closed.usage, HOST)
        assert close_open_attempts(ledger, tmp_path, at=AT) == ()
        assert ledger.payer(KEY) == closed
        assert ledger.verify() == ()
    assert not path.exists()


def test_a_killed_stage_without_heartbeat_has_an_unknown_cost(
    tmp_path: Path, ledger: Ledger
) -> None:
    ledger.append(run_id="r", attempt_id="a", stage="train", event=Event.STARTED, at=AT, price=HOST)
    (closed,) = close_open_attempts(ledger, tmp_path, at=AT)
    assert closed.amount is None
    assert ledger.total().money() is None
    assert ledger.total().unpriced == 1
