"""A real server in a thread, over a gate, books and an engine in memory."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from serving_http_fakes import MemoryBooks, MemoryEngine, MemoryGate, bearer

from undercut.operate.serving.http.app import Application
from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.log import JsonLog
from undercut.operate.serving.http.server import DrainingServer, bind
from undercut.operate.serving.http.services import make_services


@dataclass
class Served:
    """A server that runs, and everything behind it."""

    url: str
    port: int
    gate: MemoryGate
    books: MemoryBooks
    engine: MemoryEngine
    app: Application
    server: DrainingServer
    log: io.BytesIO
    loop: asyncio.AbstractEventLoop
    client: httpx.Client

    def predict(self, body: object, **headers: str) -> httpx.Response:
        """POST /v1/predict as acme."""
        return self.client.post("/v1/predict", json=body, headers={**bearer(), **headers})

    def hold(self) -> Callable[[], None]:
        """Answers wait until what this returns is called."""
        event = asyncio.Event()
        self.engine.hold = event
        return lambda: self.loop.call_soon_threadsafe(event.set) and None

    def wait_until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Poll; fails where it does not become true."""
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "waited in vain"
            time.sleep(0.005)


@contextmanager
def serving(limits: HttpLimits | None = None, *, requests_logged: bool = True) -> Iterator[Served]:
    """A server; when it ends, no ticket may be open and no place taken."""
    gate = MemoryGate()
    books = MemoryBooks(gate)
    engine = MemoryEngine()
    stream = io.BytesIO()
    log = JsonLog(stream, requests=requests_logged)
    app = Application(make_services(engine, gate, books, books, limits=limits), log=log)
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = DrainingServer(app, loop="uvloop")
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve([listener])

    thread = threading.Thread(target=lambda: _run(server, run), daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.005)
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        yield Served(url, port, gate, books, engine, app, server, stream, loops[0], client)
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive(), "the server did not stop"
    assert engine.closed
    assert gate.open_tickets == []
    assert app.services.capacity.requests == 0
    assert app.services.capacity.held_bytes == 0
    assert app.services.counters.failed_releases == 0


def _run(server: DrainingServer, main: Callable[[], object]) -> None:
    factory = server.config.get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())  # type: ignore[arg-type]
