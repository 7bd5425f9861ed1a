"""A queue that gives a thread everything that has gathered since it last looked."""

from __future__ import annotations

from collections.abc import Sequence
from queue import SimpleQueue
from threading import Lock
from typing import Any, Generic, TypeVar

from undercut.core.errors import BooksUnavailableError

T = TypeVar("T")


class Gathering(Generic[T]):
    """Items wait while their thread is busy with earlier ones, then go together.

    most: items in one group. What is put together is queued as one thing: each thing put wakes
    the thread, which then competes with whoever is still putting.
    """

    def __init__(self, *, most: int = 512) -> None:
        self._queue: SimpleQueue[Sequence[T]] = SimpleQueue()
        self._left: Sequence[T] = ()
        self._most = most
        self._closed = False
        self._closing = Lock()

    def put(self, item: T) -> None:
        """Add an item; any thread. BooksUnavailableError once closed."""
        self.put_all((item,))

    def put_all(self, items: Sequence[T]) -> None:
        """Add several, in order; all of them or, once closed, none."""
        # under the lock nothing can come after the end mark and wait for ever
        with self._closing:
            self.expect_open()
            if items:
                self._queue.put(items)

    def expect_open(self) -> None:
        """BooksUnavailableError once closed."""
        if self._closed:
            raise BooksUnavailableError("the books are closed: this server is stopping")

    def close(self) -> None:
        """Take no more; `take` returns None when what is queued has been taken."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(_END)

    def take(self) -> list[T] | None:
        """All that waits, at least one item; waits for it. None at the end. One thread only."""
        group = list(self._left or self._queue.get())
        if not group:
            return None
        for _ in range(self._queue.qsize()):
            if len(group) >= self._most:
                break
            more = self._queue.get_nowait()
            if not more:
                self._queue.put(_END)
                break
            group += more
        self._left = group[self._most :]
        del group[self._most :]
        return group


_END: Sequence[Any] = ()
