"""Groups written as one statement: the same rows and sums, all or nothing."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metering_requests import answered, new_caller, serve
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from undercut.core.errors import BooksUnavailableError, IdempotencyConflictError, InputError
from undercut.core.requests import Caller
from undercut.operate.metering import sqlite_database
from undercut.operate.metering.at_once import Group
from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.jobs import Job
from undercut.operate.metering.marks import stands
from undercut.operate.metering.migrate import bring_up_to_date
from undercut.operate.metering.recording import Recording, RecordJob
from undercut.operate.metering.rows import request_row
from undercut.operate.metering.schema import claims, requests
from undercut.operate.metering.sqlite_at_once import _padded
from undercut.operate.metering.sqlite_database import SqliteDatabase
from undercut.operate.metering.writer_lock import WriterLock


@given(count=st.integers(1, 2000))
def test_a_group_is_filled_up_by_less_than_half(count: int) -> None:
    size = _padded(count)
    assert count <= size <= max(4, count * 1.5)


@settings(max_examples=15, deadline=None)
@given(
    wanted=st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=60),
    seed=st.integers(0, 2**32),
)
def test_any_mix_of_plain_keyed_and_repeated_requests_adds_up(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[tuple[bool, int]], seed: int
) -> None:
    path = tmp_path_factory.mktemp("books") / "books.sqlite"
    with open_books(f"sqlite:///{path}") as books:
        caller, _ = new_caller(books)

        async def ask(number: int, key: str | None) -> bool:
            request = answered(caller, request_id=f"{seed}-{number}", key=key, answer=b"{}")
            return (await serve(books, request)).repeat

        async def all_at_once() -> list[bool]:
            return await asyncio.gather(
                *(
                    ask(number, f"key-{key}" if keyed else None)
                    for number, (keyed, key) in enumerate(wanted)
                )
            )

        repeats = asyncio.run(all_at_once())
        plain = sum(not keyed for keyed, _ in wanted)
        keys = len({key for keyed, key in wanted if keyed})
        assert len(wanted) - sum(repeats) == plain + keys
        rows = books.read(lambda c: c.execute(select(func.count()).select_from(requests)).scalar())
        assert rows == plain + keys
        held = books.read(lambda c: c.execute(select(func.count()).select_from(claims)).scalar())
        assert held == keys
        assert books.read(check_books) == ()


def test_one_used_request_id_refuses_one_request_of_the_group(books: OpenBooks) -> None:
    caller, _ = new_caller(books)

    async def ask(name: str) -> object:
        return await serve(books, answered(caller, request_id=name))

    asyncio.run(ask("used"))

    async def group() -> list[object]:
        names = ["a", "used", "b", "c"]
        return await asyncio.gather(*(ask(name) for name in names), return_exceptions=True)

    done = asyncio.run(group())
    assert [isinstance(one, IdempotencyConflictError) for one in done] == [
        False,
        True,
        False,
        False,
    ]
    assert books.read(check_books) == ()


def test_what_was_submitted_in_the_turn_of_closing_is_told(tmp_path: Path) -> None:
    books = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    caller, _ = new_caller(books)

    async def close_in_between() -> None:
        task = asyncio.ensure_future(serve(books, answered(caller, request_id="late")))
        # one turn: the job stands in the loop's buffer and not yet in the writer's queue
        while not books._writer._handing._turns:
            await asyncio.sleep(0)
        books._writer._waiting.close()
        with pytest.raises(BooksUnavailableError):
            await task

    asyncio.run(close_in_between())
    books.close()


@pytest.mark.parametrize("key", [None, "retry-me"])
@pytest.mark.parametrize("name", ["SQLITE_BUSY", "SQLITE_IOERR"])
def test_a_group_that_stands_although_its_statement_failed_counts_once_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None, name: str
) -> None:
    """The worst place for a failure: behind the commit, before anybody has learnt of it."""
    written = sqlite_database.write_at_once
    left = [1]

    def lost(raw: sqlite3.Connection, group: Group) -> None:
        written(raw, group)
        if left[0]:
            left[0] -= 1
            error = sqlite3.OperationalError("the answer was lost")
            error.sqlite_errorname = name
            raise error

    with open_books(f"sqlite:///{tmp_path / 'books.sqlite'}") as books:
        caller, _ = new_caller(books)
        monkeypatch.setattr(sqlite_database, "write_at_once", lost)
        if name == "SQLITE_BUSY":  # tried again, and found to stand
            assert not asyncio.run(serve(books, answered(caller, request_id="a", key=key))).repeat
        else:  # told as a failure: taken out again, or kept for the retry
            with pytest.raises(BooksUnavailableError):
                asyncio.run(serve(books, answered(caller, request_id="a", key=key)))
            again = asyncio.run(serve(books, answered(caller, request_id="b", key=key)))
            assert again.repeat == (key is not None)
        assert left == [0]
        assert books.read(_counts) == (1, int(key is not None))
        assert books.read(check_books) == ()


def _counts(connection: Connection) -> tuple[int, ...]:
    return tuple(
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (requests, claims)
    )


def test_the_largest_group_is_one_statement(tmp_path: Path) -> None:
    """Every line of its own kind: 512 tenants with a key each, and one mark."""
    database = SqliteDatabase(tmp_path / "books.sqlite")
    bring_up_to_date(database)

    async def jobs() -> list[RecordJob]:
        loop = asyncio.get_running_loop()
        asked = [
            answered(Caller(f"tenant-{n}", "k"), request_id="r", key="key") for n in range(512)
        ]
        return [RecordJob(loop, one, request_row(one, "k", "2026-11")) for one in asked]

    group = Recording(database).at_once("writer", 1, asyncio.run(jobs()))
    assert group is not None
    with database.exclusive(1.0), database.writer.connect() as connection:
        database.at_once(connection, group)
        assert _counts(connection) == (512, 512)
        assert check_books(connection) == ()
        with pytest.raises(IntegrityError):
            database.at_once(connection, replace(group, number=2))
        # all or nothing: neither mark nor sums moved
        assert check_books(connection) == ()
        assert stands(connection, "writer", 1)
        connection.rollback()
    database.close()


def test_sums_beyond_a_column_take_the_ordinary_way(books: OpenBooks) -> None:
    caller, _ = new_caller(books)

    async def group() -> list[object]:
        tokens = [1, 2**63, 1]
        asked = [serve(books, replace(answered(caller), tokens=count)) for count in tokens]
        return await asyncio.gather(*asked, return_exceptions=True)

    done = asyncio.run(group())
    assert [isinstance(one, InputError) for one in done] == [False, True, False]
    assert books.read(check_books) == ()


def test_a_loop_that_dies_within_its_turn_leaves_no_reservation(tmp_path: Path) -> None:
    with open_books(f"sqlite:///{tmp_path / 'books.sqlite'}") as books:
        caller, _ = new_caller(books, monthly_inputs=10)
        loop = asyncio.new_event_loop()
        task = loop.create_task(serve(books, answered(caller)))
        while not any(isinstance(one, RecordJob) for turn in _turns(books) for one in turn):
            loop.call_soon(loop.stop)
            loop.run_forever()
        loop._ready.clear()  # type: ignore[attr-defined]
        loop.close()
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        (lease,) = books._desk._leases.values()
        assert lease.open == 1
        asyncio.run(serve(books, answered(caller)))
        assert lease.open == 0
        assert books.read(_counts) == (1, 0)
        assert not _turns(books)


def _turns(books: OpenBooks) -> list[list[Job]]:
    return list(books._writer._handing._turns.values())


def test_a_lock_whose_file_was_replaced_is_the_new_file_soon(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    one, other = WriterLock(path), WriterLock(path)
    one.acquire(0.0)
    one.release()
    path.unlink()
    other.acquire(0.0)
    one._look = 0.0  # a second later
    with pytest.raises(TimeoutError, match="process"):
        one.acquire(0.05)
    other.release()
    one.acquire(0.0)
    one.release()
    one.close()
    other.close()


def test_the_lock_keeps_processes_and_threads_apart(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    one, other = WriterLock(path), WriterLock(path)
    one.acquire(0.0)
    with pytest.raises(TimeoutError, match="process"):
        other.acquire(0.05)
    found: list[Exception] = []

    def same_handle() -> None:
        try:
            one.acquire(0.05)
        except TimeoutError as error:
            found.append(error)

    thread = threading.Thread(target=same_handle)
    thread.start()
    thread.join()
    assert "thread" in str(found[0])
    started = time.monotonic()
    threading.Timer(0.1, one.release).start()
    other.acquire(5.0)
    assert time.monotonic() - started < 2
    other.release()
    handles = one._handle, other._handle
    one.close()
    other.close()
    for handle in handles:
        assert handle is not None
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(handle)


def test_a_lock_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "missing" / "lock")
    with pytest.raises(FileNotFoundError):
        lock.acquire(0.0)
    with pytest.raises(FileNotFoundError):
        lock.acquire(0.0)
