"""Sockets, signals and draining: how an application is served and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from uvicorn import Config, Server

from undercut.core.errors import ConfigError
from undercut.operate.serving.heap import settle_heap
from undercut.operate.serving.http.app import Application
from undercut.operate.serving.http.connection import Connections
from undercut.operate.serving.http.log import ServerRecords

_BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """A listening socket whose port a successor may bind too, before this one lets go.

    Raises ConfigError where the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            hint="another --port, or stop what uses this one",
        ) from error
    return listener


class DrainingServer(Server):
    """uvicorn's server, which on SIGTERM or SIGINT answers what it has and ends with exit code 0.

    First it is no longer ready (`notice_seconds` for a load balancer to see that), then it takes
    what the kernel has already accepted and stops listening, then it waits for answers, at most
    `drain_seconds`. A second signal ends it at once. ready: called when it listens.
    """

    def __init__(
        self,
        application: Application,
        *,
        loop: str = "auto",
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        services = application.services
        self._application = application
        self._limits = services.limits
        self._connections = Connections(services, application.log)
        super().__init__(
            Config(
                application,
                http=self._connections.protocol(),  # type: ignore[arg-type]
                loop=loop,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=services.limits.idle_seconds,
                timeout_graceful_shutdown=max(1, round(services.limits.drain_seconds)),
                backlog=_BACKLOG,
            )
        )
        self._ready = ready
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def draining(self) -> bool:
        """Whether the server is to stop."""
        return self.should_exit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen."""
        await super().startup(sockets)
        self._sweeping = asyncio.create_task(self._connections.sweep())
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain."""
        self._application.services.readiness.draining = True
        self._application.log.write("draining", requests=len(self.server_state.tasks))
        await self._notice()
        await self._take_accepted(sockets or [])
        await super().shutdown(sockets)
        if self._sweeping is not None:
            self._sweeping.cancel()

    async def _notice(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.notice_seconds
        while loop.time() < until and not self.force_exit:
            await asyncio.sleep(0.05)

    async def _take_accepted(self, sockets: Sequence[socket.socket]) -> None:
        """Accept what waits in the kernel: closing a listener resets those connections."""
        loop = asyncio.get_running_loop()
        protocol = self.config.http_protocol_class
        for listener in sockets:
            while True:
                try:
                    accepted, _ = listener.accept()
                except (BlockingIOError, OSError):
                    break
                accepted.setblocking(False)
                await loop.connect_accepted_socket(
                    lambda: protocol(  # type: ignore[call-arg]
                        config=self.config,
                        server_state=self.server_state,
                        app_state=self.lifespan.state,
                    ),
                    accepted,
                )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals without raising them again: having drained is a success."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain; at once the second time."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve_until_stopped(application: Application, sockets: list[socket.socket]) -> None:
    """Serve on these sockets until SIGTERM or SIGINT; returns when drained.

    Raises what kept the application from starting; ConfigError where that stands in the log only.
    """
    logger = logging.getLogger("uvicorn.error")
    logger.handlers = [ServerRecords(application.log)]
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    server = DrainingServer(application, ready=settle_heap)
    # uvicorn leaves the program where the application does not start
    with contextlib.suppress(SystemExit):
        server.run(sockets)
    if not server.started:
        if application.failure is not None:
            raise application.failure
        raise ConfigError("the server could not start", hint="the log says why")
