"""A tenant's month from the books, as the HTTP side shows it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

from sqlalchemy import Connection, func, select

from undercut.operate.metering.amounts import joined, money
from undercut.operate.metering.books import OpenBooks
from undercut.operate.metering.schema import requests
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
    """One query, so that all sums are of the same rows while others are added.

    Most rows word their stages in one of few ways: the database sums each of them.
    """
    column = requests.c
    sums = (func.sum(column[name]) for name in ("inputs", "tokens", "nano", "atto"))
    groups = connection.execute(
        select(column.currency, column.stages, func.count(), *sums)
        .where(column.tenant == tenant, column.month == month)
        .group_by(column.currency, column.stages)
    ).all()
    totals: Counter[str] = Counter()
    stages: Counter[str] = Counter()
    costs: Counter[str] = Counter()
    for currency, worded, count, inputs, tokens, nano, atto in groups:
        totals += Counter(requests=count, inputs=int(inputs), tokens=int(tokens))
        stages += Counter({stage: by * count for stage, by in json.loads(worded).items()})
        if currency:
            costs[currency] += joined(nano, atto)
        else:
            totals["unknown"] += int(inputs)
    return MonthUsage(
        tenant,
        month,
        totals["requests"],
        totals["inputs"],
        totals["tokens"],
        tuple(money(costs[currency], currency) for currency in sorted(costs)),
        unknown_cost_inputs=totals["unknown"],
        stages=dict(sorted(stages.items())),
    )
