"""Brings the books' tables up to date when they are opened, one process at a time."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from undercut.core.errors import ConfigError
from undercut.operate.metering.database import Database, Trouble, unavailable
from undercut.operate.metering.schema import books

NEWEST: Final = "0002"
_KNOWN: Final = frozenset({"0001", "0002"})
_PAUSE_SECONDS: Final = 0.1
_LOCK: Final = "undercut books migration"


def bring_up_to_date(database: Database, *, wait_seconds: float = 5.0) -> str:
    """Make or migrate the tables under a lock; returns the books' id.

    Raises ConfigError for a database that holds something else or was written by a newer
    version, BooksUnavailableError where it cannot be reached.
    """
    try:
        # a look first: books that are up to date need neither the lock nor alembic
        found = _current(database)
        if found is not None:
            return found
        return _under_lock(database, time.monotonic() + wait_seconds)
    except (DBAPIError, OSError) as error:
        raise unavailable(database.name, error) from error


def _under_lock(database: Database, deadline: float) -> str:
    while True:
        try:
            with (
                database.exclusive(max(0.0, deadline - time.monotonic())),
                database.writer.begin() as connection,
            ):
                database.lock_accounts(connection, [_LOCK])
                _upgrade(connection, database.name)
                return _identity(connection)
        except DBAPIError as error:
            if database.trouble(error) is not Trouble.PASSING or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_SECONDS)


def _current(database: Database) -> str | None:
    path = getattr(database, "path", None)
    if path is not None and not path.exists():
        return None
    try:
        with database.reader.connect() as connection:
            version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            return _identity(connection) if version == NEWEST else None
    except DBAPIError:
        # new, foreign, locked or away: found out, and waited for, under the lock
        return None


def _identity(connection: Connection) -> str:
    return str(connection.execute(select(books.c.books_id)).scalar_one())


def _version(connection: Connection, name: str) -> str | None:
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        if tables:
            raise ConfigError(
                f"{name}: holds tables, but not those of undercut's books",
                hint="an empty database, or another file name, with --books",
            )
        return None
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version is not None and version not in _KNOWN:
        raise ConfigError(
            f"{name}: books of schema {version}, this version reads up to {NEWEST}",
            hint="a newer version of undercut",
        )
    return version


def _upgrade(connection: Connection, name: str) -> None:
    # read again: another process may have made the tables while this one waited
    before = _version(connection, name)
    if before == NEWEST:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, NEWEST)
    if before is None:
        row = {"id": 1, "books_id": uuid.uuid4().hex, "key_version": 0}
        connection.execute(insert(books).values(row))
