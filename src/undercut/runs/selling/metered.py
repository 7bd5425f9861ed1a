"""What answering really cost: a plan's rows in the books of a server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from undercut.core.errors import InputError
from undercut.core.money import Money

if TYPE_CHECKING:
    from sqlalchemy import Connection

DAYS_PER_MONTH = Decimal(365) / 12
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Metered:
    """A plan's traffic. answers, cost: of what has a known cost in `currency`; unknown: answers
    whose cost is not known. by_tenant: answers and cost of each. first, last: UTC days.
    """

    currency: str
    answers: int
    cost: Money
    unknown: int
    by_tenant: dict[str, tuple[int, Money]]
    first: date
    last: date

    @property
    def days(self) -> int:
        """Days from the first to the last answer, both counted."""
        return (self.last - self.first).days + 1

    @property
    def per_million(self) -> Money | None:
        """Own cost of a million answers, None without any."""
        return self.cost * 1_000_000 / self.answers if self.answers else None

    @property
    def monthly_answers(self) -> Decimal:
        """Answers a month at this pace."""
        return Decimal(self.answers + self.unknown) / self.days * DAYS_PER_MONTH

    def ratios(self) -> dict[str, Decimal]:
        """Each tenant's cost of an answer over the average one."""
        if not self.answers or not self.cost.amount:
            return {}
        average = self.cost.amount / self.answers
        return {
            name: cost.amount / answers / average
            for name, (answers, cost) in self.by_tenant.items()
            if answers
        }


def metered(books: str | None, plan_digest: str, currency: str) -> Metered | None:
    """A plan's traffic in the books; None without any, or without books at the usual place.

    Raises InputError where the named books do not exist, and what `open_books` raises.
    """
    from undercut.runs.books import books_url, open_books_here

    url = books_url(books)
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).is_file():
        if books is not None:
            raise InputError(f"there are no books at {url}", hint="the --books of the server")
        return None
    with open_books_here(books) as opened:
        return opened.read(lambda connection: _read(connection, plan_digest, currency))


def _read(connection: Connection, plan: str, currency: str) -> Metered | None:
    from sqlalchemy import func, select

    from undercut.operate.metering.amounts import joined, money
    from undercut.operate.metering.rows import moment
    from undercut.operate.metering.schema import requests

    column = requests.c
    rows = connection.execute(
        select(
            column.tenant,
            column.currency,
            func.sum(column.inputs),
            func.sum(column.nano),
            func.sum(column.atto),
            func.min(column.answered_us),
            func.max(column.answered_us),
        )
        .where(column.plan == plan)
        .group_by(column.tenant, column.currency)
        .order_by(column.tenant)
    ).all()
    if not rows:
        return None
    known = [row for row in rows if row[1] == currency]
    by_tenant = {row[0]: (int(row[2]), money(joined(row[3], row[4]), currency)) for row in known}
    return Metered(
        currency,
        sum(answers for answers, _ in by_tenant.values()),
        money(sum(joined(row[3], row[4]) for row in known), currency),
        sum(int(row[2]) for row in rows if row[1] != currency),
        by_tenant,
        moment(min(row[5] for row in rows)).date(),
        moment(max(row[6] for row in rows)).date(),
    )
