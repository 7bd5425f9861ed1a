"""SQL of the hot path, in the driver's own words: building and caching expressions costs more
than the database needs to carry them out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult


def hot(
    connection: Connection, statement: str, parameters: tuple[Any, ...] | list[tuple[Any, ...]]
) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement written with '?' for parameters; with a list, once for each of its rows."""
    if connection.dialect.paramstyle != "qmark":
        statement = _with_percents(statement)
    return connection.exec_driver_sql(statement, parameters)


def marks(count: int) -> str:
    """So many parameters."""
    return ", ".join(["?"] * count)


@cache
def _with_percents(statement: str) -> str:
    return statement.replace("?", "%s")
