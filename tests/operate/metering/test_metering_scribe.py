"""A process beside the server writes plain requests: the same books, whatever becomes of it."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metering_helped import helped, scribe_of
from metering_requests import answered, new_caller, run, serve
from sqlalchemy import func, select

from undercut.core.errors import BooksUnavailableError, IdempotencyConflictError
from undercut.core.requests import Caller, Recorded, Ticket
from undercut.operate.metering import scribe_link, scribe_watch
from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.schema import claims, requests, writers
from undercut.operate.metering.scribe_frames import (
    FrameError,
    Plain,
    take_groups,
    take_replies,
    write_group,
    write_reply,
)

NOBODY = Caller("local", "no-key")
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_VALUE = st.none() | _TEXT | st.integers(-(2**63), 2**63 - 1)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[OpenBooks]:
    with open_books(f"sqlite:///{tmp_path / 'books.sqlite'}") as opened:
        yield opened


async def ask(
    books: OpenBooks, *, name: str | None = None, key: str | None = None, answer: bytes = b"{}"
) -> Recorded:
    """A plain request: nobody's limits are to be looked at."""
    request = answered(NOBODY, request_id=name, key=key, answer=answer)
    return await books.record(Ticket(NOBODY, 1), request)


def count(books: OpenBooks) -> tuple[int, int]:
    """Rows and claims; the books are in order."""
    assert books.read(check_books) == ()
    rows, keys = (
        books.read(lambda c, t=table: c.execute(select(func.count()).select_from(t)).scalar_one())
        for table in (requests, claims)
    )
    return rows, keys


@given(
    groups=st.lists(
        st.tuples(
            st.lists(st.lists(_VALUE, min_size=14, max_size=14), max_size=3),
            st.lists(st.tuples(_TEXT, _TEXT, st.binary(max_size=30)), max_size=3),
        ),
        max_size=4,
    ),
    cut=st.integers(1, 40),
)
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    groups: list[tuple[list[list[object]], list[tuple[str, str, bytes]]]], cut: int
) -> None:
    sent = [Plain(number, rows, keys) for number, (rows, keys) in enumerate(groups, 1)]
    stream = b"".join(map(write_group, sent))
    buffer, found = bytearray(), []
    for start in range(0, len(stream), cut):
        buffer += stream[start : start + cut]
        found += take_groups(buffer)
    assert found == sent
    assert not buffer


def test_replies_come_out_as_they_went_in() -> None:
    buffer = bytearray(write_reply(1, True) + write_reply(7, False) + b"\1")
    assert take_replies(buffer) == [(1, True), (7, False)]
    assert buffer == b"\1"


