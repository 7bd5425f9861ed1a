"""The durable record of answered requests, and the one door to everything kept beside it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from undercut.core.errors import BooksUnavailableError, ConfigError
from undercut.core.requests import AnsweredRequest, Caller, Recorded, Ticket
from undercut.operate.metering.charging import Need
from undercut.operate.metering.claiming import check_idempotency_key
from undercut.operate.metering.clock import Clock
from undercut.operate.metering.database import Database, unavailable
from undercut.operate.metering.gate import KeyGate
from undercut.operate.metering.jobs import TaskJob
from undercut.operate.metering.key_cache import KeyCache
from undercut.operate.metering.lease_desk import LEASE_SECONDS, LeaseDesk
from undercut.operate.metering.local_lease import Reservation
from undercut.operate.metering.migrate import bring_up_to_date
from undercut.operate.metering.recording import Recording, RecordJob
from undercut.operate.metering.replay import ReplayJob, Replays
from undercut.operate.metering.rows import month_of, request_row
from undercut.operate.metering.scribe_watch import ScribeWatch
from undercut.operate.metering.urls import database_of
from undercut.operate.metering.watcher import Watcher
from undercut.operate.metering.writer import GroupWriter

T = TypeVar("T")


def open_books(
    url: str,
    *,
    clock: Clock | None = None,
    patience_seconds: float = 2.0,
    lease_seconds: float = LEASE_SECONDS,
) -> OpenBooks:
    """Open or make books; `sqlite:///file` or `postgresql://user@host/database`.

    patience_seconds: how long a write waits while the database is locked or away. Open them
    after forking, once per process. Raises ConfigError for a database that is not ours, and
    BooksUnavailableError for one that cannot be reached.
    """
    database = database_of(url)
    try:
        books_id = bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return OpenBooks(database, books_id, clock or Clock(), patience_seconds, lease_seconds)


class OpenBooks:
    """Implements `core.requests.Books`; `gate` implements `Gate`.

    books_id: made with the tables, in every event that leaves them.
    """

    def __init__(
        self,
        database: Database,
        books_id: str,
        clock: Clock,
        patience_seconds: float,
        lease_seconds: float,
    ) -> None:
        self.books_id = books_id
        self.name = database.name
        self.clock = clock
        self._database = database
        self._writer = GroupWriter(database, Recording(database), patience_seconds=patience_seconds)
        self._replays = Replays(database)
        self._keys = KeyCache(clock)
        self._desk = LeaseDesk(self._writer.submit, clock, lease_seconds=lease_seconds)
        self.gate = KeyGate(self._keys, self._desk, clock)
        self._watcher = Watcher(database, self._keys, self._desk)

    async def replay(self, caller: Caller, key: str, body_sha256: str) -> bytes | None:
        """As `Books.replay`; InputError for a key that is none."""
        check_idempotency_key(key)
        job = ReplayJob(asyncio.get_running_loop(), (caller.tenant, key), body_sha256)
        self._replays.submit(job)
        answer: bytes | None = await job.future
        return answer

    async def record(self, ticket: Ticket, request: AnsweredRequest) -> Recorded:
        """As `Books.record`. Ends the ticket whatever happens: releasing it later does nothing.

        Also raises QuotaExceededError where the reservation was lost meanwhile (this process
        slept for longer than its lease) and the limits are used up; nothing was charged then.
        """
        # taken before anything can fail or be cancelled: a release in between finds nothing
        held = self.gate.take(ticket)
        try:
            job = self._job(ticket, held, request)
            self._writer.submit(job)
        except BaseException:
            _close(held, None, charged=False)
            raise
        recorded: Recorded = await job.outcome()
        return recorded

    async def be_helped(self) -> None:
        """Let a process of its own write the plain requests of this event loop, until cancelled.

        Returns at once where the books have no use for one.
        """
        if self._database.scribe_file is not None and sys.platform != "win32":
            await ScribeWatch(self._database.scribe_file, self._writer).run()

    def write(self, work: Callable[[Connection], T], *, locks: Sequence[str] = ()) -> T:
        """Do a write in the writer's thread and wait for it; not from an event loop.

        locks: names that no two writers of these books hold at once.
        """
        job = TaskJob(work, locks=locks)
        self._writer.submit(job)
        result: T = job.future.result()
        return result

    async def write_async(self, work: Callable[[Connection], T]) -> T:
        """Like `write`, from an event loop."""
        job = TaskJob(work, loop=asyncio.get_running_loop())
        self._writer.submit(job)
        result: T = await job.future
        return result

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for queries; BooksUnavailableError where the database does not answer."""
        try:
            with self._database.reader.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise unavailable(self.name, error) from error

    def read(self, query: Callable[[Connection], T]) -> T:
        """Run one query."""
        with self.reading() as connection:
            return query(connection)

    def snapshot(self, query: Callable[[Connection], T]) -> T:
        """Run a long query, or several that must see the books at one moment."""
        with self.reading() as connection:
            self._database.at_one_moment(connection)
            return query(connection)

    def refresh_keys(self) -> None:
        """Look at the keys now rather than within a quarter of a second."""
        with self.reading() as connection:
            changed = self._keys.refresh(connection)
        self._desk.renounce(changed)

    def close(self) -> None:
        """Give leases back, finish what is queued, close; nothing that was promised is lost."""
        self._watcher.close()
        # closing twice is closing once
        with suppress(BooksUnavailableError):
            self._desk.close_all()
        self._replays.close()
        self._writer.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _job(self, ticket: Ticket, held: Reservation | None, request: AnsweredRequest) -> RecordJob:
        _check(ticket, request)
        key = self.gate.known(request.caller)
        account = request.caller.key_id if key is None else key.account
        month = ticket.month or month_of(request.answered_at)
        need = self.gate.need(key, held, ticket, request)
        return RecordJob(
            asyncio.get_running_loop(),
            request,
            request_row(request, account, month),
            need=need,
            close=None if held is None else partial(_close, held, need),
        )


def _close(held: Reservation | None, need: Need | None, charged: bool) -> None:
    """End a reservation: what was charged is spent, the rest can be reserved again."""
    if held is not None and need is not None and charged:
        held.close(need.inputs, need.attos)
    elif held is not None:
        held.close()


def _check(ticket: Ticket, request: AnsweredRequest) -> None:
    if request.idempotency_key is not None:
        check_idempotency_key(request.idempotency_key)
    # mostly the same object, and to compare two takes longer than all the rest
    if request.caller is not ticket.caller and request.caller != ticket.caller:
        raise ConfigError("a request is recorded with the ticket of its own caller")
    cost, most = request.cost, ticket.reserved
    if cost is not None and most is not None and cost.currency != most.currency:
        raise ConfigError(f"{cost} was answered, {most} reserved: the currencies differ")
    if request.inputs < 0 or request.tokens < 0 or (cost is not None and cost.amount < 0):
        raise ConfigError(f"a request cannot count below zero, got {request.inputs} inputs")
