"""The ASGI application: every request in, one response out, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

from undercut.core.errors import UndercutError
from undercut.operate.serving.http.asgi import ClientGoneError, Message, Receive, Scope, Send
from undercut.operate.serving.http.authorising import authorise
from undercut.operate.serving.http.body import check_length
from undercut.operate.serving.http.capacity import Place
from undercut.operate.serving.http.exchange import Exchange, Reply
from undercut.operate.serving.http.head import Head, read_head
from undercut.operate.serving.http.log import JsonLog
from undercut.operate.serving.http.refusal import (
    Dialect,
    Refusal,
    body_of,
    defect,
    headers_of,
    refusal_of,
)
from undercut.operate.serving.http.reply_headers import head_of
from undercut.operate.serving.http.routes import Match, Route, RouteTable
from undercut.operate.serving.http.services import Services
from undercut.operate.serving.http.tracing import Span, Tracer

Background = Callable[[], Awaitable[None]]

_JSON_TYPES = frozenset({b"", b"application/json", b"application/x-www-form-urlencoded"})


class Application:
    """ASGI 3. The engine starts and stops with the server's lifespan.

    background: runs beside requests, from when the engine has started until the server stops.
    closing: done when all of that has stopped; off the event loop.
    failure: why it did not start, where that was to be expected.
    """

    def __init__(
        self,
        services: Services,
        *,
        log: JsonLog | None = None,
        tracer: Tracer | None = None,
        background: Sequence[Background] = (),
        closing: Callable[[], None] | None = None,
    ) -> None:
        self.services = services
        self.log = log or JsonLog()
        self.failure: UndercutError | None = None
        self._background = background
        self._closing = closing
        self._running: list[asyncio.Task[None]] = []
        self._routes = RouteTable()
        self._tracer = tracer
        services.till.report = lambda error: self.log.defect(error, during="release")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    async def start(self) -> None:
        """Start the engine; ready when this returns."""
        self.log.start()
        await self.services.engine.start()
        self._running = [asyncio.create_task(self._watched(work)) for work in self._background]
        self.services.readiness.draining = False
        self.services.readiness.started = True
        plan = self.services.engine.plan
        self.log.write("ready", plan=plan.name, digest=plan.digest)

    async def close(self) -> None:
        """Finish what was accepted, then stop the engine."""
        self.services.readiness.draining = True
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        await self.services.engine.close()
        await self.services.till.close()
        if self._closing is not None:
            await asyncio.to_thread(self._closing)
        self.log.write("closed")
        self.log.close()

    async def _watched(self, work: Background) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - requests are answered all the same
            self.log.defect(error, during="background")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except Exception as error:  # noqa: BLE001 - told to the server, which ends
            self.log.defect(error, during="start")
            self.failure = error if isinstance(error, UndercutError) else None
            words = str(error) if isinstance(error, UndercutError) else type(error).__name__
            self.log.close()
            await send({"type": "lifespan.startup.failed", "message": words})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        head = read_head(scope["headers"], self.services.ids)
        operation, dialect = "unknown", _dialect(scope["path"])
        outcome = _Outcome(send)
        inputs = 0
        try:
            match = self._routes.find(scope["method"], scope["path"])
            operation, dialect = match.route.operation, match.route.dialect
            reply = await self._traced(match, head, scope, receive, outcome)
            if reply is not None:
                inputs = reply.inputs
                await _send_reply(outcome.send, head, reply)
        except (Refusal, UndercutError) as error:
            refusal = error if isinstance(error, Refusal) else refusal_of(error)
            await self._refuse(outcome, head, refusal, dialect)
        except ClientGoneError:
            outcome.gone = True
        except asyncio.CancelledError:
            # The client hung up, or the time to drain is over: this task ends here either way.
            outcome.gone = True
            if self.services.readiness.draining and outcome.status == 0:
                refusal = Refusal(503, "stopping", "the server is stopping", close=True)
                await self._refuse(outcome, head, refusal, dialect)
        except Exception as error:  # noqa: BLE001 - the edge of the program
            self.log.defect(error, request_id=head.request_id, operation=operation)
            await self._refuse(outcome, head, defect(), dialect)
        self._finished(outcome, head, operation, inputs, perf_counter() - started)

    async def _traced(
        self, match: Match, head: Head, scope: Scope, receive: Receive, outcome: _Outcome
    ) -> Reply | None:
        if self._tracer is None:
            return await self._answer(match, head, scope, receive, outcome.send)
        operation = match.route.operation
        outcome.span = self._tracer.begin(operation, head.traceparent, head.request_id)
        with outcome.span.active():
            return await self._answer(match, head, scope, receive, outcome.send)

    async def _answer(
        self, match: Match, head: Head, scope: Scope, receive: Receive, send: Send
    ) -> Reply | None:
        services, route = self.services, match.route
        if head.fault is not None:
            raise head.fault
        caller = authorise(route.rule, services.gate, head, scope)
        if not route.reads_body:
            exchange = Exchange(
                scope, receive, send, head, services, caller, None, match.parameters
            )
            return await route.handler(exchange)
        place = self._admit(route, head, "" if caller is None else caller.tenant)
        try:
            exchange = Exchange(
                scope, receive, send, head, services, caller, place, match.parameters
            )
            return await route.handler(exchange)
        finally:
            place.leave()

    def _admit(self, route: Route, head: Head, tenant: str) -> Place:
        """A place for a request with a body, before any of it is read."""
        services = self.services
        if head.content_encoding not in {b"", b"identity"}:
            raise Refusal(415, "unsupported_encoding", "bodies are sent without Content-Encoding")
        services.capacity.expect_in_time(services.engine.backlog_seconds())
        if route.streams:
            return services.capacity.enter(tenant, services.limits.batch_chunk_bytes, batch=True)
        if head.content_type not in _JSON_TYPES:
            raise Refusal(
                415,
                "unsupported_media_type",
                "this route reads JSON",
                hint="Content-Type: application/json",
            )
        return services.capacity.enter(tenant, check_length(head.content_length, services.limits))

    async def _refuse(
        self, outcome: _Outcome, head: Head, refusal: Refusal, dialect: Dialect
    ) -> None:
        self.services.counters.refusals[refusal.code] += 1
        outcome.code = refusal.code
        if outcome.status:
            # A response that has begun cannot be turned into a refusal; the server cuts it.
            outcome.gone = True
            return
        if head.expects_continue:
            # nobody knows whether the body will still be sent
            refusal.close = True
        reply = Reply(
            body_of(refusal, head.request_id, dialect), refusal.status, headers=headers_of(refusal)
        )
        await _send_reply(outcome.send, head, reply)

    def _finished(
        self, outcome: _Outcome, head: Head, operation: str, inputs: int, seconds: float
    ) -> None:
        counters = self.services.counters
        counters.finished(operation, outcome.status, seconds)
        if outcome.span is not None:
            outcome.span.end(outcome.status, outcome.code)
        if outcome.gone:
            counters.disconnects += 1
        counters.log_lines_dropped = self.log.dropped
        if self.log.requests:
            self.log.write(
                "request",
                request_id=head.request_id,
                operation=operation,
                status=outcome.status,
                code=outcome.code,
                inputs=inputs,
                milliseconds=round(seconds * 1000, 3),
                disconnected=outcome.gone,
            )


class _Outcome:
    """What has been sent so far."""

    __slots__ = ("_send", "code", "gone", "span", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.code: str | None = None
        self.gone = False
        self.span: Span | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


async def _send_reply(send: Send, head: Head, reply: Reply) -> None:
    headers = head_of(head.request_id, reply.content_type, reply.headers)
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})


def _dialect(path: str) -> Dialect:
    """For errors where no route is found."""
    return Dialect.OPEN_INFERENCE if path == "/v2" or path.startswith("/v2/") else Dialect.NATIVE
