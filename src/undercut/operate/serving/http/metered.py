"""A request answered and counted exactly once: admit, replay, answer, record, and only then send.

Whatever ends it before it is recorded (an error, a deadline, a client that left) gives its
reservation back. Once recording has begun nothing stops it (`Books.record`): a cancelled request
cannot know whether its row was committed, so it must not decide what becomes of the reservation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from undercut.core.errors import DeadlineExceededError, QuotaExceededError
from undercut.core.requests import AnsweredRequest, Books, Caller, Gate, Recorded, Ticket
from undercut.operate.serving.answering import Answered, Engine
from undercut.operate.serving.http.asgi import HangUp
from undercut.operate.serving.http.counters import Counters
from undercut.operate.serving.http.turns import Turns

T = TypeVar("T")

# An engine keeps the deadline itself; one that does not is not waited for much longer.
_GRACE_SECONDS = 1.0
_LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Question:
    """Texts of one request (or one chunk of a batch) and how they are to be booked.

    request_id: of the row in the books. body_sha256: of what was asked, where there is a key.
    deadline: on the clock of `time.monotonic`, which is the event loop's.
    render: the body of the answer.
    """

    caller: Caller
    request_id: str
    texts: Sequence[str]
    top_k: int
    deadline: float
    render: Callable[[Answered], bytes]
    idempotency_key: str | None = None
    body_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question that is answered, or was before, and not yet recorded.

    ticket, request: of a new answer. replayed: the body that an earlier one got.
    """

    ticket: Ticket | None
    request: AnsweredRequest | None
    replayed: bytes | None


class Till:
    """Answers questions and has them recorded, over one gate, one engine and one set of books.

    report: hears of reservations that could not be given back.
    """

    def __init__(self, gate: Gate, books: Books, engine: Engine, counters: Counters) -> None:
        self._gate = gate
        self._books = books
        self._engine = engine
        self._counters = counters
        self._turns = Turns()
        self._unfinished: set[asyncio.Task[Any]] = set()
        self._recording = 0
        self.report: Callable[[BaseException], None] = _unheard

    async def settle(self, question: Question, hang_up: HangUp | None = None) -> Recorded:
        """Answer and record; the body may go out when this returns."""
        async with self.turn(question):
            return await self.commit(await self.prepare(question, hang_up))

    def turn(self, question: Question) -> AbstractAsyncContextManager[None]:
        """Wait while another request with the same idempotency key is at work."""
        if question.idempotency_key is None:
            return nullcontext()
        return self._turns.turn(question.caller.tenant, question.idempotency_key, question.deadline)

    async def prepare(self, question: Question, hang_up: HangUp | None = None) -> Prepared:
        """Admit, look for an earlier answer, answer. What raises has given everything back."""
        task = asyncio.current_task()
        if hang_up is not None and task is not None:
            hang_up.cancel = task.cancel
        try:
            return await self._prepare(question)
        finally:
            if hang_up is not None:
                hang_up.cancel = None

    async def replayed(self, question: Question) -> Prepared | None:
        """The answer that this question got before, without any admission."""
        if question.idempotency_key is None:
            return None
        body = await self._books.replay(
            question.caller, question.idempotency_key, question.body_sha256
        )
        return None if body is None else Prepared(None, None, body)

    async def _prepare(self, question: Question) -> Prepared:
        inputs = len(question.texts)
        try:
            ticket = await self._gate.admit(question.caller, inputs, self._engine.most_cost(inputs))
        except QuotaExceededError:
            # The answer that used the quota up may be the one that is asked for again.
            if (found := await self.replayed(question)) is not None:
                return found
            raise
        try:
            found = await self.replayed(question)
            if found is None:
                return Prepared(ticket, _row(question, await self._answer(question)), None)
        except BaseException:
            await self._release(ticket)
            raise
        await self._release(ticket)
        return found

    async def commit(self, prepared: Prepared) -> Recorded:
        """Make the answer durable; if that fails nothing is charged and nothing may go out."""
        if prepared.ticket is None or prepared.request is None:
            assert prepared.replayed is not None
            return Recorded(prepared.replayed, repeat=True)
        return await self._record(prepared.ticket, prepared.request)

    async def abandon(self, prepared: Prepared) -> None:
        """A prepared answer that will not go out: nothing is charged."""
        if prepared.ticket is not None:
            await self._release(prepared.ticket)

    async def close(self) -> None:
        """Wait for what cancelled requests left to finish."""
        while self._unfinished:
            await asyncio.wait(self._unfinished)
        while self._recording:
            await asyncio.sleep(_LOOK_SECONDS)

    async def _answer(self, question: Question) -> Answered:
        try:
            async with asyncio.timeout_at(question.deadline + _GRACE_SECONDS):
                return await self._engine.answer(
                    question.texts,
                    top_k=question.top_k,
                    deadline=question.deadline,
                    route=question.idempotency_key or question.request_id,
                )
        except TimeoutError:
            raise DeadlineExceededError("the answer did not come within the deadline") from None

    async def _record(self, ticket: Ticket, request: AnsweredRequest) -> Recorded:
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._recording += 1
        try:
            # not interrupted, so no task of its own is needed
            recorded = await self._books.record(ticket, request)
        except BaseException:
            await self._give_back(ticket)
            raise
        finally:
            self._recording -= 1
        self._counters.commits.add(loop.time() - started)
        if not recorded.repeat:
            self._counters.recorded(request)
        return recorded

    async def _release(self, ticket: Ticket) -> None:
        await self.finish(self._give_back(ticket))

    async def _give_back(self, ticket: Ticket) -> None:
        """A release that fails leaves a reservation behind, until the gate lets it lapse: that is
        reported, and the caller still hears why its request was refused."""
        try:
            await self._gate.release(ticket)
        except Exception as error:  # noqa: BLE001 - counted and reported
            self._counters.failed_releases += 1
            self.report(error)

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end even if the request is cancelled meanwhile."""
        task = asyncio.ensure_future(work)
        self._unfinished.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._unfinished.discard(task)
        if not task.cancelled():
            # asked for here, since whoever waited for it may be gone
            task.exception()


def _unheard(error: BaseException) -> None:
    """Until someone listens."""


def _row(question: Question, answered: Answered) -> AnsweredRequest:
    return AnsweredRequest(
        request_id=question.request_id,
        caller=question.caller,
        plan=answered.plan.digest,
        inputs=len(question.texts),
        tokens=answered.tokens,
        stages=answered.stages,
        cost=answered.cost,
        answered_at=datetime.now(UTC),
        answer=question.render(answered),
        idempotency_key=question.idempotency_key,
        body_sha256=question.body_sha256,
    )
