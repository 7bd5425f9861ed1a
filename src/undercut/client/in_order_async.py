"""The same as `in_order` for an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TypeVar

from undercut.client.in_order import WINDOW_PER_WORKER

A = TypeVar("A")
B = TypeVar("B")


async def in_order_async(
    items: AsyncIterator[A], work: Callable[[A], Awaitable[B]], *, concurrency: int
) -> AsyncGenerator[B, None]:
    """`work` of every item, `concurrency` at once; at most twice as many items are held.

    The first failure is raised in its turn. However this ends, what is under way is cancelled.
    """
    free = asyncio.Semaphore(concurrency)

    async def one(item: A) -> B:
        async with free:
            return await work(item)

    pending: deque[asyncio.Task[B]] = deque()
    try:
        async for item in items:
            pending.append(asyncio.create_task(one(item)))
            while pending and (
                len(pending) >= WINDOW_PER_WORKER * concurrency or pending[0].done()
            ):
                yield await pending.popleft()
        while pending:
            yield await pending.popleft()
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
