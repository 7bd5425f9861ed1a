"""A thread that looks at the keys four times a second, and at the leases once."""

from __future__ import annotations

from threading import Event, Thread

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from undercut.operate.metering.database import Database
from undercut.operate.metering.key_cache import KeyCache
from undercut.operate.metering.lease_desk import LeaseDesk

_LOOK_SECONDS = 0.25
_LOOKS_PER_TICK = 4


class Watcher:
    """Keeps a server's memory of the books fresh."""

    def __init__(self, database: Database, keys: KeyCache, desk: LeaseDesk) -> None:
        self._database = database
        self._keys = keys
        self._desk = desk
        self._end = Event()
        self._connection: Connection | None = None
        self._thread = Thread(target=self._run, name="undercut-books-watcher", daemon=True)
        self.look()
        self._thread.start()

    def look(self) -> bool:
        """Read changed keys; False where the books cannot be read now."""
        try:
            if self._connection is None:
                self._connection = self._database.reader.connect()
            changed = self._keys.refresh(self._connection)
            self._connection.rollback()
        except SQLAlchemyError:
            # no reason to stop: the cache knows its age and refuses when it is too old
            self._drop()
            return False
        self._desk.renounce(changed)
        return True

    def close(self) -> None:
        """Stop looking."""
        self._end.set()
        self._thread.join()
        self._drop()

    def _run(self) -> None:
        looks = 0
        while not self._end.wait(_LOOK_SECONDS):
            self.look()
            looks += 1
            if looks % _LOOKS_PER_TICK == 0:
                self._desk.tick()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except SQLAlchemyError:
                # gone already
                return
