"""Own cost of answering, booked to the ledger exactly once.

Per UTC day, plan and currency the rows are summed; what earlier bookings hold is subtracted, and
the rest becomes the next part: first a row of `bookings`, then an entry of the ledger whose
attempt id is made from it. A crash between the two is finished by the next call; the ledger
books the same attempt only once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Protocol

from sqlalchemy import Connection, func, insert, select, update

from undercut.core.ledger import Ledger
from undercut.core.ledger_entries import Event
from undercut.core.money import Money
from undercut.core.prices import PriceRow
from undercut.core.usage import Unit, Usage
from undercut.operate.metering.amounts import joined, money, split
from undercut.operate.metering.rows import microseconds, moment
from undercut.operate.metering.schema import bookings, requests
from undercut.operate.metering.usage import DAY_US

STAGE = "serving"
_KEY = ("day", "plan", "currency")


class Writes(Protocol):
    """Whatever runs a write in a transaction: `OpenBooks`."""

    books_id: str

    def write(
        self, work: Callable[[Connection], Sequence[Booking]], *, locks: Sequence[str] = ()
    ) -> Sequence[Booking]:
        """Run it and return what it returned."""
        ...


@dataclass(frozen=True, slots=True)
class Booking:
    """Requests of a UTC day and a plan; cost None where it is unknown. part: 1 for the first."""

    day: str
    plan: str
    currency: str
    part: int
    requests: int
    cost: Money | None


def book_own_cost(books: Writes, ledger: Ledger, *, through: date, now: datetime) -> int:
    """Book the days up to and with `through`; returns how many entries ended in the ledger.

    Calling it again, or at once from two processes, books nothing twice. Always the same ledger
    for the same books. Raises LedgerError or BooksUnavailableError; then call it again.
    """
    # the day after the last; the books count days in microseconds
    end = microseconds(datetime(through.year, through.month, through.day, tzinfo=UTC)) + DAY_US
    due = books.write(lambda connection: _prepare(connection, end), locks=["own cost"])
    for booking in due:
        _enter(ledger, books.books_id, booking, now)
    books.write(lambda connection: _entered(connection, due))
    return len(due)


def _prepare(connection: Connection, end_us: int) -> Sequence[Booking]:
    booked, parts = _booked(connection)
    for key, (count, cost) in _answered(connection, end_us).items():
        before = booked.get(key, (0, 0))
        # fewer than booked is what `check_books` tells; it must not keep the other days waiting
        if count <= before[0]:
            continue
        nano, atto = split(cost - before[1])
        connection.execute(
            insert(bookings).values(
                **dict(zip(_KEY, key, strict=True)),
                part=parts.get(key, 0) + 1,
                requests=count - before[0],
                nano=nano,
                atto=atto,
                in_ledger=0,
            )
        )
    waiting = connection.execute(
        select(bookings).where(bookings.c.in_ledger == 0).order_by(*(bookings.c[n] for n in _KEY))
    )
    return [
        Booking(
            row.day,
            row.plan,
            row.currency,
            row.part,
            row.requests,
            money(joined(row.nano, row.atto), row.currency) if row.currency else None,
        )
        for row in waiting
    ]


Key = tuple[str, str, str]


def _booked(connection: Connection) -> tuple[dict[Key, tuple[int, int]], dict[Key, int]]:
    column = bookings.c
    names = [column[name] for name in _KEY]
    rows = connection.execute(
        select(
            *names,
            func.max(column.part),
            func.sum(column.requests),
            func.sum(column.nano),
            func.sum(column.atto),
        ).group_by(*names)
    ).all()
    sums = {(row[0], row[1], row[2]): (int(row[4]), joined(row[5], row[6])) for row in rows}
    return sums, {(row[0], row[1], row[2]): int(row[3]) for row in rows}


def _answered(connection: Connection, end_us: int) -> dict[Key, tuple[int, int]]:
    column = requests.c
    day = (column.answered_us // DAY_US).label("day")
    rows = connection.execute(
        select(
            day,
            column.plan,
            column.currency,
            func.count(),
            func.sum(column.nano),
            func.sum(column.atto),
        )
        .where(column.answered_us < end_us)
        .group_by(day, column.plan, column.currency)
        .order_by(day, column.plan, column.currency)
    )
    return {
        (moment(int(row[0]) * DAY_US).date().isoformat(), row[1], row[2]): (
            int(row[3]),
            joined(row[4], row[5]),
        )
        for row in rows
    }


def _enter(ledger: Ledger, books_id: str, booking: Booking, now: datetime) -> None:
    place = f"{booking.day}-{booking.plan[:16]}-{booking.currency or 'unknown'}-{booking.part}"
    price = _price(booking)
    for event in (Event.STARTED, Event.FINISHED):
        usage = (Usage(Unit.REQUESTS, Decimal(booking.requests)),)
        ledger.append(
            run_id=f"serving-{books_id}",
            attempt_id=f"{STAGE}-{books_id}-{place}",
            stage=STAGE,
            event=event,
            at=now,
            usage=usage if event is Event.FINISHED else (),
            price=price,
            note=f"answered requests of {booking.day}, plan {booking.plan}",
        )


def _price(booking: Booking) -> PriceRow | None:
    """A row by which the ledger's own arithmetic gives exactly the sum of the requests' costs."""
    if booking.cost is None:
        return None
    return PriceRow(
        id=f"metered-{booking.day}-{booking.part}",
        kind="requests",
        unit=Unit.REQUESTS,
        price=booking.cost.amount,
        currency=booking.cost.currency,
        per=Decimal(booking.requests),
        source="own cost of these requests, as metered when each was answered",
        date=date.fromisoformat(booking.day),
    )


def _entered(connection: Connection, done: Sequence[Booking]) -> Sequence[Booking]:
    for booking in done:
        connection.execute(
            update(bookings)
            .where(
                bookings.c.day == booking.day,
                bookings.c.plan == booking.plan,
                bookings.c.currency == booking.currency,
                bookings.c.part == booking.part,
            )
            .values(in_ledger=1)
        )
    return done
