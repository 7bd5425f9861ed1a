"""A mark in every transaction, by which a writer learns whether an unanswered commit stands."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from undercut.operate.metering.hot_sql import hot
from undercut.operate.metering.schema import writers

_UPDATE = "UPDATE writers SET last_group = ? WHERE writer_id = ?"


def mark(connection: Connection, writer_id: str, number: int) -> None:
    """Note in this transaction which one of the writer's it is."""
    if hot(connection, _UPDATE, (number, writer_id)).rowcount == 0:
        connection.execute(insert(writers).values(writer_id=writer_id, last_group=number))


def stands(connection: Connection, writer_id: str, number: int) -> bool:
    """Whether transaction `number` of the writer was committed.

    Waits for one that PostgreSQL is still committing for a connection that is gone.
    """
    return last_group(connection, writer_id) == number


def last_group(connection: Connection, writer_id: str) -> int:
    """The last transaction of the writer that stands, 0 where none does; waits as `stands`."""
    query = select(writers.c.last_group).where(writers.c.writer_id == writer_id)
    return connection.execute(query.with_for_update()).scalar() or 0


def forget(connection: Connection, writer_id: str) -> None:
    """A writer ends in order and leaves no mark."""
    connection.execute(delete(writers).where(writers.c.writer_id == writer_id))
