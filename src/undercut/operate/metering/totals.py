"""Running totals of each account and month, kept in the transaction of the rows they sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from undercut.operate.metering.amounts import split
from undercut.operate.metering.hot_sql import hot, marks

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from undercut.operate.metering.recording import RecordJob
    from undercut.operate.metering.rows import Row

Line = tuple[object, ...]
KEY = ("tenant", "account", "month", "currency")
SUMS = ("requests", "inputs", "tokens", "nano", "atto")
ADD = (
    f"INSERT INTO month_totals ({', '.join(KEY + SUMS)})"
    f" VALUES ({marks(len(KEY + SUMS))}) ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = month_totals.{name} + excluded.{name}" for name in SUMS)
)


def add_totals(connection: Connection, lines: list[Line]) -> None:
    """Add lines to the totals; the database adds, so nothing has to be read before."""
    hot(connection, ADD, lines)


def sums_of(rows: Sequence[Row]) -> list[Line]:
    """The sums of plain rows, as `totals_of` has them: each row pays its own cost."""
    sums: dict[Row, list[int]] = {}
    for row in rows:
        line = sums.setdefault((row[0], row[3], row[4], row[10]), [0, 0, 0, 0, 0])
        line[0] += 1
        # as REQUEST_COLUMNS: inputs, tokens, nano and atto
        line[1] += row[7]  # type: ignore[operator]
        line[2] += row[8]  # type: ignore[operator]
        line[3] += row[11]  # type: ignore[operator]
        line[4] += row[12]  # type: ignore[operator]
    return [(*key, *sums[key]) for key in sorted(sums)]


def totals_of(jobs: Sequence[RecordJob], *, sign: int = 1) -> list[Line]:
    """The jobs' sums, one line per account, month and currency, in one order for all writers."""
    sums: dict[tuple[str, str, str, str], list[int]] = {}
    for job in jobs:
        row = job.row
        # as REQUEST_COLUMNS: tenant, account, month and currency
        key = (row[0], row[3], row[4], row[10])
        line = sums.setdefault(key, [0, 0, 0, 0, 0])  # type: ignore[arg-type]
        request = job.request
        nano, atto = row[11], row[12]
        if request.cost is None and job.need is not None:
            # what a budget pays for a request of unknown cost: all that was reserved
            nano, atto = split(job.need.attos)
        line[0] += sign
        line[1] += sign * request.inputs
        line[2] += sign * request.tokens
        line[3] += sign * nano  # type: ignore[operator]
        line[4] += sign * atto  # type: ignore[operator]
    return [(*key, *sums[key]) for key in sorted(sums)]
