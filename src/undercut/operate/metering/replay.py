"""Looking answers up by idempotency key: what waits while a query runs goes in the next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from threading import Thread

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from undercut.operate.metering.claiming import conflict, standing
from undercut.operate.metering.database import Database, unavailable
from undercut.operate.metering.gathering import Gathering
from undercut.operate.metering.handing import Handing
from undercut.operate.metering.jobs import Job, tell_all


class ReplayJob(Job):
    """Asks for the answer that a key got; the result is None for a new key."""

    __slots__ = ("body_sha256", "claimed")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, claimed: tuple[str, str], body_sha256: str
    ) -> None:
        super().__init__(loop)
        self.claimed = claimed
        self.body_sha256 = body_sha256


class Replays:
    """A thread with a reading connection of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: Gathering[ReplayJob] = Gathering(most=256)
        self._handing = Handing(self._waiting)
        self._connection: Connection | None = None
        self._thread = Thread(target=self._run, name="undercut-books-reader", daemon=True)
        self._thread.start()

    def submit(self, job: ReplayJob) -> None:
        """Queue a question, from its event loop; BooksUnavailableError after `close`."""
        self._handing.submit(job)

    def close(self) -> None:
        """Answer what is queued, then close the connection."""
        self._waiting.close()
        self._thread.join()

    def _run(self) -> None:
        while (group := self._waiting.take()) is not None:
            self._answer(group)
            tell_all(group)
        self._drop()

    def _answer(self, group: Sequence[ReplayJob]) -> None:
        for last_try in (False, True):
            try:
                self._look_up(group)
                return
            except DBAPIError as error:
                # the server may have been started again since the last question
                self._drop()
                failure = unavailable(self._database.name, error)
            except Exception as error:  # noqa: BLE001 - told to the callers; the thread lives on
                self._drop()
                for job in group:
                    job.error = error
                return
            if last_try:
                for job in group:
                    job.error = failure

    def _look_up(self, group: Sequence[ReplayJob]) -> None:
        if self._connection is None:
            self._connection = self._database.reader.connect()
        claimed = sorted({job.claimed for job in group})
        found = {one.claimed: one for one in standing(self._connection, self._database, claimed)}
        self._connection.rollback()
        for job in group:
            one = found.get(job.claimed)
            if one is None:
                continue
            if one.body_sha256 != job.body_sha256:
                job.error = conflict(job.claimed[1])
            else:
                job.result = one.answer

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except SQLAlchemyError:
                # gone already
                return