@pytest.mark.parametrize("spoil", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x0a\0\0\0" + b"\0" * 10])
def test_what_cannot_be_a_frame_is_an_error(spoil: bytes) -> None:
    with pytest.raises((FrameError, ValueError)):
        take_groups(bytearray(spoil))


def test_plain_requests_are_written_by_the_scribe(books: OpenBooks) -> None:
    async def work() -> None:
        async with helped(books):
            link = await scribe_of(books)
            done = await asyncio.gather(
                *(ask(books, key=f"key-{n}" if n % 3 == 0 else None) for n in range(60))
            )
            assert not any(one.repeat for one in done)
            last = books.read(
                lambda c: c.execute(
                    select(writers.c.last_group).where(writers.c.writer_id == link.writer_id)
                ).scalar_one()
            )
            assert last >= 1
        # it took its mark with it, and is gone
        assert link.process.returncode == 0
        assert not books.read(lambda c: c.execute(select(writers.c.writer_id)).all())

    run(work())
    assert count(books) == (60, 20)


def test_any_mix_is_counted_as_without_a_scribe(books: OpenBooks) -> None:
    limited, _ = new_caller(books, monthly_inputs=1000)
    chance = random.Random(4)

    async def one(number: int) -> bool:
        key = f"key-{chance.randrange(12)}" if number % 2 else None
        if number % 5 == 0:
            return (await serve(books, answered(limited, key=key, answer=b"{}"))).repeat
        return (await ask(books, key=key)).repeat

    async def work() -> list[bool]:
        async with helped(books):
            found = []
            for start in range(0, 300, 30):
                found += await asyncio.gather(*(one(n) for n in range(start, start + 30)))
            return found

    repeats = sum(run(work()))
    rows, keys = count(books)
    assert rows == 300 - repeats
    assert 0 < keys <= 24


def test_a_key_that_is_taken_gets_its_first_answer(books: OpenBooks) -> None:
    async def work() -> None:
        async with helped(books):
            first = await ask(books, key="k", answer=b"first" * 200)
            again, fresh = await asyncio.gather(ask(books, key="k"), ask(books))
            assert (first.repeat, again.repeat, fresh.repeat) == (False, True, False)
            assert again.answer == first.answer == b"first" * 200
            await ask(books, name="used")
            with pytest.raises(IdempotencyConflictError):
                await ask(books, name="used")

    run(work())
    assert count(books) == (3, 1)


def test_what_json_does_not_hold_is_left_to_the_server(books: OpenBooks) -> None:
    async def work() -> None:
        async with helped(books):
            odd = replace(answered(NOBODY), tokens=2**70)
            done = await asyncio.gather(
                books.record(Ticket(NOBODY, 1), odd),
                *(ask(books) for _ in range(3)),
                return_exceptions=True,
            )
            assert [isinstance(one, Recorded) for one in done] == [False, True, True, True]

    run(work())
    assert count(books) == (3, 0)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("key", [None, "k"])
def test_a_commit_without_a_reply_counts_once(
    books: OpenBooks, monkeypatch: pytest.MonkeyPatch, when: str, key: str | None
) -> None:
    """The scribe dies in its third group: the mark tells whether it stands."""
    dying(monkeypatch, when)

    async def work() -> None:
        async with helped(books):
            link = await scribe_of(books)
            for _ in range(2):
                await ask(books)
            done = await ask(books, key=key, answer=b"the answer")
            assert (done.answer, done.repeat) == (b"the answer", False)
            assert link.process.returncode == 1
            # the server goes on by itself meanwhile
            assert not (await ask(books)).repeat

    run(work())
    assert count(books) == (4, int(key is not None))


@pytest.mark.parametrize("key", [None, "k"])
def test_a_commit_that_stands_although_its_caller_was_told_otherwise(
    books: OpenBooks, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    """The books cannot be read when the scribe dies: taken out again, or kept for the retry."""
    dying(monkeypatch, "after")
    read, fails = scribe_watch.ScribeWatch._read_mark, [3]

    async def away(self: scribe_watch.ScribeWatch, writer_id: str) -> int:
        if fails[0]:
            fails[0] -= 1
            raise BooksUnavailableError("they are away", retry_after_seconds=1.0)
        return await read(self, writer_id)

    monkeypatch.setattr(scribe_watch.ScribeWatch, "_read_mark", away)
    monkeypatch.setattr(scribe_watch, "_LOOK_SECONDS", 0.01)

    async def work() -> None:
        async with helped(books):
            for _ in range(2):
                await ask(books)
            with pytest.raises(BooksUnavailableError):
                await ask(books, key=key, answer=b"first")
            while books.read(rows_of_requests) > 2 + (key is not None) or fails[0]:
                await asyncio.sleep(0.01)
            again = await ask(books, key=key, answer=b"again")
            assert again.repeat == (key is not None)
            assert again.answer == (b"first" if key else b"again")

    run(work())
    assert count(books) == (3, int(key is not None))


def rows_of_requests(connection: object) -> int:
    return int(connection.execute(select(func.count()).select_from(requests)).scalar_one())  # type: ignore[attr-defined]


def dying(monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    folder = str(Path(__file__).parent)
    monkeypatch.setenv("DYING", when)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(scribe_link, "MODULE", "metering_dying_scribe")


def test_scribes_killed_at_random_lose_and_double_nothing(
    books: OpenBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe_watch, "_AGAIN_SECONDS", 0.0)
    chance, kills = random.Random(5), 30
    names, told = itertools.count(), []

    async def work() -> None:
        stop = asyncio.Event()

        async def caller() -> None:
            while not stop.is_set():
                name = f"request-{next(names)}"
                key = f"key-{chance.randrange(40)}" if chance.random() < 0.3 else None
                done = await ask(books, name=name, key=key, answer=name.encode())
                told.append((name, done.answer.decode(), done.repeat))

        async with helped(books):
            callers = [asyncio.create_task(caller()) for _ in range(8)]
            killed = 0
            for _ in range(kills):
                link = await scribe_of(books, other_than=killed)
                killed = link.process.pid
                await asyncio.sleep(chance.uniform(0, 0.03))
                os.kill(killed, signal.SIGKILL)
            stop.set()
            await asyncio.gather(*callers)

    run(work())
    rows, keys = count(books)
    assert (
        rows
        == sum(name == answer for name, answer, _ in told)
        == len(told) - sum(repeat for *_, repeat in told)
    )
    assert keys <= 40
    assert rows > kills


def test_a_scribe_that_ends_while_the_server_stops_leaves_nobody_waiting(books: OpenBooks) -> None:
    async def work() -> None:
        async with helped(books) as watching:
            link = await scribe_of(books)
            os.kill(link.process.pid, signal.SIGSTOP)
            asking = [asyncio.create_task(ask(books)) for _ in range(5)]
            while not link.unsettled:
                await asyncio.sleep(0)
            watching.cancel()
            await asyncio.sleep(0.05)
            os.kill(link.process.pid, signal.SIGKILL)
            assert not any(one.repeat for one in await asyncio.gather(*asking))

    run(work())
    assert count(books) == (5, 0)


def test_a_foreign_lock_is_waited_for_with_the_servers_patience(
    books: OpenBooks, tmp_path: Path
) -> None:
    async def work() -> None:
        async with helped(books):
            await ask(books)
            shell = sqlite3.connect(
                tmp_path / "books.sqlite", isolation_level=None, check_same_thread=False
            )
            shell.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(0.8, shell.execute, "ROLLBACK")
            await ask(books)
            shell.close()

    run(work())
    assert count(books) == (2, 0)


def test_books_on_a_server_need_none(books_at: str) -> None:
    if books_at.startswith("sqlite"):
        pytest.skip("these have use for one")
    with open_books(books_at) as there:
        run(asyncio.wait_for(there.be_helped(), 1.0))
