"""What the writer thread is asked to do, and how whoever asked learns of the end."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection


class Job:
    """Something to be done in one of the next transactions.

    result, error: set by the transaction, told by `tell`. An outcome is final only when its
    transaction is committed: `begin` forgets that of an attempt that failed.
    """

    __slots__ = ("error", "future", "loop", "result", "told")

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self.loop = loop
        # asyncio's in a loop, else that of a thread which may block
        self.future: Any = concurrent.futures.Future() if loop is None else loop.create_future()
        self.result: Any = None
        self.error: Exception | None = None
        self.told = False

    def begin(self) -> None:
        """A transaction starts (again)."""
        self.result = None
        self.error = None

    def ended(self) -> None:
        """The outcome is final; called once, by the writer thread, before anyone is told."""

    def tell(self) -> None:
        """Hand the outcome to whoever waits; in the event loop where there is one."""
        self.told = True
        # whoever asked may have given up; what was done stays done
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)

    async def outcome(self) -> Any:
        """The result, or the error, when it is final, whatever becomes of the task that waits.

        A task that is cancelled meanwhile hears of that at its next await: it cannot know before
        what was written, so it must not decide what follows from it.
        """
        try:
            return await self.future
        except asyncio.CancelledError:
            assert self.loop is not None
            while not self.told:
                self.future = self.loop.create_future()
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([self.future])
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()
        task.cancel()
        if self.error is not None:
            raise self.error
        return self.result


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
