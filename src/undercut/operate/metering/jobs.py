"""What the writer thread is asked to do, and how whoever asked learns of the end."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection


class Job:
    """Something to be done in one of the next transactions.

    result, error: set by the transaction, told by `tell`. An outcome is final only when its
    transaction is committed: `begin` forgets that of an attempt that failed.
    """

    __slots__ = ("error", "future", "loop", "result")

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self.loop = loop
        # asyncio's in a loop, else that of a thread which may block
        self.future: Any = concurrent.futures.Future() if loop is None else loop.create_future()
        self.result: Any = None
        self.error: Exception | None = None

    def begin(self) -> None:
        """A transaction starts (again)."""
        self.result = None
        self.error = None

    def ended(self) -> None:
        """The outcome is final; called once, by the writer thread, before anyone is told."""

    def tell(self) -> None:
        """Hand the outcome to whoever waits; in the event loop where there is one."""
        # whoever asked may have given up; what was done stays done
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class TaskJob(Job):
    """Any other write: runs in a savepoint of its own, so that its failure is its own.

    locks: accounts that the task leases from.
    """

    __slots__ = ("locks", "work")

    def __init__(
        self,
        work: Callable[[Connection], object],
        *,
        locks: Sequence[str] = (),
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(loop)
        self.work = work
        self.locks = locks


def tell_all(jobs: Iterable[Job]) -> None:
    """Tell every outcome, with one wake-up for each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        if job.loop is None:
            job.tell()
        else:
            by_loop.setdefault(job.loop, []).append(job)
    for loop, waiting in by_loop.items():
        # a loop that was closed has nobody left who waits
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell_each, waiting)


def _tell_each(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.tell()
