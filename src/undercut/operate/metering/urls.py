"""Where books are kept: an SQLite file or a PostgreSQL database, by URL."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from undercut.core.errors import ConfigError, MissingExtraError
from undercut.operate.metering.database import Database

_HINT: Final = "sqlite:///undercut-books.sqlite or postgresql://user@host/database"


def database_of(url: str) -> Database:
    """The database behind a URL; ConfigError for anything but SQLite files and PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        # the message leaves the URL out: it may hold a password
        raise ConfigError("the books' URL cannot be read", hint=_HINT) from error
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        if not parsed.database or parsed.database == ":memory:" or parsed.query:
            raise ConfigError("books in SQLite are a file", hint=_HINT)
        from undercut.operate.metering.sqlite_database import SqliteDatabase

        return SqliteDatabase(Path(parsed.database))
    if kind in ("postgresql", "postgres"):
        from undercut.operate.metering.postgres_database import PostgresDatabase

        try:
            return PostgresDatabase(parsed.set(drivername="postgresql+psycopg"))
        except ImportError as error:
            raise MissingExtraError("psycopg", "serve", "keeping books in PostgreSQL") from error
    raise ConfigError(f"books cannot be kept in {kind!r}", hint=_HINT)
