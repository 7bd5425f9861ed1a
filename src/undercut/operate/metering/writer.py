"""Group commit: one thread writes; what waits while a commit is under way goes in the next."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from undercut.operate.metering.at_once import Group
from undercut.operate.metering.database import Database, Trouble, unavailable
from undercut.operate.metering.gathering import Gathering
from undercut.operate.metering.handing import Handing, Helper
from undercut.operate.metering.jobs import Job, TaskJob, tell_all
from undercut.operate.metering.marks import forget, mark, stands

_PAUSE_SECONDS = 0.02


class Transaction(Protocol):
    """What the writer does in a transaction; may run again after a failure."""

    def apply(self, connection: Connection, jobs: Sequence[Job]) -> None:
        """Write; sets each job's result or error, raises DBAPIError for the group."""
        ...

    def at_once(self, writer_id: str, number: int, jobs: Sequence[Job]) -> Group | None:
        """The group as one statement, with the jobs' results set; None where it takes more."""
        ...

    def undo(self, connection: Connection, jobs: Sequence[Job]) -> None:
        """Take out a group that stands although its callers were told it was not written."""
        ...

    def refusal(self, job: Job, error: Exception) -> Exception | None:
        """What a job is told that alone was refused; None where the books are unusable."""
        ...


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A commit that went unanswered, with what the jobs would have been told."""

    number: int
    jobs: Sequence[Job]
    outcomes: Sequence[tuple[object, Exception | None]]


class GroupWriter:
    """The only one in this process who writes into the books.

    patience_seconds: how long a group is tried again while the database is away or locked.
    """

    def __init__(
        self, database: Database, transaction: Transaction, *, patience_seconds: float = 2.0
    ) -> None:
        self._database = database
        self._transaction = transaction
        self._patience_seconds = patience_seconds
        self._waiting: Gathering[Job] = Gathering()
        self._handing = Handing(self._waiting)
        self._connection: Connection | None = None
        self._id = uuid.uuid4().hex
        self._number = 0
        self._doubt: _Attempt | None = None
        self._undo: list[Sequence[Job]] = []
        self._thread = Thread(target=self._run, name="undercut-books-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job: one with an event loop from there, others from any thread.

        BooksUnavailableError after `close`.
        """
        self._handing.submit(job)

    @property
    def helpers(self) -> dict[asyncio.AbstractEventLoop, Helper]:
        """Whom a loop's jobs are offered to first."""
        return self._handing.helpers

    def take_over(self, jobs: Sequence[Job]) -> None:
        """Write what a helper did not, from the loop of the jobs."""
        self._handing.pass_on(jobs)

    async def undo(self, jobs: Sequence[Job]) -> None:
        """Take out of the books what a helper wrote of jobs that were told otherwise."""
        job = TaskJob(
            lambda connection: self._transaction.undo(connection, jobs),
            loop=asyncio.get_running_loop(),
        )
        self.submit(job)
        await job.future

    def close(self) -> None:
        """Finish what is queued, then let go of the database."""
        self._waiting.close()
        self._thread.join()

    def _run(self) -> None:
        while (group := self._waiting.take()) is not None:
            self._write(group)
        self._let_go()

    def _write(self, group: Sequence[Job]) -> None:
        try:
            self._until_committed(group)
        except Exception as error:  # noqa: BLE001 - told to the callers; the thread must live on
            self._drop()
            if self._is_about_one(error):
                if len(group) > 1:
                    for job in group:
                        self._write([job])
                    return
                refusal = self._transaction.refusal(group[0], error)
                self._fail(group, refusal or unavailable(self._database.name, error))
            else:
                self._fail(group, unavailable(self._database.name, error))
        for job in group:
            job.ended()
        tell_all(group)

    def _is_about_one(self, error: Exception) -> bool:
        """Whether what was to be written is at fault, rather than the database or the disk."""
        if isinstance(error, DBAPIError):
            return self._database.trouble(error) is Trouble.ONE_JOB
        return not isinstance(error, OSError)

    def _fail(self, group: Sequence[Job], error: Exception) -> None:
        for job in group:
            job.result, job.error = None, error
        if self._doubt is not None:
            # nobody may learn later that it stands: it is looked up when the database is back
            self._doubt = _Attempt(self._doubt.number, self._doubt.jobs, ())

    def _until_committed(self, group: Sequence[Job]) -> None:
        deadline = time.monotonic() + self._patience_seconds
        while True:
            try:
                with self._database.exclusive(max(0.0, deadline - time.monotonic())):
                    self._transact(group)
                return
            except (DBAPIError, OSError) as error:
                self._drop()
                passing = isinstance(error, DBAPIError) and (
                    self._database.trouble(error) is Trouble.PASSING
                )
                if not passing or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_SECONDS)

    def _transact(self, group: Sequence[Job]) -> None:
        connection = self._connected()
        if self._settled(connection, group):
            return
        self._number += 1
        if self._written_at_once(connection, group):
            return
        mark(connection, self._id, self._number)
        for told_otherwise in self._undo:
            self._transaction.undo(connection, told_otherwise)
        for job in group:
            job.begin()
        self._transaction.apply(connection, group)
        # from here to the end of the commit nobody knows whether it stands
        self._doubt = _Attempt(self._number, group, [(job.result, job.error) for job in group])
        connection.commit()
        self._doubt = None
        self._undo.clear()

    def _written_at_once(self, connection: Connection, group: Sequence[Job]) -> bool:
        """Write what needs no looks between; False where the ordinary way is to be taken."""
        write = self._database.at_once
        if write is None or self._undo or connection.in_transaction():
            return False
        for job in group:
            job.begin()
        statement = self._transaction.at_once(self._id, self._number, group)
        if statement is None:
            return False
        self._doubt = _Attempt(self._number, group, [(job.result, job.error) for job in group])
        try:
            write(connection, statement)
        except IntegrityError:
            # something is in the books already, so nothing of the group stands
            self._doubt = None
            return False
        self._doubt = None
        return True

    def _settled(self, connection: Connection, group: Sequence[Job]) -> bool:
        """Look up an unanswered commit; True where it was that of this group, and it stands."""
        doubt = self._doubt
        if doubt is None:
            return False
        found = stands(connection, self._id, doubt.number)
        self._doubt = None
        if not found:
            return False
        if doubt.jobs is group and doubt.outcomes:
            connection.rollback()
            for job, (result, error) in zip(group, doubt.outcomes, strict=True):
                job.result, job.error = result, error
            self._undo.clear()
            return True
        # it carried out what was to be undone, and is now to be undone itself
        self._undo[:] = [doubt.jobs]
        return False

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._database.writer.connect()
        return self._connection

    def _drop(self) -> None:
        """Close the connection: after an error nobody knows what state it is in."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.invalidate()
            connection.close()
        except SQLAlchemyError:
            # it is gone already, and that is all that was wanted
            return

    def _let_go(self) -> None:
        try:
            with self._database.exclusive(self._patience_seconds):
                if self._connection is not None:
                    forget(self._connection, self._id)
                    self._connection.commit()
                self._drop()
        except (DBAPIError, OSError):
            # the mark of a writer that is gone harms nobody; all that was promised is committed
            self._drop()
