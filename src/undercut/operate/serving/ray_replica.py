"""One replica on Ray Serve: the server's own ASGI application, made where it runs.

Ray carries an actor's arguments from process to process in its own pickle format, inside a cluster
that trusts itself. Only strings go that way here: where to find the function that builds the
application, and what to build it from. No model, no key and no connection is ever sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any

from undercut.core.errors import ConfigError

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

LIVE_PATH = "/health/live"


class RayReplica:
    """What `serve.ingress` wraps; Ray asks it for the application after the constructor.

    builder: 'package.module:function'; arguments: its keyword arguments, strings all.
    """

    def __init__(self, builder: str, arguments: Mapping[str, str]) -> None:
        self._builder = builder
        self._arguments = dict(arguments)
        self._application: Asgi | None = None

    def __serve_build_asgi_app__(self) -> Asgi:
        """The application; it starts with its lifespan, as under any other server."""
        self._application = load_builder(self._builder)(**self._arguments)
        return behind_proxy(self._application)

    async def check_health(self) -> None:
        """Ray replaces the replica where this raises: where the application is dead, not busy."""
        if self._application is None:
            raise RuntimeError("the application was not built")
        status = await ask_status(self._application, LIVE_PATH)
        if status != 200:
            raise RuntimeError(f"GET {LIVE_PATH} answered {status}")


def load_builder(name: str) -> Callable[..., Asgi]:
    """The function behind 'package.module:function'; ConfigError where there is none."""
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"no application builder at {name!r}: {error}") from error
    if not callable(found):
        raise ConfigError(f"{name!r} is no function")
    result: Callable[..., Asgi] = found
    return result


def behind_proxy(application: Asgi) -> Asgi:
    """The same, with nobody counted as a caller on this machine.

    Requests come from Ray's proxy, which may run on the same machine: its address says nothing
    about who asks, so what is open to local callers only is closed here.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "client": None}
        await application(scope, receive, send)

    return wrapped


async def ask_status(application: Asgi, path: str) -> int:
    """The status that GET `path` gets from an ASGI application, without a socket."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("ascii"),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"replica")],
        "client": None,
        "server": None,
    }
    await application(scope, receive, send)
    return statuses[0] if statuses else 0
