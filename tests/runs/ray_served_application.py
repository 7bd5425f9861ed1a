"""The server's application over a plan and books, as a Ray replica builds it."""

from __future__ import annotations

import asyncio
from typing import Any

from undercut.operate.metering.books import OpenBooks, open_books
from undercut.operate.metering.usage import usage
from undercut.operate.serving.deploy.deployments import Deployments
from undercut.operate.serving.engine.settings import EngineSettings
from undercut.operate.serving.http.app import Application
from undercut.operate.serving.http.services import make_services
from undercut.operate.serving.http.usage import MonthUsage


class UsageOfBooks:
    def __init__(self, books: OpenBooks) -> None:
        self._books = books

    async def month_usage(self, tenant: str, month: str) -> MonthUsage:
        found = await asyncio.to_thread(
            self._books.read, lambda connection: usage(connection, tenant, month)
        )
        total = found.total
        return MonthUsage(tenant, month, total.requests, total.inputs, total.tokens, total.costs)


def application(*, plan: str, books: str) -> Any:
    opened = open_books(books)
    engine = Deployments(plan, EngineSettings(workers=0, slots=1))
    return Application(make_services(engine, opened.gate, opened, UsageOfBooks(opened)))
