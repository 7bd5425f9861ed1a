"""One SQLite statement for a group: rows of a view whose triggers write them where they belong.

The view and its triggers are temporary, of the writer's own connection: the file knows nothing of
them. Each row names its kind and leaves the columns that its kind does not have empty. Groups are
filled up to a few sizes with rows of no kind, so that few statements are ever compiled.

Source: https://www.sqlite.org/lang_createtrigger.html (INSTEAD OF); an error within a trigger
takes the whole statement back, and outside a transaction a statement is one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache

from undercut.operate.metering.at_once import Group
from undercut.operate.metering.rows import CLAIM_COLUMNS, REQUEST_COLUMNS
from undercut.operate.metering.totals import KEY, SUMS

_NOTHING, _MARK, _TOTAL, _CLAIM, _REQUEST = range(5)
# no row is wider than that of a request, so that those need no filling up
_WIDTH = len(REQUEST_COLUMNS)
_NAMES = [f"c{number}" for number in range(_WIDTH)]
_ROW = f"({', '.join('?' * (_WIDTH + 1))})"


def _trigger(name: str, kind: int, statement: str) -> str:
    return (
        f"CREATE TEMP TRIGGER at_once_{name} INSTEAD OF INSERT ON at_once"
        f" WHEN new.kind = {kind} BEGIN {statement}; END"
    )


def _insert(table: str, columns: Sequence[str]) -> str:
    values = ", ".join(f"new.{name}" for name in _NAMES[: len(columns)])
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"


SETUP = (
    "CREATE TEMP VIEW at_once AS SELECT 0 AS kind, "
    + ", ".join(f"NULL AS {name}" for name in _NAMES),
    _trigger(
        "mark",
        _MARK,
        _insert("writers", ("writer_id", "last_group"))
        + " ON CONFLICT (writer_id) DO UPDATE SET last_group = excluded.last_group",
    ),
    _trigger(
        "total",
        _TOTAL,
        _insert("month_totals", KEY + SUMS)
        + f" ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET "
        + ", ".join(f"{name} = month_totals.{name} + excluded.{name}" for name in SUMS),
    ),
    _trigger("claim", _CLAIM, _insert("claims", CLAIM_COLUMNS)),
    _trigger("request", _REQUEST, _insert("requests", REQUEST_COLUMNS)),
)


def write_at_once(raw: sqlite3.Connection, group: Group) -> None:
    """Write the group; sqlite3.Error where nothing of it stands. The connection has `SETUP`."""
    size = _padded(1 + len(group.totals) + len(group.claims) + len(group.rows))
    parameters: list[object] = [_MARK, group.writer_id, group.number, *_EMPTY[2]]
    for row in group.totals:
        parameters += (_TOTAL, *row, *_EMPTY[len(row)])
    for row in group.claims:
        parameters += (_CLAIM, *row, *_EMPTY[len(row)])
    for row in group.rows:
        parameters.append(_REQUEST)
        parameters += row
    parameters += [None] * (size * (_WIDTH + 1) - len(parameters))
    raw.execute(_statement(size), parameters)


_EMPTY = [(None,) * (_WIDTH - length) for length in range(_WIDTH + 1)]


def _padded(count: int) -> int:
    """The next of 4, 6, 8, 12, 16, 24, ...: at most half as many again."""
    size = 4
    while size < count:
        size += size // 2 if size & (size - 1) == 0 else size // 3
    return size


@cache
def _statement(size: int) -> str:
    return f"INSERT INTO temp.at_once VALUES {', '.join([_ROW] * size)}"
