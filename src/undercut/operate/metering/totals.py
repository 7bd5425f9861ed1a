"""Running totals of each account and month, kept in the transaction of the rows they sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from undercut.operate.metering.amounts import split

if TYPE_CHECKING:
    from undercut.operate.metering.recording import RecordJob

Statement = str
_KEY = ("tenant", "account", "month", "currency")
_SUMS = ("requests", "inputs", "tokens", "nano", "atto")


def insert_into(table: str, columns: Sequence[str], mark: str) -> Statement:
    """An INSERT of whole rows in the driver's own SQL: the hot path goes round the compiler."""
    marks = ", ".join([mark] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"


def upsert_totals(mark: str) -> Statement:
    """Adds a line to the totals; the database adds, so nothing has to be read before."""
    sums = ", ".join(f"{name} = month_totals.{name} + excluded.{name}" for name in _SUMS)
    return (
        insert_into("month_totals", _KEY + _SUMS, mark)
        + f" ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {sums}"
    )


def totals_of(jobs: Sequence[RecordJob], *, sign: int = 1) -> list[tuple[object, ...]]:
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
