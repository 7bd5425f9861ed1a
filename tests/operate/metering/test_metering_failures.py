"""Full disks, foreign locks, servers that go: nothing is answered unmetered, nothing needs a
restart."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from metering_cut_wire import CutWire
from metering_postgres import PostgresServer, binaries
from metering_requests import answered, new_caller, run, serve
from sqlalchemy import func, select

from undercut.core.errors import BooksUnavailableError
from undercut.core.requests import Caller
from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.checks import check_books
from undercut.operate.metering.schema import requests

RECOVERY_SECONDS = 5.0


def count(books: OpenBooks) -> int:
    return int(
        books.read(lambda c: c.execute(select(func.count()).select_from(requests)).scalar_one())
    )


def until_it_records(books: OpenBooks, caller: Caller) -> float:
    """Seconds until a request goes through; fails after the time that is allowed."""
    start = time.monotonic()
    while True:
        try:
            run(serve(books, answered(caller)))
        except BooksUnavailableError:
            assert time.monotonic() - start < RECOVERY_SECONDS
            time.sleep(0.05)
        else:
            return time.monotonic() - start


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk; the limit on file sizes is tested instead")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this sandbox cannot mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    with open_books(f"sqlite:///{small_disk / 'books.sqlite'}") as books:
        caller, _ = new_caller(books)
        ballast = small_disk / "ballast"
        recorded = 0
        fill(ballast)
        with pytest.raises(BooksUnavailableError) as refused:  # noqa: PT012 - until it is full
            for _ in range(10_000):
                run(serve(books, answered(caller, answer=os.urandom(3000), key=f"k{recorded}")))
                recorded += 1
        assert refused.value.retry_after_seconds is not None
        # reading goes on; what was answered is there
        assert count(books) == recorded
        ballast.unlink()
        assert until_it_records(books, caller) < RECOVERY_SECONDS
        assert count(books) == recorded + 1
        assert books.read(check_books) == ()


def fill(path: Path) -> None:
    """Leave about a hundred kilobytes."""
    free = os.statvfs(path.parent)
    path.write_bytes(b"x" * max(0, free.f_bavail * free.f_frsize - 100_000))


def test_a_limit_on_file_sizes(tmp_path: Path) -> None:
    """The same for those who are not root: the system refuses to let files grow."""
    code = f"""
import asyncio, resource, signal, sys
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[3] / "src")]!r}
from metering_requests import answered, new_caller, run, serve
from undercut.core.errors import BooksUnavailableError
from undercut.operate.metering.books import open_books
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
books = open_books("sqlite:///{tmp_path / "books.sqlite"}")
caller, _ = new_caller(books)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
done = 0
try:
    while done < 10_000:
        run(serve(books, answered(caller, answer=b"x" * 400, key=f"k{{done}}")))
        done += 1
except BooksUnavailableError:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
run(serve(books, answered(caller)))
books.close()
print(done)
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    with open_books(f"sqlite:///{tmp_path / 'books.sqlite'}") as books:
        assert 0 < int(ran.stdout) < 10_000
        assert count(books) == int(ran.stdout) + 1
        assert books.read(check_books) == ()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 400_000


def test_a_foreign_lock_on_the_file(tmp_path: Path) -> None:
    """Somebody's shell holds a write transaction and never heard of our lock file."""
    path = tmp_path / "books.sqlite"
    with open_books(f"sqlite:///{path}", patience_seconds=0.5) as books:
        caller, _ = new_caller(books)
        with sqlite3.connect(path, isolation_level=None) as shell:
            shell.execute("BEGIN IMMEDIATE")
            start = time.monotonic()
            with pytest.raises(BooksUnavailableError, match="locked"):
                run(serve(books, answered(caller)))
            assert time.monotonic() - start < 2
            shell.execute("ROLLBACK")
        assert until_it_records(books, caller) < RECOVERY_SECONDS
        assert count(books) == 1


