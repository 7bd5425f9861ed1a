"""A gate, books and an engine in memory: small, and honest about what they promise."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from time import monotonic

from undercut.core.errors import (
    AuthenticationError,
    BooksUnavailableError,
    DeadlineExceededError,
    IdempotencyConflictError,
    OverloadedError,
    QuotaExceededError,
)
from undercut.core.money import Money
from undercut.core.requests import AnsweredRequest, Caller, Recorded, Role, Ticket
from undercut.operate.serving.answering import Answered, PlanFacts, TextAnswer
from undercut.operate.serving.http.usage import MonthUsage

CLASSES = ("card", "pin", "top_up")
EACH = Money(Decimal("0.0000012"), "USD")
PLAN = PlanFacts(digest="d1" * 32, name="support", classes=CLASSES, stages=("small", "large"))

KEYS = {
    "uc_acme_predict": Caller("acme", "k1"),
    "uc_other_predict": Caller("other", "k2"),
    "uc_acme_admin": Caller("acme", "k3", frozenset({Role.ADMIN})),
    "uc_acme_both": Caller("acme", "k4", frozenset({Role.PREDICT, Role.ADMIN})),
}


@dataclass
class MemoryGate:
    """Keys from a table; inputs of quota by tenant (none: unlimited)."""

    quota: dict[str, int] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    open_tickets: list[Ticket] = field(default_factory=list)
    released: int = 0

    def authenticate(self, secret: str | None) -> Caller:
        if secret is None:
            raise AuthenticationError("no key was given", hint="Authorization: Bearer uc_...")
        if secret in self.revoked or secret not in KEYS:
            raise AuthenticationError("the key is unknown, revoked or expired")
        return KEYS[secret]

    async def admit(self, caller: Caller, inputs: int, most: Money | None) -> Ticket:
        left = self.quota.get(caller.tenant)
        if left is not None:
            if left < inputs:
                raise QuotaExceededError("the quota is used up", retry_after_seconds=120)
            self.quota[caller.tenant] = left - inputs
        # equal tickets are different tickets: they are told apart by identity
        ticket = Ticket(caller, inputs, most)
        self.open_tickets.append(ticket)
        return ticket

    async def release(self, ticket: Ticket) -> None:
        self.close(ticket)
        self.released += 1
        if ticket.caller.tenant in self.quota:
            self.quota[ticket.caller.tenant] += ticket.inputs

    def close(self, ticket: Ticket) -> None:
        places = [place for place, one in enumerate(self.open_tickets) if one is ticket]
        assert places, "a ticket was closed twice"
        del self.open_tickets[places[0]]


@dataclass
class MemoryBooks:
    """Rows and claims in memory. down: nothing can be written. delay_seconds: until durable."""

    gate: MemoryGate
    rows: list[AnsweredRequest] = field(default_factory=list)
    claims: dict[tuple[str, str], AnsweredRequest] = field(default_factory=dict)
    down: bool = False
    delay_seconds: float = 0.0

    async def replay(self, caller: Caller, key: str, body_sha256: str) -> bytes | None:
        row = self.claims.get((caller.tenant, key))
        if row is None:
            return None
        if row.body_sha256 != body_sha256:
            raise IdempotencyConflictError("the idempotency key was used with another body")
        return row.answer

    async def record(self, ticket: Ticket, request: AnsweredRequest) -> Recorded:
        work, task = asyncio.ensure_future(self._record(ticket, request)), asyncio.current_task()
        assert task is not None
        cancelled = False
        while not work.done():
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError:
                cancelled = True
        if cancelled:
            task.uncancel()
            task.cancel()
        return work.result()

    async def _record(self, ticket: Ticket, request: AnsweredRequest) -> Recorded:
        await asyncio.sleep(self.delay_seconds)
        if self.down:
            raise BooksUnavailableError("the books cannot be written", retry_after_seconds=2)
        key = request.idempotency_key
        if key is not None:
            earlier = await self.replay(request.caller, key, request.body_sha256)
            if earlier is not None:
                self.gate.close(ticket)
                return Recorded(earlier, repeat=True)
            self.claims[request.caller.tenant, key] = request
        assert all(
            (row.caller.tenant, row.request_id) != (request.caller.tenant, request.request_id)
            for row in self.rows[-50:]
        ), "a request id was used twice"
        self.rows.append(request)
        self.gate.close(ticket)
        return Recorded(request.answer, repeat=False)

    async def month_usage(self, tenant: str, month: str) -> MonthUsage:
        rows = [
            row
            for row in self.rows
            if row.caller.tenant == tenant and f"{row.answered_at:%Y-%m}" == month
        ]
        inputs = sum(row.inputs for row in rows)
        return MonthUsage(
            tenant,
            month,
            len(rows),
            inputs,
            sum(row.tokens for row in rows),
            (EACH * inputs,) if inputs else (),
        )


@dataclass
class MemoryEngine:
    """Labels texts by a hash. hold: answers wait until it is set. fail: raised instead."""

    delay_seconds: float = 0.0
    hold: asyncio.Event | None = None
    fail: BaseException | None = None
    queue_limit: int = 10**9
    at_work: int = 0
    most_at_work: int = 0
    answered_texts: int = 0
    started: bool = False
    closed: bool = False
    plan: PlanFacts = PLAN
    routes: list[str | None] = field(default_factory=list)

    backlog = 0.0

    def backlog_seconds(self) -> float:
        return self.backlog

    def most_cost(self, inputs: int) -> Money | None:
        return EACH * inputs

    async def start(self) -> None:
        self.started = True

    async def close(self) -> None:
        self.closed = True

    async def answer(
        self,
        texts: Sequence[str],
        *,
        top_k: int = 1,
        deadline: float | None = None,
        route: str | None = None,
    ) -> Answered:
        if self.at_work >= self.queue_limit:
            raise OverloadedError("the queue is full", retry_after_seconds=0.05)
        self.routes.append(route)
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            if self.hold is not None:
                await self.hold.wait()
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
        finally:
            self.at_work -= 1
        if self.fail is not None:
            raise self.fail
        if deadline is not None and monotonic() > deadline:
            raise DeadlineExceededError("too late")
        self.answered_texts += len(texts)
        answers = tuple(_answer(text, top_k, self.plan) for text in texts)
        stages: dict[str, int] = {}
        for answer in answers:
            stages[answer.stage] = stages.get(answer.stage, 0) + 1
        tokens = sum(len(text.split()) for text in texts)
        return Answered(self.plan, answers, tokens, stages, EACH * len(texts))


def label_of(text: str) -> str:
    """The label that the engine gives a text."""
    return CLASSES[hashlib.sha256(text.encode()).digest()[0] % len(CLASSES)]


def _answer(text: str, top_k: int, plan: PlanFacts) -> TextAnswer:
    label = label_of(text)
    others = [name for name in plan.classes if name != label]
    ranked = ((label, 0.75), *((name, 0.25 / len(others)) for name in others))
    stage = plan.stages[len(text) % 2]
    return TextAnswer(label, 0.75, stage, ranked[:top_k], EACH)


def bearer(key: str = "uc_acme_predict") -> dict[str, str]:
    """The header that names a key."""
    return {"Authorization": f"Bearer {key}"}


def ndjson(content: bytes | str) -> list[dict[str, object]]:
    """Objects of NDJSON."""
    return [json.loads(line) for line in content.splitlines()]
