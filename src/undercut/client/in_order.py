"""Several requests at once, answers in the order of the questions, in bounded memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

# Requests ready behind a slow one: the line is not idle when that one comes back.
WINDOW_PER_WORKER = 2


def in_order(
    items: Iterator[A],
    work: Callable[[A], B],
    *,
    concurrency: int,
    stop: threading.Event,
) -> Iterator[B]:
    """`work` of every item, `concurrency` at once; at most twice as many items are held.

    The first failure is raised in its turn. However this ends, `stop` is set and what has not
    begun is not begun.
    """
    pending: deque[Future[B]] = deque()
    pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="undercut-client")
    try:
        for item in items:
            pending.append(pool.submit(work, item))
            while pending and (
                len(pending) >= WINDOW_PER_WORKER * concurrency or pending[0].done()
            ):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
