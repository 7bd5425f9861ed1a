"""Requests with one idempotency key take turns, so that a process answers them once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from undercut.core.errors import DeadlineExceededError


class Turns:
    """A queue for each (tenant, key) at work; forgotten when its last request ends."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], tuple[asyncio.Lock, int]] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def turn(self, tenant: str, key: str, deadline: float) -> AsyncIterator[None]:
        """Wait for earlier requests with this key; DeadlineExceededError on the loop's clock."""
        name = (tenant, key)
        lock, users = self._locks.get(name, (asyncio.Lock(), 0))
        self._locks[name] = (lock, users + 1)
        try:
            await _acquire(lock, deadline)
            try:
                yield
            finally:
                lock.release()
        finally:
            lock, users = self._locks.pop(name)
            if users > 1:
                self._locks[name] = (lock, users - 1)


async def _acquire(lock: asyncio.Lock, deadline: float) -> None:
    if not lock.locked():
        await lock.acquire()
        return
    try:
        async with asyncio.timeout_at(deadline):
            await lock.acquire()
    except TimeoutError:
        raise DeadlineExceededError(
            "another request with this Idempotency-Key is still being answered",
            hint="try again with the same key: the answer will be the same",
            retry_after_seconds=1.0,
        ) from None
