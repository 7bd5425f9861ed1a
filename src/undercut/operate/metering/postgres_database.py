"""Books in PostgreSQL: several server processes on several machines share them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from undercut.operate.metering.database import Pair, Trouble

_SETTINGS = (
    "SET synchronous_commit = on",
    "SET statement_timeout = '10s'",
    "SET timezone = 'UTC'",
    # a transaction lasts milliseconds and holds locks that others wait for: where its machine
    # vanished or its process sleeps, the server ends it
    "SET lock_timeout = '1500ms'",
    "SET idle_in_transaction_session_timeout = '2s'",
    "SET tcp_keepalives_idle = 2",
    "SET tcp_keepalives_interval = 1",
    "SET tcp_keepalives_count = 2",
)
# a server that went away without a word is noticed in seconds, not in the system's two hours
_CONNECT = {
    "connect_timeout": 3,
    "client_encoding": "utf8",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,
    "application_name": "undercut",
}
# class 53: disk full, out of memory; 25006: read-only
_LASTING = ("53100", "53200", "25006")
_PASSING = ("08", "40", "53300", "55P03", "57")


class PostgresDatabase:
    """Implements `Database`. The server settles who writes when; accounts have advisory locks."""

    def __init__(self, url: URL) -> None:
        self.name = url.set(drivername="postgresql").render_as_string(hide_password=True)
        # one engine: the first connection of each asks the server a dozen questions
        self.writer = self.reader = _engine(url)

    @contextmanager
    def exclusive(self, wait_seconds: float) -> Iterator[None]:
        """Nothing to hold: the server lets several write."""
        yield

    def lock_accounts(self, connection: Connection, accounts: Sequence[str]) -> None:
        """Advisory locks until the end of the transaction, in one order so that none deadlocks."""
        numbers = sorted({_number(account) for account in accounts})
        connection.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(n) FROM (SELECT unnest(%s::bigint[]) AS n) AS sorted",
            (numbers,),
        )

    def among(
        self, table: str, columns: Sequence[str], key: Sequence[str], values: Sequence[Pair]
    ) -> tuple[str, tuple[object, ...]]:
        """As `Database.among`: the values come as two arrays."""
        names = ", ".join(f"t.{name}" for name in columns)
        return (
            f"SELECT {names} FROM unnest(%s::text[], %s::text[]) AS j (a, b)"
            f" JOIN {table} AS t ON t.{key[0]} = j.a AND t.{key[1]} = j.b"
        ), ([one for one, _ in values], [two for _, two in values])

    def at_one_moment(self, connection: Connection) -> None:
        """As `Database.at_one_moment`; such queries may read every row and take their time."""
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")

    @property
    def at_once(self) -> None:
        """As `Database.at_once`: not here, a round trip outweighs what it would save."""
        return None

    @property
    def scribe_file(self) -> None:
        """As `Database.scribe_file`: the server is a process of its own already."""
        return None

    def trouble(self, error: DBAPIError) -> Trouble:
        """A lost connection, a deadlock and a server that is starting pass."""
        if isinstance(error, IntegrityError | DataError):
            return Trouble.ONE_JOB
        state = getattr(error.orig, "sqlstate", None) or ""
        if state.startswith(_LASTING):
            return Trouble.LASTING
        lost = error.connection_invalidated or (isinstance(error, OperationalError) and not state)
        if lost or state.startswith(_PASSING):
            return Trouble.PASSING
        return Trouble.ONE_JOB if state else Trouble.LASTING

    def close(self) -> None:
        """Close all connections."""
        self.writer.dispose()


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args=_CONNECT,
        use_native_hstore=False,
        execution_options={"preserve_rowcount": True},
    )

    @event.listens_for(engine, "connect")
    def _opened(raw: object, _record: object) -> None:
        with raw.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute("; ".join(_SETTINGS))
        raw.commit()  # type: ignore[attr-defined]

    return engine


def _number(account: str) -> int:
    digest = hashlib.blake2b(account.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