def test_a_short_lock_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "books.sqlite"
    with open_books(f"sqlite:///{path}") as books:
        caller, _ = new_caller(books)
        shell = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        shell.execute("BEGIN IMMEDIATE")

        async def work() -> None:
            asyncio.get_running_loop().call_later(0.6, shell.execute, "ROLLBACK")
            await serve(books, answered(caller))

        run(work())
        shell.close()
        assert count(books) == 1


def test_a_server_that_goes_and_comes_back() -> None:
    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed: neither initdb nor pg_ctl was found")
    server = PostgresServer()
    try:
        with open_books(server.database(), patience_seconds=0.5) as books:
            caller, secret = new_caller(books, monthly_inputs=1000)
            run(serve(books, answered(caller, key="k", answer=b"1")))
            server.stop()
            with pytest.raises(BooksUnavailableError):
                run(serve(books, answered(caller)))
            with pytest.raises(BooksUnavailableError):
                run(books.replay(caller, "k", answered(caller).body_sha256))
            server.start()
            assert until_it_records(books, caller) < RECOVERY_SECONDS
            assert run(books.replay(caller, "k", answered(caller).body_sha256)) == b"1"
            assert books.gate.authenticate(secret) == caller
            assert count(books) == 2
            assert books.read(check_books) == ()
    finally:
        server.remove()


@pytest.fixture
def wire(postgres: PostgresServer) -> Iterator[CutWire]:
    wire = CutWire(postgres.port)
    yield wire
    wire.close()


@pytest.mark.parametrize("carry", [True, False])
@pytest.mark.parametrize("key", ["k", None])
def test_a_commit_whose_answer_is_lost_is_looked_up(
    postgres: PostgresServer, wire: CutWire, carry: bool, key: str | None
) -> None:
    """Whether it stands or not: one row, one charge, and the caller gets the answer."""
    url = postgres.database().replace(str(postgres.port), str(wire.port))
    with open_books(url) as books:
        caller, _ = new_caller(books, monthly_inputs=10)

        async def work() -> None:
            ticket = await books.gate.admit(caller, 2, None)
            wire.carry, wire.cuts = carry, 1
            done = await books.record(ticket, answered(caller, key=key, inputs=2, answer=b"a"))
            assert (done.answer, done.repeat) == (b"a", False)

        run(work())
        assert wire.cut_commits == 1
        assert count(books) == 1
        assert books.read(check_books) == ()
        # nothing of the quota is lost or gained
        for _ in range(8):
            run(serve(books, answered(caller)))
        assert books.read(check_books) == ()


def test_a_commit_that_stood_after_its_callers_gave_up_is_undone(
    postgres: PostgresServer, wire: CutWire
) -> None:
    """They were told that nothing was written. One with a key keeps its row for its retry."""
    url = postgres.database().replace(str(postgres.port), str(wire.port))
    with open_books(url, patience_seconds=0.0) as books:
        caller, _ = new_caller(books)
        wire.cuts = 1

        async def work() -> list[object]:
            both = [answered(caller, inputs=5), answered(caller, inputs=3, key="k", answer=b"a")]
            return await asyncio.gather(
                *(serve(books, one) for one in both), return_exceptions=True
            )

        assert [type(one) for one in run(work())] == [BooksUnavailableError] * 2
        assert count(books) == 2
        until_it_records(books, caller)
        assert count(books) == 2
        again = run(serve(books, answered(caller, inputs=3, key="k", answer=b"b")))
        assert (again.repeat, again.answer) == (True, b"a")
        assert books.read(check_books) == ()


def test_keys_are_not_trusted_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot read the books cannot see revocations."""
    from undercut.operate.metering import key_cache

    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed: neither initdb nor pg_ctl was found")
    monkeypatch.setattr(key_cache, "STALE_SECONDS", 0.5)
    server = PostgresServer()
    try:
        with open_books(server.database(), patience_seconds=0.2) as books:
            _, secret = new_caller(books)
            server.stop()
            waits(lambda: _refused(books, secret))
            server.start()
            waits(lambda: not _refused(books, secret))
    finally:
        server.remove()


def waits(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _refused(books: OpenBooks, secret: str) -> bool:
    try:
        books.gate.authenticate(secret)
    except BooksUnavailableError:
        return True
    return False
