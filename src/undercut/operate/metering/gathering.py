"""A queue that gives a thread everything that has gathered since it last looked."""

from __future__ import annotations

from collections.abc import Iterable
from queue import SimpleQueue
from threading import Lock
from typing import Generic, TypeVar

from undercut.core.errors import BooksUnavailableError

T = TypeVar("T")


class Gathering(Generic[T]):
    """Items wait while their thread is busy with earlier ones, then go together.

    most: items in one group.
    """

    def __init__(self, *, most: int = 512) -> None:
        self._queue: SimpleQueue[T | None] = SimpleQueue()
        self._most = most
        self._closed = False
        self._closing = Lock()

    def put(self, item: T) -> None:
        """Add an item; any thread. BooksUnavailableError once closed."""
        self.put_all((item,))

    def put_all(self, items: Iterable[T]) -> None:
        """Add several, in order; all of them or, once closed, none."""
        # under the lock nothing can come after the end mark and wait for ever
        with self._closing:
            self.expect_open()
            for item in items:
                self._queue.put(item)

    def expect_open(self) -> None:
        """BooksUnavailableError once closed."""
        if self._closed:
            raise BooksUnavailableError("the books are closed: this server is stopping")

    def close(self) -> None:
        """Take no more; `take` returns None when what is queued has been taken."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)

    def take(self) -> list[T] | None:
        """All that waits, at least one item; waits for it. None at the end."""
        first = self._queue.get()
        if first is None:
            return None
        group = [first]
        for _ in range(min(self._queue.qsize(), self._most - 1)):
            item = self._queue.get_nowait()
            if item is None:
                self._queue.put(None)
                break
            group.append(item)
        return group
