"""This side of one worker: batches out, outcomes in, and what was in flight when it dies."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from undercut.operate.serving.engine import frames
from undercut.operate.serving.engine.lanes import Finished, WorkerLostError
from undercut.operate.serving.engine.stage_batch import StageBatch


class ModelFailedError(Exception):
    """A model in a worker raised; the message says what."""


@dataclass(frozen=True, slots=True)
class _Flight:
    stage: int
    finished: Finished
    since: float


class WorkerLink(asyncio.Protocol):
    """Connection to one worker process.

    returned: for each stage the models whose probabilities come back. ready: done with the seconds
    of the warm-up, or fails with what the worker says. lost: called once when the worker is gone.
    in_flight: batches that it holds, by stage. taken: one of them has it to itself.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        returned: Sequence[Sequence[str]],
        classes: int,
        *,
        changed: Callable[[], None],
        lost: Callable[[WorkerLink], None],
    ) -> None:
        self.process = process
        self.ready: asyncio.Future[list[float]] = asyncio.get_running_loop().create_future()
        self.in_flight = [0] * len(returned)
        self.taken = False
        self._returned = returned
        self._classes = classes
        self._changed = changed
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._flights: dict[int, _Flight] = {}
        self._number = 0

    @classmethod
    async def connect(cls, ours: socket.socket, make: Callable[[], WorkerLink]) -> WorkerLink:
        """The link over this side's end of the socket pair."""
        _, link = await asyncio.get_running_loop().create_unix_connection(make, sock=ours)
        return link

    @property
    def is_ready(self) -> bool:
        """Whether it answers now."""
        return (
            self._transport is not None
            and self.ready.done()
            and not self.ready.cancelled()
            and self.ready.exception() is None
        )

    def oldest_seconds(self) -> float:
        """How long it has held its oldest batch."""
        if not self._flights:
            return 0.0
        return self._loop.time() - min(flight.since for flight in self._flights.values())

    def run(self, batch: StageBatch, finished: Finished, *, alone: bool) -> None:
        """Hand a batch over."""
        self.taken = alone
        assert self._transport is not None, "a link that is lost is not chosen"
        self._number = self._number % 0xFFFFFFFF + 1
        self._flights[self._number] = _Flight(batch.stage, finished, self._loop.time())
        self.in_flight[batch.stage] += 1
        self._transport.write(frames.write_batch(self._number, batch))

    def hang_up(self) -> None:
        """The worker ends by itself when it sees it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, though they do the same.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while (body := self._next_body()) is not None:
                self._take(body)
        except frames.FrameError:
            self.process.kill()  # its batches are tried elsewhere
            self.hang_up()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        flights, self._flights = self._flights, {}
        self.in_flight = [0] * len(self.in_flight)
        if not self.ready.done():
            self.ready.set_exception(WorkerLostError("it ended before it was ready"))
            self.ready.exception()  # looked at: the one who waits may have gone
        self._lost(self)
        for flight in flights.values():
            flight.finished(WorkerLostError("the worker died"))

    def _next_body(self) -> bytes | None:
        start = frames.LENGTH.size
        if len(self._buffer) < start:
            return None
        end = start + frames.body_length(self._buffer)
        if len(self._buffer) < end:
            return None
        body = bytes(memoryview(self._buffer)[start:end])
        del self._buffer[:end]
        return body

    def _take(self, body: bytes) -> None:
        kind, number = frames.kind_and_number(body)
        if kind == frames.READY or (kind == frames.FAILURE and number == 0):
            self._started(kind, body)
            return
        flight = self._flights.pop(number, None)
        if flight is None:
            raise frames.FrameError(f"an answer to a batch {number} that was not sent")
        self.in_flight[flight.stage] -= 1
        self.taken = False  # a batch that has the worker to itself is its only one
        if kind == frames.FAILURE:
            flight.finished(ModelFailedError(frames.read_failure(body)))
        else:
            names = self._returned[flight.stage]
            flight.finished(frames.read_outcome(body, names, self._classes))
        self._changed()

    def _started(self, kind: int, body: bytes) -> None:
        if self.ready.done():
            return
        if kind == frames.READY:
            self.ready.set_result(frames.read_ready(body))
        else:
            self.ready.set_exception(ModelFailedError(frames.read_failure(body)))
            self.ready.exception()
