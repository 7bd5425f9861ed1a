"""A tenant's month from the books, as the HTTP side shows it."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection, func, select

from undercut.operate.metering.books import OpenBooks
from undercut.operate.metering.schema import requests
from undercut.operate.metering.usage import usage
from undercut.operate.serving.http.usage import MonthUsage


class BooksUsage:
    """Implements `UsageReader`."""

    def __init__(self, books: OpenBooks) -> None:
        self._books = books

    async def month_usage(self, tenant: str, month: str) -> MonthUsage:
        """As `UsageReader.month_usage`; the query runs off the event loop."""
        return await asyncio.to_thread(
            self._books.read, lambda connection: _read(connection, tenant, month)
        )


def _read(connection: Connection, tenant: str, month: str) -> MonthUsage:
    total = usage(connection, tenant, month).total
    column = requests.c
    unknown = connection.execute(
        select(func.coalesce(func.sum(column.inputs), 0)).where(
            column.tenant == tenant, column.month == month, column.currency == ""
        )
    ).scalar_one()
    return MonthUsage(
        tenant,
        month,
        total.requests,
        total.inputs,
        total.tokens,
        total.costs,
        unknown_cost_inputs=int(unknown),
    )
