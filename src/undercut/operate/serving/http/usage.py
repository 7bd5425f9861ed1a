"""GET /v1/usage: what the caller's own tenant used in a month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import orjson

from undercut.core.money import Money
from undercut.operate.serving.http.exchange import Exchange, Reply
from undercut.operate.serving.http.predict import money_fields
from undercut.operate.serving.http.refusal import Refusal

_MONTH = re.compile(r"2[01][0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """Totals of a tenant in a month (UTC).

    costs: own cost, one amount for each currency. unknown_cost_requests: those whose cost is not
    known, which are in none of them.
    """

    tenant: str
    month: str
    requests: int
    inputs: int
    tokens: int
    costs: tuple[Money, ...] = ()
    unknown_cost_requests: int = 0


class UsageReader(Protocol):
    """Reads totals from the books."""

    async def month_usage(self, tenant: str, month: str) -> MonthUsage:
        """Totals of one tenant; zeros for a month without requests. month: 'YYYY-MM'.

        Raises BooksUnavailableError.
        """
        ...


async def usage(exchange: Exchange) -> Reply:
    """The caller's tenant only: there is no way to name another."""
    month = exchange.query(("month",)).get("month") or f"{datetime.now(UTC):%Y-%m}"
    if not _MONTH.fullmatch(month):
        raise Refusal(400, "invalid_query", "month must be written YYYY-MM", hint="?month=2026-11")
    found = await exchange.services.usage.month_usage(exchange.known_caller.tenant, month)
    return Reply(
        orjson.dumps(
            {
                "tenant": found.tenant,
                "month": found.month,
                "requests": found.requests,
                "inputs": found.inputs,
                "tokens": found.tokens,
                "costs": [money_fields(cost) for cost in found.costs],
                "unknown_cost_requests": found.unknown_cost_requests,
            }
        )
    )
