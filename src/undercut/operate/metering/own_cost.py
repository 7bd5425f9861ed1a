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

from sqlalchemy import Connection, func, insert, select, true, update

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
# a day, a plan and a currency; how many requests they are and what they cost in attos
Key = tuple[str, str, str]
Sum = tuple[int, int]


class Books(Protocol):
    """What this needs of `OpenBooks`."""

    books_id: str

    def snapshot(self, query: Callable[[Connection], dict[Key, Sum]]) -> dict[Key, Sum]:
        """Run a long query and return what it returned."""
        ...

    def write(
        self, work: Callable[[Connection], Sequence[Booking]], *, locks: Sequence[str] = ()
    ) -> Sequence[Booking]:
        """Run a write in a transaction and return what it returned."""
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


def book_own_cost(
    books: Books, ledger: Ledger, *, through: date, now: datetime
) -> tuple[Booking, ...]:
    """Book the days up to and with `through`; returns what was entered into the ledger.

    Calling it again, or at once from two processes, books nothing twice. Always the same ledger
    for the same books. Raises LedgerError or BooksUnavailableError; then call it again.
    """
    # the day after the last; the books count days in microseconds
    end = microseconds(datetime(through.year, through.month, through.day, tzinfo=UTC)) + DAY_US
    # summing reads every row: not in a transaction that servers wait for. Whoever books in between
    # has seen at most as much, or books more; both are a difference to what is booked then
    answered = books.snapshot(lambda connection: answered_by_day(connection, end))
    due = books.write(lambda connection: _prepare(connection, answered), locks=["own cost"])
    for booking in due:
        _enter(ledger, books.books_id, booking, now)
    books.write(lambda connection: _entered(connection, due))
    return tuple(due)


def _prepare(connection: Connection, answered: dict[Key, Sum]) -> Sequence[Booking]:
    booked, parts = booked_so_far(connection)
    for key, (count, cost) in answered.items():
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
    return booked_parts(connection, entered=False)


def booked_parts(connection: Connection, *, entered: bool | None = None) -> Sequence[Booking]:
    """All bookings; or those that are known to be in the ledger; or those that are not."""
    column = bookings.c
    rows = connection.execute(
        select(bookings)
        .where(true() if entered is None else column.in_ledger == int(entered))
        .order_by(*(column[name] for name in _KEY), column.part)
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
        for row in rows
    ]


def run_of(books_id: str) -> str:
    """The run under which the ledger keeps the entries of these books."""
    return f"{STAGE}-{books_id}"


def attempt_of(books_id: str, booking: Booking) -> str:
    """The attempt under which the ledger keeps a booking."""
    place = f"{booking.day}-{booking.plan[:16]}-{booking.currency or 'unknown'}-{booking.part}"
    return f"{STAGE}-{books_id}-{place}"


def booked_so_far(connection: Connection) -> tuple[dict[Key, Sum], dict[Key, int]]:
    """What was booked of each day, plan and currency, and the number of its last part."""
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


def answered_by_day(connection: Connection, end_us: int | None = None) -> dict[Key, Sum]:
    """What was answered of each day, plan and currency; before a moment, where one is given."""
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
        .where(column.answered_us < end_us if end_us is not None else true())
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
    price = _price(booking)
    for event in (Event.STARTED, Event.FINISHED):
        usage = (Usage(Unit.REQUESTS, Decimal(booking.requests)),)
        ledger.append(
            run_id=run_of(books_id),
            attempt_id=attempt_of(books_id, booking),
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
