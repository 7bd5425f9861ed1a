"""Reading request bodies: bounded in size, and in how long a slow sender is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

from undercut.operate.serving.http.asgi import ClientGoneError, Message, Receive
from undercut.operate.serving.http.capacity import Place
from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.refusal import Refusal


def check_length(content_length: int | None, limits: HttpLimits) -> int:
    """Bytes that a body announces (0 where it comes in chunks); Refusal 413 where too many."""
    if content_length is not None and content_length > limits.body_bytes:
        raise too_large(limits)
    return content_length or 0


async def read_body(receive: Receive, place: Place, limits: HttpLimits) -> bytes:
    """The whole body. Refusal 413 (too large), 408 (too slow); ClientGoneError."""
    first = await _first(receive, limits)
    if not first.get("more_body", False):
        body: bytes = first.get("body", b"")
        if len(body) > limits.body_bytes:
            raise too_large(limits)
        _account(place, len(body))
        return body
    parts = [first.get("body", b"")]
    size = len(parts[0])
    waiting = Patience(limits)
    waiting.got(size)
    more = True
    while more:
        message = await waiting.receive(receive)
        part = message.get("body", b"")
        size += len(part)
        if size > limits.body_bytes:
            raise too_large(limits)
        _account(place, size)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def stream_body(receive: Receive, limits: HttpLimits) -> AsyncIterator[bytes]:
    """The body as it comes. Refusal 408 where it comes too slowly; ClientGoneError."""
    waiting = Patience(limits)
    more = True
    while more:
        message = await waiting.receive(receive)
        part: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        if part:
            yield part


class Patience:
    """How long a sender may still take: a grace, and more for every byte that came.

    Only time spent waiting counts, so a sender that we hold back loses nothing.
    """

    def __init__(self, limits: HttpLimits) -> None:
        self._left_seconds = limits.patience_seconds
        self._per_byte = 1.0 / limits.least_bytes_per_second
        self._grace_seconds = limits.patience_seconds

    def got(self, size: int) -> None:
        """Bytes that came buy time, never more than the grace again."""
        self._left_seconds = min(self._grace_seconds, self._left_seconds + size * self._per_byte)

    async def receive(self, receive: Receive) -> Message:
        """The next part; Refusal 408 where it does not come in time, ClientGoneError."""
        started = monotonic()
        try:
            async with asyncio.timeout(self._left_seconds):
                message = await receive()
        except TimeoutError:
            raise Refusal(
                408, "too_slow", "the body came too slowly", hint="send it faster", close=True
            ) from None
        if message["type"] != "http.request":
            raise ClientGoneError
        self._left_seconds = max(0.0, self._left_seconds - (monotonic() - started))
        self.got(len(message.get("body", b"")))
        return message


async def _first(receive: Receive, limits: HttpLimits) -> Message:
    return await Patience(limits).receive(receive)


def _account(place: Place, size: int) -> None:
    if size > place.held_bytes:
        place.grow(size)


def too_large(limits: HttpLimits) -> Refusal:
    """Refusal 413 with the limit in its words."""
    return Refusal(
        413,
        "body_too_large",
        f"the body has more than {limits.body_bytes} bytes, the limit",
        hint="fewer texts in a request, or POST /v1/batches, which streams",
    )
