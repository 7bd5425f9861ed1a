"""From an event loop to a thread, once a turn: what is asked in one turn of the loop goes together.

The answers of a batch come to a loop at once, and so do the wishes to record them. Handed over one
by one, the first would start a group of its own and the others wait for its end; and every one
would wake a thread that competes for the interpreter with the loop that is about to hand it more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from undercut.core.errors import BooksUnavailableError
from undercut.operate.metering.gathering import Gathering
from undercut.operate.metering.jobs import Job

J = TypeVar("J", bound=Job)


class Helper(Protocol):
    """Takes off the thread what it can do itself."""

    def take(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Take jobs of a turn; those that are returned are the thread's."""
        ...


class Handing(Generic[J]):
    """Hands jobs to a gathering; those of a loop at the end of its turn, others at once.

    helpers: whom a loop's jobs are offered to first.
    """

    def __init__(self, gathering: Gathering[J]) -> None:
        self.helpers: dict[asyncio.AbstractEventLoop, Helper] = {}
        self._gathering = gathering
        self._turns: dict[asyncio.AbstractEventLoop, list[J]] = {}

    def submit(self, job: J) -> None:
        """Queue a job; one with a loop in that loop's own thread. BooksUnavailableError after the
        end of the gathering."""
        loop = job.loop
        if loop is None:
            self._gathering.put(job)
            return
        turn = self._turns.get(loop)
        if turn is not None:
            turn.append(job)
            return
        self._gathering.expect_open()
        if self._turns:
            self._forget_closed()
        self._turns[loop] = [job]
        loop.call_soon(self._end, loop)

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        turn: Sequence[J] = self._turns.pop(loop)
        helper = self.helpers.get(loop)
        if helper is not None:
            turn = helper.take(turn)  # type: ignore[assignment]
        self.pass_on(turn)

    def pass_on(self, jobs: Sequence[J]) -> None:
        """Queue jobs that were taken in already, from their event loop."""
        try:
            self._gathering.put_all(jobs)
        except BooksUnavailableError as error:
            # closed within the turn: they hear it as those do who come later
            _refuse(jobs, error)
            for job in jobs:
                job.tell()

    def _forget_closed(self) -> None:
        """A loop that was closed within its turn: nobody waits, and nothing was written."""
        for loop in list(self._turns):
            if loop.is_closed():
                gone = BooksUnavailableError("the event loop was closed before its turn ended")
                _refuse(self._turns.pop(loop, ()), gone)


def _refuse(jobs: Iterable[Job], error: BooksUnavailableError) -> None:
    for job in jobs:
        job.result, job.error = None, error
        job.ended()
