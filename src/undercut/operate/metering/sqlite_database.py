"""Books in an SQLite file: WAL, every commit on disk, one writer at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError

from undercut.core.errors import ConfigError
from undercut.operate.metering.at_once import Group
from undercut.operate.metering.database import Pair, Trouble
from undercut.operate.metering.sqlite_at_once import SETUP, write_at_once
from undercut.operate.metering.sqlite_writing import WRITER_PRAGMAS, lock_of

# in `Connection.info`: it has the view and the triggers that a group is written through
_READY = "undercut.at_once"
_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED")


class SqliteDatabase:
    """Implements `Database`.

    SQLite before 3.51.3 may corrupt a WAL that two connections write or checkpoint at the same
    moment, and many Pythons link an older one. So whoever writes, in any process, holds a lock
    file beside the database, closing included: the last to close checkpoints.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 0.25) -> None:
        if not path.parent.is_dir():
            raise ConfigError(
                f"{path}: the folder of the books does not exist",
                hint="make the folder, or give another place with --books",
            )
        _expect_sqlite(path)
        self.path = path
        self.name = str(path)
        self._lock = lock_of(path)
        self.writer = self._engine(
            f"sqlite:///{path}", busy_seconds, "BEGIN IMMEDIATE", WRITER_PRAGMAS
        )
        quoted = str(path.absolute()).replace("?", "%3f").replace("#", "%23")
        self.reader = self._engine(
            f"sqlite:///file:{quoted}?mode=ro&uri=true", busy_seconds, "BEGIN", ()
        )

    @contextmanager
    def exclusive(self, wait_seconds: float) -> Iterator[None]:
        """Hold the lock file; TimeoutError after `wait_seconds`."""
        self._lock.acquire(wait_seconds)
        try:
            yield
        finally:
            self._lock.release()

    def lock_accounts(self, connection: Connection, accounts: Sequence[str]) -> None:
        """Nothing to do: a write transaction of SQLite locks the whole file."""

    def among(
        self, table: str, columns: Sequence[str], key: Sequence[str], values: Sequence[Pair]
    ) -> tuple[str, tuple[object, ...]]:
        """As `Database.among`: the values come as one JSON document."""
        names = ", ".join(f"t.{name}" for name in columns)
        return (
            f"SELECT {names} FROM json_each(?) AS j CROSS JOIN {table} AS t"
            f" ON t.{key[0]} = json_extract(j.value, '$[0]')"
            f" AND t.{key[1]} = json_extract(j.value, '$[1]')"
        ), (json.dumps(values),)

    def at_one_moment(self, connection: Connection) -> None:
        """Nothing to do: a read transaction of a WAL is that."""

    @property
    def scribe_file(self) -> Path:
        """As `Database.scribe_file`."""
        return self.path

    @property
    def at_once(self) -> Callable[[Connection, Group], None]:
        """As `Database.at_once`."""
        return self._write_at_once

    def trouble(self, error: DBAPIError) -> Trouble:
        """BUSY and LOCKED pass; a full or failing disk does not by itself."""
        if isinstance(error, IntegrityError):
            return Trouble.ONE_JOB
        name = getattr(error.orig, "sqlite_errorname", "")
        if name.startswith(_PASSING):
            return Trouble.PASSING
        return Trouble.LASTING if name else Trouble.ONE_JOB

    def close(self) -> None:
        """Close what is open; connections in use close when they are given back."""
        self.reader.dispose()
        self.writer.dispose()
        self._lock.close()

    def _write_at_once(self, connection: Connection, group: Group) -> None:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        try:
            if not connection.info.get(_READY):
                for statement in SETUP:
                    raw.execute(statement)
                connection.info[_READY] = True
            write_at_once(raw, group)
        except sqlite3.Error as error:
            # as SQLAlchemy would word it: those who catch it tell errors apart by its classes
            raise DBAPIError.instance(
                "INSERT INTO at_once", None, error, sqlite3.Error, hide_parameters=True
            ) from error

    def _engine(self, url: str, busy_seconds: float, begin: str, pragmas: Sequence[str]) -> Engine:
        engine = create_engine(
            url,
            poolclass=NullPool,
            connect_args={"timeout": busy_seconds, "check_same_thread": False},
            execution_options={"preserve_rowcount": True},
        )

        @event.listens_for(engine, "connect")
        def _opened(raw: sqlite3.Connection, _record: object) -> None:
            # transactions are begun by hand: the module's own begin too late for a write
            raw.isolation_level = None
            with closing(raw.cursor()) as cursor:
                for pragma in pragmas:
                    cursor.execute(pragma)

        @event.listens_for(engine, "begin")
        def _begun(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine


def _expect_sqlite(path: Path) -> None:
    if not path.exists():
        return
    if not path.is_file():
        raise ConfigError(f"{path}: the books are a file, this is none")
    with path.open("rb") as file:
        head = file.read(16)
    if head and head != b"SQLite format 3\0":
        raise ConfigError(
            f"{path}: not an SQLite file", hint="another file name with --books, or move it away"
        )
