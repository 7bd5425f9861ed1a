"""Batches run in worker processes, which are started again when they die."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path

from undercut.core.errors import ArtefactError
from undercut.models.plan import PlanDescription
from undercut.operate.serving.engine.lanes import Finished, LanesState, WorkerLostError
from undercut.operate.serving.engine.stage_batch import StageBatch
from undercut.operate.serving.engine.wire_models import models_returned
from undercut.operate.serving.engine.worker_link import ModelFailedError, WorkerLink
from undercut.operate.serving.engine.worker_process import start_process

LOG = logging.getLogger(__name__)
START_SECONDS = 120.0
END_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 5.0
# So many failed starts in a row with no worker left, and requests are refused instead of queued.
FAILED_STARTS = 3
WATCH_SECONDS = 1.0


class WorkerLanes:
    """Keeps a number of workers alive and gives each batch to the least busy one."""

    def __init__(
        self,
        root: Path,
        digest: str,
        description: PlanDescription,
        *,
        workers: int,
        waiting_batches: int,
        stuck_seconds: float,
        nice: int,
    ) -> None:
        self._root, self._digest = root, digest
        self._returned = models_returned(description.cascade)
        self._classes = len(description.classes)
        self._wanted = workers
        self._held = 1 + waiting_batches
        self._stuck_seconds = stuck_seconds
        self._nice = nice
        self._links: list[WorkerLink] = []
        self._changed: Callable[[], None] = lambda: None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed_starts = 0
        self._why = ""
        self._restarts = 0
        self._started = False
        self._closing = asyncio.Event()

    @property
    def state(self) -> LanesState:
        """Workers that answer now, and restarts so far."""
        return LanesState(workers=len(self._ready()), restarts=self._restarts)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that answer now."""
        return [link.process.pid for link in self._ready()]

    @property
    def broken(self) -> str | None:
        """Why no worker lives, once several starts in a row have failed."""
        if self._failed_starts < FAILED_STARTS or self._ready():
            return None
        return f"no worker starts: {self._why}"

    def places(self, stage: int) -> int:
        """One for each worker that lives; as many as are wanted where none does."""
        return len(self._ready()) or self._wanted

    def free(self, stage: int) -> int:
        """Batches of this stage that workers would take now."""
        return sum(max(0, self._held - link.in_flight[stage]) for link in self._open())

    def idle(self) -> int:
        """Workers that hold nothing."""
        return sum(not any(link.in_flight) for link in self._open())

    def run(self, batch: StageBatch, finished: Finished, *, alone: bool = False) -> None:
        """Give a batch to the worker with the fewest of its stage, then the fewest of all."""
        stage = batch.stage
        if alone:
            link = next(link for link in self._open() if not any(link.in_flight))
        else:
            link = min(self._open(), key=lambda link: (link.in_flight[stage], sum(link.in_flight)))
        link.run(batch, finished, alone=alone)

    async def start(self, changed: Callable[[], None]) -> list[float]:
        """Start all workers; see `Lanes.start`. Raises ArtefactError where one cannot load."""
        self._changed = changed
        starts = await asyncio.gather(
            *(self._start_one() for _ in range(self._wanted)), return_exceptions=True
        )
        for outcome in starts:
            if isinstance(outcome, BaseException):
                await self.close()
                if isinstance(outcome, ModelFailedError | WorkerLostError | TimeoutError):
                    why = str(outcome) or "it took too long"
                    raise ArtefactError(f"{self._root}: no worker starts: {why}") from outcome
                raise outcome
        self._started = True
        self._keep(self._watch())
        return [
            max(stage) for stage in zip(*(s for s in starts if isinstance(s, list)), strict=True)
        ]

    async def close(self) -> None:
        """Hang up and wait for the workers to end; kill those that do not."""
        self._closing.set()
        for link in tuple(self._links):
            link.hang_up()
        # Each link that is lost leaves a task that waits for its process. Nothing is cancelled: a
        # worker that is just being started is hung up on as soon as it is there.
        await asyncio.sleep(0)
        while self._tasks or self._links:
            await asyncio.gather(*self._tasks)
            await asyncio.sleep(0)

    def _ready(self) -> list[WorkerLink]:
        return [link for link in self._links if link.is_ready]

    def _open(self) -> list[WorkerLink]:
        return [link for link in self._links if link.is_ready and not link.taken]

    async def _start_one(self) -> list[float]:
        process, ours = await asyncio.to_thread(
            start_process, self._root, self._digest, nice=self._nice
        )
        make = partial(
            WorkerLink,
            process,
            self._returned,
            self._classes,
            changed=self._changed,
            lost=self._lost,
        )
        link = await WorkerLink.connect(ours, make)
        self._links.append(link)
        if self._closing.is_set():
            link.hang_up()
        try:
            return await asyncio.wait_for(asyncio.shield(link.ready), START_SECONDS)
        except (ModelFailedError, WorkerLostError, TimeoutError):
            process.kill()
            link.hang_up()
            raise

    def _lost(self, link: WorkerLink) -> None:
        """A worker is gone: reap it, and start another one where it had answered."""
        if link in self._links:
            self._links.remove(link)
        self._keep(_reap(link.process, END_SECONDS if self._closing.is_set() else 0))
        if self._closing.is_set():
            return
        had_started = link.ready.done() and link.ready.exception() is None
        if self._started and had_started:
            LOG.warning("worker %d died and is started again", link.process.pid)
            self._restarts += 1
            self._keep(self._restart())

    async def _restart(self) -> None:
        while not self._closing.is_set():
            try:
                await self._start_one()
            except (ModelFailedError, WorkerLostError, TimeoutError, OSError) as error:
                self._failed_starts += 1
                self._why = str(error) or "it took too long"
                LOG.error("a worker did not start: %s", self._why)
                self._changed()
                pause = min(LONGEST_PAUSE_SECONDS, 0.1 * 2**self._failed_starts)
                await self._pause(pause)
            else:
                self._failed_starts = 0
                self._changed()
                return

    async def _watch(self) -> None:
        """Kill a worker that is stuck: its batches go to another one."""
        while not self._closing.is_set():
            await self._pause(min(WATCH_SECONDS, self._stuck_seconds / 2))
            for link in self._ready():
                if link.oldest_seconds() > self._stuck_seconds:
                    LOG.error("worker %d is stuck and is killed", link.process.pid)
                    link.process.kill()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    def _keep(self, work: Coroutine[object, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _reap(process: subprocess.Popen[bytes], patience_seconds: float) -> None:
    """Wait for a process that is ending, and kill it where it does not."""
    if patience_seconds:
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, patience_seconds)
            return
    process.kill()
    await asyncio.to_thread(process.wait)
