"""Requests as tests of the books need them, and one way to run a few at once."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from undercut.core.money import Money
from undercut.core.requests import AnsweredRequest, Caller, Recorded, Ticket
from undercut.operate.metering.books import OpenBooks
from undercut.operate.metering.key_rows import KeyTerms, create_key

T = TypeVar("T")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_numbers = itertools.count()


def usd(text: str) -> Money:
    return Money.parse(f"{text}usd")


COST, MOST = usd("0.000001"), usd("0.00001")


def answered(
    caller: Caller,
    *,
    request_id: str | None = None,
    key: str | None = None,
    body: str = "body",
    inputs: int = 1,
    cost: Money | None = COST,
    at: datetime = NOON,
    answer: bytes = b'{"label":"card"}',
    plan: str = "plan-1",
) -> AnsweredRequest:
    return AnsweredRequest(
        request_id=request_id or f"request-{next(_numbers)}",
        caller=caller,
        plan=plan,
        inputs=inputs,
        tokens=7 * inputs,
        stages={"ngram": inputs},
        cost=cost,
        answered_at=at,
        answer=answer,
        idempotency_key=key,
        body_sha256=hashlib.sha256(body.encode()).hexdigest(),
    )


def new_caller(books: OpenBooks, tenant: str = "acme", **terms: Any) -> tuple[Caller, str]:
    """A caller with a key of these terms, and the key."""
    made = books.write(
        lambda connection: create_key(connection, tenant, KeyTerms(**terms), books.clock.now())
    )
    books.refresh_keys()
    return books.gate.authenticate(made.secret), made.secret


async def serve(
    books: OpenBooks, request: AnsweredRequest, *, most: Money | None = MOST
) -> Recorded:
    """Admit and record, as a server does around answering."""
    ticket: Ticket = await books.gate.admit(request.caller, request.inputs, most)
    return await books.record(ticket, request)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
