"""Keeps a scribe at work for an event loop, and settles what one that died leaves in doubt."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path

from undercut.core.errors import BooksUnavailableError
from undercut.operate.metering.jobs import TaskJob
from undercut.operate.metering.marks import last_group
from undercut.operate.metering.scribe_link import (
    ScribeLink,
    Unsettled,
    start_scribe,
    tell_recorded,
)
from undercut.operate.metering.writer import GroupWriter

LOG = logging.getLogger(__name__)
_AGAIN_SECONDS = 1.0
_LOOK_SECONDS = 0.25
_END_SECONDS = 5.0


class ScribeWatch:
    """One scribe after the other for the running event loop."""

    def __init__(self, path: Path, writer: GroupWriter) -> None:
        self._path = path
        self._writer = writer
        self._undoing: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Until cancelled; then what is on its way is settled before this returns."""
        while True:
            try:
                link = await start_scribe(self._path, self._writer.take_over)
            except OSError as error:
                LOG.error("no scribe can be started, the server writes by itself: %s", error)
            else:
                await self._helped_by(link)
                LOG.warning("scribe %d died and is started again", link.process.pid)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _helped_by(self, link: ScribeLink) -> None:
        """Until it is gone and all that it was given is settled."""
        helpers, loop = self._writer.helpers, asyncio.get_running_loop()
        helpers[loop] = link
        try:
            await asyncio.shield(link.lost)
        finally:
            del helpers[loop]
            await _to_the_end(self._part(link))

    async def _part(self, link: ScribeLink) -> None:
        """Let it finish what it has and hang up; or settle what it has left."""
        until = time.monotonic() + _END_SECONDS
        while link.unsettled and not link.lost.done():
            await asyncio.wait([link.lost], timeout=0.01)
            if time.monotonic() > until:
                link.process.kill()
        if not link.lost.done():
            link.hang_up()
        await asyncio.to_thread(_reap, link.process)
        if link.unsettled:
            await self._settle(link.writer_id, list(link.unsettled))

    async def _settle(self, writer_id: str, groups: Sequence[Unsettled]) -> None:
        """Find out what stands of the groups that a dead scribe did not reply to.

        Its lock and its transaction are gone with it, so its mark is final: groups up to the mark
        stand, the others are the thread's.
        """
        try:
            last = await self._read_mark(writer_id)
        except BooksUnavailableError as error:
            for _, jobs in groups:
                for job in jobs:
                    job.error = error
                    job.tell()
            self._undoing = asyncio.ensure_future(self._undo(writer_id, groups))
            return
        for number, jobs in groups:
            if number <= last:
                tell_recorded(jobs)
            else:
                self._writer.take_over(jobs)

    async def _undo(self, writer_id: str, groups: Sequence[Unsettled]) -> None:
        """Their callers were told that nothing was written: make it so when the books are back."""
        undone = False
        while not undone:
            await asyncio.sleep(_LOOK_SECONDS)
            with suppress(BooksUnavailableError):
                last = await self._read_mark(writer_id)
                await self._writer.undo(
                    [job for number, jobs in groups if number <= last for job in jobs]
                )
                undone = True

    async def _read_mark(self, writer_id: str) -> int:
        job = TaskJob(
            lambda connection: last_group(connection, writer_id), loop=asyncio.get_running_loop()
        )
        self._writer.submit(job)
        last: int = await job.future
        return last


async def _to_the_end(work: Coroutine[object, object, None]) -> None:
    """Nobody is left waiting because this was cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that is ending, and kill it where it does not."""
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
