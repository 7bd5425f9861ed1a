"""What is in the books, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, func, select

from undercut.operate.metering.rows import microseconds
from undercut.operate.metering.schema import (
    bookings,
    claims,
    keys,
    leases,
    limit_changes,
    requests,
    writers,
)


@dataclass(frozen=True, slots=True)
class BooksSummary:
    """Counts.

    requests: rows. inputs: their texts. answers_kept: idempotency keys with their answers. leases:
    what processes may spend without asking; expired: of processes that died. marks: of servers
    that run or were killed. booked, unbooked: requests whose own cost is in a ledger, or is not.
    """

    requests: int
    inputs: int
    tenants: int
    keys: int
    answers_kept: int
    limit_changes: int
    leases: int
    expired_leases: int
    marks: int
    booked: int
    unbooked: int


def summarise(connection: Connection, now: datetime) -> BooksSummary:
    """Count; reads every row."""
    rows, inputs, tenants = connection.execute(
        select(
            func.count(), func.sum(requests.c.inputs), func.count(requests.c.tenant.distinct())
        ).select_from(requests)
    ).one()
    booked = int(connection.execute(select(func.sum(bookings.c.requests))).scalar() or 0)
    return BooksSummary(
        requests=int(rows),
        inputs=int(inputs or 0),
        tenants=int(tenants),
        keys=_count(connection, keys),
        answers_kept=_count(connection, claims),
        limit_changes=_count(connection, limit_changes),
        leases=_count(connection, leases),
        expired_leases=_count(connection, leases, leases.c.expires_us < microseconds(now)),
        marks=_count(connection, writers),
        booked=booked,
        unbooked=max(0, int(rows) - booked),
    )


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(table).where(*conditions)
    return int(connection.execute(query).scalar_one())
