"""GET /v1/usage: what the caller's own tenant used in a month."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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

    costs: own cost by currency, of requests whose cost is known. unknown_cost_inputs: inputs of
    the others. stages: stage name -> inputs it answered, where the books keep that.
    """

    tenant: str
    month: str
    requests: int
    inputs: int
    tokens: int
    costs: tuple[Money, ...] = ()
    unknown_cost_inputs: int = 0
    stages: Mapping[str, int] = field(default_factory=dict)


class UsageReader(Protocol):
    """Reads totals from the books."""

    async def month_usage(self, tenant: str, month: str) -> MonthUsage:
        """Totals of one tenant; zeros for a month without requests. month: 'YYYY-MM'.

        Raises BooksUnavailableError.
        """
        ...


async def usage(exchange: Exchange) -> Reply:
    """The caller's tenant only: there is no way to name another."""
    month = exchange.query(("month",)).get("month", f"{datetime.now(UTC):%Y-%m}")
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
                "stages": dict(found.stages),
                "costs": [money_fields(cost) for cost in found.costs],
                "unknown_cost_inputs": found.unknown_cost_inputs,
            }
        )
    )
