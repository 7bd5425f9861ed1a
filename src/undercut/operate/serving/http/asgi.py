"""The shapes of ASGI 3, as far as this server speaks it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
RawHeaders = list[tuple[bytes, bytes]]

# In scope["state"]: where a server keeps the `HangUp` of a connection.
HANG_UP = "undercut.hang_up"


class ClientGoneError(Exception):
    """The client closed the connection before its answer."""


class HangUp:
    """What to do when a client hangs up while its request waits for an answer.

    The server fires it when the connection is lost; a request that may be dropped puts the
    cancelling of its own task here. Polling `receive` for a disconnect would cost every request
    a task.
    """

    __slots__ = ("cancel",)

    def __init__(self) -> None:
        self.cancel: Callable[[], object] | None = None

    def fire(self) -> None:
        """The connection is lost."""
        cancel, self.cancel = self.cancel, None
        if cancel is not None:
            cancel()
