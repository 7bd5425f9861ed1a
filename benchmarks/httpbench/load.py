"""A load generator that takes little of the machine it shares with the server.

    python benchmarks/httpbench/load.py < plan.json > result.json

Raw sockets on uvloop, requests built beforehand, replies read no further than their status and
length. Closed loop: each connection asks again when it has its answer. Open loop: requests leave
at a fixed rate whatever comes back, and latency counts from when they were due, so that a server
which stalls cannot hide it (coordinated omission).
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

_NUMBER = b"##########"  # stands where the number of a request goes; a header, so before any body
PERCENTILES = (50, 90, 99, 99.9)


@dataclass(frozen=True)
class LoadPlan:
    """url: with path. bodies: JSON, sent in turn. rate: requests a second, None for closed loop.

    connections: at once; in open loop the most there may be.
    headers: of every request, beside the usual ones. idempotency_keys: send a new one with each.
    """

    url: str
    bodies: list[str]
    seconds: float
    connections: int
    rate: float | None = None
    warm_seconds: float = 0.5
    headers: dict[str, str] = field(default_factory=dict)
    idempotency_keys: bool = False


@dataclass
class LoadResult:
    """What was measured after warming up. unsent: due when every connection was busy.

    latency_ms: status -> percentile -> milliseconds. generator_cpu: cores that this took.
    """

    seconds: float
    by_status: dict[str, int]
    latency_ms: dict[str, dict[str, float]]
    broken: int
    unsent: int
    generator_cpu: float

    @property
    def answered_per_second(self) -> float:
        """Goodput in requests."""
        return self.by_status.get("200", 0) / self.seconds


class _Tally:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.latencies: dict[str, list[float]] = {}
        self.broken = 0
        self.unsent = 0
        self.counting = False

    def done(self, status: str, seconds: float) -> None:
        if self.counting:
            self.counts[status] += 1
            self.latencies.setdefault(status, []).append(seconds)


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._due = 0.0
        self._busy = False
        self._head = b""
        self._left = -1
        self._status = ""
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._load.free(self)

    def ask(self, request: bytes, due: float) -> None:
        assert self._transport is not None
        self._busy, self._due, self._left, self._head = True, due, -1, b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._head[:end].lower()
            self._status = head[9:12].decode()
            self._closing = b"\r\nconnection: close" in head
            start = head.find(b"\r\ncontent-length:")
            self._left = int(head[start + 17 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            data = self._head[end + 4 :]
        self._left -= len(data)
        if self._left <= 0 and self._busy:
            self._busy = False
            self._load.tally.done(self._status, time.perf_counter() - self._due)
            if self._closing:
                assert self._transport is not None
                self._transport.close()
            else:
                self._load.free(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self._busy and self._load.tally.counting:
            # A server that refuses early may reset while the body is still on its way.
            self._load.tally.broken += 1
        self._load.lost(self)


class _Load:
    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan
        self.tally = _Tally()
        parts = urlsplit(plan.url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        if plan.idempotency_keys:
            plan.headers["Idempotency-Key"] = f"{os.urandom(6).hex()}-{_NUMBER.decode()}"
        extra = "".join(f"{name}: {value}\r\n" for name, value in plan.headers.items())
        self._requests = [
            (
                f"POST {parts.path} HTTP/1.1\r\nHost: {self._host}\r\n{extra}"
                f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n"
            ).encode()
            + body.encode()
            for body in plan.bodies
        ]
        self._next = 0
        self._idle: list[_Connection] = []
        self._open = 0
        self._waiting: list[float] = []
        self._running = True
        self._opening: set[asyncio.Task[None]] = set()

    def free(self, connection: _Connection) -> None:
        if not self._running:
            return
        if self.plan.rate is None:
            self._ask(connection, time.perf_counter())
        elif self._waiting:
            self._ask(connection, self._waiting.pop(0))
        else:
            self._idle.append(connection)

    def lost(self, connection: _Connection) -> None:
        self._open -= 1
        if connection in self._idle:
            self._idle.remove(connection)
        if self._running and self._open < self.plan.connections:
            self._connect()

    def _ask(self, connection: _Connection, due: float) -> None:
        request = self._requests[self._next % len(self._requests)]
        self._next += 1
        if self.plan.idempotency_keys:
            request = request.replace(_NUMBER, b"%010d" % self._next, 1)
        connection.ask(request, due)

    def _connect(self) -> None:
        self._open += 1
        task = asyncio.ensure_future(self._opened())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _opened(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: _Connection(self), self._host, self._port)
        except OSError:
            self._open -= 1
            self.tally.broken += self.tally.counting
            await asyncio.sleep(0.05)
            if self._running:
                self._connect()

    def _due(self, due: float) -> None:
        if self._idle:
            self._ask(self._idle.pop(), due)
        elif self._open < self.plan.connections:
            self._waiting.append(due)
            self._connect()
        else:
            self.tally.unsent += self.tally.counting

    async def _send_at_rate(self, rate: float, until: float) -> None:
        due = time.perf_counter()
        while due < until:
            now = time.perf_counter()
            while due <= now:
                self._due(due)
                due += 1 / rate
            await asyncio.sleep(max(0.0, min(due - time.perf_counter(), 0.002)))

    async def run(self) -> LoadResult:
        plan = self.plan
        asyncio.get_running_loop().set_exception_handler(_fail)
        for _ in range(plan.connections if plan.rate is None else min(32, plan.connections)):
            self._connect()
        began = time.perf_counter()
        until = began + plan.warm_seconds + plan.seconds
        sending = asyncio.ensure_future(self._send_at_rate(plan.rate, until)) if plan.rate else None
        await asyncio.sleep(plan.warm_seconds)
        self.tally.counting, before, started = True, _cpu(), time.perf_counter()
        await asyncio.sleep(plan.seconds)
        self.tally.counting = False
        seconds = time.perf_counter() - started
        cpu = (_cpu() - before) / seconds
        self._running = False
        if sending is not None:
            await sending
        return LoadResult(
            seconds=seconds,
            by_status=dict(self.tally.counts),
            latency_ms={
                status: _percentiles(values) for status, values in self.tally.latencies.items()
            },
            broken=self.tally.broken,
            unsent=self.tally.unsent,
            generator_cpu=cpu,
        )


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    last = len(ordered) - 1
    found = {f"p{p:g}": ordered[min(last, int(len(ordered) * p / 100))] for p in PERCENTILES}
    return {name: round(value * 1000, 3) for name, value in (found | {"max": ordered[-1]}).items()}


def _fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A defect of the generator must not look like a slow server."""
    sys.stderr.write(f"{context}\n")
    os._exit(1)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    plan = LoadPlan(**json.load(sys.stdin))
    result = uvloop.run(_Load(plan).run())
    json.dump(asdict(result), sys.stdout)


if __name__ == "__main__":
    main()
