"""This side of a scribe: groups out, replies in, and what nobody knows of when it dies."""

from __future__ import annotations

import asyncio
import subprocess
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from undercut.core.child import start_child
from undercut.core.requests import Recorded
from undercut.operate.metering.jobs import Job
from undercut.operate.metering.recording import RecordJob
from undercut.operate.metering.scribe_frames import Plain, take_replies, write_group

# a group on its way, by number
Unsettled = tuple[int, Sequence[RecordJob]]
MODULE = "undercut.operate.metering.scribe"


class ScribeLink(asyncio.Protocol):
    """Implements `Helper` by a scribe.

    writer_id: of its mark. unsettled: groups on their way, by number. refused: gets the jobs of
    groups that do not stand. lost: done when the scribe is gone.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        writer_id: str,
        refused: Callable[[Sequence[Job]], None],
    ) -> None:
        self.process = process
        self.writer_id = writer_id
        self.unsettled: deque[Unsettled] = deque()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._refused = refused
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._number = 0

    def take(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Send what is plain; returns what is not, or all where the scribe is gone."""
        plain = [job for job in jobs if isinstance(job, RecordJob) and job.is_plain]
        if not plain or self._transport is None:
            return jobs
        number = self._number + 1
        claims = [job.plain_claim for job in plain if job.claimed is not None]
        try:
            frame = write_group(Plain(number, [job.row for job in plain], claims))
        except TypeError:
            # an odd number or text: the thread finds out whose
            return jobs
        self._number = number
        self.unsettled.append((number, plain))
        self._transport.write(frame)
        if len(plain) == len(jobs):
            return ()
        return [job for job in jobs if not (isinstance(job, RecordJob) and job.is_plain)]

    def hang_up(self) -> None:
        """It ends when it sees that; not before all is settled, or nobody could tell what is."""
        assert not self.unsettled
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, though they do the same
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        for number, stands in take_replies(self._buffer):
            while self.unsettled and self.unsettled[0][0] <= number:
                _, jobs = self.unsettled.popleft()
                if stands:
                    tell_recorded(jobs)
                else:
                    self._refused(jobs)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if not self.lost.done():
            self.lost.set_result(None)


def tell_recorded(jobs: Sequence[RecordJob]) -> None:
    """The group stands, and all of it was new."""
    for job in jobs:
        job.result = Recorded(job.request.answer, repeat=False)
        job.tell()


async def start_scribe(path: Path, refused: Callable[[Sequence[Job]], None]) -> ScribeLink:
    """A scribe for the books in this file; OSError where no process can be had."""
    writer_id = uuid.uuid4().hex
    process, ours = await asyncio.to_thread(start_child, MODULE, (str(path), writer_id))
    _, link = await asyncio.get_running_loop().create_unix_connection(
        lambda: ScribeLink(process, writer_id, refused), sock=ours
    )
    return link
