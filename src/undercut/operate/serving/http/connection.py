"""A connection that does not wait for ever: uvicorn's protocol with bounds of its own.

uvicorn bounds neither the size of a request's head nor the time it takes, nor how long a response
may lie unread. Deadlines are plain numbers that `Connections.sweep` compares twice a second: a
timer for each request would cost more than the request's own parsing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import orjson
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from undercut.operate.serving.http.asgi import HANG_UP, HangUp
from undercut.operate.serving.http.log import JsonLog
from undercut.operate.serving.http.services import Services
from undercut.operate.serving.http.unread import OPERATION, UnreadRefusals

_MOST_HEADERS = 100
# A body that nobody reads any more is thrown away up to here, so that its sender sees the refusal.
_MOST_SKIPPED_BYTES = 16 * 1024 * 1024
_SWEEP_SECONDS = 0.5
_NEVER = float("inf")


class Connections:
    """All connections of a server process, and the limits they keep."""

    def __init__(self, services: Services, log: JsonLog) -> None:
        self.limits = services.limits
        self.counters = services.counters
        self.readiness = services.readiness
        self.unread = UnreadRefusals(
            services.capacity,
            services.counters,
            services.limits,
            services.ids,
            services.engine.backlog_seconds,
        )
        self._log = log
        self.open: set[BoundedProtocol] = set()

    def protocol(self) -> Callable[..., asyncio.Protocol]:
        """A factory, as uvicorn wants one."""
        connections = self

        class Protocol(BoundedProtocol):
            def __init__(self, *arguments: Any, **settings: Any) -> None:
                super().__init__(connections, *arguments, **settings)

        return Protocol

    async def sweep(self) -> None:
        """Cut overdue connections, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = loop.time()
            for connection in list(self.open):
                reason = connection.overdue(now)
                if reason is not None:
                    connection.cut(reason)
            self._tell_of_refusals()

    def _tell_of_refusals(self) -> None:
        """One line for all that were refused unread since the last: they come by the thousand."""
        refused, self.unread.new = self.unread.new, 0
        if refused and self._log.requests:
            self._log.write("refused_unread", operation=OPERATION, code="overloaded", times=refused)


class BoundedProtocol(HttpToolsProtocol):
    """One connection, with deadlines on the loop's clock: infinite while it is our turn.

    A head must be whole by the first; a body that nobody wants must end by the second; a response
    must be taken off us by the third.
    """

    def __init__(
        self,
        connections: Connections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._shared = connections
        self._limits = connections.limits
        self._hang_up = HangUp()
        self._head_bytes = 0
        self._in_head = True
        self._begun = False
        self._requests = 0
        self._skipped_bytes = 0
        self._head_due = _NEVER
        self._skip_due = _NEVER
        self._reader_due = _NEVER

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        shared = self._shared
        if len(shared.open) >= self._limits.connections:
            self.refuse(503, "too_many_connections", "the server has as many connections as it may")
            shared.counters.cut_connections["too_many"] += 1
            return
        shared.open.add(self)
        shared.counters.connections = len(shared.open)
        self._head_due = self.loop.time() + self._limits.head_seconds

    def connection_lost(self, exc: Exception | None) -> None:
        self._shared.open.discard(self)
        self._shared.counters.connections = len(self._shared.open)
        super().connection_lost(exc)
        self._hang_up.fire()

    def data_received(self, data: bytes) -> None:
        if self._between_requests():
            response = self._shared.unread.refuse(data)
            if response is not None:
                self._refused_unread(response)
                return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # counted with what follows it in the same packet: no head is refused for a body's size
        if self._in_head and self._head_bytes > self._limits.head_bytes:
            self.refuse(431, "head_too_large", "the request's head is too large")

    def _between_requests(self) -> bool:
        """Whether what comes now begins a request, and may be refused without reading it."""
        return (
            self._in_head
            and not self._begun
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and not self._shared.readiness.draining
            and self._requests + 1 < self._limits.requests_per_connection
            and not self.transport.is_closing()
        )

    def _refused_unread(self, response: bytes) -> None:
        self._requests += 1
        self._head_due = _NEVER
        self.transport.write(response)
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][HANG_UP] = self._hang_up
        self._in_head = self._begun = True
        if self._head_due == _NEVER:
            self._head_due = self.loop.time() + self._limits.head_seconds

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > _MOST_HEADERS:
            raise ValueError("too many headers")

    def on_headers_complete(self) -> None:
        self._in_head = self._begun = False
        self._head_bytes = 0
        self._skipped_bytes = 0
        self._head_due = _NEVER
        self._requests += 1
        super().on_headers_complete()
        full = self._requests >= self._limits.requests_per_connection
        if full or self._shared.readiness.draining:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self.cycle is not None and self.cycle.response_complete:
            self._skipped_bytes += len(body)
            if self._skip_due == _NEVER:
                self._skip_due = self.loop.time() + self._limits.patience_seconds
            if self._skipped_bytes > _MOST_SKIPPED_BYTES:
                self.cut("unwanted_body")

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = True
        self._head_bytes = 0
        self._skip_due = _NEVER

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader_due = self.loop.time() + self._limits.stalled_seconds

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reader_due = _NEVER

    def overdue(self, now: float) -> str | None:
        """What came too late, None where nothing did."""
        if now > self._reader_due:
            return "reader"
        if now > self._head_due:
            return "head"
        return "unwanted_body" if now > self._skip_due else None

    def cut(self, reason: str) -> None:
        """End the connection at once."""
        self._shared.counters.cut_connections[reason] += 1
        self._head_due = self._skip_due = self._reader_due = _NEVER
        if self.transport is not None:
            if reason == "head" and self._begun:
                self.refuse(408, "too_slow", "the request's head came too slowly")
            else:
                self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn sends for a request it cannot read, in our words."""
        self.refuse(400, "invalid_http", "this is no HTTP request")

    def refuse(self, status: int, code: str, message: str) -> None:
        """Answer without the application, and close."""
        transport = cast("asyncio.Transport | None", self.transport)
        if transport is None or transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            transport.write(_plain_refusal(status, code, message))
        transport.close()


_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


def _plain_refusal(status: int, code: str, message: str) -> bytes:
    wait = 1 if status == 503 else None
    error = {
        "code": code,
        "message": message,
        "hint": None,
        "request_id": "",
        "retry_after_seconds": wait,
    }
    body = orjson.dumps({"error": error})
    lines = [
        f"HTTP/1.1 {status} {_PHRASES[status]}",
        "content-type: application/json",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        f"content-length: {len(body)}",
        "connection: close",
        *(["retry-after: 1"] if wait else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
