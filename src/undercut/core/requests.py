"""What serving and metering say to each other about a request: the two rooms meet here.

A request's life: `Gate.authenticate` → `Gate.admit` (a Ticket reserves quota and budget) →
`Books.replay` (was it answered before?) → answering → `Books.record` (durable before the answer
goes out) or `Gate.release` (nothing was answered, nothing is charged).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from undercut.core.money import Money


class Role(StrEnum):
    """What a key may do. Every key may read its own tenant's usage."""

    PREDICT = "predict"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a tenant by one of its keys (the key's public id, never the secret)."""

    tenant: str
    key_id: str
    roles: frozenset[Role] = frozenset({Role.PREDICT})


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place that admission keeps for a request: so many inputs of quota, so much of a budget.

    reserved: the most the request can cost, None where the plan's cost is unknown.
    month: the UTC month of admission ('YYYY-MM'), which the request counts for; '' for that of
    the answer. reservation: the gate's own number, 0 where nothing had to be reserved.
    """

    caller: Caller
    inputs: int
    reserved: Money | None = None
    month: str = ""
    reservation: int = 0


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """One durable row of the books, written once for each answered request.

    idempotency_key: as the caller gave it, None where none was given; unique for ever per tenant.
    body_sha256: of the request as sent; the same idempotency key with another body is a conflict.
    plan: digest of the plan that answered. stages: stage name -> inputs it answered.
    cost: own cost of answering, None where the plan's cost is unknown, never zero for unknown.
    answer: the response body; kept where there is an idempotency key, so that a repeat gets it.
    answered_at: with time zone.
    """

    request_id: str
    caller: Caller
    plan: str
    inputs: int
    tokens: int
    stages: Mapping[str, int]
    cost: Money | None
    answered_at: datetime
    answer: bytes = field(repr=False)
    idempotency_key: str | None = None
    body_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `Books.record` did.

    repeat: another request with the same idempotency key was recorded first; then `answer` is
    that one's and nothing was charged.
    """

    answer: bytes
    repeat: bool


class Gate(Protocol):
    """Admission: who may ask, and how much."""

    def authenticate(self, secret: str | None) -> Caller:
        """The caller behind a bearer secret; cheap enough for the event loop.

        Raises AuthenticationError for none, an unknown, a revoked or an expired one, and
        BooksUnavailableError where keys could not be read for so long that none can be trusted.
        """
        ...

    async def admit(self, caller: Caller, inputs: int, most: Money | None) -> Ticket:
        """Reserve; raises QuotaExceededError (rate, quota or budget) with seconds to wait."""
        ...

    async def release(self, ticket: Ticket) -> None:
        """Give a reservation back: the request was not answered.

        A ticket that was released or recorded before is left alone.
        """
        ...


class Books(Protocol):
    """The durable record of answered requests."""

    async def replay(self, caller: Caller, key: str, body_sha256: str) -> bytes | None:
        """The answer that this idempotency key got before, None for a new one.

        Raises IdempotencyConflictError where the key was used with another body.
        """
        ...

    async def record(self, ticket: Ticket, request: AnsweredRequest) -> Recorded:
        """Durable when it returns; ends the ticket whatever happens.

        Once begun it is not interrupted: a task that is cancelled meanwhile gets the outcome, and
        hears at its next await that it was cancelled.
        What it raises means that nothing was charged and the answer must not go out:
        BooksUnavailableError; IdempotencyConflictError (the key or the request id was used with
        another body); QuotaExceededError, where the reservation was lost while the process slept.
        """
        ...
